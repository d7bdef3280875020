"""Placing: published times, jittered in several ways, come back to where the topics begin; right ones stay."""

from __future__ import annotations

import itertools
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.chapters.anchor import OffsetMap, Piece
from jobs.chapters.place import Placed, chapters_of, find_starts
from storage.documents import ChapterMark, Coverage, CoverageKind, Segment, SourceKind, Turn, Word

RIGHT = 0.5
"""Seconds from the truth within which a start counts as right."""

# ------------------------------------------------------------------ episodes with known truth


@dataclass(frozen=True)
class Truth:
    """An episode as it was really spoken."""

    chapters: tuple[tuple[float, str], ...]
    words: tuple[Word, ...]
    turns: tuple[Turn, ...]
    coverage: tuple[Coverage, ...]
    duration: float


class _Speaking:
    """Writes an episode down, moment by moment."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.vocabulary = ["".join(self.random.choices("abcdefghiklmnoprstuvw", k=self.random.randint(3, 9))) for _ in range(400)]
        self.now = 0.0
        self.chapters: list[tuple[float, str]] = []
        self.words: list[Word] = []
        self.turns: list[Turn] = []
        self.coverage: list[Coverage] = []
        self.speaker = "Speaker 1"

    def sound(self, kind: CoverageKind, seconds: float) -> None:
        self.coverage.append(Coverage(start=self.now, end=self.now + seconds, kind=kind))
        self.now += seconds

    def say(self, texts: list[str]) -> None:
        start = self.now
        for at, text in enumerate(texts):
            end = self.now + self.random.uniform(0.15, 0.55)
            shown = (text.capitalize() if at == 0 else text) + ("." if at == len(texts) - 1 else "")
            self.words.append(Word(start=round(self.now, 3), end=round(end, 3), text=shown, speaker=self.speaker))
            self.now = end + self.random.uniform(0.0, 0.05)
        self.coverage.append(Coverage(start=start, end=self.now, kind="speech"))
        self.turns.append(Turn(start=start, end=self.now, speaker=self.speaker))

    def sentence(self, said: list[str]) -> None:
        texts = self.random.choices(self.vocabulary, k=self.random.randint(3, 22))
        if said:
            at = self.random.randint(0, len(texts))
            texts[at:at] = said
        self.say(texts)


def episode(seed: int, chapters: int = 9) -> Truth:
    """Return an episode with pauses of 0.25 to 1.2 s inside topics.

    Half of the chapters open with a jingle, a third with a longer pause, the others with a pause like any. The title is said
    in the first sentence of every other chapter, in the second of a quarter, and not at all in the rest.
    """
    e = _Speaking(seed)
    e.sound("music", e.random.uniform(2, 8))
    for number in range(chapters):
        how = e.random.random()
        if number and how < 0.5:
            e.sound("music", e.random.uniform(1.5, 4.0))
        e.sound("silence", e.random.uniform(1.1, 2.5) if 0.5 <= how < 0.8 else e.random.uniform(0.25, 1.2))
        title = e.random.choices(e.vocabulary, k=e.random.randint(1, 3))
        spoken = e.random.random()
        e.speaker = e.random.choice(["Speaker 1", "Speaker 2"])
        e.chapters.append((e.now, " ".join(title).capitalize()))
        for at in range(e.random.randint(8, 20)):
            if at:
                e.speaker = e.random.choice(["Speaker 1", "Speaker 1", "Speaker 2"])
                e.sound("silence", e.random.uniform(0.25, 1.2))
            e.sentence(title if (at == 0 and spoken < 0.55) or (at == 1 and 0.55 <= spoken < 0.8) else [])
    e.sound("silence", 1.0)
    return Truth(tuple(e.chapters), tuple(e.words), tuple(e.turns), tuple(e.coverage), e.now)


def as_recognised(truth: Truth, seed: int) -> Truth:
    """Return the episode as a recogniser hears it.

    Word times are off by about 0.1 s, first words begin up to 0.4 s early, a twelfth of the words is wrong.
    """
    noise = random.Random(seed)
    words: list[Word] = []
    for word in truth.words:
        gap = word.start - (words[-1].end if words else 0.0)
        early = noise.uniform(0.1, 0.4) if gap > 0.2 else 0.0
        start = max(words[-1].start if words else 0.0, word.start - early + noise.gauss(0, 0.07))
        text = "noise" if noise.random() < 1 / 12 else word.text
        words.append(replace(word, start=start, end=max(start, word.end + noise.gauss(0, 0.07)), text=text))
    return replace(truth, words=tuple(words))


def sample(shared: Path, name: str) -> Truth:
    """Return one of the sample episodes that were spoken by synthetic voices."""
    told = json.loads((shared / "models" / "toy-whisper" / "samples" / f"{name}.json").read_text())
    words = [
        Word(start=w["start"], end=w["end"], text=w["word"], speaker=s["speaker"]) for s in told["sentences"] for w in s["words"]
    ]
    pieces = [Coverage(start=s["start"], end=s["end"], kind="speech") for s in told["sentences"]]
    pieces += [Coverage(start=n["start"], end=n["end"], kind="music") for n in told["non_speech"]]
    return Truth(
        tuple((c["start"], c["title"]) for c in told["chapters"]),
        tuple(words),
        tuple(Turn(start=s["start"], end=s["end"], speaker=s["speaker"]) for s in told["sentences"]),
        _tiled(pieces, told["duration"]),
        told["duration"],
    )


def _tiled(pieces: list[Coverage], duration: float) -> tuple[Coverage, ...]:
    tiles, at = [], 0.0
    for piece in [*sorted(pieces, key=lambda c: c.start), Coverage(start=duration, end=duration, kind="silence")]:
        if piece.start > at:
            tiles.append(Coverage(start=at, end=piece.start, kind="silence"))
        if piece.end > max(at, piece.start):
            tiles.append(replace(piece, start=max(at, piece.start)))
        at = max(at, piece.end)
    return tuple(tiles)


# ------------------------------------------------------------------ measuring


@dataclass
class Score:
    """What became of many chapters."""

    total: int = 0
    right: int = 0
    worse: int = 0
    """Farther from the truth by more than 0.05 s than the published time was."""
    much_worse: int = 0
    """The same by more than a second."""
    sure: int = 0
    sure_and_right: int = 0

    def add(self, error: float, before: float, confidence: float) -> None:
        """Count one chapter."""
        self.total += 1
        self.right += error <= RIGHT
        self.worse += error > before + 0.05
        self.much_worse += error > before + 1
        self.sure += confidence >= 0.9
        self.sure_and_right += confidence >= 0.9 and error <= RIGHT


def measure(truths: list[Truth], printed: Callable[[random.Random, float], float], kind: SourceKind = "show_notes") -> Score:
    """Print each episode's chapters, place them, and count."""
    score = Score()
    for seed, truth in enumerate(truths):
        noise = random.Random(seed)
        published = [max(0.0, printed(noise, start)) for start, _ in truth.chapters]
        marks = [ChapterMark(start=p, title=t) for p, (_, t) in zip(published, truth.chapters, strict=True)]
        placed = place(truth, marks, kind)
        for mark, before, (start, _) in zip(marks, published, truth.chapters, strict=True):
            here = next(p for p in placed if p.mark is mark)
            score.add(abs(here.start - start), abs(before - start), here.confidence)
    return score


