"""The step `assemble`: what was heard and what was published become one transcript."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.disturbed import Received, described, disturb, printed, script
from benchmarks.published import clean
from jobs.assemble import Heard, assemble
from jobs.intake import ChapterFiles, Fetched
from jobs.levels import LevelProfile
from jobs.prepare import Prepared
from jobs.published import PublisherTranscript
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import (
    ChapterSource,
    EngineInfo,
    Episode,
    Loudness,
    Note,
    Publication,
    Segment,
    Span,
    Transcript,
    Word,
)

TALK = clean(1, chapters=5, minutes=8, titles="spoken")
FILE = disturb(TALK, "ads at pauses", seed=4, errors=0.1)


def prepared(received: Received) -> Prepared:
    """Return what preparing such a file would find."""
    return Prepared(
        duration=received.duration,
        samples=int(received.duration * 16_000),
        container="mp3",
        codec="mp3",
        sample_rate=44_100,
        channels=2,
        claimed_duration=None,
        tags={},
        loudness=Loudness(rms_dbfs=-20, peak_dbfs=-3, speech_dbfs=-20),
        profile=LevelProfile(step=0.1, dbfs=tuple(np.full(int(received.duration * 10), -20.0))),
        speech=tuple(Span(start=c.start, end=c.end) for c in received.coverage if c.kind == "speech"),
        parts=(PartSpan(index=0, start=0, end=received.duration),),
        coverage=received.coverage,
    )


def heard(received: Received, *, transcripts: tuple[PublisherTranscript, ...]) -> Heard:
    """Return everything that the steps before bring."""
    words = tuple(Word(start=w.start, end=max(w.end, w.start + 0.01), text=w.text) for w in received.words)
    segment = Segment(start=words[0].start, end=words[-1].end, text=" ".join(w.text for w in words), words=words)
    marks = printed(TALK, "exact", 1)
    source = ChapterSource(kind="psc", origin="feed", status="found", marks=marks)
    return Heard(
        publication=Publication(episode=Episode(id="e", title="T", published_duration=TALK.duration), chapters=(source,)),
        fetched=Fetched(audio="0" * 64, bytes=1, media_type="audio/mpeg", demuxer="mp3", fetched_at=datetime.now(UTC)),
        beside=ChapterFiles(transcripts=transcripts),
        prepared=prepared(received),
        embedded=ChapterSource(kind="embedded", origin="file", status="none"),
        parts=(PartTranscript(index=0, segments=(segment,)),),
        crossings=(),
        diarization=None,
        voices={},
        language="en",
        transcriber=EngineInfo(name="scripted", version="1", model="m"),
        diarizer=None,
        options={},
        notes=(),
        warnings=(),
        version="0",
    )


def codes(transcript: Transcript) -> set[str]:
    return {notice.code for notice in transcript.warnings}


def test_a_publisher_s_transcript_moves_chapters_and_marks_the_ads() -> None:
    """Chapters lie where they are said, with the offset and its reason; coverage says what was inserted."""
    made = assemble(heard(FILE, transcripts=(script(TALK, "captions", 1),)))
    for chapter, (start, _, _) in zip(made.chapters, TALK.chapters, strict=True):
        assert chapter.start == pytest.approx(FILE.place(start), abs=1)
        assert chapter.published_start == pytest.approx(start, abs=0.001)
        assert chapter.offset == pytest.approx(chapter.start - start, abs=0.01)
    assert made.chapters[-1].method == "publisher_transcript"
    assert made.chapters[-1].confidence > 0.9
    ads = sum(s.end - s.start for s in FILE.stretches if s.foreign is not None)
    assert sum(c.end - c.start for c in made.coverage if c.inserted) == pytest.approx(ads, abs=5)
    assert all(a.end == b.start for a, b in zip(made.coverage, made.coverage[1:], strict=False))
    assert {"inserted_audio", "chapters_anchored"} <= codes(made)
    assert "longer_than_published" not in codes(made)


def test_without_a_transcript_nothing_is_called_inserted() -> None:
    """The file is longer than published, which is said, and no stretch is accused."""
    made = assemble(heard(FILE, transcripts=()))
    assert not any(c.inserted for c in made.coverage)
    assert "longer_than_published" in codes(made)


def test_an_undisturbed_episode_is_as_published() -> None:
    """Exact times stay to the millisecond, with the transcript's word for it."""
    same = disturb(TALK, "none", seed=4, errors=0.1)
    made = assemble(heard(same, transcripts=(script(TALK, "captions", 1),)))
    assert [c.offset for c in made.chapters] == pytest.approx([0] * 5, abs=0.001)
    assert codes(made) == set()


def test_what_the_notes_say_under_their_rows_finds_chapters_with_jokes_for_titles() -> None:
    """Published notes or given ones; with the rows alone, the titles say nothing."""
    talk = clean(2, chapters=8, minutes=20, titles="hopeless")
    received = disturb(talk, "intro added", seed=2, errors=0.1)
    marks = printed(talk, "seconds", 2)
    told = described(talk, marks, 2)
    bare = [f"{mark.start // 60:.0f}:{mark.start % 60:02.0f} {mark.title}" for mark in marks]
    full = [f"{row}\n{told[mark.start]}" for row, mark in zip(bare, marks, strict=True)]
    rows, described_rows = (Note(field="description", html="\n".join(lines)) for lines in (bare, full))
    plain = replace(heard(received, transcripts=()), publication=Publication(episode=Episode(id="e", title="T"), notes=(rows,)))
    published = plain.publication.model_copy(update={"notes": (described_rows,)})
    for known in (replace(plain, publication=published), replace(plain, notes=(described_rows,))):
        made = assemble(known)
        assert [chapter.title for chapter in made.chapters] == [mark.title for mark in marks]
        for chapter, (start, _, _) in zip(made.chapters[1:], talk.chapters[1:], strict=True):
            assert chapter.start == pytest.approx(received.place(start), abs=2)
    assert [chapter.method for chapter in assemble(plain).chapters].count("title_evidence") == 0
