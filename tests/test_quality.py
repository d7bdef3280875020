"""What Whisper invents: loops and impossible rates are found, and what people say is left alone."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.quality import LONGEST_PATTERN, better, judge, looks_invented
from storage.documents import Segment, Word
from tests.transcripts import segment, words
from tests.workshop import SCRIPT

VOCABULARY = [f"word{n}" for n in range(40)]


def spoken(texts: list[str], start: float = 0.0) -> Segment:
    """Return a segment of these words at an ordinary rate."""
    return segment(" ".join(texts), start)


@given(
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=LONGEST_PATTERN, unique=True),
    st.integers(7, 12),
    st.integers(0, 15),
)
@settings(max_examples=150, deadline=None)
def test_a_phrase_said_over_and_over_is_found_wherever_it_begins(phrase: list[str], times: int, before: int) -> None:
    """All of its words lie in flagged segments, whatever the punctuation and the case, even across segments."""
    lead = [f"lead{n}" for n in range(before)]
    loop = [text.upper() + "," if n % 3 == 0 else text for n, text in enumerate(phrase * times)]
    half = len(loop) // 2
    first, second, third = spoken([*lead, "x"]), spoken(loop[:half], 100.0), spoken(loop[half:], 100.0 + 0.35 * half)
    judged = judge([first, second, third])
    assert judged[0].flags == ()
    assert judged[1].flags == judged[2].flags == ("repetition",)
    assert looks_invented(judged)


@given(st.lists(st.sampled_from(VOCABULARY), max_size=80))
@settings(max_examples=100, deadline=None)
def test_nothing_is_ever_deleted_or_changed(texts: list[str]) -> None:
    """Judging adds flags alone."""
    given_segments = [spoken(texts)] if texts else []
    judged = judge(given_segments)
    assert [s.model_copy(update={"flags": ()}) for s in judged] == given_segments


def test_natural_speech_is_not_taken_for_a_loop() -> None:
    """The whole example, and what people repeat on purpose."""
    story = json.loads(SCRIPT.read_text("utf-8"))
    said = tuple(
        Word(start=word["start"], end=word["end"], text=word["word"])
        for sentence in story["sentences"]
        for word in sentence["words"]
    )
    assert not looks_invented(judge([Segment(start=0, end=220, text="…", words=said)]))
    for text in (
        "no no no no no",
        "very very very good",
        "and then and then and then we left",
        "it is what it is what it is",
        "location, location, location. bla bla bla",
        "yes, yes, yes, of course, of course",
        "one two three four five one two three four five",
    ):
        assert not looks_invented(judge([segment(text)])), text


def test_a_rate_that_nobody_speaks_at_is_found() -> None:
    """Forty words in two seconds; fast talk of six a second is left alone."""
    fast = words(" ".join(VOCABULARY), each=0.04, gap=0.01)
    assert judge([Segment(start=0, end=2, text="…", words=fast)])[0].flags == ("impossible_rate",)
    quick = words(" ".join(VOCABULARY), each=0.14, gap=0.02)
    assert judge([Segment(start=0, end=7, text="…", words=quick)])[0].flags == ()


def test_scripts_without_spaces_are_judged_by_characters() -> None:
    """Joined words do not count as words a second."""
    text = "今日は良い天気ですねと彼は言いましたが雨が降りそうです" * 2
    slow = tuple(Word(start=n * 0.11, end=n * 0.11 + 0.1, text=c, joined=n > 0) for n, c in enumerate(text))
    assert judge([Segment(start=0, end=6, text=text, words=slow)])[0].flags == ()
    fast = tuple(Word(start=n * 0.01, end=n * 0.01 + 0.01, text=c, joined=n > 0) for n, c in enumerate(text))
    assert judge([Segment(start=0, end=1, text=text, words=fast)])[0].flags == ("impossible_rate",)


def test_flags_of_the_engine_are_kept() -> None:
    """Ours are added to them."""
    flagged = segment("well " * 9).model_copy(update={"flags": ("low_confidence",)})
    assert judge([flagged])[0].flags == ("low_confidence", "repetition")


def test_the_better_of_two_results_has_more_words_to_believe() -> None:
    """A loop counts against its result; the first one wins a draw."""
    loop, good, short = judge([segment("again " * 30)]), judge([segment("this is what was said")]), judge([segment("this is")])
    assert better(loop, good) == good
    assert better(good, loop) == good
    assert better(loop, []) == loop  # text is flagged, not deleted
    assert better(short, good) == good
    assert better(good, tuple(good)) is good
