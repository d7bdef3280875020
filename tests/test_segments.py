"""Words to segments."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.segments import LIMIT, LONG_PAUSE, ends_sentence, regroup
from storage.documents import Segment, SegmentFlag, Word
from tests.transcripts import words


@st.composite
def heard(draw: st.DrawFn) -> tuple[list[Segment], list[Word]]:
    """Draw segments as an engine gave them, and their words with speakers."""
    at = 0.0
    segments: list[Segment] = []
    for _ in range(draw(st.integers(0, 6))):
        spoken: list[Word] = []
        for _ in range(draw(st.integers(1, 12))):
            at += draw(st.sampled_from([0.0, 0.05, 0.3, 2.0]))
            end = at + draw(st.sampled_from([0.1, 0.4, 3.0]))
            text = draw(st.sampled_from(["so", "right.", "yes?”", "東京", "well,"]))
            spoken.append(Word(start=at, end=end, text=text, joined=bool(spoken) and draw(st.integers(0, 9)) == 0))
            at = end
        flags: tuple[SegmentFlag, ...] = draw(st.sampled_from([(), ("repetition",), ("low_confidence",)]))
        segments.append(Segment(start=spoken[0].start, end=at, text="…", words=tuple(spoken), flags=flags))
    plain = [word for segment in segments for word in segment.words]
    who = [draw(st.sampled_from(["Speaker 1", "Speaker 2", None])) for _ in plain]
    return segments, [replace(word, speaker=name) for word, name in zip(plain, who, strict=True)]


@given(heard(), st.lists(st.floats(0, 60), max_size=4))
@settings(max_examples=60, deadline=None)
def test_every_word_stays_in_its_order_under_its_speaker_in_its_chapter(
    drawn: tuple[list[Segment], list[Word]], starts: list[float]
) -> None:
    """Segments change at speakers and at chapter starts, and are never too long."""
    segments, spoken = drawn
    made = regroup(segments, spoken, starts)
    assert [word for segment in made for word in segment.words] == spoken
    for segment in made:
        assert segment.start == segment.words[0].start
        assert segment.end == max(word.end for word in segment.words)
        assert {word.speaker for word in segment.words} == {segment.speaker}
        middles = [(word.start + word.end) / 2 + 1e-6 for word in segment.words]
        assert len({sum(start <= middle for start in starts) for middle in middles}) == 1
        assert segment.end - segment.start <= LIMIT


@given(heard())
@settings(max_examples=30, deadline=None)
def test_flags_follow_the_words_they_are_about(drawn: tuple[list[Segment], list[Word]]) -> None:
    """A doubtful stretch stays flagged, however it is cut."""
    segments, spoken = drawn
    flags = [segment.flags for segment in segments for _ in segment.words]
    made = regroup(segments, spoken, [])
    at = 0
    for segment in made:
        inside = flags[at : at + len(segment.words)]
        at += len(segment.words)
        assert set(segment.flags) == {flag for given_flags in inside for flag in given_flags}


def one_segment(spoken: tuple[Word, ...]) -> list[Segment]:
    """Return the words as one segment of an engine."""
    return [Segment(start=spoken[0].start, end=spoken[-1].end, text="…", words=spoken)]


def test_a_long_pause_ends_a_segment_and_a_short_one_does_not() -> None:
    """A second and a half is long."""
    first, near = words("We stop here", 0.0), words("and go on", 2.0)
    far = words("much later.", near[-1].end + LONG_PAUSE)
    made = regroup(one_segment((*first, *near, *far)), (*first, *near, *far), [])
    assert [segment.text for segment in made] == ["We stop here and go on", "much later."]


def test_a_comfortable_length_ends_with_its_sentence() -> None:
    """Not in the middle of one."""
    spoken = words("one two three four five six seven eight nine ten eleven. Then twelve. " * 4)
    made = regroup(one_segment(spoken), spoken, [])
    assert len(made) > 1
    assert all(segment.text.endswith(".") for segment in made)


def test_a_chapter_start_ends_a_segment_in_the_middle_of_a_sentence() -> None:
    """A word belongs to the chapter in which its middle lies."""
    spoken = words("one two three four", each=1.0, gap=0.0)
    made = regroup(one_segment(spoken), spoken, [1.4, 2.6])
    assert [segment.text for segment in made] == ["one", "two three", "four"]


def test_text_without_spaces_is_cut_like_any_other() -> None:
    """Japanese words are all joined to the one before; speakers, pauses and sentences still part them."""
    texts = [*(["今日は", "良い", "天気", "です。"] * 8), "そう", "ですね。"]
    spoken = tuple(
        Word(start=n * 0.5, end=n * 0.5 + 0.45, text=text, joined=n > 0, speaker="Speaker 2" if n >= 32 else "Speaker 1")
        for n, text in enumerate(texts)
    )
    made = regroup(one_segment(spoken), spoken, [])
    assert [segment.speaker for segment in made] == ["Speaker 1", "Speaker 1", "Speaker 2"]
    assert all(segment.text.endswith("。") for segment in made)


def test_a_number_is_not_cut_at_its_point() -> None:
    """`3.` and `5` are one word in two pieces."""
    lead = words("a b c d e f g h i j k l m n o p q r s t u v w x y")
    number = (Word(start=9.0, end=9.2, text="3."), Word(start=9.2, end=9.4, text="5", joined=True))
    made = regroup(one_segment((*lead, *number)), (*lead, *number), [])
    assert [segment.text[-4:] for segment in made] == [" 3.5"]


def test_overlapped_words_flag_their_segment_only() -> None:
    """Words are named by their index."""
    spoken = (*words("one two"), *words("three four", 5.0))
    made = regroup(one_segment(spoken), spoken, [], overlapped=frozenset({2}))
    assert [segment.flags for segment in made] == [(), ("overlap",)]


@pytest.mark.parametrize(
    ("text", "ends"), [("done.", True), ("“done.”", True), ("done?)", True), ("です。", True), ("done,", False), ("3.5", False)]
)
def test_sentence_ends_are_seen_behind_quotes_and_brackets(text: str, ends: bool) -> None:
    """In several scripts."""
    assert ends_sentence(Word(start=0, end=1, text=text)) is ends


def test_no_words_make_no_segments() -> None:
    """Silence is not an error."""
    assert regroup([], [], [1.0]) == ()


def test_segments_do_not_go_back_in_time() -> None:
    """They follow each other as their words do."""
    spoken = words("and so on and so forth. " * 40)
    made = regroup(one_segment(spoken), spoken, [3.0, 9.0])
    assert all(before.end <= after.start for before, after in pairwise(made))
