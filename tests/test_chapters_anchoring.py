"""Which evidence decides about the clocks, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.disturbed import Received, disturb, printed, script
from benchmarks.published import Clean, TitleKind, clean
from jobs.chapters.anchoring import Anchoring, Episode, anchor
from jobs.chapters.foreign_stretches import foreign_stretches
from jobs.chapters.place import find_starts
from jobs.published import PublisherTranscript
from storage.documents import ChapterMark, SourceKind


def episode(seed: int = 1, titles: TitleKind = "spoken", sponsors: int = 0) -> Clean:
    return clean(seed, chapters=6, minutes=12, titles=titles, sponsors=sponsors)


def heard(received: Received, published: float | None) -> Episode:
    return Episode(received.words, received.turns, received.coverage, received.duration, published)


def anchored(
    talk: Clean, received: Received, *, kind: SourceKind = "show_notes", published: float | None = None, **more: Any
) -> Anchoring:
    return anchor(printed(talk, "exact", 1), kind, heard(received, published or talk.duration), **more)


def codes(anchoring: Anchoring) -> list[str]:
    return [notice.code for notice in anchoring.notices]


TALK = episode()
WITH_ADS = disturb(TALK, "ads at pauses", seed=4, errors=0.1)
OFFERED = [script(TALK, "captions", 1)]


def test_a_transcript_places_chapters_and_names_the_ads() -> None:
    """Every chapter lies where it is said, and the inserted stretches are those that were put in."""
    anchoring = anchored(TALK, WITH_ADS, transcripts=OFFERED)
    assert anchoring.offsets.method == "publisher_transcript"
    for start, _, _ in TALK.chapters:
        assert anchoring.offsets.apply(start) == pytest.approx(WITH_ADS.place(start), abs=0.6)
    ads = sum(s.end - s.start for s in WITH_ADS.stretches if s.foreign is not None)
    assert sum(span.end - span.start for span in anchoring.inserted) == pytest.approx(ads, abs=5)
    assert codes(anchoring) == ["inserted_audio", "chapters_anchored"]


def test_a_transcript_without_times_or_of_another_clock_is_no_evidence() -> None:
    """One that runs on far behind the published end was made from a version with ads."""
    untimed = PublisherTranscript(url="x")
    assert anchored(TALK, WITH_ADS, transcripts=[untimed]).offsets.method != "publisher_transcript"
    short = anchored(TALK, WITH_ADS, transcripts=OFFERED, published=TALK.duration - 120)
    assert short.offsets.method != "publisher_transcript"
    second = anchored(TALK, WITH_ADS, transcripts=[untimed, *OFFERED])
    assert second.offsets.method == "publisher_transcript"


def embedded_marks(talk: Clean, received: Received) -> list[ChapterMark]:
    """Return chapters as a program writes them that made the very file."""
    places = [(received.place(start), title) for start, title, _ in talk.chapters]
    return [ChapterMark(start=place, title=title) for place, title in places if place is not None]


@pytest.mark.parametrize("titles", ["spoken", "paraphrased", "hopeless"])
def test_embedded_chapters_keep_their_clock_and_the_ads_are_still_named(titles: TitleKind) -> None:
    """They are in the file itself, so a transcript that shows ads says nothing against them."""
    talk = episode(7, titles)
    received = disturb(talk, "ads at pauses", seed=4, errors=0.1)
    marks = embedded_marks(talk, received)
    anchoring = anchor(marks, "embedded", heard(received, talk.duration), transcripts=[script(talk, "captions", 1)])
    assert anchoring.offsets.pieces == ()
    assert codes(anchoring) == ["inserted_audio"]


def test_embedded_chapters_that_are_the_publishers_are_moved() -> None:
    """Tags sent along with another file: the transcript says where they belong, and that is where their titles are said."""
    received = disturb(TALK, "intro added", seed=2, errors=0.1)
    anchoring = anchored(TALK, received, kind="embedded", transcripts=OFFERED)
    assert anchoring.offsets.method == "publisher_transcript"
    for start, _, _ in TALK.chapters[1:]:
        assert anchoring.offsets.apply(start) == pytest.approx(received.place(start), abs=0.6)
    assert codes(anchoring) == ["inserted_audio", "embedded_chapters_stale", "chapters_anchored"]


def test_embedded_chapters_of_which_nothing_is_said_stay() -> None:
    """A transcript alone does not tell to which clock the tags belong."""
    unheard = Episode((), WITH_ADS.turns, WITH_ADS.coverage, WITH_ADS.duration, TALK.duration)
    assert anchor(printed(TALK, "exact", 1), "embedded", unheard, transcripts=OFFERED).offsets.pieces == ()
    assert anchored(TALK, WITH_ADS, kind="embedded").offsets.pieces == ()


def test_chapters_in_the_file_place_the_published_ones() -> None:
    """The same titles at other times tell the offsets, where there is no transcript."""
    marks = printed(TALK, "exact", 1)
    places = [WITH_ADS.place(mark.start) for mark in marks]
    embedded = [ChapterMark(start=p, title=m.title) for p, m in zip(places, marks, strict=True) if p is not None]
    anchoring = anchored(TALK, WITH_ADS, embedded=embedded[::2])
    assert anchoring.offsets.method == "embedded"
    assert anchoring.offsets.apply(marks[4].start) == pytest.approx(places[4], abs=0.01)


def test_titles_decide_where_there_is_nothing_else() -> None:
    """And the warning says so."""
    shifted = disturb(TALK, "intro added", seed=2, errors=0.1)
    anchoring = anchored(TALK, shifted)
    assert anchoring.offsets.method == "title_evidence"
    assert codes(anchoring)[-1] == "chapters_anchored"
    assert "titles" in anchoring.notices[-1].message


@pytest.mark.parametrize("seed", range(1, 5))
def test_titles_and_a_strange_voice_tell_what_was_inserted(seed: int) -> None:
    """The length from the chapters, the place from who speaks or, without speakers, from a sponsor's phrases; or nothing."""
    talk = clean(seed, chapters=10, minutes=24, titles="spoken")
    received = disturb(talk, "one ad", seed=seed, errors=0.1)
    ad = next(n for n, stretch in enumerate(received.stretches) if stretch.foreign is not None)
    start = sum(s.end - s.start for s in received.stretches[:ad])
    end = start + received.stretches[ad].end
    for words in (received.words, [replace(word, speaker=None) for word in received.words]):
        found = anchor(printed(talk, "seconds", 1), "show_notes", replace(heard(received, talk.duration), words=words)).inserted
        assert len(found) <= 1
        for span in found:
            assert (span.start, span.end) == pytest.approx((start, end), abs=4)


