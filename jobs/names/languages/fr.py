"""Who speaks, as it is said and printed in French."""

from __future__ import annotations

from jobs.names.form import Forms

_REPORTS = """
dit dis disait disent disant demande demandé pense pensait crie répond répondu écrit imagine imaginez si comme
suppose croit croyait prétend
"""

FORMS = Forms(
    weak=(r"je suis {N}",),
    strong=(
        r"je m['’]appelle {N}",
        r"mon nom est {N}",
        r"moi,? c['’]est {N}",
        r"je suis votre (?:hôte|animateur|animatrice),? {N}",
    ),
    named_only=(
        r"ici {N}(?=[.,!]|$)",
        r"c['’]est {N}(?=[.,!]|$)",
    ),
    introduces=(
        r"(?:mon|notre) invitée?(?: du jour| aujourd['’]hui| de la semaine)?(?: est|,| c['’]est|:) {L}",
        r"(?:je reçois|nous recevons|j['’]accueille|on reçoit)(?: aujourd['’]hui)? {L}",
        r"(?:avec moi|avec nous|à mes côtés)(?: aujourd['’]hui| en studio)*,? {L}",
        r"je suis avec {L}",
    ),
    greets=(
        r"bienvenue(?: (?:dans|à|sur)[^.,!?]{1,40})?,? {N}",
        r"(?:bonjour|salut|bonsoir|coucou),? {N}",
        r"merci d['’]être (?:là|venue?|avec nous),? {N}",
        r"{N}, (?:bienvenue|bonjour)",
    ),
    answers=(r"(?:merci|bonjour|salut|bonsoir|ravie? d|très heureu|avec plaisir|coucou)",),
    guest_says=(
        (
            r"merci (?:beaucoup )?(?:de|pour) (?:me recevoir|m['’]avoir invitée?|m['’]accueillir|l['’]invitation|votre "
            r"invitation|ton invitation)"
        ),
        r"ravie? d['’]être (?:là|ici|avec vous)",
    ),
    host_says=(
        r"(?:mon|notre) invitée?",
        r"bienvenue (?:dans|à|sur)",
        r"je reçois",
        r"nous recevons",
        r"j['’]accueille",
    ),
    reports=tuple(_REPORTS.split()),
    hosts=(
        r"(?:animé|présenté)e? par {L}",
        r"(?:Animation|Présentation|Animateur|Animatrice|Hôtes?):\s*{L}",
        r"(?:Animation|Présentation) : {L}",
    ),
    guests=(
        r"(?:Invitée?s?|Avec)\s?:\s*{L}",
        r"(?:entretien|interview|conversation|rencontre) avec {L}",
        r"(?:reçoit|accueille) {L}",
        r"(?:notre|mon) invitée?(?: est|,)? {L}",
    ),
    meets=(
        r"{N} (?:reçoit|accueille|interviewe|rencontre) {L}",
        r"{N} (?:s['’]entretient|discute|échange|parle) avec {L}",
    ),
    joins=r"et|&",
)
