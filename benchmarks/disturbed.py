"""What reaches a listener: a published episode with ads put in or taken out, shifted, cut off, and heard with errors.

A file is pieced together from stretches of the published episode and of foreign audio, so the truth about every published time
is known.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.published import BRANDS, Clean, Sound, Spoken, Tape
from benchmarks.talk import Talker
from jobs.published import Cue, PublisherTranscript
from storage.documents import ChapterMark, Coverage, CoverageKind, Turn, Word

Disturbance = Literal["none", "one ad", "ads at pauses", "ads anywhere", "ads removed", "intro added", "intro cut", "preview"]
DISTURBANCES: tuple[Disturbance, ...] = (
    "none", "one ad", "ads at pauses", "ads anywhere", "ads removed", "intro added", "intro cut", "preview",
)  # fmt: skip
Printing = Literal["exact", "seconds", "by hand", "minutes"]
Script = Literal["captions", "paragraphs"]
BY_HAND = 3.0
"""Seconds by which times are off at most that people print by hand."""


@dataclass(frozen=True)
class Stretch:
    """A part of the file: published audio from `start` to `end` on the publisher's clock, or foreign audio of a length."""

    start: float
    end: float
    foreign: Clean | None = None


@dataclass(frozen=True)
class Received:
    """The file as a listener has it, heard and diarized."""

    words: tuple[Word, ...]
    turns: tuple[Turn, ...]
    coverage: tuple[Coverage, ...]
    duration: float
    stretches: tuple[Stretch, ...]

    def place(self, published: float) -> float | None:
        """Return where a published time really is; at the cut if it was cut, none if the file ends before."""
        at = 0.0
        for stretch in self.stretches:
            if stretch.foreign is None and published < stretch.end:
                return at + max(0.0, published - stretch.start)
            at += stretch.end - stretch.start
        return None


def disturb(episode: Clean, how: Disturbance, *, seed: int, errors: float) -> Received:
    """Return what reaches a listener; `errors`: share of the words that the recogniser gets wrong."""
    draw = random.Random(seed)
    stretches = tuple(_stretches(episode, how, draw))
    words: list[Spoken] = []
    sounds: list[Sound] = []
    at = 0.0
    for stretch in stretches:
        source = stretch.foreign or episode
        shift = at - stretch.start
        words += [_moved(word, shift) for word in source.words if stretch.start <= word.start and word.end <= stretch.end]
        sounds += [
            Sound(max(s.start, stretch.start) + shift, min(s.end, stretch.end) + shift, s.kind)
            for s in source.sounds
            if s.end > stretch.start and s.start < stretch.end
        ]
        at += stretch.end - stretch.start
    heard = tuple(_heard(words, errors, draw))
    return Received(heard, tuple(_turns(words)), _tiled(sounds), at, stretches)


def _stretches(episode: Clean, how: Disturbance, draw: random.Random) -> Iterator[Stretch]:
    whole = Stretch(0.0, episode.duration)
    if how == "none":
        yield whole
    elif how == "preview":
        yield Stretch(0.0, episode.duration * draw.uniform(0.3, 0.6))
    elif how == "intro added":
        yield _advert(draw, draw.uniform(5, 60))
        yield whole
    elif how == "intro cut":
        yield Stretch(_pause_near(episode, draw.uniform(8, 40)), episode.duration)
    elif how == "ads removed":
        yield from _without(episode)
    else:
        count = 1 if how == "one ad" else draw.randint(2, 4)
        places = sorted(_ad_place(episode, draw, at_pauses=how != "ads anywhere") for _ in range(count))
        at = 0.0
        for place in places:
            if place > at:
                yield Stretch(at, place)
            yield _advert(draw, draw.uniform(15, 120))
            at = place
        yield Stretch(at, episode.duration)


def _without(episode: Clean) -> Iterator[Stretch]:
    at = 0.0
    for start, end in episode.sponsors:
        yield Stretch(at, start)
        at = end
    yield Stretch(at, episode.duration)


def _ad_place(episode: Clean, draw: random.Random, *, at_pauses: bool) -> float:
    """Return where an ad goes: before a chapter as often as not, else between two sentences or, anywhere, between words."""
    if at_pauses and draw.random() < 0.5:
        chapter = draw.choice(episode.chapters)[0]
        return max(0.0, chapter - 0.05) if chapter else 0.0
    at = draw.uniform(0.02, 0.95) * episode.duration
    return _pause_near(episode, at) if at_pauses else next((w.end for w in episode.words if w.end >= at), at)


def _pause_near(episode: Clean, at: float) -> float:
    return next((word.end + 0.1 for word in episode.words if word.end >= at and word.ends), at)


