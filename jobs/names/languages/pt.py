"""Who speaks, as it is said and printed in Portuguese."""

from __future__ import annotations

from jobs.names.form import Forms

_REPORTS = """
disse diz dizia dizem dizendo perguntou pergunta pensa pensou gritou respondeu escreveu imagina imagine se
como suponha acha achava finge
"""

FORMS = Forms(
    weak=(r"(?:eu )?sou(?: o| a)? {N}",),
    strong=(
        r"(?:eu )?me chamo {N}",
        r"chamo-me {N}",
        r"(?:o )?meu nome é {N}",
        r"(?:eu )?sou (?:o seu|a sua|o vosso|a vossa) (?:anfitriã|anfitrião|apresentadora?),? {N}",
        r"quem fala é(?: o| a)? {N}",
    ),
    named_only=(r"aqui (?:é|quem fala é)(?: o| a)? {N}",),
    introduces=(
        (
            r"(?:o meu|a minha|meu|minha|nosso|nossa|o nosso|a nossa) convidad[oa](?: de hoje| hoje| desta semana)?(?: é|,|"
            r":)(?: o| a)? {L}"
        ),
        r"(?:hoje )?(?:recebo|recebemos|converso com|estou com|falo com)(?: hoje)?(?: o| a)? {L}",
        r"(?:comigo|connosco|conosco)(?: hoje| aqui)*(?: está|,)(?: o| a)? {L}",
    ),
    greets=(
        r"(?:seja )?bem[- ]vind[oa](?: (?:ao|à|de volta)[^.,!?]{1,40})?,? {N}",
        r"(?:olá|oi|bom dia|boa tarde),? {N}",
        r"obrigad[oa] por (?:vir|ter vindo|estar aqui),? {N}",
        r"{N}, (?:seja )?bem[- ]vind[oa]",
    ),
    answers=(r"(?:obrigad|muito obrigad|olá|oi|é um prazer|um prazer|bom dia|boa tarde)",),
    guest_says=(
        r"obrigad[oa] (?:pelo convite|por me (?:receber|convidar|ter)|pelo vosso convite)",
        r"(?:é )?um prazer estar aqui",
    ),
    host_says=(
        r"(?:meu|minha|nosso|nossa) convidad[oa]",
        r"bem[- ]vindos? (?:ao|a mais|à|de volta)",
        r"obrigad[oa] por (?:vir|ter vindo)",
    ),
    reports=tuple(_REPORTS.split()),
    hosts=(
        r"apresentad[oa] por {L}",
        r"(?:Apresentação|Apresentador(?:a|es)?|Anfitriã[o]?):\s*{L}",
    ),
    guests=(
        r"(?:Convidad[oa]s?|Com):\s*{L}",
        r"(?:entrevista|conversa)(?: a| com)(?: o| a)? {L}",
        r"(?:com|nosso|nossa) convidad[oa](?: é|,)?(?: o| a)? {L}",
    ),
    meets=(
        r"{N} (?:conversa|fala) com {L}",
        r"{N} (?:entrevista|recebe) {L}",
    ),
    joins=r"e|&",
)
