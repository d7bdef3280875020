"""Seams between parts: each word once, whatever side heard it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.bridges import Crossing
from jobs.pcm import Pcm, write_pcm
from jobs.seams import COMPARED, OVERLAP, agrees, join_parts, part_audio
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import Segment, Span, Word

LENGTHS, PAUSES = st.floats(0.12, 0.7), st.sampled_from([0.0, 0.0, 0.02, 0.3])
SPOKEN = st.sampled_from(["the", "the", "the", "no", "no,", "yes", "signal", "Noise", "noise.", "a"])


@st.composite
def talks(draw: st.DrawFn) -> list[Word]:
    """Draw talk without a long pause, with many repeated words."""
    at, said = 0.0, []
    for text, length, pause in draw(st.lists(st.tuples(SPOKEN, LENGTHS, PAUSES), max_size=50)):
        said.append(Word(start=at, end=at + length, text=text))
        at = said[-1].end + pause
    return said


def heard(index: int, words: list[Word], *, size: int = 7) -> PartTranscript:
    """Return what an engine would say of these words: segments of a few of them."""
    pieces = [words[at : at + size] for at in range(0, len(words), size)]
    segments = tuple(
        Segment(start=piece[0].start, end=piece[-1].end, text=" ".join(word.text for word in piece), words=tuple(piece))
        for piece in pieces
    )
    return PartTranscript(index=index, segments=segments)


def spans(*cuts: float, end: float, forced: bool) -> list[PartSpan]:
    """Return parts between the cuts."""
    edges = [0.0, *cuts, end]
    return [PartSpan(index=n, start=a, end=b, forced=forced and n > 0) for n, (a, b) in enumerate(pairwise(edges))]


def shifted(word: Word, by: float) -> Word:
    """Return the word a little earlier or later."""
    return replace(word, start=max(0.0, word.start + by), end=max(0.0, word.end + by))


@given(talks(), st.lists(st.floats(5, 20), min_size=1, max_size=2).map(sorted), st.floats(-0.03, 0.03))
@settings(max_examples=80, deadline=None)
def test_each_word_is_once_at_forced_seams_that_both_sides_heard(said: list[Word], cuts: list[float], drift: float) -> None:
    """Wherever the cut falls, and though the later side hears everything a little early or late."""
    cuts = [cut for n, cut in enumerate(cuts) if n == 0 or cut - cuts[n - 1] > 2 * OVERLAP]
    parts = spans(*cuts, end=60.0, forced=True)
    transcripts = []
    for part in parts:
        begin = part.start - OVERLAP if part.forced else part.start
        inside = [word for word in said if word.start >= begin and word.end <= part.end]
        transcripts.append(heard(part.index, [shifted(word, drift if part.index else 0.0) for word in inside]))
    joined = [word.text for segment in join_parts(parts, transcripts) for word in segment.words]
    assert joined == [word.text for word in said]


@given(talks(), st.floats(5, 25))
@settings(max_examples=30, deadline=None)
def test_at_a_seam_in_a_pause_one_part_follows_the_other(said: list[Word], cut: float) -> None:
    """Nothing is compared, nothing is dropped."""
    parts = spans(cut, end=60.0, forced=False)
    first, second = [w for w in said if w.start < cut], [w for w in said if w.start >= cut]
    joined = join_parts(parts, [heard(0, first), heard(1, second)])
    assert [word for segment in joined for word in segment.words] == said


def word(text: str, start: float) -> Word:
    """Return a word of a quarter of a second."""
    return Word(start=start, end=start + 0.25, text=text)


@pytest.mark.parametrize("silent", [0, 1])
def test_where_one_side_heard_nothing_the_other_side_s_words_stay(silent: int) -> None:
    """All of them."""
    words = [
        word(text, 16.2 + n * 0.4)
        for n, text in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    ]
    sides = [heard(0, [word("before", 10.0), *words]), heard(1, [*words, word("after", 21.0)])]
    sides[silent] = heard(silent, [word("before", 10.0)] if silent == 0 else [word("after", 21.0)])
    joined = [w.text for s in join_parts(spans(20.0, end=30.0, forced=True), sides) for w in s.words]
    assert joined == ["before", *[w.text for w in words], "after"]


def test_where_the_sides_disagree_the_change_is_made_between_words() -> None:
    """Neither side's words are cut or doubled in time."""
    first = [word(text, 16.2 + n * 0.4) for n, text in enumerate(["a", "b", "c", "d", "e", "f", "g", "h", "i"])]
    second = [word(text, 16.3 + n * 0.4) for n, text in enumerate(["r", "s", "t", "u", "v", "w", "x", "y", "z"])]
    joined = [w for s in join_parts(spans(20.0, end=30.0, forced=True), [heard(0, first), heard(1, second)]) for w in s.words]
    assert all(before.start <= after.start for before, after in pairwise(joined))
    assert 8 <= len(joined) <= 10
    assert "".join(w.text for w in joined).startswith("abcd")
    assert "".join(w.text for w in joined).endswith("wxyz")


def test_a_part_after_a_forced_seam_is_heard_from_before_it(tmp_path: Path) -> None:
    """With the speech of the stretch that both hear; after a pause nothing is heard twice."""
    with write_pcm(tmp_path / "a.wav") as writer:
        writer.write(np.arange(16_000 * 20, dtype=np.int16))
    pcm = Pcm(tmp_path / "a.wav")
    speech = (Span(start=1, end=4), Span(start=5, end=12))
    forced = part_audio(pcm, PartSpan(index=1, start=8, end=20, forced=True), speech)
    assert (forced.start, len(forced.samples), forced.speech) == (4.0, 16 * 16_000, (Span(start=5, end=12),))
    plain = part_audio(pcm, PartSpan(index=1, start=8, end=20), speech)
    assert (plain.start, len(plain.samples), plain.speech) == (8.0, 12 * 16_000, (Span(start=8, end=12),))
    pcm.close()


