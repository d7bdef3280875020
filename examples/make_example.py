"""Make the example episode: speak `dialogue.txt` with espeak-ng, mix it, and write the mp3, the feed and the truth.

Run from the root of the repository: `python -m examples.make_example`. It needs libespeak-ng, and writes the same files each
time with the same version of espeak-ng. What it made is kept beside it, so only a changed dialogue calls for it.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from examples import publishing
from examples.training import sound
from examples.training.espeak import Espeak, Samples, Voice

HERE = Path(__file__).resolve().parent
SEED = 7
SAMPLE_RATE = 22050
KILOBITS = 64
LOUDNESS = 0.09  # root mean square of a spoken sentence
ROOM_NOISE = 10**-3.3


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice of the episode."""

    key: str
    name: str
    role: str
    voice: Voice
    gain: float = 1.0


SPEAKERS = {
    "HOST": Speaker("HOST", "Ben", "host", Voice("en-us+Andy", rate=160, pitch=50)),
    "GUEST": Speaker("GUEST", "Clara", "guest", Voice("en+f5", rate=165, pitch=55), gain=0.9),
    "READER": Speaker("READER", "The sponsor's voice", "announcer", Voice("en-us+m1", rate=162, pitch=40), gain=1.05),
}

# What is heard before a chapter begins: the length of a jingle, or None for a mere pause. The first chapter begins cold, and
# its music comes after the greeting, as in many shows.
BEFORE_CHAPTER: dict[str, float | None] = {
    "Introduction": None,
    "Training data": None,
    "Pretraining": 1.8,
    "A word from our sponsor": 2.2,
    "Post training": 2.2,
    "Evaluation": None,
    "Conclusions": 1.6,
}
OPENING_SECONDS, CLOSING_SECONDS = 3.5, 4.0


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of the dialogue: its chapter, who says it, what is said."""

    chapter: str
    speaker: str
    text: str


@dataclass(slots=True)
class Mix:
    """An episode as it grows: the sounds with their starts, and the truth about them."""

    seconds: float = 0.0
    sounds: list[tuple[float, Samples]] = field(default_factory=list)
    sentences: list[dict[str, Any]] = field(default_factory=list)
    chapters: list[dict[str, Any]] = field(default_factory=list)
    non_speech: list[dict[str, Any]] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds = round(self.seconds + seconds, 3)

    def play(self, kind: str, samples: Samples) -> None:
        """Put music here."""
        length = len(samples) / SAMPLE_RATE
        self.sounds.append((self.seconds, samples))
        self.non_speech.append({"kind": kind, "start": self.seconds, "end": round(self.seconds + length, 3)})
        self.pause(length)


def read_dialogue(path: Path = HERE / "dialogue.txt") -> list[Line]:
    """Read the dialogue: `# Chapter` headings and `SPEAKER: sentence` lines."""
    lines, chapter = [], ""
    for row in path.read_text(encoding="utf-8").splitlines():
        if row.startswith("# "):
            chapter = row.removeprefix("# ").strip()
        elif ": " in row:
            speaker, text = row.split(": ", 1)
            lines.append(Line(chapter, speaker, text.strip()))
    return lines


def mix_episode(lines: list[Line]) -> Mix:
    """Speak every line in its place, with pauses, jingles and music between."""
    rng, espeak, mix = random.Random(SEED), Espeak(), Mix()
    mix.pause(0.3)
    previous: Line | None = None
    for line in lines:
        if previous is None or line.chapter != previous.chapter:
            _begin_chapter(mix, line.chapter, rng)
        elif line.speaker != previous.speaker:
            mix.pause(rng.uniform(0.4, 0.8))
        else:
            mix.pause(rng.uniform(0.3, 0.6))
        _speak(mix, line, espeak, rng)
        if previous is None:
            mix.pause(0.5)
            mix.play("opening music", _faded(sound.music(random.Random(SEED), OPENING_SECONDS, SAMPLE_RATE), 0.8))
        previous = line
    mix.pause(0.7)
    mix.play("closing music", _faded(sound.music(random.Random(SEED), CLOSING_SECONDS, SAMPLE_RATE), 0.8))
    mix.pause(0.5)
    return mix


def _begin_chapter(mix: Mix, title: str, rng: random.Random) -> None:
    """Leave a clear pause or play a jingle, then note that the chapter begins."""
    jingle = BEFORE_CHAPTER[title]
    if jingle is not None:
        mix.pause(rng.uniform(0.6, 0.9))
        mix.play("jingle", _faded(sound.music(rng, jingle, SAMPLE_RATE), 0.5))
        mix.pause(rng.uniform(0.5, 0.8))
    elif mix.chapters:
        mix.pause(rng.uniform(1.9, 2.4))
    mix.chapters.append({"title": title, "start": mix.seconds})


def _speak(mix: Mix, line: Line, espeak: Espeak, rng: random.Random) -> None:
    """Add one spoken sentence and the truth about its words."""
    speaker = SPEAKERS[line.speaker]
    voice = replace(speaker.voice, rate=speaker.voice.rate + rng.randint(-4, 4))
    utterance = espeak.say(line.text, voice, SAMPLE_RATE)
    loudness = float(np.sqrt(np.mean(utterance.samples**2)))
    mix.sounds.append((mix.seconds, utterance.samples * np.float32(LOUDNESS * speaker.gain / loudness)))
    words = [
        {"word": word, "start": round(mix.seconds + start, 3), "end": round(mix.seconds + end, 3)}
        for word, start, end in zip(line.text.split(), utterance.starts, utterance.ends, strict=True)
    ]
    end = round(mix.seconds + utterance.seconds, 3)
    chapter = len(mix.chapters) - 1
    mix.sentences.append(
        {"speaker": speaker.key, "chapter": chapter, "start": mix.seconds, "end": end, "text": line.text, "words": words}
    )
    mix.seconds = end


def _faded(samples: Samples, level: float) -> Samples:
    """Scale music and let it swell and die over a third of a second."""
    ramp = np.linspace(0, 1, int(0.3 * SAMPLE_RATE), dtype=np.float32)
    faded = samples * np.float32(level)
    faded[: len(ramp)] *= ramp
    faded[-len(ramp) :] *= ramp[::-1]
    return faded


def render(mix: Mix) -> Samples:
    """Sum the sounds over a little room noise, below full scale."""
    samples = np.zeros(int(mix.seconds * SAMPLE_RATE), np.float32)
    for start, part in mix.sounds:
        first = int(start * SAMPLE_RATE)
        samples[first : first + len(part)] += part[: len(samples) - first]
    samples += np.random.default_rng(SEED).standard_normal(len(samples)).astype(np.float32) * np.float32(ROOM_NOISE)
    return samples * np.float32(0.9 / max(0.9, float(np.abs(samples).max())))


def turns_of(sentences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join a speaker's sentences until another speaks or the chapter ends."""
    turns: list[dict[str, Any]] = []
    last: tuple[str, int] | None = None
    for sentence in sentences:
        here = (sentence["speaker"], sentence["chapter"])
        if here == last:
            turns[-1]["end"] = sentence["end"]
        else:
            turns.append({"speaker": sentence["speaker"], "start": sentence["start"], "end": sentence["end"]})
        last = here
    return turns


