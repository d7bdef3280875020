"""Episodes as they were published, with the truth about them: words with times, pauses, music, chapters.

See `benchmarks.disturbed` for what becomes of them on the way to a listener.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.talk import Talker
from storage.documents import CoverageKind

WELCOME = ["hello", "and", "welcome", "to", "the", "show"]
FAREWELL = ["thank", "you", "for", "listening", "and", "see", "you", "next", "week"]
BRANDS = ("Brightnest", "Vellumo", "Quickpan", "Oatly Hill", "Nordkeep", "Sleeptide", "Ledgerly", "Plumgate")
TitleKind = Literal["spoken", "paraphrased", "hopeless"]


@dataclass(frozen=True)
class Spoken:
    """A word as it was really said."""

    start: float
    end: float
    text: str
    speaker: str
    ends: bool = False
    """The last one of its sentence."""


@dataclass(frozen=True)
class Sound:
    """A stretch of one kind of sound."""

    start: float
    end: float
    kind: CoverageKind


@dataclass
class Tape:
    """Words and sounds one behind the other, as they are recorded."""

    draw: random.Random
    now: float = 0.0
    words: list[Spoken] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)

    def sound(self, kind: CoverageKind, seconds: float) -> None:
        """Let something else than speech be heard."""
        self.sounds.append(Sound(self.now, self.now + seconds, kind))
        self.now += seconds

    def say(self, texts: list[str], speaker: str) -> None:
        """Record a sentence."""
        begin, pace = self.now, self.draw.uniform(0.85, 1.2)
        for at, text in enumerate(texts):
            end = self.now + pace * (0.1 + 0.045 * len(text)) * self.draw.uniform(0.8, 1.3)
            last = at == len(texts) - 1
            shown = (text.capitalize() if at == 0 else text) + ("." if last else "")
            self.words.append(Spoken(self.now, end, shown, speaker, last))
            self.now = end + self.draw.uniform(0.0, 0.06)
        self.sounds.append(Sound(begin, self.now, "speech"))


@dataclass(frozen=True)
class Clean:
    """An episode on the publisher's clock."""

    words: tuple[Spoken, ...]
    sounds: tuple[Sound, ...]
    chapters: tuple[tuple[float, str, TitleKind], ...]
    """When each really begins, its title, and what the title has to do with what is said."""
    sponsors: tuple[tuple[float, float], ...]
    """Ads that belong to the published version, read by the hosts."""
    duration: float


def clean(seed: int, *, chapters: int, minutes: float, titles: TitleKind | Literal["mixed"], sponsors: int = 0) -> Clean:
    """Return an episode: a jingle, a welcome that names some of the topics, chapters, a farewell.

    A chapter begins behind a jingle, a longer pause, or a pause like any other; its first words say its title if that is
    spoken, in the first or second sentence. Speakers change at will. The topics' words also come up in other chapters.
    """
    return _Making(seed, chapters, minutes, titles, sponsors).clean()


class _Making:
    def __init__(self, seed: int, chapters: int, minutes: float, titles: TitleKind | Literal["mixed"], sponsors: int) -> None:
        self._draw = random.Random(seed)
        self._talker = Talker(self._draw)
        self._tape = Tape(self._draw)
        self._topics = self._talker.topics(2 * chapters)
        self._count, self._minutes, self._titles = chapters, minutes, titles
        self._read = set(self._draw.sample(range(1, chapters - 1), sponsors)) if sponsors else set()

    def clean(self) -> Clean:
        """Record everything."""
        kinds = [self._kind() for _ in range(self._count)]
        titles = [self._title(kind, at) for at, kind in enumerate(kinds)]
        self._tape.sound("music", self._draw.uniform(2, 9))
        chapters, sponsors = [], []
        shares = [self._draw.uniform(0.4, 1.6) for _ in range(self._count)]
        for at, (kind, title) in enumerate(zip(kinds, titles, strict=True)):
            if at:
                self._break()
            chapters.append((self._tape.now if at else 0.0, title, kind))
            if at == 0:
                self._welcome(titles)
            until = self._tape.now + 60 * self._minutes * shares[at] / sum(shares)
            sponsors += self._chapter(at, title, kind, until)
        self._tape.say(FAREWELL, "Speaker 1")
        self._tape.sound("music", self._draw.uniform(3, 12))
        tape = self._tape
        return Clean(tuple(tape.words), tuple(tape.sounds), tuple(chapters), tuple(sponsors), tape.now)

    def _kind(self) -> TitleKind:
        if self._titles != "mixed":
            return self._titles
        drawn: TitleKind = self._draw.choices(("spoken", "paraphrased", "hopeless"), (5, 3, 2))[0]
        return drawn

    def _title(self, kind: TitleKind, at: int) -> str:
        if kind == "spoken":
            return self._talker.spoken_title(self._topics[at])
        if kind == "paraphrased":
            return self._talker.paraphrase(self._topics[at])
        # a joke, or the title of something that is not in this episode
        other = self._topics[self._count + at]
        return self._talker.joke() if self._draw.random() < 0.5 else self._talker.spoken_title(other)

    def _break(self) -> None:
        how = self._draw.random()
        if how < 0.35:
            self._tape.sound("silence", self._draw.uniform(0.2, 0.8))
            self._tape.sound("music", self._draw.uniform(1.5, 5))
        self._tape.sound("silence", self._draw.uniform(0.9, 2.2) if 0.35 <= how < 0.75 else self._draw.uniform(0.3, 1.0))

    def _welcome(self, titles: list[str]) -> None:
        self._tape.say(WELCOME, "Speaker 1")
        self._pause()
        named = self._draw.sample(titles, min(3, len(titles)))
        self._tape.say(f"today we talk about {', '.join(named)}".lower().split(), "Speaker 1")

    def _chapter(self, at: int, title: str, kind: TitleKind, until: float) -> list[tuple[float, float]]:
        speaker = self._draw.choice(("Speaker 1", "Speaker 2"))
        late = kind == "spoken" and self._draw.random() < 0.3
        sentences = 0
        while self._tape.now < until or sentences < 4:
            if sentences:
                self._pause()
                speaker = self._draw.choice((speaker, speaker, "Speaker 1", "Speaker 2"))
            if kind == "spoken" and sentences == int(late):
                self._tape.say(self._talker.opening(title), speaker)
            else:
                stranger = self._draw.random() < 0.06
                topic = self._draw.choice(self._topics[: self._count]) if stranger else self._topics[at]
                self._tape.say(self._talker.sentence(topic, topical=0.35), speaker)
            sentences += 1
        return [self._sponsor()] if at in self._read else []

    def _sponsor(self) -> tuple[float, float]:
        self._pause()
        start, length, brand = self._tape.now, self._draw.uniform(20, 60), self._draw.choice(BRANDS)
        while self._tape.now < start + length:
            self._tape.say(self._talker.advert(brand), "Speaker 1")
            self._pause()
        return start, self._tape.now

    def _pause(self) -> None:
        self._tape.sound("silence", self._draw.uniform(0.25, 1.2))
