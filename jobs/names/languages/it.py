"""Who speaks, as it is said and printed in Italian."""

from __future__ import annotations

from jobs.names.form import Forms

_REPORTS = """
disse dice diceva dicono dicendo chiese chiede pensa pensò pensava gridò rispose risponde scrisse scrive
immagina immaginate se come supponi crede credeva finge detto
"""

FORMS = Forms(
    weak=(r"(?:io )?sono {N}",),
    strong=(
        r"mi chiamo {N}",
        r"il mio nome è {N}",
        r"sono (?:il vostro|la vostra) (?:conduttore|conduttrice|host),? {N}",
        r"(?:vi parla|a parlarvi è|al microfono) {N}",
    ),
    named_only=(
        r"qui {N}(?=[.,!]|$)",
        r"qui è {N}",
    ),
    introduces=(
        r"(?:il mio|la mia|il nostro|la nostra) ospite(?: di oggi| oggi)?(?: è|,|:)(?: oggi)? {L}",
        r"(?:oggi )?(?:è con noi|è con me|è qui con me|ho con me|abbiamo con noi)(?: oggi)? {L}",
        r"(?:oggi )?(?:parlo|parliamo|chiacchiero|converso) con {L}",
        r"(?:con me|con noi)(?: oggi| in studio)*(?: c['’]è|,) {L}",
    ),
    greets=(
        r"benvenut[oa](?: (?:a|al|in|nel)[^.,!?]{1,40})?,? {N}",
        r"(?:ciao|buongiorno|salve|buonasera),? {N}",
        r"grazie (?:di|per) essere (?:qui|venut[oa]),? {N}",
        r"{N}, benvenut[oa]",
    ),
    answers=(r"(?:grazie|ciao|buongiorno|salve|buonasera|piacere|è un piacere)",),
    guest_says=(
        (
            r"grazie (?:mille )?(?:dell['’]invito|per l['’]invito|per avermi (?:invitat|ospitat)[oa]|di avermi (?:invitat|"
            r"ospitat)[oa])"
        ),
        r"(?:piacere|felice|contento|contenta) (?:di|a) essere qui",
    ),
    host_says=(
        r"(?:il mio|la mia|il nostro|la nostra) ospite",
        r"benvenuti (?:a|al|in|nel)",
        r"è con noi",
        r"grazie (?:di|per) essere",
    ),
    reports=tuple(_REPORTS.split()),
    hosts=(
        r"(?:condott|presentat)[oa] da {L}",
        r"(?:Conduce|Conduzione|Conduttore|Conduttrice|Presenta):\s*{L}",
    ),
    guests=(
        r"(?:Ospit[ei]|Con):\s*{L}",
        r"(?:intervista|conversazione|dialogo)(?: a| con) {L}",
        r"(?:con l['’]|nostr[oa] )ospite(?: è|,)? {L}",
    ),
    meets=(
        r"{N} (?:dialoga|parla|chiacchiera|conversa) con {L}",
        r"{N} (?:intervista|incontra|ospita) {L}",
    ),
    joins=r"e|ed|&",
)
