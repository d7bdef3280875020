"""Episodes as they were published, with the truth about them: words with times, pauses, music, chapters.

How a chapter begins was counted in a real show: the 34 headings in the public transcripts of five episodes of the Chaincode
Podcast (bitcointranscripts/bitcointranscripts: block building, channel jamming, Lightning privacy, Lightning updates,
Miniscript). 13 begin with a change of speaker. 24 say a word of their title in the first or, about a third of them, the second
sentence; 5 more begin with another topic word or a question to it. The other 5 begin in mid-flow: nothing in the text tells
where, and a heading could as well stand a sentence earlier. In the chapters that were looked at closer some three quarters of
the sentences have a word of their topic, and the words that name it are said most; here half of them do, since other shows
wander more. Text tells nothing of pauses; that the longest ones lie between topics is from Shriberg et al., "Prosody-based
automatic segmentation of speech into sentences and topics" (2000), the shares are assumed: a chapter has a jingle, a longer
pause, or a pause like any other before it. In mid-flow nobody puts a jingle.

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
Titles = TitleKind | Literal["mixed"]

JINGLE, LONGER = 0.35, 0.4
"""Share of the chapters with a jingle, and with a longer pause, before them."""
MID_FLOW, LATE = 0.15, 0.3
"""Share of the chapters that begin in mid-flow, and of the others that name their topic in the second sentence only."""
CHANGE = 0.4
"""Share of the chapters that begin with a change of speaker."""
TOPICAL, STRANGE = 0.5, 0.06
"""Share of the sentences that are about their topic; of all, how many are about any topic of the episode instead."""
PAUSES, LONG_PAUSES, SHORT_PAUSES = (0.25, 1.2), (0.9, 2.2), (0.3, 1.0)
"""Seconds between sentences, before chapters with a longer pause, and before chapters with an ordinary one."""


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


@dataclass(frozen=True)
class Sentence:
    """What a listener who understands everything knows of a sentence."""

    start: float
    pause: float
    """Seconds of silence before it."""
    jingle: bool
    """Whether music comes before that."""
    changed: bool
    """Whether another voice spoke before."""
    words: frozenset[str]
    opens: bool
    """It is worded as sentences are that bring up a topic."""


@dataclass
class Tape:
    """Words and sounds one behind the other, as they are recorded."""

    draw: random.Random
    now: float = 0.0
    words: list[Spoken] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    sentences: list[Sentence] = field(default_factory=list)

    def sound(self, kind: CoverageKind, seconds: float) -> None:
        """Let something else than speech be heard."""
        self.sounds.append(Sound(self.now, self.now + seconds, kind))
        self.now += seconds

    def say(self, texts: list[str], speaker: str, *, opens: bool = False) -> None:
        """Record a sentence."""
        before = self.words[-1] if self.words else None
        silence = self.sounds[-1] if self.sounds and self.sounds[-1].kind == "silence" else None
        jingle = any(s.kind == "music" for s in self.sounds[-2:])
        pause = silence.end - silence.start if silence is not None else 0.0
        changed = before is not None and before.speaker != speaker
        self.sentences.append(Sentence(self.now, pause, jingle, changed, frozenset(t.lower() for t in texts), opens))
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
    topics: tuple[frozenset[str], ...] = ()
    """The words of each chapter's topic."""
    sentences: tuple[Sentence, ...] = ()
    mid_flow: frozenset[float] = frozenset()
    """Starts of the chapters whose beginning nothing in the text tells."""


def clean(seed: int, *, chapters: int, minutes: float, titles: Titles, sponsors: int = 0) -> Clean:
    """Return an episode: a jingle, a welcome that names some of the topics, chapters, a farewell.

    Chapters begin as told above; a spoken title is said when the topic is brought up, in mid-flow some sentences later. Speakers
    change at will. The topics' words also come up in other chapters.
    """
    return _Making(seed, chapters, minutes, titles, sponsors).clean()


