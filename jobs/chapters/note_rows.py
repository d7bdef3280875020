"""Rows of a list: one time and one title each, as found in the lines of a text, before anyone asks whether they are a list.

A row is `lead` (`00:00 Title`), `trail` (`Title (0:00)`), `alone` (the time on a line of its own, the title on the next) or
`run` (one of several in a line whose tags were lost, see `jobs.chapters.run_on`).

Decisions:

- In front of a leading time only bullets, brackets, numbering, symbols and words such as "Ab Minute" may stand; any other word,
  a quotation mark or a currency sign makes it a sentence, a title or a price.
- A trailing time without a separator (`Title 12:34`) is kept apart from a separated one, because verses, scores and lengths
  look like that; the list's judge asks more of it.
- A row that only resembles a time (`04;10`, `04:75`) is kept as doubtful: a list around it may repair or drop it.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from jobs.chapters.clock_times import MAX_TIMES, ClockTime, find_times, folded, without_range
from jobs.chapters.note_text import NoteLine
from jobs.chapters.titles import is_separated, title_after, title_before

RowForm = Literal["lead", "trail", "alone", "run"]

_MARKS = r"[^\w\"'\u201c\u201e\u00ab\u2018$\u20ac\u00a3\u00a5%+&]*"
_PREFIX = re.compile(
    rf"{_MARKS}(?:(?:ab |from |desde (?:el )?|\u00e0 |\u0441 )?(?:minut[eoa]|min|\u043c\u0438\u043d)\b|(?:ab|@)(?= ))?"
    rf"{_MARKS}"
    r"(?:(?:chapter|part|kapitel|teil|chapitre|cap\u00edtulo|capitolo|\u0433\u043b\u0430\u0432\u0430|\u7b2c|no\.?|nr\.?)?\s?#?(?P<number>\d{1,3})"
    r"(?:\s?[.)\]:\uff0e\u3001\uff09\u7ae0-]+\s?|\s))?"
    rf"{_MARKS}",
    re.IGNORECASE,
)
_KEYCAP = re.compile(r"(?:\d\ufe0f?\u20e3|\U0001f51f)")
PREPOSITION = re.compile(
    r"(?:^|[\s(])(?:at|from|by|until|till|before|after|around|about|to|and|or|is|um|ab|bis|gegen|von|vor|nach|und|\u00e0|de|d\u00e8s|vers|"
    r"a|las|desde|hasta|\u00e0s|at\u00e9|das|\u0432|\u0441|\u0434\u043e|\u0438)$",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\s?(?:uhr\b|[ap]\.m\.|am\b|pm\b|AM\b|PM\b|hs?\b|hrs\b|o.clock\b)")
_CLOCK_IN_FRONT = re.compile(r"\s?(?=[uUaApPhHo])(?:(?i:uhr\b|[ap]\.m\.|pm\b|h\b)|am\b|AM\b|hs\b|hrs\b|o.clock\b)")
_ONLY_TIMES = re.compile(r"[\s/|-]*-?\d{1,3}:\d\d(?::\d\d)?\W*")
_REMAINING = re.compile(r"\s?/\s?-\d{1,3}:\d\d")
_BEFORE_REMAINING = re.compile(r"\d:\d\d\s?/\s?-$")
"""A player shows the time that is left behind a slash and a minus, whatever text it is glued to."""
_DOUBTFUL = re.compile(
    r"(?P<a>\d{1,2})(?:[;.,\u00b7]|::| ?: ?|;)(?P<b>\d{2})(?:(?:[;.,\u00b7]|::| ?: ?)(?P<c>\d{2}))?(?=[\s)\]\-|]|$)"
)
_LONGEST_PREFIX = 24
_DIGIT = re.compile(r"\d")
LETTER = re.compile(r"[^\W_]")
"""A letter or digit of any script."""
_TO_LAST_LETTER = re.compile(r".*[^\W_]", re.DOTALL)


class Row(NamedTuple):
    """One time and its title, with the place where they stand."""

    line: int
    """Index of the line."""
    time: ClockTime
    title: str
    form: RowForm
    separated: bool = True
    """For `trail`: a separator or bracket stands between. For `run`: false where the titles stand before their times."""
    clock: bool = False
    """Followed by what makes it a time of day: `Uhr`, `pm`, `h`."""
    doubtful: str = ""
    """Not written as a time: what was printed."""
    spoilt_title: str = ""
    """The title if what looked like a range is none (`7:30 – 9:30 Club`)."""
    order: int = 0
    """Place among the rows of one line."""

    @property
    def start(self) -> float:
        """Seconds."""
        return self.time.seconds


class TimedLine(NamedTuple):
    """A line that holds times: the text, its folded twin, and the times in it."""

    number: int
    """Index of the line."""
    line: NoteLine
    plain: str
    times: tuple[ClockTime, ...]
    in_front: bool
    """Nothing but bullets, brackets, numbering and symbols stands before the first."""
    vain: int = 0
    """Stretches that were looked at and are no times, beyond a few."""


def timed_line(number: int, line: NoteLine, limit: int = MAX_TIMES) -> TimedLine | None:
    """Return the line with its times, at most `limit` of them; none if it holds no digit."""
    if not _DIGIT.search(line.text):
        return None
    plain = folded(line.text)
    times, vain = find_times(plain, limit)
    return TimedLine(number, line, plain, times, bool(times) and is_prefix(plain[: times[0].at]), vain)


def leading_row(timed: TimedLine) -> Row | None:
    """Return the row of a line that begins with its time; its title is empty if the line has nothing else."""
    if not timed.times:
        return _doubtful_row(timed)
    return row_from(timed, timed.times[0], len(timed.plain), "lead") if timed.in_front else None


def row_from(timed: TimedLine, time: ClockTime, until: int, form: RowForm, order: int = 0) -> Row | None:
    """Return the row of a time whose title reaches to the place `until` of the line; none if it is a player's display."""
    text, prefix = timed.line.text, timed.plain[max(0, time.at - _LONGEST_PREFIX) : time.at]
    if form == "run":  # the words of the title before are no prefix
        word = _TO_LAST_LETTER.match(prefix)
        prefix = prefix[word.end() :] if word else prefix
    rest = text[time.to : until]
    if _ONLY_TIMES.fullmatch(timed.plain, time.to, until) or _REMAINING.match(timed.plain, time.to, until):
        return None
    title = title_after(prefix, rest)
    spoilt = title_after(prefix, text[without_range(time).to : until]) if time.end is not None else ""
    clock = time.parts == 2 and not time.hours_minutes and _CLOCK_IN_FRONT.match(timed.plain, time.to) is not None
    return Row(
        timed.number,
        time,
        title,
        form,
        clock=clock,
        spoilt_title=spoilt,
        order=order,
        doubtful=text[time.at : time.to] if time.broken else "",
    )


