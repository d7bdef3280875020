"""Lists whose tags were lost: many rows in one line, `Chapters* 00:00:00 Intro* 00:07:51 Defining AGI* …`.

Decisions:

- Prose holds times too, so a run-on list must be told by what stands *between* its rows, and that must be the same all along: a
  bullet, an opening bracket, nothing at all (`Intro02:15 Topic`), a comma or a mere space. Times set off otherwise are words of
  a title.
- It must begin at 0:00, or right after a word such as "Chapters"; and its times must not fall.
- Set off by a mere space or comma, most titles must not begin in lower case, and no time may follow a word like "at" or "from".
- The last title has no end: where it runs on for much longer than the others it is cut at the first seam (a sentence's end,
  `wordWord`, an address). A field that was cut inside the next time loses that rest.
"""

from __future__ import annotations

import re
from itertools import pairwise

from jobs.chapters.clock_times import ClockTime
from jobs.chapters.list_headings import ends_with_heading, is_heading
from jobs.chapters.note_rows import PREPOSITION, Row, TimedLine, row_from
from jobs.chapters.titles import BULLETS, SPACES, title_before

_STRONG = ("bracket", "bullet", "glued")
_BULLET = re.compile(rf"[{re.escape(BULLETS)}|/;\-][\s\"'\ufe0f]*$")
_OPENER = re.compile(r"[(\[{<\uff08\u3010]\s?$")
_BEFORE_TIME = SPACES + BULLETS + "|,;([\uff08\u3010-"
_SEAM = re.compile(r"(?<=[a-zа-яß-ÿ0-9)!?])(?=[A-ZА-Я][a-zа-я])|(?<=[.!?])\s|(?<=[。！？])|\s?(?=https?://|www\.)")
_CUT_TIME = re.compile(rf"\s?[{re.escape(BULLETS)}(\[|]\s?\d{{1,2}}(?::\d{{0,2}}){{0,2}}\s?(?:\.{{2,3}}|\u2026)$")
_BETWEEN_TRAILING = re.compile(r"[)\]\uff09\u3011]\s?[,;|/\u3001\uff0c]")
_LONG_TITLE = 100
_MAX_RUN = 501
"""Times; no list of one line is longer."""
_MAX_PLACES = 200
"""Times; a list begins at one of these or not at all."""
_MAX_OPENINGS = 4
"""Places of a line where a list is looked for; a line of endless 0:00 has none."""


def run_on_rows(timed: TimedLine, above: str) -> list[Row]:
    """Return the rows of a line that holds a run-on list; none if it does not. `above` is the line before."""
    times = [time for time in timed.times if not time.broken][:_MAX_RUN]
    if len(times) == 1:
        return _rows(timed, times) if ends_with_heading(timed.line.text[max(0, times[0].at - 60) : times[0].at]) else []
    kinds = [_set_off(timed.plain, time.at) for time in times]
    tried = 0
    for first, opening in enumerate(times[:_MAX_PLACES]):
        after_heading = ends_with_heading(timed.line.text[max(0, opening.at - 60) : opening.at])
        if not after_heading and opening.seconds > 1 and not (first == 0 and is_heading(above)):
            continue
        best: list[Row] = []
        for kind in dict.fromkeys(kinds[first + 1 : first + 4] or [kinds[first]]):
            run = [opening, *(time for time, its in zip(times[first + 1 :], kinds[first + 1 :], strict=True) if its == kind)]
            rows = _run_rows(timed, run, strong=kind in _STRONG, headed=after_heading)
            best = max(best, rows, key=len)
        tried += 1
        if best or tried == _MAX_OPENINGS:
            return best
    return _trailing_run(timed, times, kinds)


def _set_off(text: str, at: int) -> str:
    """Say what stands before a time."""
    before = text[max(0, at - 8) : at]
    if _OPENER.search(before):
        return "bracket"
    if _BULLET.search(before):
        return "bullet"
    if before.rstrip(" ").endswith(","):
        return "comma"
    if before.endswith(" ") or not before:
        return "space"
    return "glued"


def _trailing_run(timed: TimedLine, times: list[ClockTime], kinds: list[str]) -> list[Row]:
    """Return the rows of `Intro (0:00), Coffee (3:05), Farewell (42:12)`: bracketed times behind their titles."""
    starts = [time.seconds for time in times]
    if len(times) < 3 or starts[0] > 1 or set(kinds) != {"bracket"} or any(b <= a for a, b in pairwise(starts)):
        return []
    text = timed.line.text
    if text[times[-1].to :].strip(" )]\uff09\u3011.") or times[0].at > _LONG_TITLE:
        return []
    rows = []
    for order, (before, time) in enumerate(zip([None, *times[:-1]], times, strict=True)):
        raw = text[before.to if before else 0 : time.at]
        if before is None and ":" in raw:
            raw = raw.rpartition(":")[2]
        elif before is not None and not _BETWEEN_TRAILING.match(raw):
            return []
        title = title_before(raw.lstrip(" )]\uff09\u3011,;|/."), "")
        if not title:
            return []
        rows.append(Row(timed.number, time, title, "run", separated=False, order=order))
    return rows if not _follows_preposition(timed, times) and _reads_like_titles(rows) else []


def _run_rows(timed: TimedLine, run: list[ClockTime], *, strong: bool, headed: bool) -> list[Row]:
    """Return the rows that begin at the times of `run`, or none if they make no list."""
    if len(run) == 1:
        return _rows(timed, run) if headed else []
    if len(run) < (2 if headed and strong else 3) or any(b.seconds < a.seconds for a, b in pairwise(run)):
        return []
    if len({time.seconds for time in run}) < 0.7 * len(run):
        return []
    marks = [timed.line.text[time.to : time.to + 8].lstrip(" )]")[:1] for time in run]
    if sum(mark in ",.;" for mark in marks if mark) > len(run) / 3 or (not strong and _follows_preposition(timed, run)):
        return []
    rows = _rows(timed, run)
    return rows if len(rows) == len(run) and (strong or _reads_like_titles(rows)) else []


def _follows_preposition(timed: TimedLine, run: list[ClockTime]) -> bool:
    """Whether a word such as "at" stands before a time, as it does in a sentence."""
    return any(PREPOSITION.search(timed.line.text[max(0, time.at - 12) : time.at].rstrip(" ")) for time in run)


def _reads_like_titles(rows: list[Row]) -> bool:
    """Whether rows that only a space or comma sets off are no sentence."""
    return sum(not row.title[0].islower() for row in rows) >= 0.7 * len(rows)


def _rows(timed: TimedLine, run: list[ClockTime]) -> list[Row]:
    ends = [_title_end(timed.plain, time.at) for time in run[1:]] + [len(timed.plain)]
    rows = []
    for order, (time, end) in enumerate(zip(run, ends, strict=True)):
        row = row_from(timed, time, max(end, time.to), "run", order)
        if row is not None and row.title:
            rows.append(row)
    return rows


def _title_end(text: str, next_at: int) -> int:
    """Return where a title ends whose next row's time is at `next_at`: before its bullet or bracket."""
    begin = max(0, next_at - 12)
    return begin + len(text[begin:next_at].rstrip(_BEFORE_TIME))


def cut_last_title(title: str, others: list[str]) -> str:
    """Return the last title of a run-on list without what followed the list."""
    title = _CUT_TIME.sub("", title)
    longest = max((len(other) for other in others), default=0)
    if len(title) <= max(_LONG_TITLE, 3 * longest):
        return title
    seam = _SEAM.search(title, 3)
    return title[: seam.start()].rstrip() if seam else title