def test_nothing_is_marked_without_a_step_or_without_strangers() -> None:
    """A voice that speaks once is a guest, unless the chapters behind it are late; and late chapters alone name no place."""
    received = disturb(TALK, "none", seed=1, errors=0.0)
    assert anchored(TALK, received).inserted == ()
    shifted = disturb(TALK, "intro added", seed=2, errors=0.1)
    alike = [replace(word, speaker="Speaker 1", text="word") for word in shifted.words]
    marks = printed(TALK, "exact", 1)
    offsets = anchored(TALK, shifted).offsets
    found = [
        foreign_stretches(marks, offsets, words=words, turns=(), coverage=shifted.coverage, duration=shifted.duration)
        for words in (alike, shifted.words)
    ]
    assert [len(spans) for spans in found] == [0, 1]


def test_hopeless_titles_keep_their_times_and_say_so() -> None:
    """The file is longer, and nothing says where."""
    talk = episode(2, titles="hopeless")
    received = disturb(talk, "ads anywhere", seed=2, errors=0.0)
    anchoring = anchor(printed(talk, "by hand", 1), "show_notes", heard(received, talk.duration))
    assert anchoring.offsets.pieces == ()
    assert codes(anchoring) == ["chapters_not_anchored"]


def test_nothing_is_said_about_an_undisturbed_episode() -> None:
    """With a transcript or without."""
    same = disturb(TALK, "none", seed=2, errors=0.1)
    for transcripts in ([], OFFERED):
        anchoring = anchored(TALK, same, transcripts=transcripts)
        assert codes(anchoring) == []
        assert anchoring.inserted == ()
        assert [anchoring.offsets.apply(t) for t in (0, 100.5)] == [0, 100.5]


def test_a_cut_stretch_is_named() -> None:
    """What is not in the file, on the publisher's clock."""
    talk = episode(3, sponsors=1)
    received = disturb(talk, "ads removed", seed=3, errors=0.0)
    anchoring = anchored(talk, received, transcripts=[script(talk, "captions", 1)])
    assert codes(anchoring)[:1] == ["audio_cut"]


def test_a_file_without_chapters_still_names_its_ads() -> None:
    """Coverage is worth as much without chapters."""
    anchoring = anchor((), None, heard(WITH_ADS, TALK.duration), transcripts=OFFERED)
    assert codes(anchoring) == ["inserted_audio"]


def test_a_snapped_start_beside_an_ad_is_judged_without_the_ad() -> None:
    """A chapter printed three seconds early, whose true start lies behind an ad, is found behind it."""
    anchoring = anchored(TALK, WITH_ADS, transcripts=OFFERED)
    early = tuple(
        ChapterMark(start=max(0.0, mark.start - 2), title=mark.title) for mark in printed(TALK, "exact", 1) if mark.start > 1
    )
    placed, _ = find_starts(
        early,
        "show_notes",
        words=WITH_ADS.words,
        turns=WITH_ADS.turns,
        coverage=WITH_ADS.coverage,
        duration=WITH_ADS.duration,
        offsets=anchoring.offsets,
    )
    truth = [WITH_ADS.place(start) for start, _, _ in TALK.chapters[1:]]
    right = [abs(p.start - t) < 1 for p, t in zip(placed, truth, strict=True) if t is not None]
    assert sum(right) >= len(right) - 1