class _Making:
    def __init__(self, seed: int, chapters: int, minutes: float, titles: Titles, sponsors: int) -> None:
        self._draw = random.Random(seed)
        self._talker = Talker(self._draw)
        self._tape = Tape(self._draw)
        self._topics = self._talker.topics(2 * chapters)
        self._count, self._minutes, self._titles = chapters, minutes, titles
        self._mid_flow: set[float] = set()
        self._read = set(self._draw.sample(range(1, chapters - 1), sponsors)) if sponsors else set()

    def clean(self) -> Clean:
        """Record everything."""
        kinds = [self._kind() for _ in range(self._count)]
        titles = [self._title(kind, at) for at, kind in enumerate(kinds)]
        self._tape.sound("music", self._draw.uniform(2, 9))
        chapters, sponsors = [], []
        shares = [self._draw.uniform(0.4, 1.6) for _ in range(self._count)]
        for at, (kind, title) in enumerate(zip(kinds, titles, strict=True)):
            mid_flow = at > 0 and self._draw.random() < MID_FLOW
            if at:
                self._break(jingle=not mid_flow)
            chapters.append((self._tape.now if at else 0.0, title, kind))
            if mid_flow:
                self._mid_flow.add(self._tape.now)
            if at == 0:
                self._welcome(titles)
            until = self._tape.now + 60 * self._minutes * shares[at] / sum(shares)
            named = self._draw.randint(2, 5) if mid_flow else int(self._draw.random() < LATE)
            sponsors += self._chapter(at, self._opening(at, title, kind), named, until)
        self._tape.say(FAREWELL, "Speaker 1")
        self._tape.sound("music", self._draw.uniform(3, 12))
        tape = self._tape
        topics = tuple(frozenset(topic) for topic in self._topics[: self._count])
        return Clean(
            tuple(tape.words),
            tuple(tape.sounds),
            tuple(chapters),
            tuple(sponsors),
            tape.now,
            topics,
            tuple(tape.sentences),
            frozenset(self._mid_flow),
        )

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

    def _break(self, *, jingle: bool) -> None:
        how = self._draw.uniform(0.0 if jingle else JINGLE, 1.0)
        if how < JINGLE:
            self._tape.sound("silence", self._draw.uniform(0.2, 0.8))
            self._tape.sound("music", self._draw.uniform(1.5, 5))
        self._tape.sound("silence", self._draw.uniform(*(LONG_PAUSES if JINGLE <= how < JINGLE + LONGER else SHORT_PAUSES)))

    def _opening(self, at: int, title: str, kind: TitleKind) -> list[str]:
        """Return the sentence that brings up a topic: with its title if that is said, else with other words of the topic."""
        if kind == "spoken":
            return self._talker.opening(title)
        if self._draw.random() < 0.5:
            return self._talker.opening(self._talker.spoken_title(self._topics[at]))
        return self._talker.sentence(self._topics[at], topical=1.0)

    def _welcome(self, titles: list[str]) -> None:
        self._tape.say(WELCOME, "Speaker 1")
        self._pause()
        named = self._draw.sample(titles, min(3, len(titles)))
        self._tape.say(f"today we talk about {', '.join(named)}".lower().split(), "Speaker 1")

    def _chapter(self, at: int, opening: list[str], named: int, until: float) -> list[tuple[float, float]]:
        """Record a chapter that brings up its topic in one of its first sentences, and in mid-flow says nothing of it before."""
        others = ("Speaker 1", "Speaker 2")
        last = self._tape.words[-1].speaker if self._tape.words else others[0]
        speaker = others[last == others[0]] if self._draw.random() < CHANGE else last
        sentences = 0
        while self._tape.now < until or sentences < 4:
            if sentences:
                self._pause()
                speaker = self._draw.choice((speaker, speaker, *others))
            if sentences == named:
                self._tape.say(opening, speaker, opens=True)
            elif sentences < named and named > 1:
                self._tape.say(self._talker.sentence(self._topics[at], topical=0.0), speaker)
            else:
                stranger = self._draw.random() < STRANGE
                topic = self._draw.choice(self._topics[: self._count]) if stranger else self._topics[at]
                self._tape.say(self._talker.sentence(topic, topical=TOPICAL), speaker)
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
        self._tape.sound("silence", self._draw.uniform(*PAUSES))
