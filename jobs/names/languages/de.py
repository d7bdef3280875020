"""Who speaks, as it is said and printed in German."""

from __future__ import annotations

from jobs.names.form import Forms

_REPORTS = """
sagt sagte sagen sagst gesagt meint meinte fragt fragte dachte denkt rief schrieb antwortete behauptet
behauptete wenn als ob wäre stell stellt angenommen vorstellen glaubt glaubte nach
"""

FORMS = Forms(
    weak=(r"ich bin(?: der| die)? {N}",),
    strong=(
        r"mein Name ist {N}",
        r"ich hei(?:ß|ss)e {N}",
        r"am Mikrofon(?: ist| begrüßt (?:Sie|euch))?,? {N}",
        r"ich bin (?:eure?|Ihre?) (?:Host|Gastgeber(?:in)?),? {N}",
    ),
    named_only=(r"hier (?:ist|spricht) {N}",),
    introduces=(
        r"(?:mein|unser|meine|unsere) (?:heutiger? )?Gast(?: heute)?(?: ist|:|,)(?: heute)? {L}",
        r"zu Gast(?: ist| sind| habe ich)?(?: heute| bei mir| bei uns)*(?: ist| sind)? {L}",
        r"(?:bei mir|bei uns|mit mir)(?: im Studio| heute| zu Gast)*(?: ist| sind| sitzt)(?: heute)? {L}",
        r"ich begrüße(?: heute| ganz herzlich| herzlich)* {L}",
        r"(?:heute )?(?:(?:spreche|rede) ich|ich (?:spreche|rede))(?: heute)? mit {L}",
    ),
    greets=(
        r"(?:herzlich )?willkommen(?: (?:zurück )?(?:im|bei|in)[^.,!?]{1,40})?,? {N}",
        r"(?:hallo|hi|guten Tag|guten Morgen|servus|moin),? {N}",
        r"schön,? dass (?:du|Sie) da (?:bist|sind),? {N}",
        r"{N}, (?:herzlich )?willkommen",
    ),
    answers=(r"(?:danke|vielen Dank|hallo|hi|guten Tag|guten Morgen|schön,? hier|freut mich|ich freue mich|servus|moin)",),
    guest_says=(
        r"danke?,? (?:schön )?(?:für die Einladung|dass ich (?:hier|da|dabei) sein (?:darf|kann))",
        r"vielen Dank für die Einladung",
        r"schön,? hier zu sein",
    ),
    host_says=(
        r"(?:mein|unser)e? (?:heutiger? )?Gast",
        r"zu Gast",
        r"willkommen (?:zurück )?(?:zu|zum|bei|im)\b",
        r"schön,? dass (?:du|Sie) da",
        r"ich begrüße",
    ),
    reports=tuple(_REPORTS.split()),
    hosts=(
        r"(?:Host|Hosts|Moderation|Moderator(?:in)?|Gastgeber(?:in)?):\s*{L}",
        r"(?:moderiert|präsentiert) von {L}",
        r"mit den Hosts {L}",
    ),
    guests=(
        r"(?:Gast|Gäste|Gästin):\s*{L}",
        r"(?:zu Gast|Gast)(?: ist| sind)?(?: heute| diesmal)?:? {L}",
        r"(?:im )?(?:Gespräch|Interview) mit {L}",
        r"Interview:\s*{L}",
    ),
    meets=(
        r"{N} (?:spricht|redet|unterhält sich|diskutiert)(?: heute)? mit {L}",
        r"{N} (?:trifft|interviewt) {L}",
    ),
    joins=r"und|&",
    capitals=True,
)
