"""Who speaks, as it is said and printed in English."""

from __future__ import annotations

from jobs.names.form import Forms

_REPORTS = """
said says say saying goes like told tell tells asked ask asks thought thinks think thinking wrote writes
called pretend pretended imagine suppose assume if whether joke joked jokes answered replied announced claims
claimed believe believes convinced quote mean
"""

FORMS = Forms(
    weak=(r"I(?:['’]m| am) {N}",),
    strong=(
        r"my name(?:['’]s| is) {N}",
        r"I(?:['’]m| am) (?:your|the) (?:co-?)?hosts?,? {N}",
        r"(?:with me|I(?:['’]m| am)), your host,? {N}",
        r"{N} here(?=[.,!]| with)",
    ),
    named_only=(
        r"this is {N}(?=[.,!]| speaking| and | here|$)",
        r"it['’]s {N}(?=[.,!]|$)",
        r"I go by {N}",
        r"call me {N}",
    ),
    introduces=(
        (
            r"(?:my|our|today['’]s|this week['’]s) (?:very )?(?:special )?guest(?: today| this week| tonight)?(?: is|:|,) "
            r"{L}"
        ),
        r"(?:I['’]m|we['’]re|I am|we are) joined (?:today |now |once again |again )?by(?: my guest,?)? {L}",
        r"(?:joining (?:me|us)|with (?:me|us))(?: today| now| in the studio| here|,? as (?:always|ever),?)*(?: is|,) {L}",
        r"please welcome {L}",
        r"(?:today|this week)[,]? (?:I['’]m|we['’]re) (?:talking|speaking|sitting down|chatting) (?:to|with) {L}",
        r"I['’]m here (?:today )?with {L}",
    ),
    greets=(
        r"welcome(?: back)?(?: (?:on)?to [^.,!?]{1,40})?,? {N}",
        r"(?:thanks|thank you)(?: so much)? for (?:coming|joining)[^.!?]{0,30}, {N}",
        r"(?:hi|hello|hey|good morning),? {N}",
        r"{N}, (?:welcome|thanks for (?:coming|joining)|thank you for (?:coming|joining)|great to have you)",
    ),
    answers=(
        (
            r"(?:thanks|thank you|hi|hello|hey|good to be|great to be|glad to be|happy to be|it['’]s (?:a pleasure|great|"
            r"good)|pleasure)"
        ),
    ),
    guest_says=(
        r"(?:thanks|thank you)(?: so much| very much)? for (?:having|inviting) me",
        r"(?:great|good|glad|happy|honou?red) to be (?:here|on)",
    ),
    host_says=(
        r"my guest",
        r"our guest",
        r"welcome (?:back )?to (?:the )?(?:show|podcast|another)",
        r"joined (?:today )?by",
        r"joining (?:me|us)",
        r"I['’]m your host",
        r"(?:thanks|thank you)[^.!?]{0,20} for (?:coming|joining)",
        r"welcome to the (?:show|podcast)",
    ),
    reports=tuple(_REPORTS.split()),
    hosts=(
        r"hosted by {L}",
        r"hosts?(?:ed)?:\s*{L}",
        r"your hosts?,? {L}",
        r"hosts? (?!of )(?:is |are )?{L}",
        r"presented by {L}",
        r"presenters?:\s*{L}",
    ),
    guests=(
        r"(?:special )?guests?:\s*{L}",
        r"(?:our|my|this week['’]s|today['’]s|special) guests?(?: is| are|,)? {L}",
        r"(?:feat\.|ft\.|featuring) {L}",
        r"(?:an )?interview with {L}",
        r"(?:in )?conversation with {L}",
        r"joined (?:today |this week )?by (?:guests? )?{L}",
        r"{L} joins? (?:us|me|the show|the podcast|the program)",
        r"(?:chat|talk|talks|speaks|discussion|q&a) with (?:guests? )?{L}",
    ),
    meets=(
        r"{N} (?:sits down|talks|speaks|chats|catches up|is in conversation) (?:with|to) {L}",
        r"{N} (?:interviews|welcomes|is joined by) {L}",
        r"{L} joins {N}(?= to| for|[.,!])",
    ),
    joins=r"and|&",
)