def trailing_row(timed: TimedLine) -> Row | None:
    """Return the row of a line that ends with its time."""
    if not timed.times:
        return None
    time = timed.times[-1]
    before = timed.line.text[: time.at]
    if _BEFORE_REMAINING.search(timed.plain, max(0, time.at - _LONGEST_PREFIX), time.at):
        return None
    separated = is_separated(before)
    if not separated and PREPOSITION.search(before.rstrip(" ")[-_LONGEST_PREFIX:]):
        return None
    rest = timed.line.text[time.to :]
    clock = time.parts == 2 and bool(_CLOCK.match(timed.plain, time.to))
    title = title_before(before, "" if clock else rest)
    if not title or (not separated and rest.strip() == "."):
        return None
    return Row(timed.number, time, title, "trail", separated=separated, clock=clock)


def is_prefix(text: str) -> bool:
    """Whether only bullets, brackets, numbering and symbols stand there."""
    if not text:
        return True
    if len(text) > _LONGEST_PREFIX:
        return not LETTER.search(text) and _PREFIX.fullmatch(text[-_LONGEST_PREFIX:]) is not None
    return _PREFIX.fullmatch(text if text.isascii() else _KEYCAP.sub("", text)) is not None


def _doubtful_row(timed: TimedLine) -> Row | None:
    """Return a row whose time is mistyped (`04;10 Title`); only a list around it can tell whether it is one."""
    match = _DOUBTFUL.search(timed.plain, 0, 32)
    if match is None or not is_prefix(timed.plain[: match.start()]):
        return None
    numbers = [int(match[name]) for name in ("a", "b", "c") if match[name] is not None]
    seconds = 0.0
    for number in numbers:
        seconds = seconds * 60 + number
    broken = any(number > 59 for number in numbers[1:])
    time = ClockTime(match.start(), match.end(), seconds, len(numbers), broken)
    title = title_after(timed.plain[: match.start()], timed.line.text[match.end() :])
    return Row(timed.number, time, title, "lead", doubtful=match.group()) if title else None
