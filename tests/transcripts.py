"""Transcripts for tests: built by hand, drawn by hypothesis, and as long as a day at work."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from storage.documents import (
    Audio,
    Chapter,
    ChapterSource,
    Coverage,
    EngineInfo,
    Episode,
    Made,
    Notice,
    Segment,
    Speaker,
    Transcript,
    Word,
)

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
"""For property tests whose examples are long: how fast a shared processor is, is not what they test."""

HOSTILE = (
    "<script>alert(1)</script>",
    "00:00:01.000 --> 00:00:02.000",
    "-->",
    "two\nlines\r\n\r\nand more\u2028here",
    "nul\0and\x07bell\x1b[31m",
    "&amp; &lt;b&gt; &copy;",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](http://a.example/b.png)",
    "{\\an8}up",
    "👩‍👩‍👧 and 🏳️‍🌈",
    "\u202egnp.exe",
    "# not a heading",
    "1. not a list",
    "- ---",
    "](",
    "x" * 5000,
    "'\"><img src=x onerror=alert(1)>",
    "]]>",
    "</v><v Eve>",
    "\ufffe\uffff",
    "**bold** _it_ `code` ~~gone~~ | a | b |",
    "",
    "   ",
)


def words(text: str, start: float = 0.0, *, each: float = 0.3, gap: float = 0.05, speaker: str | None = None) -> tuple[Word, ...]:
    """Return the words of a text, spoken evenly."""
    step = each + gap
    return tuple(
        Word(start=start + n * step, end=start + n * step + each, text=token, speaker=speaker)
        for n, token in enumerate(text.split())
    )


def segment(text: str, start: float = 0.0, *, speaker: str | None = "Speaker 1", **more: Any) -> Segment:
    """Return a segment with evenly spoken words."""
    spoken = words(text, start, speaker=speaker)
    return Segment(start=start, end=spoken[-1].end, text=text, speaker=speaker, words=spoken, **more)


def chapter(title: str, start: float, end: float, segments: tuple[int, int] = (0, 0), **more: Any) -> Chapter:
    """Return a chapter as its publisher printed it."""
    told: dict[str, Any] = {"published_start": start, "offset": 0.0, "method": "as_published", "confidence": 1.0, "source": "psc"}
    return Chapter(title=title, start=start, end=end, segments=segments, **(told | more))


def transcript(
    segments: Sequence[Segment] = (),
    chapters: Sequence[Chapter] = (),
    *,
    speakers: Sequence[Speaker] = (Speaker(label="Speaker 1", name="Ann Other"), Speaker(label="Speaker 2")),
    fallback: bool = False,
    warnings: Sequence[Notice] = (),
    coverage: Sequence[Coverage] = (),
    sources: Sequence[ChapterSource] = (),
    **episode: Any,
) -> Transcript:
    """Return a transcript with these parts and plausible others."""
    told: dict[str, Any] = {
        "id": "e1",
        "title": "A Talk",
        "show": "The Show",
        "published": datetime(2024, 5, 1, 12, tzinfo=UTC),
        "page_url": "https://show.example/1",
    }
    return Transcript(
        episode=Episode(**(told | episode)),
        audio=Audio(
            sha256="0" * 64, bytes=10, media_type="audio/mpeg", duration=3725.5, fetched_at=datetime(2024, 5, 2, tzinfo=UTC)
        ),
        made=Made(
            earmark_version="0.1.0",
            made_at=datetime(2024, 5, 2, tzinfo=UTC),
            transcriber=EngineInfo(name="whisper", version="1.2.1", model="small", fallback=fallback),
        ),
        language="en",
        segments=tuple(segments),
        speakers=tuple(speakers),
        chapters=tuple(chapters),
        chapter_sources=tuple(sources),
        coverage=tuple(coverage),
        warnings=tuple(warnings),
    )


_VOCABULARY = "so the thing about signal is, that noise comes back. and then we measured it again, twice; right? yes"


def long_transcript(hours: int = 8, total: int = 80_000) -> Transcript:
    """Return a transcript of many words by two speakers with a chapter every ten minutes."""
    vocabulary = _VOCABULARY.split()
    length = hours * 3600 / total
    segments: list[Segment] = []
    at, place = 0.0, 0
    while place < total:
        spoken = []
        for _ in range(min(20, total - place)):
            spoken.append(Word(start=at, end=at + length * 0.9, text=vocabulary[place * 7 % len(vocabulary)], probability=0.9))
            at += length
            place += 1
        speaker = f"Speaker {1 + len(segments) // 5 % 2}"
        text = " ".join(word.text for word in spoken)
        segments.append(Segment(start=spoken[0].start, end=spoken[-1].end, text=text, speaker=speaker, words=tuple(spoken)))
    per = len(segments) // (hours * 6)
    chapters = [
        chapter(
            f"Part {n + 1}",
            segments[n * per].start,
            segments[min((n + 1) * per, len(segments) - 1)].start,
            (n * per, (n + 1) * per),
        )
        for n in range(hours * 6)
    ]
    return transcript(segments, chapters)


def squeezed(text: str) -> str:
    """Return a text without white space and what no format can hold: what must be the same on both sides of a format."""
    return "".join(c for c in text if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cs"} and not _is_noncharacter(c))


def _is_noncharacter(character: str) -> bool:
    return 0xFDD0 <= ord(character) <= 0xFDEF or character in "\ufffe\uffff"


texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.sampled_from(["well", "so,", "right.", "東京", "です。", "ไทย", "<i>x</i>", "&", "don't", "--", ">", "a"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)


@st.composite
def transcripts(draw: st.DrawFn, *, orderly: bool = True) -> Transcript:
    """Draw a transcript with hostile strings; `orderly` words follow each other in time, others lie anywhere."""
    segments, at = [], 0.0
    for _ in range(draw(st.integers(0, 4))):
        spoken = []
        for text in draw(st.lists(texts, max_size=12)):
            if orderly:
                start = at + draw(st.sampled_from([0.0, 0.002, 0.25, 1.1, 4.0]))
                at = end = start + draw(st.sampled_from([0.002, 0.1, 0.4567, 3.3]))
            else:
                start, end = draw(st.floats(0, 50)), draw(st.floats(0, 50))
            who = draw(st.sampled_from([None, None, "Speaker 1", "Speaker 2"]))
            spoken.append(Word(start=start, end=end, text=text, speaker=who, joined=draw(st.booleans())))
        first, last = (spoken[0].start, spoken[-1].end) if spoken else (at, at)
        label = draw(st.sampled_from([None, "Speaker 1"]))
        segments.append(Segment(start=first, end=last, text=" ".join(w.text for w in spoken), speaker=label, words=tuple(spoken)))
    starts = draw(st.lists(st.floats(0, 40), max_size=4))
    chapters = [
        chapter(
            draw(texts),
            start,
            start + 5,
            (place := min(n, len(segments)), place),
            hidden=draw(st.booleans()),
            url=draw(st.one_of(st.none(), texts, st.just("https://x.example/a b?c=1&d=(2)"))),
            image=draw(st.one_of(st.none(), texts)),
        )
        for n, start in enumerate(sorted(starts))
    ]
    warnings = [Notice(code="x", message=draw(texts))]
    return transcript(segments, chapters, warnings=warnings, title=draw(texts), show=draw(texts), page_url=draw(texts))
