"""Words lost, doubled and invented where transcribers lose, double and invent: earmark beside its peers.

    python -m benchmarks.nothing_lost [--model DIR] [--minutes 10] [--seed N] [--without whisperX …]

Made of the example's sentences, whose every word is known: speech without any pause, so that it lies across every seam and every
window; silences of 30 to 120 s; music between and under what is said; every other sentence whispered (noise with the spectrum of
the voice); and two voices at once. The first row of each is the whole-file pass of bare faster-whisper, the others are
beside it. Lost and other words come from an alignment by least edits; a word too many is doubled if an equal one is among the
eight on either side, else invented. Where two talk at once there is no order: words are counted there, whatever
comes first, and who was left out is lost.

Of earmark also: seconds of the file that its `coverage` leaves out. Exits with 1 if there are any, or if over all cases it loses,
doubles and invents more words than the whole-file pass.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.conversations import music
from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL, Recording, SaidWord, read_recording, without_pauses, write_wav
from benchmarks.table import Goal, Report, Row, arguments, show
from benchmarks.tools import BATCH, BEAM, OURS, Settings, Took, Tool, earmark, peers
from benchmarks.wording import compare, spoken
from jobs.engines.devices import usable_cores
from jobs.engines.protocols import SAMPLE_RATE, Samples

NEIGHBOURS = 8
_HISS = 10 ** (-60 / 20)
"""Loudness of the room; nothing is ever wholly silent."""


@dataclass(frozen=True)
class Case:
    """What is heard, and what is said in it."""

    name: str
    samples: Samples
    words: tuple[str, ...]
    at_once: bool = False
    """Whether two talk at once, so that the words have no order."""


@dataclass(frozen=True)
class Faults:
    """Words that are wrong in number."""

    lost: int
    doubled: int
    invented: int

    @property
    def all(self) -> int:
        """All of them."""
        return self.lost + self.doubled + self.invented


# ------------------------------------------------------------------ what is heard


def cases(seconds: float, seed: int) -> Iterator[Case]:
    """Yield every case, of about this length."""
    story = read_recording(EXAMPLE / "episode.mp3", EXAMPLE / "truth.json")
    dense = without_pauses("dense", [story], seconds=seconds, seed=seed)
    yield Case("speech across every seam", dense.samples, _texts(dense))
    phrases = _phrases(story, seed)
    for name, put in (("long silences", _apart), ("music between and under", _with_music), ("every other whispered", _whispered)):
        yield put(name, phrases, seconds, np.random.default_rng(seed))
    yield _both_at_once("two voices at once", phrases, seconds)


def _texts(recording: Recording) -> tuple[str, ...]:
    return tuple(word.text for word in recording.words)


@dataclass(frozen=True)
class _Phrase:
    samples: Samples
    words: tuple[str, ...]


def _phrases(story: Recording, seed: int) -> list[_Phrase]:
    """Return the sentences of the story, cut a quarter of a second around them, in an order that is drawn."""
    found = [
        _Phrase(
            story.samples[max(0, round((phrase[0].start - 0.25) * SAMPLE_RATE)) : round((phrase[-1].end + 0.25) * SAMPLE_RATE)],
            tuple(word.text for word in phrase),
        )
        for phrase in story.phrases
    ]
    return [found[index] for index in np.random.default_rng(seed).permutation(len(found))]


def _again_and_again(phrases: Sequence[_Phrase]) -> Iterator[_Phrase]:
    while True:
        yield from phrases


def _apart(name: str, phrases: Sequence[_Phrase], seconds: float, random: np.random.Generator) -> Case:
    """Put 30 to 120 s of nothing between groups of one to four sentences."""
    pieces, words, length = list[Samples](), list[str](), 0.0
    group = 0
    for phrase in _again_and_again(phrases):
        if length >= seconds:
            break
        pieces.append(phrase.samples)
        words += phrase.words
        group -= 1
        if group < 0:
            pieces.append(np.zeros(round(float(random.uniform(30, 120)) * SAMPLE_RATE), np.float32))
            group = int(random.integers(0, 4))
        length = sum(map(len, pieces)) / SAMPLE_RATE
    return Case(name, _in_a_room(np.concatenate(pieces), random), tuple(words))


def _with_music(name: str, phrases: Sequence[_Phrase], seconds: float, random: np.random.Generator) -> Case:
    """Put 5 to 30 s of music between groups of sentences; it goes on more quietly under every second group."""
    pieces, words, loudness = list[Samples](), list[str](), list[Samples]()
    under = False
    for number, phrase in enumerate(_again_and_again(phrases)):
        if sum(map(len, pieces)) >= seconds * SAMPLE_RATE:
            break
        if number % 4 == 0:
            pieces.append(np.zeros(round(float(random.uniform(5, 30)) * SAMPLE_RATE), np.float32))
            loudness.append(np.ones(len(pieces[-1]), np.float32))
            under = not under
        pieces.append(phrase.samples)
        words += phrase.words
        loudness.append(np.full(len(phrase.samples), 0.1 if under else 0.0, np.float32))
    level = np.convolve(np.concatenate(loudness), np.full(SAMPLE_RATE // 2, 2 / SAMPLE_RATE, np.float32), "same")
    heard = np.concatenate(pieces)
    played = music(np.arange(len(heard)) / SAMPLE_RATE, random) * level
    return Case(name, _in_a_room(heard + played.astype(np.float32), random), tuple(words))


def _whispered(name: str, phrases: Sequence[_Phrase], seconds: float, random: np.random.Generator) -> Case:
    """Whisper every other sentence."""
    pieces, words = list[Samples](), list[str]()
    for number, phrase in enumerate(_again_and_again(phrases)):
        if sum(map(len, pieces)) >= seconds * SAMPLE_RATE:
            break
        pieces.append(whisper(phrase.samples, random) if number % 2 else phrase.samples)
        words += phrase.words
    return Case(name, _in_a_room(np.concatenate(pieces), random), tuple(words))


def whisper(samples: Samples, random: np.random.Generator) -> Samples:
    """Return speech without a voice: noise that has its spectrum, smoothed over the harmonics, in each 32 ms; 12 dB quieter."""
    size, hop, wide = 512, 128, 9
    window = np.hanning(size).astype(np.float32)
    padded = np.concatenate([np.zeros(size, np.float32), samples, np.zeros(2 * size, np.float32)])
    out = np.zeros(len(padded), np.float32)
    smooth = np.full(wide, 1 / wide)
    for at in range(0, len(padded) - size, hop):
        power = np.convolve(np.abs(np.fft.rfft(window * padded[at : at + size])) ** 2, smooth, "same")
        phases = np.exp(2j * np.pi * random.random(len(power)))
        out[at : at + size] += window * np.fft.irfft(np.sqrt(power) * phases, size).astype(np.float32)
    heard = out[size : size + len(samples)]
    quieter: Samples = heard * np.float32(0.25 * np.sqrt(np.mean(samples**2) / max(float(np.mean(heard**2)), 1e-12)))
    return quieter


def _both_at_once(name: str, phrases: Sequence[_Phrase], seconds: float) -> Case:
    """Let two sentences be said at once, and then one alone."""
    pieces, words, source = list[Samples](), list[str](), _again_and_again(phrases)
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        first, second, alone = next(source), next(source), next(source)
        both = np.zeros(max(len(first.samples), len(second.samples)), np.float32)
        both[: len(first.samples)] += first.samples
        both[: len(second.samples)] += second.samples
        pieces += [both, alone.samples]
        words += [*first.words, *second.words, *alone.words]
    return Case(name, np.concatenate(pieces), tuple(words), at_once=True)


def _in_a_room(samples: Samples, random: np.random.Generator) -> Samples:
    heard: Samples = samples + np.float32(_HISS) * random.standard_normal(len(samples), dtype=np.float32)
    return heard


# ------------------------------------------------------------------ what was made of it


def faults(case: Case, heard: Sequence[str]) -> Faults:
    """Compare what was heard with what is said."""
    said, found = (spoken([SaidWord(text, 0.0, 0.0) for text in words]) for words in (case.words, heard))
    if case.at_once:
        missing, more = Counter(said) - Counter(found), Counter(found) - Counter(said)
        return Faults(missing.total(), 0, more.total())
    against = compare(said, found)
    doubled = sum(
        found[index] in (*found[max(0, index - NEIGHBOURS) : index], *found[index + 1 : index + 1 + NEIGHBOURS])
        for index in against.added
    )
    return Faults(len(against.missed), doubled, len(against.added) - doubled)


def measure(case: Case, tools: Sequence[Tool], folder: Path) -> list[tuple[str, Took, Faults]]:
    """Let every tool hear a case."""
    audio = write_wav(case.samples, folder / "case.wav")
    found = []
    for tool in tools:
        took = tool.hear(audio)
        found.append((tool.name, took, faults(case, took.words)))
        print(f"{case.name}: {tool.name}: {found[-1][2]}", file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--model", type=Path, default=EXAMPLE_MODEL)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    given = parser.parse_args()
    settings = Settings(given.model.resolve(), given.threads)
    beside, notes = peers(settings, given.without)
    tools = [*beside[:1], earmark(settings), *beside[1:]]
    rows: list[Row] = []
    sums: Counter[str] = Counter()
    left_out = 0.0
    with tempfile.TemporaryDirectory() as name:
        for case in cases(60 * given.minutes, given.seed):
            for tool, took, wrong in measure(case, tools, Path(name)):
                sums[tool] += wrong.all
                left_out += took.unaccounted or 0.0
                row: Row = {"case": case.name, "tool": tool, "words said": len(case.words)}
                counts: Row = {"lost": wrong.lost, "doubled": wrong.doubled, "invented": wrong.invented}
                rows.append(row | counts | {"unaccounted s": took.unaccounted})
    goals = [Goal("seconds of audio that earmark leaves out of its account", left_out, 0.0)]
    if beside:
        goals.append(
            Goal("words lost, doubled or invented, over the whole-file pass", sums[OURS] / max(sums[tools[0].name], 1), 1.0)
        )
    notes.append("Where two talk at once, a doubled word counts as invented.")
    asked = {"model": given.model.name, "minutes": given.minutes, "seed": given.seed, "batch": BATCH, "beam": BEAM}
    return show(Report("Nothing lost", rows, goals, notes, asked), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
