"""Which of the sources that were found is used, and why.

Order: a file given by hand, embedded, `podcast:chapters`, Podlove, show notes. Sources are never added together.

Decisions:

- Embedded chapters come before published lists because they are on the downloaded file's own clock, also where ads were
  inserted. They are passed over if fewer than two of them are visible, or if they have no titles of their own after filling.
- Titles, links and pictures that a source lacks are taken from the others, in order, that have as many visible chapters and
  starts that all agree within a second. `Chapter 7`, `ch7` or `7` count as missing titles while somebody has better ones.
- A published list may have one chapter: the publisher wrote it. With nothing better, untitled chapters are used after all, as
  `Chapter 1`, `Chapter 2`, …: the publisher's places are better than none. A hidden chapter may stay without a title.
- A source whose chapters all start at or behind the measured end is passed over. Single ones that do are left to `place`, which
  knows how the clocks lie to each other.
- "Unknown" (could not be read) is not "none" (read and empty): where nothing is chosen, the warning says which it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.documents import ChapterMark, ChapterSource, Notice, SourceKind

ORDER: tuple[SourceKind, ...] = ("file", "embedded", "podcast_json", "psc", "show_notes", "generated")
"""From the most to the least trusted."""
AGREEMENT = 1.0
"""Seconds within which the starts of two sources are the same chapter."""
_MIN_EMBEDDED = 2

_PLACEHOLDER = re.compile(
    r"(?:chapter|chap|ch|kapitel|chapitre|capítulo|capitolo|hoofdstuk|track|marker|part)?[\s._#-]*\d{0,4}", re.IGNORECASE
)


@dataclass(frozen=True)
class Choice:
    """Every source with its verdict, and the marks to be placed."""

    sources: tuple[ChapterSource, ...]
    """All of them, in the order given, with `chosen` and `reason` set."""
    marks: tuple[ChapterMark, ...]
    """The chosen chapters, sorted, every visible one with a title; some may start behind the end of the file."""
    kind: SourceKind | None
    """Kind of the chosen source; none where there is none."""
    warnings: tuple[Notice, ...] = ()


def choose(sources: Sequence[ChapterSource], *, duration: float | None) -> Choice:
    """Choose one of the sources for a file of `duration` measured seconds (none: not known)."""
    ranked = sorted(range(len(sources)), key=lambda i: ORDER.index(sources[i].kind))
    filled = {i: _filled(sources[i], [sources[j] for j in ranked if j != i]) for i in ranked}
    faults = {i: _fault(sources[i], filled[i][0], duration) for i in ranked}
    chosen = next((i for i in ranked if not faults[i]), None)
    resort = chosen is None
    if resort:
        chosen = next((i for i in ranked if _last_resort(sources[i], duration)), None)
    told = tuple(
        source.model_copy(update={"chosen": i == chosen, "reason": _reason(i, sources, chosen, faults, resort=resort)})
        for i, source in enumerate(sources)
    )
    if chosen is None:
        return Choice(told, (), None, _nothing(sources))
    marks, helpers = filled[chosen]
    titled, warnings = _titled(marks)
    return Choice(told, titled, sources[chosen].kind, (*helpers, *warnings))


# ------------------------------------------------------------------ the verdict


def _fault(source: ChapterSource, marks: Sequence[ChapterMark], duration: float | None) -> str:
    """Return why a source cannot be used, in plain words; empty if it can."""
    visible = [m for m in marks if not m.hidden]
    titled = sum(not _is_placeholder(m.title) for m in visible)
    faults = {
        "could not be read, so nobody can tell whether it has chapters": source.status == "unknown",
        "read, and has no chapters": source.status == "none" or not marks,
        "every chapter lies behind the end of the file": duration is not None and all(m.start >= duration for m in marks),
        "all its chapters are hidden": not visible,
        "one chapter is no index": source.kind == "embedded" and len(visible) < _MIN_EMBEDDED,
        "its chapters have no titles": titled * 2 < len(visible) and not _numbered_book(source, visible),
    }
    return next((fault for fault, holds in faults.items() if holds), "")


def _numbered_book(source: ChapterSource, visible: Sequence[ChapterMark]) -> bool:
    """Tell whether somebody gave these chapters numbers for titles on purpose: then they are titles, in want of others."""
    return source.kind == "file" and all(m.title for m in visible)


def _last_resort(source: ChapterSource, duration: float | None) -> bool:
    inside = [m for m in source.marks if not m.hidden and (duration is None or m.start < duration)]
    return len(inside) >= _MIN_EMBEDDED


def _reason(at: int, sources: Sequence[ChapterSource], chosen: int | None, faults: dict[int, str], *, resort: bool) -> str:
    source = sources[at]
    if at == chosen and resort:
        return f"chosen for want of better: {faults[at]}, but its places are the publisher's"
    if at == chosen:
        passed = [sources[i].kind for i in faults if ORDER.index(sources[i].kind) < ORDER.index(source.kind) and i != at]
        why = _MERITS[source.kind]
        return f"chosen: {why}" + (f"; {', '.join(dict.fromkeys(passed))} had nothing usable" if passed else "")
    if faults[at]:
        return f"passed over: {faults[at]}"
    assert chosen is not None  # a source without fault exists, so one was chosen
    return f"passed over: {sources[chosen].kind} comes first"


_MERITS: dict[SourceKind, str] = {
    "file": "it was given by hand",
    "embedded": "it is in the file itself, on the file's own clock",
    "podcast_json": "the publisher's chapters file",
    "psc": "the publisher's list in the feed",
    "show_notes": "the publisher's list in the show notes",
    "generated": "nothing was published; made from the transcript",
}


def _nothing(sources: Sequence[ChapterSource]) -> tuple[Notice, ...]:
    unread = [s.origin for s in sources if s.status == "unknown"]
    if not unread:
        return ()
    text = f"No chapters were found, but {', '.join(unread)} could not be read; there may be some."
    return (Notice(code="chapters_unknown", message=text),)


# ------------------------------------------------------------------ filling


def _filled(source: ChapterSource, others: Iterable[ChapterSource]) -> tuple[tuple[ChapterMark, ...], tuple[Notice, ...]]:
    """Return the marks with missing titles, links and pictures filled from the sources that agree, and who helped."""
    marks, said = source.marks, []
    for other in others:
        if other.status == "found" and _agree(source.marks, other.marks):
            better = _fill(marks, other.marks)
            if better != marks:
                text = f"What the {source.kind} chapters lack in titles, links or pictures was taken from {other.origin}."
                said.append(Notice(code="chapters_filled", message=text))
                marks = better
    return marks, tuple(said)


def _agree(ours: Sequence[ChapterMark], theirs: Sequence[ChapterMark]) -> bool:
    a, b = ([m for m in marks if not m.hidden] for marks in (ours, theirs))
    return len(a) == len(b) > 0 and all(abs(x.start - y.start) <= AGREEMENT for x, y in zip(a, b, strict=True))


def _fill(ours: Sequence[ChapterMark], theirs: Sequence[ChapterMark]) -> tuple[ChapterMark, ...]:
    helper = iter([m for m in theirs if not m.hidden])
    return tuple(m if m.hidden else _with(m, next(helper)) for m in ours)


def _with(mark: ChapterMark, other: ChapterMark) -> ChapterMark:
    title, truncated = mark.title, mark.truncated
    if _is_placeholder(title) and not _is_placeholder(other.title):
        title, truncated = other.title, other.truncated
    elif truncated and not other.truncated and other.title.startswith(title.rstrip(".… ")):
        title, truncated = other.title, False
    return mark.model_copy(
        update={"title": title, "truncated": truncated, "url": mark.url or other.url, "image": mark.image or other.image}
    )


def _is_placeholder(title: str) -> bool:
    """Tell whether a title is none: empty, or a number with at most a word for "chapter"."""
    return bool(_PLACEHOLDER.fullmatch(title.strip()))


# ------------------------------------------------------------------ titles


def _titled(marks: Sequence[ChapterMark]) -> tuple[tuple[ChapterMark, ...], tuple[Notice, ...]]:
    """Give every visible chapter a title; a nameless first one at 0 is a filler that formats without gaps need, and goes."""
    nameless = [m for m in marks if not m.title and not m.hidden]
    if not nameless:
        return tuple(marks), ()
    filler = marks[0] is nameless[0] and marks[0].start == 0 and not marks[0].url and len(nameless) < len(marks)
    kept = marks[1:] if filler else marks
    numbered = tuple(
        m if m.title or m.hidden else m.model_copy(update={"title": f"Chapter {n}"}) for n, m in enumerate(kept, start=1)
    )
    text = f"{len(nameless)} chapters have no title; they are numbered or, at the very beginning, left out."
    return numbered, (Notice(code="titles_missing", message=text),)
