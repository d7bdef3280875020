"""One part, heard a second time where the first result looks invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, LanguageGuess, PartAudio, Progress, Samples, SpeechOptions
from jobs.transcribe import hear_bridges, transcribe_part
from storage.documents import EngineInfo, Segment, Span, Word


def spoken(text: str, start: float, pace: float = 0.3) -> Segment:
    """Return a segment whose words take `pace` seconds each."""
    words = tuple(Word(start=start + n * pace, end=start + (n + 1) * pace, text=text_) for n, text_ in enumerate(text.split()))
    return Segment(start=start, end=words[-1].end, text=text, words=words)


PART = PartAudio(np.zeros(60 * SAMPLE_RATE, np.float32), 100.0, (Span(start=100.0, end=160.0),))
LOOP = "and so on " * 8


@dataclass
class Rehearsed:
    """A transcriber that answers the first hearing and each second hearing as a test says."""

    first: tuple[Segment, ...]
    second: tuple[Segment, ...] = ()
    missed: tuple[Segment, ...] = ()
    """What is heard where the first hearing heard nothing."""
    listened: list[tuple[float, float]] = field(default_factory=list)
    """Stretches that were heard again because nothing was heard there."""
    asked: list[tuple[float, float, bool]] = field(default_factory=list)
    info = EngineInfo(name="rehearsed", version="1", model="none")

    def expect(self, parts: int) -> int:
        """Take one part at a time."""
        return 1

    def get_ready(self) -> None:
        """Have nothing to load."""

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:
        """Answer English."""
        return LanguageGuess("en", 1.0)

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:
        """Note what was asked."""
        if self.asked and not options.retry:
            self.listened.extend((round(span.start, 2), round(span.end, 2)) for span in part.speech)
            return tuple(s for s in self.missed if part.start <= s.start < part.end)
        self.asked.append((round(part.start, 2), round(part.end, 2), options.retry))
        progress(part.end - part.start)
        return self.second if options.retry else self.first


def heard(engine: Rehearsed) -> tuple[tuple[str, ...], tuple[Segment, ...], list[float]]:
    """Return the texts, the segments, and the progress of one part."""
    moved: list[float] = []
    result = transcribe_part(3, PART, engine, SpeechOptions(language="en"), moved.append)
    assert result.index == 3
    return tuple(segment.text for segment in result.segments), result.segments, moved


def test_what_looks_said_is_heard_once() -> None:
    """Good text costs no second hearing."""
    engine = Rehearsed((spoken("this is what was really said", 101), spoken("and this too", 110)))
    texts, segments, _ = heard(engine)
    assert texts == ("this is what was really said", "and this too")
    assert engine.asked == [(100.0, 160.0, False)]
    assert all(segment.flags == () for segment in segments)


def test_only_the_stretch_that_loops_is_heard_again_and_the_better_reading_is_kept() -> None:
    """The text around a loop stays as it was."""
    before, after = spoken("before it", 101), spoken("after it", 140)
    better = spoken("something that makes sense after all", 111)
    engine = Rehearsed((before, spoken(LOOP, 110), after), (better,))
    texts, segments, moved = heard(engine)
    assert texts == ("before it", better.text, "after it")
    assert engine.asked == [(100.0, 160.0, False), (round(before.end, 2), 140.0, True)]
    assert all(segment.flags == () for segment in segments)
    assert max(moved) <= 60.0


def test_a_loop_that_stays_a_loop_is_kept_and_flagged() -> None:
    """Nothing is deleted silently."""
    looped = spoken(LOOP, 110)
    engine = Rehearsed((spoken("before it", 101), looped), (looped,))
    result = transcribe_part(0, PART, engine, SpeechOptions(), lambda _: None)
    assert [segment.text for segment in result.segments] == ["before it", LOOP]
    assert result.segments[1].flags == ("repetition",)
    assert [notice.code for notice in result.warnings] == ["text_doubtful"]
    assert result.tries == 2


def test_words_that_nobody_could_say_so_fast_are_heard_again() -> None:
    """Nine words in half a second are not speech."""
    engine = Rehearsed(
        (spoken("why did you start with a small team then", 110, pace=0.05),), (spoken("because we are faster", 110),)
    )
    texts, _, _ = heard(engine)
    assert texts == ("because we are faster",)


def test_a_second_hearing_that_hears_nothing_does_not_win() -> None:
    """Doubtful text is flagged, not deleted."""
    fast = spoken("one two three four five six seven", 110, pace=0.05)
    engine = Rehearsed((spoken("good words stand here", 101), fast), ())
    texts, segments, _ = heard(engine)
    assert texts == ("good words stand here", fast.text)
    assert segments[1].flags == ("impossible_rate",)


def test_a_part_without_speech_is_not_given_to_the_engine() -> None:
    """Whatever it said would be invented; progress comes to its end all the same."""
    engine, told = Rehearsed((spoken("Thank you.", 101.0),)), list[float]()
    quiet = PartAudio(PART.samples, 100.0, ())
    assert transcribe_part(0, quiet, engine, SpeechOptions(), told.append).segments == ()
    assert (engine.asked, told) == ([], [60.0])


def test_speech_that_came_out_without_a_word_is_heard_again_alone() -> None:
    """An engine sometimes passes over a sentence; what it then says is put in its place, unless it looks invented."""
    before, after = spoken("first words here", 100.0), spoken("last words there", 159.0)
    sentence = spoken("a whole sentence was lost", 130.0)
    engine = Rehearsed((before, after), missed=(sentence,))
    found = transcribe_part(0, PART, engine, SpeechOptions(), lambda _: None)
    assert [segment.text for segment in found.segments] == [before.text, sentence.text, after.text]
    assert engine.listened == [(100.9, 159.0)]
    looping = Rehearsed((before, after), missed=(spoken(LOOP, 130.0),))
    assert transcribe_part(0, PART, looping, SpeechOptions(), lambda _: None).segments == (before, after)


def test_a_short_stretch_without_a_word_is_let_be() -> None:
    """Breath and laughter are no sentences."""
    part = PartAudio(PART.samples, 100.0, (Span(start=100.0, end=102.0), Span(start=110.0, end=111.0)))
    engine = Rehearsed((spoken("first words here", 100.2),))
    transcribe_part(0, part, engine, SpeechOptions(), lambda _: None)
    assert engine.listened == []


def readings_of(engine: Rehearsed, *, settles: bool) -> int:
    """Return how many readings of the same bridge, heard three times at most, there are, each of which settles it or not."""
    bridge = PartAudio(np.zeros(4 * SAMPLE_RATE, np.float32), 100.0, (Span(start=100.0, end=102.0),))
    options = SpeechOptions(language="en")
    return len(hear_bridges(4, [bridge] * 3, engine, options, lambda _: None, settles=lambda _: settles).readings)


def test_bridges_are_heard_until_one_settles_what_was_said() -> None:
    """One that looks invented settles nothing, and is left out."""
    said = (spoken("this is what was really said", 100),)
    assert readings_of(Rehearsed(said, missed=said), settles=True) == 1
    assert readings_of(Rehearsed(said, missed=said), settles=False) == 3
    assert readings_of(Rehearsed((spoken(LOOP, 100, 0.05),), missed=said), settles=True) == 1