def place(truth: Truth, marks: list[ChapterMark], kind: SourceKind = "show_notes") -> tuple[Placed, ...]:
    return find_starts(marks, kind, words=truth.words, turns=truth.turns, coverage=truth.coverage, duration=truth.duration)[0]


def jittered(noise: random.Random, start: float) -> float:
    return start + noise.uniform(-3, 3)


def exactly(noise: random.Random, start: float) -> float:
    return round(start, 3)


def cut_to_seconds(noise: random.Random, start: float) -> float:
    return float(math.floor(start))


SAMPLES = ("ep1", "ep2", "ep3", "ep4", "ep6")


@pytest.fixture(scope="module")
def episodes() -> list[Truth]:
    return [episode(seed) for seed in range(30)]


@pytest.fixture(scope="module")
def recognised(episodes: list[Truth]) -> list[Truth]:
    return [as_recognised(truth, seed) for seed, truth in enumerate(episodes)]


# ------------------------------------------------------------------ what must hold


@pytest.mark.parametrize("kind", ["show_notes", "embedded"])
def test_jittered_times_come_back_to_the_start_of_the_topic(episodes: list[Truth], kind: SourceKind) -> None:
    """At least 95 % within half a second, for times off by up to three seconds."""
    score = measure(episodes, jittered, kind)
    assert score.right >= 0.95 * score.total
    assert score.sure_and_right >= 0.95 * score.sure
    assert score.sure >= 0.7 * score.total