def _advert(draw: random.Random, seconds: float) -> Stretch:
    tape, talker, brand = Tape(draw), Talker(draw), draw.choice(BRANDS)
    if draw.random() < 0.5:
        tape.sound("music", draw.uniform(1, 3))
    while tape.now < seconds - 3:
        tape.say(talker.advert(brand), "Speaker 9")
        tape.sound("silence", draw.uniform(0.2, 0.8))
    if draw.random() < 0.5:
        tape.sound("music", draw.uniform(1, 3))
    return Stretch(0.0, tape.now, Clean(tuple(tape.words), tuple(tape.sounds), (), (), tape.now))


# ------------------------------------------------------------------ heard


def _moved(word: Spoken, by: float) -> Spoken:
    return Spoken(word.start + by, word.end + by, word.text, word.speaker, word.ends)


def _heard(words: Sequence[Spoken], errors: float, draw: random.Random) -> Iterator[Word]:
    """Yield words as a recogniser gives them: some wrong, left out or made up, times off by about 0.07 s, first ones early."""
    talker, last = Talker(draw), 0.0
    for before, word in zip((None, *words), words, strict=False):
        wrong = draw.random() < errors
        if wrong and draw.random() < 0.2:
            continue
        pause = word.start - (before.end if before is not None else 0.0)
        early = draw.uniform(0.0, 0.25) if pause > 0.25 else 0.0
        start = max(last, word.start - early + draw.gauss(0, 0.05))
        end = max(start, word.end + draw.gauss(0, 0.05))
        text = talker.any_word() + "." * word.ends if wrong else word.text  # a wrong word still ends its sentence
        yield Word(start=start, end=end, text=text, speaker=word.speaker, probability=0.5 if wrong else 0.95)
        if wrong and draw.random() < 0.2:
            yield Word(start=end, end=end, text=talker.any_word(), speaker=word.speaker, probability=0.4)
        last = start


def _turns(words: Sequence[Spoken]) -> Iterator[Turn]:
    begin = 0
    for at in range(1, len(words) + 1):
        if at == len(words) or words[at].speaker != words[begin].speaker:
            yield Turn(start=words[begin].start, end=words[at - 1].end, speaker=words[begin].speaker)
            begin = at


def _tiled(sounds: Sequence[Sound]) -> tuple[Coverage, ...]:
    """Return the coverage, in which pauses under a second belong to the speech around them."""
    tiles: list[tuple[float, float, CoverageKind]] = []
    for sound in sounds:
        brief = sound.kind == "silence" and sound.end - sound.start < 1
        kind = tiles[-1][2] if tiles and brief else sound.kind
        if tiles and tiles[-1][2] == kind:
            tiles[-1] = (tiles[-1][0], sound.end, kind)
        else:
            tiles.append((sound.start, sound.end, kind))
    return tuple(Coverage(start=start, end=end, kind=kind) for start, end, kind in tiles if end > start)


# ------------------------------------------------------------------ printed


def printed(episode: Clean, how: Printing, seed: int) -> tuple[ChapterMark, ...]:
    """Return the chapters as the publisher prints them, in the order of the truth; times never turn back."""
    draw, latest = random.Random(seed), 0.0
    marks = []
    for start, title, _ in episode.chapters:
        shown = {
            "exact": round(start, 3),
            "seconds": float(int(start)),
            "by hand": start + draw.uniform(-BY_HAND, BY_HAND),
            "minutes": 60.0 * round(start / 60),
        }[how]
        latest = max(latest, shown) if start else 0.0
        marks.append(ChapterMark(start=latest, title=title))
    return tuple(marks)


def described(episode: Clean, marks: Sequence[ChapterMark], seed: int) -> dict[float, str]:
    """Return by start what the notes say under each row: a sentence with two words of the topic, and one or two of others."""
    talker, told = Talker(random.Random(seed)), {}
    for mark, topic in zip(marks, episode.topics, strict=True):
        about = talker.paraphrase(tuple(sorted(topic)))
        rest = [" ".join(talker.sentence((), topical=0.0)) for _ in range(1 + seed % 2)]
        told[mark.start] = ". ".join((about, *rest))
    return told


def script(episode: Clean, how: Script, seed: int) -> PublisherTranscript:
    """Return a publisher's transcript: captions of some words, or a paragraph with a start for each turn; tidied by hand."""
    draw, talker = random.Random(seed), Talker(random.Random(seed + 1))
    cues: list[Cue] = []
    group: list[Spoken] = []
    for word, following in zip(episode.words, (*episode.words[1:], None), strict=True):
        group.append(word)
        turn = following is None or following.speaker != word.speaker
        full = len(group) >= 12 or (word.ends and len(group) >= 5) if how == "captions" else turn and len(group) > 40
        if full or following is None:
            text = " ".join(talker.any_word() if draw.random() < 0.03 else w.text for w in group if draw.random() > 0.02)
            start = group[0].start
            if how == "captions":
                cues.append(Cue(start=round(start, 3), end=round(group[-1].end, 3), text=text))
            else:
                cues.append(Cue(start=float(int(start)), text=text, speaker=group[0].speaker))
            group = []
    return PublisherTranscript(url="https://show.example/transcript", cues=tuple(cues))
