"""Words that publishers put above a list of chapters.

They are evidence, not a condition: most lists have no heading. "Programme", "schedule" and "in this episode" stand above other
things as often as above chapters, so they count for nothing.

Compared by the ends of strings rather than by a pattern: this question is asked of every line, and a pattern of a hundred words
took most of the reader's time.
"""

from __future__ import annotations

HEADINGS = (
    *(
        "chapter",
        "chapters",
        "chapter marks",
        "chapter markers",
        "chapter list",
        "episode guide",
        "episode outline",
        "episode chapters",
    ),
    *("timestamp", "timestamps", "time stamps", "time-stamps", "timecode", "timecodes", "time code", "time codes", "time-codes"),
    *("timeline", "time line", "jump to", "table of contents", "show map", "topics and times", "topics & times"),
    *("kapitel", "kapitelmarken", "kapitelübersicht", "zeitmarken", "sprungmarken", "zeitstempel", "inhaltsverzeichnis"),
    *("chapitre", "chapitres", "chapitrage", "sommaire", "minutage", "horodatage", "repères"),
    *("capítulo", "capítulos", "capitulos", "índice", "minutado", "minutagem", "marcas de tiempo", "marcações", "contenido"),
    *(
        "capitoli",
        "indice",
        "minutaggio",
        "hoofdstukken",
        "tijdstempels",
        "rozdziały",
        "kapitler",
        "tidskoder",
        "bölümler",
        "luvut",
    ),
    *("目次", "もくじ", "チャプター", "タイムスタンプ", "タイムコード"),
    *("타임라인", "타임스탬프", "타임코드", "챕터", "목차"),
    *("时间轴", "时间戳", "时间线", "章节", "目录", "時間軸", "時間戳", "時間線", "章節", "目錄"),
    *("таймкоды", "тайм-коды", "таймлайн", "содержание", "главы", "оглавление"),
    *("الفصول", "فصول", "المحاور", "محاور", "محتويات", "الطوابع الزمنية", "अध्याय"),
)
_LAST_LETTERS = frozenset(heading[-2:] for heading in HEADINGS)
"""Ends of headings; most lines have another, and need not be compared with a hundred words."""
_MAX_HEADING = 60
_MAX_WORDS_AROUND = 3
_MARKS = " :*-–—−•·|/([{（【［〔「『<.>…)]}）】］〕」』：#=~_▼▶►⏱⏰🕐🕒📌📍✨\u3000\ufe0f⏳⌛🔖🗂📖"


def is_heading(line: str) -> bool:
    """Whether a line is a heading of a list of chapters: such a word with at most three words on each side."""
    return len(line) <= _MAX_HEADING and _words_before_heading(line, _MAX_WORDS_AROUND) <= _MAX_WORDS_AROUND


def ends_with_heading(text: str) -> bool:
    """Whether a text ends with such a word, as it does right before a run-on list; two words may follow it."""
    return _words_before_heading(text[-_MAX_HEADING:], 2) < _MAX_HEADING


def _words_before_heading(text: str, may_follow: int) -> int:
    """Return how many words stand before a heading word that ends the text, or nearly; `_MAX_HEADING` if there is none."""
    tail = text.casefold().strip(_MARKS)
    for _ in range(may_follow + 1):
        if tail[-2:] in _LAST_LETTERS and tail.endswith(HEADINGS):
            for heading in HEADINGS:
                before = tail.removesuffix(heading)
                if before is not tail and (
                    not before or not before[-1].isalpha() or not heading[0].isascii() or _is_glued(text, heading)
                ):
                    return len(before.split())
        tail = tail.rpartition(" ")[0].rstrip(_MARKS)
        if not tail:
            break
    return _MAX_HEADING


def _is_glued(text: str, heading: str) -> bool:
    """Whether a capital marks where the heading begins in a text that lost its line ends (`todayChapters`)."""
    place = text.casefold().rfind(heading)
    return 0 <= place < len(text) and text[place].isupper()
