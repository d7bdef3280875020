"""Offsets from titles alone: found where several chapters agree, else the published times stay and say how sure they are."""

from __future__ import annotations

import itertools
import random
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.disturbed import Disturbance, Received, disturb, printed
from benchmarks.published import Clean, clean
from jobs.chapters.anchor import OffsetMap
from jobs.chapters.title_evidence import title_offsets
from jobs.chapters.title_words import TitleWords
from jobs.chapters.topic_starts import topic_starts
from storage.documents import ChapterMark, Word


def found(received: Received, marks: tuple[ChapterMark, ...], published: float | None) -> OffsetMap:
    return title_offsets(
        marks,
        words=received.words,
        turns=received.turns,
        coverage=received.coverage,
        duration=received.duration,
        published_duration=published,
    )


def episode(seed: int, titles: str = "spoken") -> Clean:
    return clean(seed, chapters=8, minutes=16, titles=titles)  # type: ignore[arg-type]


@pytest.mark.parametrize("how", ["intro added", "intro cut"])
def test_a_constant_shift_is_found_from_spoken_titles(how: Disturbance) -> None:
    """Most chapters name their title where they begin; the offset is right to half a second."""
    talk = episode(3)
    received = disturb(talk, how, seed=3, errors=0.1)
    offsets = found(received, printed(talk, "exact", 3), talk.duration)
    start = talk.chapters[-1][0]
    assert offsets.method == "title_evidence"
    assert offsets.apply(start) == pytest.approx(received.place(start), abs=0.5)


@pytest.mark.parametrize("titles", ["spoken", "paraphrased", "hopeless"])
def test_an_undisturbed_episode_is_left_alone(titles: str) -> None:
    """No piece at all, whether the duration is known or not."""
    for seed, published in itertools.product(range(6), (True, False)):
        talk = episode(seed, titles)
        received = disturb(talk, "none", seed=seed, errors=0.1)
        assert found(received, printed(talk, "by hand", seed), talk.duration if published else None).pieces == ()


@pytest.mark.parametrize("titles", ["spoken", "paraphrased"])
def test_times_by_hand_that_happen_to_be_late_alike_are_no_offset(titles: str) -> None:
    """Four of seven chapters are late by the same: an exact list behind a cut, or a careless one; so nothing is moved."""
    for seed in range(6):
        talk = episode(seed, titles)
        draw = random.Random(seed)
        alike = draw.sample(talk.chapters[1:], 4)
        late = [2.7 + draw.uniform(-0.2, 0.2) if chapter in alike else draw.uniform(-3, 3) for chapter in talk.chapters]
        marks = late_by(talk, late)
        assert found(disturb(talk, "none", seed=seed, errors=0.1), marks, talk.duration).pieces == ()


def test_a_list_that_is_late_by_the_same_throughout_is_moved() -> None:
    """So small an offset is found where every chapter has it: nobody is off by the same each time."""
    talk = episode(3)
    offsets = found(disturb(talk, "none", seed=3, errors=0.1), late_by(talk, [2.7] * len(talk.chapters)), talk.duration)
    assert offsets.apply(talk.chapters[-1][0] + 2.7) == pytest.approx(talk.chapters[-1][0], abs=0.5)


def late_by(talk: Clean, seconds: list[float]) -> tuple[ChapterMark, ...]:
    """Return the chapters, all but the one at the beginning late by so much."""
    starts = (start and round(start + late, 3) for (start, _, _), late in zip(talk.chapters, seconds, strict=True))
    return tuple(ChapterMark(start=start, title=title) for start, (_, title, _) in zip(starts, talk.chapters, strict=True))


def test_hopeless_titles_of_a_longer_file_are_not_trusted() -> None:
    """Two minutes more than published and nothing that says where: times stay, and confidence falls along the list."""
    talk = episode(5, "hopeless")
    received = disturb(talk, "ads anywhere", seed=5, errors=0.0)
    marks = printed(talk, "exact", 5)
    offsets = found(received, marks, talk.duration)
    assert offsets.pieces == ()
    assert offsets.method == "as_published"
    assert offsets.certainty(marks[-1].start) < 0.5 < offsets.certainty(marks[1].start)


def test_whole_minutes_are_not_moved() -> None:
    """Within a minute something fits everywhere."""
    talk = episode(6)
    received = disturb(talk, "intro added", seed=6, errors=0.0)
    assert found(received, printed(talk, "minutes", 6), talk.duration).pieces == ()


def test_nothing_said_or_nothing_printed_is_the_identity() -> None:
    """Silence, and an empty list."""
    talk = episode(7)
    silent = Received((), (), (), 100.0, ())
    assert found(silent, printed(talk, "exact", 7), None) == OffsetMap()
    assert found(disturb(talk, "none", seed=7, errors=0), (), None) == OffsetMap()


_TITLES = st.lists(
    st.tuples(st.floats(0, 1200), st.sampled_from(["soil", "The end", "", "…", "Jazz and bread", "Intro"])), max_size=9
)


@settings(max_examples=30, deadline=None)
@given(_TITLES, st.none() | st.floats(1, 5000), st.lists(st.floats(0, 2000), min_size=2, max_size=9))
def test_time_never_turns_back_whatever_is_printed(
    rows: list[tuple[float, str]], published: float | None, times: list[float]
) -> None:
    """No list crashes it; a map keeps the order, and trust is a share."""
    marks = tuple(ChapterMark(start=start, title=title) for start, title in sorted(rows))
    offsets = found(_TALK, marks, published)
    places = [offsets.apply(t) for t in sorted(times)]
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(places))
    assert all(0 <= offsets.certainty(t) <= 1 for t in times)


_TALK = disturb(episode(1), "one ad", seed=1, errors=0.1)


def test_words_of_a_title_are_found_in_other_forms_where_they_are_new() -> None:
    """Recycled, recycling: one word; said just before, it is not new; said everywhere, it says little."""
    text = "We went home. Recycling is hard. Then more. Recycling again and again, and thing after thing."
    words = [Word(start=float(at), end=at + 0.5, text=word) for at, word in enumerate(text.split())]
    places = topic_starts(words, (), ())
    said = TitleWords(["Recycled", "Nothing of it"], words)
    shares = said.at(places)
    by_time = dict(zip([place.time for place in places], shares[0], strict=True))
    assert by_time[3.0] == 1.0
    assert by_time[6.0] < by_time[3.0]
    assert not np.any(shares[1])
    assert [len(m.times) for m in said.mentions[0]] == [1]


def test_three_hours_with_sixty_titles_take_a_second() -> None:
    """The search is quick next to everything else."""
    talk = clean(2, chapters=60, minutes=180, titles="mixed")
    received = disturb(talk, "ads anywhere", seed=2, errors=0.1)
    marks = printed(talk, "by hand", 2)
    began = time.process_time()
    found(received, marks, talk.duration)
    assert time.process_time() - began < 2
