"""Speech that came out without a word."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobs.unheard import unheard, with_found, within
from storage.documents import Segment, Span, Word


def said(text: str, start: float, pace: float = 0.3) -> Segment:
    """Return a segment whose words take `pace` seconds each."""
    words = tuple(Word(start=start + n * pace, end=start + (n + 1) * pace, text=word) for n, word in enumerate(text.split()))
    return Segment(start=start, end=words[-1].end, text=text, words=words)


def spans(*edges: tuple[float, float]) -> list[Span]:
    """Return stretches of time."""
    return [Span(start=start, end=end) for start, end in edges]


def texts(segments: tuple[Segment, ...]) -> list[str]:
    """Return all words in order of time."""
    return [word.text for segment in segments for word in segment.words]


def test_a_long_stretch_of_speech_without_a_word_is_found() -> None:
    """Before, between and after words, and where there is none at all."""
    assert list(unheard(spans((0, 10)), [said("a b", 3)])) == spans((0, 3), (3.6, 10))
    assert list(unheard(spans((0, 2)), [])) == spans((0, 2))
    assert list(unheard(spans((0, 0.9)), [])) == []


def test_a_sentence_with_breaths_in_it_is_one_stretch() -> None:
    """Two short regions, neither long enough alone, are together."""
    assert list(unheard(spans((77.9, 79.1), (79.2, 79.9)), [said("Yes, I agree.", 76.5)])) == spans((77.9, 79.9))
    assert list(unheard(spans((77.9, 78.7), (79.5, 80.2)), [])) == []


def test_what_is_new_is_added_in_its_place() -> None:
    """The words around it stay."""
    before, after = said("Yes, I agree.", 1), said("If you", 6)
    found = said("Maybe ninety nine.", 3)
    whole = with_found([before, after], [found], Span(start=2.8, end=4.2), spans((1, 2), (2.8, 4.2), (6, 7)))
    assert whole == (before, found, after)
    assert with_found([before], [], Span(start=2.8, end=4.2), spans((1, 2))) == (before,)


def test_words_that_stand_in_the_silence_beside_the_gap_are_moved_and_not_doubled() -> None:
    """Whisper put them before the speech; hearing them again tells their times."""
    misplaced = said("Absolutely, Anna.", 479.6, pace=0.25)
    after = said("Of course.", 482.5)
    found = (said("Absolutely, Anna.", 480.3), said("Our", 481.4))
    speech = spans((480.24, 481.57), (482.42, 483.2))
    whole = with_found([misplaced, after], found, Span(start=480.24, end=481.57), speech)
    assert texts(whole) == ["Absolutely,", "Anna.", "Of", "course."]
    assert [word.start for word in whole[0].words] == [480.3, 480.6]


def test_words_squeezed_into_no_time_are_given_theirs() -> None:
    """Five words in four hundredths of a second were said somewhere else."""
    squeezed = said("Most papers come from inference.", 55.9, pace=0.01)
    speech = spans((55.2, 56.0), (56.56, 58.56))
    whole = with_found([squeezed], [said("Most papers come from inference", 56.6)], Span(start=56.56, end=58.56), speech)
    assert texts(whole) == squeezed.text.split()
    assert whole[0].start == 56.6


def test_something_really_said_twice_is_kept_twice() -> None:
    """The first time lies over speech, so the second is new."""
    first = said("Yes, I agree.", 1.0)
    again = said("Yes, I agree.", 3.0)
    whole = with_found([first], [again], Span(start=3.0, end=4.0), spans((1, 2), (3, 4)))
    assert texts(whole) == ["Yes,", "I", "agree.", "Yes,", "I", "agree."]


def test_a_word_in_front_of_what_stands_there_already_does_not_double_it() -> None:
    """The word is moved to its speech; the one in front was made up, for the model itself is not sure of it."""
    early = said("Exactly.", 136.2, pace=0.06)
    found = said("had exactly.", 136.4, pace=0.7)
    unsure = tuple(replace(w, probability=p) for w, p in zip(found.words, (0.0, 0.53), strict=True))
    found = found.model_copy(update={"words": unsure})
    speech = spans((134.9, 136.2), (137.06, 137.88))
    whole = with_found([early], [found], Span(start=137.06, end=137.88), speech)
    assert texts(whole) == ["Exactly."]
    assert whole[0].start == 137.1


def test_what_is_found_amid_a_segment_divides_it() -> None:
    """Its words come between those before and after them, so that nothing looks faster than it was said."""
    around = said("If you need it, you measure it.", 152.5)
    around = around.model_copy(
        update={
            "words": tuple(w if n < 4 else replace(w, start=w.start + 1, end=w.end + 1) for n, w in enumerate(around.words)),
            "end": around.end + 1,
        }
    )
    found = said("The benchmark,", 153.8, pace=0.3)
    whole = with_found([around], [found], Span(start=153.7, end=154.7), spans((152.5, 156)))
    assert [segment.text for segment in whole] == ["If you need it,", "The benchmark,", "you measure it."]
    assert [segment.start for segment in whole] == [152.5, 153.8, 154.7]


def test_a_word_is_not_moved_past_others() -> None:
    """A word is said often: one that was squeezed nine seconds later, behind other words, is not the one in the gap."""
    later = said("Absolutely, Clara.", 68.78, pace=0.01)
    between = said("Who will use this?", 61.7)
    found = said("Absolutely, Frank.", 59.7, pace=0.5)
    whole = with_found([between, later], [found], Span(start=59.6, end=61.2), spans((59.6, 61.2), (61.7, 63.5), (68.8, 70)))
    assert whole == (found, between, later)


def test_what_is_heard_in_a_gap_begins_and_ends_in_it() -> None:
    """The engine heard the gap alone: a word that it lets begin before does not come before the word that stands there."""
    stood = said("Yes,", 144.6, pace=0.36)
    gap = Span(start=144.96, end=149.5)
    again = [said("That's right.", 144.56, pace=1.04), said("Maybe", 149.4, pace=0.16), said("To", 149.6)]
    found = within(again, gap)
    assert [(segment.start, segment.end) for segment in found] == [(144.96, again[0].end), (149.4, 149.5)]
    whole = with_found([stood], found, gap, spans((144.6, 149.5)))
    assert texts(whole) == ["Yes,", "That's", "right.", "Maybe"]


@given(
    st.lists(st.tuples(st.floats(0, 40), st.sampled_from("abc")), max_size=20),
    st.lists(st.tuples(st.floats(10, 20), st.sampled_from("abcd")), min_size=1, max_size=6),
    st.data(),
)
def test_words_stay_in_order_and_only_those_of_the_finding_are_added(
    heard: list[tuple[float, str]], again: list[tuple[float, str]], data: st.DataObject
) -> None:
    """However little fits: nothing that stood there is lost, and every word begins no earlier than the one before it."""
    stood = [Word(start=at, end=at + 0.2, text=text) for at, text in sorted(heard) if not 9.8 <= at <= 20]
    news = [Word(start=at, end=at + 0.2, text=text, probability=data.draw(st.floats(0, 1))) for at, text in sorted(again)]
    cut = data.draw(st.integers(0, len(stood)))
    segments = [_segment(words) for words in (stood[:cut], stood[cut:]) if words]
    whole = with_found(segments, [_segment(news)], Span(start=10, end=20.2), spans((10, 20.2)))
    words = [word for segment in whole for word in segment.words]
    assert all(before.start <= after.start for before, after in pairwise(words))
    texts_left = [word.text for word in words]
    assert all(texts_left.count(text) >= [word.text for word in stood].count(text) for text in "abcd")
    assert len(words) <= len(stood) + len(news)


def _segment(words: list[Word]) -> Segment:
    return Segment(start=words[0].start, end=words[-1].end, text=" ".join(word.text for word in words), words=tuple(words))
