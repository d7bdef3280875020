"""Word times put right by the voice activity."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.onsets import LARGEST_MOVE, TAIL, refine_onsets
from storage.documents import Segment, Span, Word


@st.composite
def heard(draw: st.DrawFn) -> tuple[Segment, list[Span]]:
    """Draw words in order, and speech regions that know nothing of them."""
    at, spoken = 0.0, []
    for _ in range(draw(st.integers(1, 15))):
        at += draw(st.sampled_from([0.0, 0.0, 0.1, 1.0]))
        end = at + draw(st.floats(0.02, 2.5))
        spoken.append(Word(start=at, end=end, text="word"))
        at = end
    edges = sorted(draw(st.lists(st.floats(0, 40), max_size=12, unique=True)))
    regions = [Span(start=a, end=b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return Segment(start=0, end=at, text="…", words=tuple(spoken)), regions


@given(heard())
@settings(max_examples=300, deadline=None)
def test_words_keep_their_order_and_do_not_come_to_overlap(drawn: tuple[Segment, list[Span]]) -> None:
    """Whatever the detector says, within bounds."""
    segment, speech = drawn
    (refined,) = refine_onsets([segment], speech)
    assert [word.text for word in refined.words] == [word.text for word in segment.words]
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(refined.words))
    for old, new in zip(segment.words, refined.words, strict=True):
        assert new.start < new.end
        assert 0 <= new.start - old.start <= LARGEST_MOVE
        assert 0 <= old.end - new.end <= LARGEST_MOVE
    assert (refined.start, refined.end) in {(segment.start, segment.end), (refined.words[0].start, refined.words[-1].end)}


def refined(word: Word, *speech: tuple[float, float]) -> tuple[float, float]:
    """Return the times of a single word after refinement."""
    segment = Segment(start=word.start, end=word.end, text=word.text, words=(word,))
    (after,) = refine_onsets([segment], [Span(start=a, end=b) for a, b in speech])
    return after.words[0].start, after.words[0].end


def test_a_word_that_begins_in_a_pause_begins_with_its_speech() -> None:
    """Whisper lets first words begin early."""
    assert refined(Word(start=9.4, end=10.3, text="So"), (10.0, 15.0)) == (10.0, 10.3)


def test_a_word_that_lasts_into_a_pause_ends_with_its_speech() -> None:
    """But for a little ringing."""
    assert refined(Word(start=4.5, end=5.9, text="done."), (0.0, 5.0)) == (4.5, 5.0 + TAIL)


def test_words_inside_speech_or_far_from_any_stay() -> None:
    """What is far off is not the same speech."""
    assert refined(Word(start=1.0, end=1.4, text="in"), (0.0, 5.0)) == (1.0, 1.4)
    assert refined(Word(start=7.0, end=7.4, text="far"), (0.0, 5.0), (10.0, 12.0)) == (7.0, 7.4)
    assert refined(Word(start=7.0, end=7.4, text="none")) == (7.0, 7.4)


def test_segments_without_words_stay() -> None:
    """There is nothing to move."""
    bare = Segment(start=1, end=2, text="…")
    assert refine_onsets([bare], [Span(start=1.5, end=2)]) == (bare,)
