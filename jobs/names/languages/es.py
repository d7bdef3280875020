"""Who speaks, as it is said and printed in Spanish."""

from __future__ import annotations

from jobs.names.form import Forms

_REPORTS = """
dijo dice decía dicen diciendo preguntó pregunta piensa pensó gritó respondió contestó escribió imagina
imagínate si como supón cree creía finge
"""

FORMS = Forms(
    weak=(r"(?:yo )?soy {N}",),
    strong=(
        r"me llamo {N}",
        r"mi nombre es {N}",
        r"(?:les|os|te) (?:saluda|habla) {N}",
        r"soy (?:vuestr[oa]|su|tu) (?:anfitri[oó]na?|presentadora?),? {N}",
    ),
    named_only=(r"aquí(?: está)? {N}(?=[.,!]|$)",),
    introduces=(
        r"(?:mi|nuestr[oa]) invitad[oa](?: de hoy| hoy| de esta semana)?(?: es|,|:)(?: hoy)? {L}",
        r"(?:hoy )?(?:nos acompaña|me acompaña|está con nosotros|está conmigo)(?: hoy)? {L}",
        r"(?:hoy )?(?:hablo|hablamos|converso|charlo|charlamos) con {L}",
        r"(?:conmigo|con nosotros)(?: hoy)?(?: está|,) {L}",
    ),
    greets=(
        r"bienvenid[oa](?: (?:al?|de nuevo)[^.,!?]{1,40})?,? {N}",
        r"(?:hola|buenos días|buenas tardes),? {N}",
        r"gracias por (?:venir|acompañarnos|estar aquí),? {N}",
        r"{N}, bienvenid[oa]",
    ),
    answers=(r"(?:gracias|muchas gracias|hola|encantad[oa]|un placer|es un placer|buenos días|buenas)",),
    guest_says=(
        r"gracias por (?:invitarme|la invitación|tenerme|recibirme|vuestra invitación)",
        r"(?:un placer|encantad[oa] de|feliz de) estar (?:aquí|con)",
    ),
    host_says=(
        r"(?:mi|nuestr[oa]) invitad[oa]",
        r"bienvenid[oa]s (?:al?|de nuevo)",
        r"nos acompaña",
        r"gracias por (?:venir|acompañarnos)",
    ),
    reports=tuple(_REPORTS.split()),
    hosts=(
        r"(?:presentad|conducid)[oa] por {L}",
        r"(?:Presenta|Presentación|Anfitri[oó]na?|Conduce)n?:\s*{L}",
    ),
    guests=(
        r"(?:Invitad[oa]s?|Con):\s*{L}",
        r"(?:entrevista|conversación|charla)(?: a| con) {L}",
        r"(?:con|nuestr[oa]) invitad[oa](?: es|,)? {L}",
    ),
    meets=(
        r"{N} (?:conversa|habla|charla|dialoga) con {L}",
        r"{N} (?:entrevista|recibe) a {L}",
    ),
    joins=r"y|e|&",
)