def across(*readings: list[Word]) -> list[Crossing]:
    """Return what was heard across the first seam."""
    return [Crossing(index=1, readings=tuple(heard(0, reading).segments for reading in readings))]


@given(talks(), st.floats(5, 20), st.integers(1, 2))
@settings(max_examples=60, deadline=None)
def test_bridges_that_agree_change_nothing(said: list[Word], cut: float, count: int) -> None:
    """Every word stays once, with the part's own times."""
    first, second = [w for w in said if w.start < cut], [w for w in said if w.start >= cut]
    sides = [heard(0, first), heard(1, second)]
    joined = [w for s in join_parts(spans(cut, end=60.0, forced=False), sides, across(*[said] * count)) for w in s.words]
    assert joined == said


@given(talks(), talks(), st.lists(st.floats(0, 1), min_size=150, max_size=150))
@settings(max_examples=300, deadline=None)
def test_where_a_bridge_agrees_with_the_parts_no_other_bridge_changes_a_word(
    said: list[Word], other: list[Word], probabilities: list[float]
) -> None:
    """So it need not be heard; whatever anybody believes of their words."""
    sure = iter(probabilities)
    said, same, other = ([replace(w, probability=next(sure)) for w in words] for words in (said, said, other))
    sides = [heard(0, [w for w in said if w.start < 8]), heard(1, [w for w in said if w.start >= 8])]
    assert agrees([*sides[0].segments, *sides[1].segments], heard(0, same).segments, 8.0)
    joined = [w.text for s in join_parts(spans(8.0, end=60.0, forced=False), sides, across(same, other)) for w in s.words]
    assert joined == [w.text for w in said]


def test_a_bridge_agrees_if_it_has_the_same_words_near_the_seam() -> None:
    """However they are written; what it has further away does not count, and one that has a word more, or less, disagrees."""
    said = [word(text, 10.0 + n) for n, text in enumerate(["we", "agree.", "Exactly.", "Good", "question.", "Yes.", "It", "is."])]
    sides, seam = heard(0, said).segments, 14.0
    assert agrees(sides, heard(0, [replace(w, text=w.text.upper()) for w in said]).segments, seam)
    assert agrees(sides, heard(0, [word("more", 1.0), *said]).segments, seam)
    assert not agrees(sides, heard(0, [*said[:4], word("more", 13.6), *said[4:]]).segments, seam)
    assert not agrees(sides, heard(0, [*said[:4], *said[5:]]).segments, seam)
    assert not agrees(sides, heard(0, [*said[:4], word("other", 14.0), *said[5:]]).segments, seam)
    dots, note = (heard(0, [*said[:4], word(sign, 14.0), *said[5:]]).segments for sign in ("…", "♪"))
    assert not agrees(dots, note, seam)  # what has no letters is told apart as it is in the vote


@given(talks(), talks(), talks())
@settings(max_examples=300, deadline=None)
def test_whatever_bridges_heard_times_stay_in_order_and_what_is_far_from_the_seam_stays(
    said: list[Word], one: list[Word], other: list[Word]
) -> None:
    """Segments hold their words' text and times."""
    first, second = [w for w in said if w.start < 8], [w for w in said if w.start >= 8]
    joined = join_parts(spans(8.0, end=60.0, forced=False), [heard(0, first), heard(1, second)], across(one, other))
    words = [w for s in joined for w in s.words]
    assert all(before.start <= after.start for before, after in pairwise(words))
    assert [w for w in words if w.start > 8 + COMPARED] == [w for w in said if w.start > 8 + COMPARED]
    for segment in joined:
        assert segment.words
        assert segment.text.split() == [w.text for w in segment.words]
        assert (segment.start, segment.end) == (min(w.start for w in segment.words), max(w.end for w in segment.words))


def test_a_word_that_one_side_doubled_or_lost_is_put_right_by_the_bridges() -> None:
    """Two against one: beside the seam alone."""
    said = [word(text, 18.0 + n * 0.5) for n, text in enumerate(["we", "agree.", "Exactly.", "Good", "question.", "Yes."])]
    before, after = said[:4], said[4:]
    parts = spans(19.8, end=30.0, forced=False)
    twice = [heard(0, [*before, word("Good", 19.76)]), heard(1, after)]
    assert [w.text for s in join_parts(parts, twice, across(said, said)) for w in s.words] == [w.text for w in said]
    lost = [heard(0, before[:3]), heard(1, after)]
    assert [w.text for s in join_parts(parts, lost, across(said, said)) for w in s.words] == [w.text for w in said]


def test_a_word_of_the_bridges_does_not_begin_after_the_part_s_own_word_behind_it() -> None:
    """The part had stretched its word over the one that it passed over."""
    stretched = Word(start=51.8, end=53.8, text="maybe")
    parts = spans(51.0, end=60.0, forced=False)
    sides = [heard(0, [word("ninety,", 50.3)]), heard(1, [stretched, word("seventy.", 53.9)])]
    crossing = [word("ninety,", 50.3), word("Right.", 52.5), word("maybe", 53.2), word("seventy.", 53.9)]
    joined = [w for s in join_parts(parts, sides, across(crossing, crossing)) for w in s.words]
    assert [w.text for w in joined] == ["ninety,", "Right.", "maybe", "seventy."]
    assert all(before.start <= after.start for before, after in pairwise(joined))