def truth_of(mix: Mix, duration: float, published: publishing.Published) -> dict[str, Any]:
    """Gather all that is known about the episode for tests to compare with."""
    return {
        "title": publishing.TITLE,
        "duration": round(duration, 3),
        "speakers": [
            {"id": s.key, "name": s.name, "role": s.role, "voice": s.voice.name, "pitch": s.voice.pitch, "rate": s.voice.rate}
            for s in SPEAKERS.values()
        ],
        "chapters": mix.chapters,
        "published": published,
        "turns": turns_of(mix.sentences),
        "non_speech": mix.non_speech,
        "sentences": mix.sentences,
    }


def main() -> None:
    """Write every file of the example."""
    mix = mix_episode(read_dialogue())
    samples = render(mix)
    duration = len(samples) / SAMPLE_RATE
    mp3 = HERE / publishing.AUDIO
    sound.write_mp3(str(mp3), samples, SAMPLE_RATE, KILOBITS)
    published = publishing.publish(HERE, mix.chapters, duration)
    truth = truth_of(mix, duration, published)
    (HERE / "truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    words = sum(len(sentence["words"]) for sentence in mix.sentences)
    print(f"{mp3.name}: {duration:.1f} s, {len(mix.sentences)} sentences, {words} words, {mp3.stat().st_size} bytes")


if __name__ == "__main__":
    main()
