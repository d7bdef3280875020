"""Coverage: every second is something, and what it is fits what was heard and written."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.coverage import ALWAYS_SILENT, NEVER_SILENT, cover, silence_level, with_inserted, with_words
from jobs.levels import LevelProfile
from storage.documents import Coverage, Segment, Span, Word


def profile(*stretches: tuple[float, int]) -> LevelProfile:
    """Return a profile from pairs of seconds and level."""
    return LevelProfile(dbfs=tuple(level for seconds, level in stretches for _ in range(round(seconds * 10))))


def spoken(*edges: float) -> tuple[Span, ...]:
    """Return regions from a flat list of starts and ends."""
    return tuple(Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=True))


def said(*edges: float) -> tuple[Segment, ...]:
    """Return one segment with a word for each pair of start and end."""
    words = tuple(Word(start=span.start, end=span.end, text="bee") for span in spoken(*edges))
    return (Segment(start=words[0].start, end=words[-1].end, text="bees", words=words),) if words else ()


def kinds(coverage: tuple[Coverage, ...]) -> list[tuple[float, str]]:
    """Return where each stretch ends, and its kind."""
    return [(tile.end, tile.kind) for tile in coverage]


@st.composite
def recordings(draw: st.DrawFn) -> tuple[float, tuple[Span, ...], LevelProfile]:
    """Return a duration, speech inside it, and levels of about that length."""
    lengths = draw(st.lists(st.integers(1, 5000), max_size=30))
    edges = [edge / 1000 for edge in itertools.accumulate(lengths)]
    duration = round((edges[-1] if edges else 0) + draw(st.integers(0, 5000)) / 1000, 3)
    levels = draw(st.lists(st.tuples(st.integers(1, 40), st.integers(-120, 0)), min_size=1, max_size=20))
    steps = list(
        itertools.islice(itertools.cycle([level for count, level in levels for _ in range(count)]), int(np.ceil(duration * 10)))
    )
    speech = tuple(Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=False))
    return duration, speech, LevelProfile(dbfs=tuple(steps))


def assert_tiles(coverage: tuple[Coverage, ...], duration: float) -> None:
    """Check that stretches cover the recording without gap or overlap, neighbours of different kinds."""
    assert coverage[0].start == 0
    assert coverage[-1].end == duration
    for before, after in itertools.pairwise(coverage):
        assert before.end == after.start
        assert before.kind != after.kind
    assert all(tile.start < tile.end for tile in coverage)


@given(recordings(), st.lists(st.tuples(st.integers(0, 90_000), st.integers(0, 3000)), max_size=20))
def test_coverage_tiles_before_and_after_words(
    recording: tuple[float, tuple[Span, ...], LevelProfile], words: list[tuple[int, int]]
) -> None:
    """Whatever was heard, and whatever words came, also beyond the end."""
    duration, speech, levels = recording
    coverage = cover(duration, speech, levels)
    if duration == 0:
        assert coverage == ()
        return
    assert_tiles(coverage, duration)
    for span in speech:
        assert any(tile.kind == "speech" and tile.start <= span.start and span.end <= tile.end for tile in coverage)
    segments = tuple(
        Segment(
            start=start / 1000,
            end=(start + length) / 1000,
            text="bee",
            words=said(start / 1000, (start + length) / 1000)[0].words,
        )
        for start, length in words
    )
    complete = with_words(coverage, segments)
    assert_tiles(complete, duration)
    for start, length in words:
        end = min((start + length) / 1000, duration)
        if end > start / 1000:
            assert any(tile.kind == "speech" and tile.start <= start / 1000 and end <= tile.end for tile in complete)
    assert all(tile.end - tile.start >= 1 - 1e-6 for tile in complete if tile.kind == "unclear")


def test_speech_music_and_silence_are_told_apart() -> None:
    """Loud without speech is music, quiet is silence."""
    levels = profile((10, -18), (20, -20), (5, -75), (10, -22))
    assert kinds(cover(45, spoken(10, 30, 35, 45), levels)) == [(10, "music"), (30, "speech"), (35, "silence"), (45, "speech")]


def test_short_pauses_belong_to_the_speech_around_them() -> None:
    """Under a second."""
    levels = profile((4, -20), (0.9, -80), (4, -20), (1.1, -80), (4, -20))
    found = cover(14, spoken(0, 4, 4.9, 8.9, 10, 14), levels)
    assert kinds(found) == [(8.9, "speech"), (10, "silence"), (14, "speech")]


def test_the_hiss_of_a_noisy_room_is_silence_under_speech() -> None:
    """30 dB under the voice, and the same in every pause."""
    levels = profile((10, -18), (3, -48), (10, -18), (3, -49))
    assert kinds(cover(26, spoken(0, 10, 13, 23), levels)) == [(10, "speech"), (13, "silence"), (23, "speech"), (26, "silence")]


def test_a_bed_of_music_is_not_silence_though_it_never_stops() -> None:
    """15 dB under the voice can be heard."""
    levels = profile((10, -18), (3, -33), (10, -18), (3, -33))
    assert kinds(cover(26, spoken(0, 10, 13, 23), levels))[1] == (13, "music")


@pytest.mark.parametrize(("level", "kind"), [(-120, "silence"), (-80, "silence"), (-50, "music"), (-20, "music"), (0, "music")])
def test_a_recording_without_speech_is_one_thing(level: int, kind: str) -> None:
    """Steady noise is called music, as the document says."""
    assert kinds(cover(30, (), profile((30, level)))) == [(30, kind)]


def test_a_click_and_a_drop_do_not_tear_a_stretch_apart() -> None:
    """Stretches under a second go to their surroundings."""
    assert kinds(cover(10, (), profile((5, -20), (0.3, -90), (4.7, -20)))) == [(10, "music")]
    assert kinds(cover(10, (), profile((5, -90), (0.3, -20), (4.7, -90)))) == [(10, "silence")]


@given(st.lists(st.integers(-120, 0), max_size=50), st.lists(st.booleans(), min_size=50, max_size=50))
def test_the_level_of_silence_stays_in_its_bounds(levels: list[int], mask: list[bool]) -> None:
    """Whatever the recording."""
    level = silence_level(np.array(levels, np.float64), np.array(mask[: len(levels)], np.bool_))
    assert ALWAYS_SILENT <= level <= NEVER_SILENT


COVERED = cover(60, spoken(10, 50), profile((10, -20), (40, -20), (10, -90)))


def test_speech_in_which_no_word_came_out_is_unclear() -> None:
    """A second or more of it."""
    done = with_words(COVERED, said(10, 20, 20.9, 30, 35, 50))
    assert kinds(done) == [(10, "music"), (30, "speech"), (35, "unclear"), (50, "speech"), (60, "silence")]


def test_words_outside_of_speech_extend_it() -> None:
    """The transcriber heard what the detector did not."""
    done = with_words(COVERED, said(5, 7, 7.5, 52))
    assert kinds(done) == [(5, "music"), (52, "speech"), (60, "silence")]


def test_without_any_word_all_speech_is_unclear_and_the_rest_stays() -> None:
    """Nothing vanishes without a word."""
    assert kinds(with_words(COVERED, ())) == [(10, "music"), (50, "unclear"), (60, "silence")]


def test_a_segment_without_word_times_counts_as_a_whole() -> None:
    """If it has any text."""
    text = Segment(start=10, end=50, text="bees", words=())
    assert kinds(with_words(COVERED, (text,))) == kinds(COVERED)
    assert kinds(with_words(COVERED, (Segment(start=10, end=50, text=" "),)))[1] == (50, "unclear")


def test_what_was_inserted_is_marked_and_tiles_are_divided_there() -> None:
    """The kinds stay, and nothing is lost or doubled."""
    done = with_inserted(COVERED, (Span(start=5, end=20), Span(start=55, end=99)))
    assert [(c.end, c.kind, c.inserted) for c in done] == [
        (5, "music", False),
        (10, "music", True),
        (20, "speech", True),
        (50, "speech", False),
        (55, "silence", False),
        (60, "silence", True),
    ]
    assert with_inserted(COVERED, ()) == COVERED