def test_jittered_times_come_back_on_recognised_words(recognised: list[Truth]) -> None:
    """The same with the errors that a recogniser makes in times and words."""
    score = measure(recognised, jittered)
    assert score.right >= 0.95 * score.total
    assert score.sure_and_right >= 0.95 * score.sure


def test_jittered_times_of_the_spoken_samples_come_back(shared: Path) -> None:
    """Episodes spoken by synthetic voices, each with ten jitters."""
    truths = [sample(shared, name) for name in SAMPLES for _ in range(10)]
    score = measure(truths, jittered)
    assert score.right >= 0.95 * score.total
    assert score.much_worse == 0


def test_exact_times_are_not_made_worse(episodes: list[Truth], recognised: list[Truth]) -> None:
    """A list that is right already stays so, on true and on recognised words."""
    for truths in (episodes, recognised):
        score = measure(truths, exactly)
        assert (score.right, score.worse, score.much_worse) == (score.total, 0, 0)


def test_exact_times_of_the_spoken_samples_are_not_made_worse(shared: Path) -> None:
    """The same on the spoken samples."""
    score = measure([sample(shared, name) for name in SAMPLES], exactly)
    assert (score.right, score.worse) == (score.total, 0)


def test_whole_seconds_are_completed_to_the_word(episodes: list[Truth]) -> None:
    """A time with its fraction cut off lands within half a second of the truth, and no farther off than it was."""
    score = measure(episodes, cut_to_seconds)
    assert (score.right, score.worse) == (score.total, 0)


def test_a_list_that_counts_jingles_in_is_left_where_the_music_sets_in() -> None:
    """Exact times on the first note are no mistake of two seconds."""
    truth = next(e for e in map(episode, range(100)) if sum(c.kind == "music" for c in e.coverage) >= 5)
    jingles = [c for c in truth.coverage if c.kind == "music" and c.start > 0]
    placed = place(truth, [ChapterMark(start=c.start, title="Something") for c in jingles])
    assert [p.start for p in placed] == [c.start for c in jingles]
    assert {p.method for p in placed} == {"as_published"}


def test_rounded_minutes_move_only_on_clear_evidence(episodes: list[Truth]) -> None:
    """Times rounded to minutes come nearer or stay; hardly any goes farther off."""
    score = measure(episodes, lambda _, start: 60.0 * round(start / 60))
    assert score.much_worse <= 0.03 * score.total
    assert score.right >= 0.4 * score.total


