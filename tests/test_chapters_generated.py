"""Chapters made from the transcript."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from benchmarks.topics import at_equal_distances, episode, made_up_topics, manual_topics, pk, window_diff
from jobs.assemble import Heard, assemble
from jobs.chapters.choose import Choice
from jobs.chapters.generated import MAX_CONFIDENCE, MIN_SECONDS, MIN_WORDS, generated, or_generated
from jobs.chapters.marks import mark
from jobs.chapters.place import Placed, chapters_of
from jobs.chapters.topic_titles import titles_of
from jobs.chapters.topic_words import telling, terms_of
from jobs.chapters.topics import SHORTEST, find_topics
from jobs.intake import ChapterFiles, Fetched
from jobs.levels import LevelProfile
from jobs.options import Options
from jobs.prepare import Prepared
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import (
    ChapterMark,
    ChapterSource,
    Coverage,
    EngineInfo,
    Episode,
    Loudness,
    Publication,
    Segment,
    Span,
    Word,
)
from storage.words import text_of


def say(text: str, *, start: float = 0.0, pace: float = 0.4, joined: bool = False) -> list[Word]:
    """Return the words of a text, evenly spoken."""
    return [
        Word(start=start + n * pace, end=start + (n + 1) * pace - 0.05, text=word, joined=joined and n > 0)
        for n, word in enumerate(text.split())
    ]


def talk(*subjects: str, minutes: float = 4.0, joined: bool = False) -> list[Word]:
    """Return words about one subject after the other, each for some minutes, among words that all share."""
    draw = random.Random(7)
    shared = "we say that people think about things every day because they know good ways".split()  # noqa: SIM905 - easier to read
    words: list[Word] = []
    for subject in subjects:
        own = subject.split()
        said: list[str] = []
        while len(said) * 0.4 < minutes * 60:
            said += [draw.choice(own if draw.random() < 0.4 else shared) for _ in range(9)]
            said[-1] += "."
        words += say(" ".join(said), start=words[-1].end + 1.2 if words else 0.0, joined=joined)
    return words


BEES, SHIPS, BREAD = (
    "bees hive honey nectar pollen queen",
    "ships harbour cargo sailor anchor mast",
    "bread flour yeast oven crust dough",
)


def starts(words: Sequence[Word]) -> list[float]:
    """Return where the generated chapters begin."""
    return [placed.start for placed in generated(words, (), (), words[-1].end)]


def test_a_chapter_begins_where_the_subject_changes() -> None:
    """With a title from its own words, and little confidence."""
    words = talk(BEES, SHIPS, BREAD)
    made = generated(words, (), (), words[-1].end)
    changes = [0.0, *(b.start for a, b in itertools.pairwise(words) if b.start - a.end > 1)]
    assert [placed.start for placed in made] == pytest.approx(changes, abs=15)
    for placed, subject in zip(made, (BEES, SHIPS, BREAD), strict=True):
        assert any(word in placed.mark.title.lower() for word in subject.split())
        assert placed.method == "generated"
        assert 0 < placed.confidence <= MAX_CONFIDENCE < 0.5


def test_finished_chapters_have_no_published_time() -> None:
    """Nobody published them."""
    words = talk(BEES, SHIPS)
    made = generated(words, (), (), words[-1].end)
    for chapter in chapters_of(made, "generated", segments=(), duration=words[-1].end):
        assert (chapter.source, chapter.method, chapter.published_start, chapter.offset) == ("generated", "generated", None, 0.0)


@pytest.mark.parametrize("kind", [manual_topics, made_up_topics])
@pytest.mark.parametrize("misheard", [0.0, 0.3])
def test_boundaries_are_much_nearer_to_the_truth_than_equal_distances(kind: object, misheard: float) -> None:
    """Real prose about one large subject, and topics with words of their own; every third word misheard as well."""
    assert callable(kind)
    draw = random.Random(3)
    told = [episode(kind(draw), draw, minutes=60, misheard=misheard) for _ in range(2)]
    for measure in (pk, window_diff):
        ours = sum(measure(one.changes, starts(one.words)[1:], one.duration) for one in told)
        even = sum(measure(one.changes, at_equal_distances(one), one.duration) for one in told)
        assert ours < 0.7 * even


@pytest.mark.parametrize("minutes", [10, 30, 120])
def test_chapters_are_neither_short_nor_many(minutes: int) -> None:
    """About one for five to eight minutes, none under two."""
    draw = random.Random(minutes)
    one = episode(manual_topics(draw), draw, minutes=minutes, misheard=0.1)
    found = starts(one.words)
    lengths = [b - a for a, b in zip(found, [*found[1:], one.duration], strict=True)]
    assert found[0] == 0
    assert min(lengths) >= SHORTEST
    assert one.duration / 60 / 10 <= len(found) <= one.duration / 60 / 4


def test_the_same_words_make_the_same_chapters() -> None:
    """Nothing is drawn by chance."""
    words = talk(BEES, SHIPS, BREAD)
    assert generated(words, (), (), 800.0) == generated(list(words), (), (), 800.0)


@pytest.mark.parametrize(
    "words",
    [[], talk(BEES, minutes=4), say("a few words only", pace=100.0), say("word " * (MIN_WORDS - 1), pace=10.0)],
    ids=["silence", "under five minutes", "four words", "too few words"],
)
def test_too_little_speech_makes_no_chapters(words: list[Word]) -> None:
    """One chapter, or guesses from nothing, are no index."""
    assert generated(words, (), (), words[-1].end if words else 3600.0) == ()


def test_an_episode_of_one_sentence_said_again_and_again_does_not_break_it() -> None:
    """No term tells anything from anything; whatever comes has sensible lengths."""
    words = say("this is the same sentence. " * 400)
    assert all(b - a >= SHORTEST for a, b in itertools.pairwise(starts(words)))


def test_long_music_between_words_does_not_break_it() -> None:
    """An hour without words is longer than the longest chapter."""
    words = talk(BEES) + [replace(word, start=word.start + 4000, end=word.end + 4000) for word in talk(SHIPS)]
    assert starts(words)[0] == 0
    assert len(starts(words)) >= 2


def test_languages_without_spaces_are_divided_too() -> None:
    """Pairs of characters are compared."""
    words = talk("蜂蜜 蜂巢 女王 花粉 花蜜", "港口 货船 水手 船锚 桅杆", joined=True)
    made = generated(words, (), (), words[-1].end)
    assert len(made) == 2
    assert any(term in made[1].mark.title for term in ("港口", "货船", "水手", "船锚", "桅杆"))


def test_eight_hours_take_a_few_seconds() -> None:
    """Time is linear in the length."""
    draw = random.Random(1)
    long = episode(manual_topics(draw), draw, minutes=480, misheard=0.0)
    began = time.thread_time()
    assert len(starts(long.words)) > 50
    assert time.thread_time() - began < 15


# ------------------------------------------------------------------ beside what was published


def test_what_was_published_is_never_replaced() -> None:
    """One published chapter is enough."""
    published = mark(0.0, "All of it")
    assert published is not None
    choice = Choice((), (published,), "psc")
    placed = (Placed(published, 0.0, "as_published", 0.5),)
    words = talk(BEES, SHIPS)
    assert or_generated(choice, placed, words, (), (), duration=600.0, wanted=True) == (choice, placed)


@pytest.mark.parametrize("wanted", [True, False])
def test_generated_chapters_are_a_source_of_their_own_unless_they_are_not_wanted(wanted: bool) -> None:
    """With the reason."""
    words = talk(BEES, SHIPS)
    choice, placed = or_generated(Choice((), (), None), (), words, (), (), duration=words[-1].end, wanted=wanted)
    assert bool(placed) == wanted
    assert choice.kind == ("generated" if wanted else None)
    assert [(source.kind, source.status, source.chosen) for source in choice.sources] == [("generated", "found", True)] * wanted
    assert [one.mark for one in placed] == list(choice.marks)


# ------------------------------------------------------------------ words and titles


def test_forms_of_a_word_are_one_term_and_what_is_everywhere_is_none() -> None:
    """Numbers and the commonest words are none either."""
    assert terms_of(say("the Harvested harvesting harvest, 2024 of it")) == [[], ["harves"], ["harves"], ["harves"], [], [], []]
    assert terms_of(say("東京 都", joined=True)) == [["東京"], ["京都"]]
    blocks = [["all", "some"] if n < 10 else ["all"] for n in range(99)]
    assert telling([["all", "some", "once"], *blocks])[0] == ["some"]


def test_a_title_is_the_phrase_that_is_said_here_and_not_elsewhere() -> None:
    """In its usual writing, without the marks around it."""
    here = "We bought a Heat Pump. The heat pump is loud. Our Heat Pump, they said. People talk about people."
    there = "People talk about people and a loud train. The night train is late. A night train!"
    first, second = titles_of([say(here), say(there)])
    assert first.startswith("Heat Pump")
    assert "ight train" in second


def test_a_topic_without_words_of_its_own_has_a_number() -> None:
    """Better than nothing."""
    assert titles_of([say("of the and to"), say("it was so")])[0] == "Part 1"


def test_find_topics_of_no_words_is_none() -> None:
    """Nothing to divide."""
    assert find_topics((), (), (), MIN_SECONDS) == ()


def test_marks_of_generated_chapters_are_whole() -> None:
    """Titles without the edges of sentences."""
    words = talk(BEES, SHIPS)
    marks: list[ChapterMark] = [placed.mark for placed in generated(words, (), (), words[-1].end)]
    assert all(one.title == one.title.strip(" .,;") and one.title for one in marks)


@pytest.mark.parametrize("wanted", [True, False])
def test_the_option_decides_whether_a_transcript_gets_generated_chapters(wanted: bool) -> None:
    """Segments end where these chapters begin, and the document names the source."""
    words = talk(BEES, SHIPS)
    transcript = assemble(heard(words, Options(generated_chapters=wanted)))
    assert {chapter.source for chapter in transcript.chapters} == ({"generated"} if wanted else set())
    assert [source.kind for source in transcript.chapter_sources if source.chosen] == ["generated"] * wanted
    edges = [transcript.segments[chapter.segments[0]].start for chapter in transcript.chapters]
    assert edges == pytest.approx([chapter.start for chapter in transcript.chapters], abs=0.5)


def heard(words: Sequence[Word], options: Options) -> Heard:
    """Return an episode without published chapters, of which these words were heard in one part."""
    duration = words[-1].end
    none = EngineInfo(name="scripted", version="1", model="words")
    said = Segment(start=0.0, end=duration, text=text_of(words), words=tuple(words))
    return Heard(
        publication=Publication(episode=Episode(id="ep", title="Bees and ships")),
        fetched=Fetched(
            audio="0" * 64, bytes=1, media_type="audio/mpeg", demuxer="mp3", fetched_at=datetime(2026, 1, 1, tzinfo=UTC)
        ),
        beside=ChapterFiles(),
        prepared=Prepared(
            duration=duration, samples=round(16_000 * duration), container="mp3", codec="mp3", sample_rate=16_000, channels=1,
            claimed_duration=None, tags={}, loudness=Loudness(rms_dbfs=-20, peak_dbfs=-3, speech_dbfs=-20),
            profile=LevelProfile(step=1.0, dbfs=()),
            speech=(Span(start=0.0, end=duration),), coverage=(Coverage(start=0.0, end=duration, kind="speech"),),
            parts=(PartSpan(index=0, start=0.0, end=duration),),
        ),
        embedded=ChapterSource(kind="embedded", origin="file", status="none"),
        parts=(PartTranscript(index=0, segments=(said,)),),
        crossings=(),
        diarization=None,
        voices={}, language="en", transcriber=none, diarizer=None, options=options.model_dump(exclude_none=True),
        notes=(), warnings=(), version="1",
    )  # fmt: skip
