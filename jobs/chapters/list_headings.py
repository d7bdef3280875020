"""Words that publishers put above a list of chapters, and words that say a list is something else.

They are evidence, not a condition: most lists have no heading. "Programme", "schedule" and "in this episode" stand above
other things as often as above chapters, so they count for nothing.
"""

from __future__ import annotations

import re

_HEADING = (
    r"chapters?|chapter (?:marks?|markers?|list)|time ?-?stamps?|time ?-?codes?|timeline|episode (?:guide|outline|timeline|chapters)|"
    r"jump to|table of contents|topics? (?:and|&) (?:times?|timestamps)|show ?map|"
    r"kapitel(?:marken|übersicht)?|zeitmarken|sprungmarken|zeitstempel|inhaltsverzeichnis|"
    r"chapitres?|chapitrage|sommaire|minutage|time ?code|horodatage|repères|"
    r"cap[ií]tulos?|índice|minutado|minutagem|marcas de tiempo|marcações|contenido|"
    r"capitoli|indice|minutaggio|hoofdstukken|tijdstempels|rozdziały|kapitler|tidskoder|bölümler|luvut|"
    r"目次|もくじ|チャプター|タイムスタンプ|タイムコード|"
    r"타임라인|타임스탬프|타임코드|챕터|목차|"
    r"时间轴|时间戳|时间线|章节|目录|時間軸|時間戳|時間線|章節|目錄|"
    r"таймкоды|тайм-?коды|таймлайн|содержание|главы|оглавление|"
    r"الفصول|فصول|المحاور|محاور|محتويات|الطوابع الزمنية|अध्याय|समय"
)
_WHOLE = re.compile(rf"\W*(?:\w+ ){{0,3}}(?:{_HEADING})(?: \w+){{0,3}}\W*", re.IGNORECASE)
_AT_END = re.compile(rf"(?:{_HEADING})(?: \w+){{0,2}}[^\w]*$", re.IGNORECASE)
_MAX_HEADING = 60


def is_heading(line: str) -> bool:
    """Whether a line is a heading of a list of chapters."""
    return len(line) <= _MAX_HEADING and _WHOLE.fullmatch(line) is not None


def ends_with_heading(text: str) -> bool:
    """Whether a text ends with such a word, as it does right before a run-on list."""
    return _AT_END.search(text[-_MAX_HEADING:]) is not None