def test_three_hours_with_sixty_chapters_take_less_than_two_seconds() -> None:
    """Placing is quick next to everything else."""
    long = episode(7, chapters=140)
    marks = [ChapterMark(start=s, title=t) for s, t in long.chapters[:: len(long.chapters) // 60]]
    assert long.duration > 3 * 3600
    began = time.process_time()
    placed = place(long, marks)
    assert time.process_time() - began < 2
    assert len(placed) == len(marks) >= 60


def test_the_very_beginning_stays_under_its_music() -> None:
    """A chapter at 0:00 is not moved to the first word."""
    truth = episode(1)
    marks = [ChapterMark(start=0, title="Intro"), *(ChapterMark(start=s, title=t) for s, t in truth.chapters[1:])]
    first = place(truth, marks)[0]
    assert (first.start, first.method) == (0.0, "as_published")


def test_a_recognised_word_that_begins_in_the_pause_is_taken_at_its_onset() -> None:
    """The coverage says where speech sets in."""
    words = (Word(start=0, end=4, text="Before."), Word(start=4.6, end=5.6, text="Then"), Word(start=5.6, end=6, text="more."))
    coverage = (
        Coverage(start=0, end=4, kind="speech"),
        Coverage(start=4, end=5.2, kind="silence"),
        Coverage(start=5.2, end=6, kind="speech"),
    )
    (placed,), _ = find_starts(
        [ChapterMark(start=6, title="Then more")], "psc", words=words, turns=(), coverage=coverage, duration=7.0
    )
    assert placed.start == 5.2
    assert placed.method == "snapped"


def test_no_words_leave_everything_as_published() -> None:
    """A file without speech keeps its chapters, without much confidence."""
    marks = [ChapterMark(start=s, title="T") for s in (0, 10.5, 20.25)]
    coverage = (Coverage(start=0, end=30, kind="silence"),)
    placed, notices = find_starts(marks, "psc", words=(), turns=(), coverage=coverage, duration=30.0)
    assert [p.start for p in placed] == [0, 10.5, 20.25]
    assert all(p.confidence < 0.9 for p in placed[1:])
    assert notices == ()


def test_moves_are_told() -> None:
    """A notice says how many starts were moved and how far; embedded ones that stayed say so."""
    truth = episode(3)
    marks = [ChapterMark(start=max(0.6, s - 2), title=t) for s, t in truth.chapters]
    _, notices = find_starts(marks, "psc", words=truth.words, turns=truth.turns, coverage=truth.coverage, duration=truth.duration)
    assert [n.code for n in notices] == ["chapters_snapped"]
    kept = place(truth, [ChapterMark(start=s, title=t) for s, t in truth.chapters], "embedded")
    assert {p.method for p in kept} == {"embedded"}


def test_equal_times_move_together_and_hidden_ones_not_at_all() -> None:
    """Two chapters at one time stay together; a hidden one keeps its exact time."""
    truth = episode(4)
    jitters = random.Random(4)
    marks = [ChapterMark(start=s + jitters.uniform(-3, 3) if s > 4 else s, title=t) for s, t in truth.chapters]
    twin = marks[3].model_copy(update={"title": "Twin"})
    hidden = ChapterMark(start=marks[5].start, title="Picture", hidden=True)
    placed = {p.mark.title: p for p in place(truth, [*marks, twin, hidden])}
    assert placed["Twin"].start == placed[marks[3].title].start
    assert placed["Picture"].start == hidden.start
    assert placed["Picture"].method == "as_published"


def test_marks_behind_the_end_are_left_out_with_a_notice() -> None:
    """Nothing is placed where there is no audio."""
    truth = episode(5)
    late = ChapterMark(start=truth.duration + 5, title="Late")
    placed, notices = find_starts(
        [late], "psc", words=truth.words, turns=truth.turns, coverage=truth.coverage, duration=truth.duration
    )
    assert placed == ()
    assert [n.code for n in notices] == ["chapters_overrun"]


def test_an_offset_map_moves_the_search() -> None:
    """Behind an inserted ad, the place is looked for on the file's clock, and the published time is kept beside."""
    truth = episode(6)
    start, title = truth.chapters[4]
    offsets = OffsetMap((Piece(0.0, 0.0), Piece(30.0, 60.0)), method="publisher_transcript")
    marks = [ChapterMark(start=s - 60, title=t) for s, t in truth.chapters[4:]]
    placed, _ = find_starts(
        marks, "psc", words=truth.words, turns=truth.turns, coverage=truth.coverage, duration=truth.duration, offsets=offsets
    )
    assert placed[0].start == pytest.approx(start, abs=0.001)
    assert placed[0].method == "publisher_transcript"
    (first, *_) = chapters_of(placed, "psc", segments=(), duration=truth.duration, offsets=offsets)
    assert first.title == title
    assert first.offset == pytest.approx(60, abs=0.001)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0, 700, allow_nan=False), max_size=25),
    st.integers(0, 3),
    st.sampled_from(["file", "embedded", "podcast_json", "psc", "show_notes", "generated"]),
)
def test_order_is_kept_whatever_is_published(starts: list[float], seed: int, kind: SourceKind) -> None:
    """Chapters never swap, leave the file, lose their published time, or get a confidence that is none."""
    truth = _EPISODES[seed]
    marks = [ChapterMark(start=s, title=f"T{n}") for n, s in enumerate(sorted(starts))]
    placed = place(truth, marks, kind)
    assert [p.mark for p in placed] == [m for m in marks if m.start < truth.duration]
    assert all(a.start <= b.start for a, b in itertools.pairwise(placed))
    assert all(0 <= p.confidence <= 1 and 0 <= p.start < truth.duration for p in placed)


_EPISODES = [episode(seed, chapters=3) for seed in range(4)]

# ------------------------------------------------------------------ chapters


def _placed(start: float, title: str, end: float | None = None, *, hidden: bool = False) -> Placed:
    return Placed(ChapterMark(start=start, title=title, end=end, hidden=hidden), start, "as_published", 0.9)


def _segment(start: float, end: float, speaker: str) -> Segment:
    return Segment(start=start, end=end, text="…", speaker=speaker)


def test_chapters_tile_the_segments() -> None:
    """Ranges are half-open and join; talk time is per speaker; the last chapter ends with the file."""
    segments = [_segment(0, 4, "A"), _segment(4, 9.99, "B"), _segment(10.001, 15, "A"), _segment(16, 20.5, "A")]
    chapters = chapters_of([_placed(0, "One"), _placed(10, "Two")], "psc", segments=segments, duration=20.0)
    assert [(c.start, c.end, c.segments) for c in chapters] == [(0, 10, (0, 2)), (10, 20, (2, 4))]
    assert chapters[0].talk_time == pytest.approx({"A": 4, "B": 5.99})


def test_a_printed_end_counts_where_it_leaves_a_gap() -> None:
    """An end just before the next chapter follows it; a real gap stays; an overlap is cut."""
    chapters = chapters_of(
        [_placed(0, "Close", 9.5), _placed(10, "Gap", 15), _placed(20, "Overlap", 35), _placed(30, "Last", 38)],
        "embedded",
        segments=(),
        duration=40.0,
    )
    assert [c.end for c in chapters] == [10, 15, 30, 38]


def test_hidden_chapters_do_not_end_visible_ones() -> None:
    """A picture in mid-chapter does not cut it; twins at one start share one end."""
    chapters = chapters_of(
        [_placed(0, "One"), _placed(5, "Picture", 6, hidden=True), _placed(10, "Two"), _placed(10, "Twin")],
        "podcast_json",
        segments=[_segment(0, 4, "A"), _segment(5, 6, "A"), _segment(10, 19, "A")],
        duration=20.0,
    )
    assert [(c.title, c.end, c.segments) for c in chapters] == [
        ("One", 10, (0, 2)),
        ("Picture", 6, (1, 2)),
        ("Two", 20, (2, 3)),
        ("Twin", 20, (2, 3)),
    ]


def test_generated_chapters_have_no_published_start() -> None:
    """What nobody published carries no published time."""
    placed, _ = find_starts([ChapterMark(start=2, title="T")], "generated", words=(), turns=(), coverage=(), duration=9.0)
    (chapter,) = chapters_of(placed, "generated", segments=(), duration=9.0)
    assert (chapter.published_start, chapter.method, chapter.offset) == (None, "generated", 0)
