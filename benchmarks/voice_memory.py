"""The memory of voices on a show of 30 episodes: hosts known again, guests not taken for anybody, in the voices of real readers.

    python -m benchmarks.voice_memory [--shows 4] [--diarized 6] [--seed N]

A show has two hosts, of the six readers with ten utterances each, and 20 guests with one utterance each, who come once. Each
speaker of an episode says 12 to 25 s, through a channel of their own: gain, noise, and no codec, MP3, Opus, or a telephone's
band. Two ways to count:

- *in order*: one episode after the other, each remembered, as a service does it. The hosts have but a minute or two of
  audio, so episodes share some of it, in other channels.
- *apart*: the memory of the first ten episodes, which have the first half of the hosts' audio, is asked about 20 others
  that have the second half; nothing is shared, and nothing is added.

Voices come from the true turns (one embedding for all that a speaker says); with `--diarized`, some episodes are told apart by
the real diarizer instead. The readers are those of ../shared/audio/speakers. Nothing in `jobs/voices` was fitted to them.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import av
import numpy as np

from benchmarks.conversations import Voice, find_speech, load_voices, merge
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.engines.protocols import SAMPLE_RATE, Diarization, Samples, SpeakerHints
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.voices.profile import model_key
from jobs.voices.remember import placed, remember
from storage.database import open_database, sqlite_url
from storage.documents import Episode, Span, Turn
from storage.voices import NewSample, VoiceMemory, VoiceSample

SPEAKERS = Path(__file__).resolve().parent.parent.parent / "shared/audio/speakers"
EPISODES, GUESTS, ENROLLED = 30, 20, 10
CHANNELS = ("clean", "mp3", "opus", "telephone")
_THREADS = 1


@dataclass(frozen=True)
class Part:
    """What one speaker says in an episode."""

    who: str
    samples: Samples


@dataclass(frozen=True)
class Recording:
    """A recording in memory (an `AudioSource`)."""

    samples: Samples

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times."""
        return self.samples[max(0, round(start * SAMPLE_RATE)) : max(0, round(end * SAMPLE_RATE))]


@dataclass
class Tally:
    """What was asked and what was answered."""

    hosts: int = 0
    known: int = 0
    mistaken: int = 0
    """Hosts who were taken for somebody else."""
    guests: int = 0
    false: int = 0
    sureness: list[float] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Self:
        """Add up."""
        for name in ("hosts", "known", "mistaken", "guests", "false"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.sureness += other.sureness
        return self

    def row(self, name: str) -> Row:
        """Return a line of the table."""
        return {
            "way": name, "hosts": self.hosts, "matched, %": 100 * self.known / max(self.hosts, 1), "mistaken": self.mistaken,
            "guests": self.guests, "false, %": 100 * self.false / max(self.guests, 1),
            "least sureness": min(self.sureness, default=None),
        }  # fmt: skip


class Ear:
    """The embedded encoder, asked for one voice at a time."""

    def __init__(self) -> None:
        self.diarizer = ResemblyzerDiarizer(threads=_THREADS)
        self.model = model_key(self.diarizer.info)

    def true_turns(self, parts: Sequence[Part]) -> Diarization:
        """Return an episode whose turns are known: one for each speaker."""
        turns, embeddings, at = [], {}, 0.0
        for part in parts:
            recording = Recording(part.samples)
            heard = self.diarizer.diarize(recording, find_speech(part.samples), SpeakerHints(exactly=1), _silently)
            turns.append(Turn(start=at, end=at + recording.duration, speaker=part.who))
            embeddings[part.who] = next(iter(heard.embeddings.values()))
            at += recording.duration
        return Diarization(tuple(turns), tuple(turns), embeddings)

    def told_apart(self, parts: Sequence[Part], random: np.random.Generator) -> tuple[Diarization, dict[str, str]]:
        """Return an episode as the diarizer hears it, and who each of its labels mostly is."""
        pieces = [(part.who, piece) for part in parts for piece in np.array_split(part.samples, 4)]
        pieces = [pieces[index] for index in random.permutation(len(pieces))]
        samples = np.concatenate([piece for _, piece in pieces])
        ends = np.cumsum([len(piece) for _, piece in pieces]) / SAMPLE_RATE
        heard = self.diarizer.diarize(Recording(samples), find_speech(samples), SpeakerHints(), _silently)
        truth: dict[str, dict[str, float]] = {}
        for turn in heard.turns:
            for (who, _), start, end in zip(pieces, [0.0, *ends[:-1]], ends, strict=True):
                shared = min(turn.end, end) - max(turn.start, start)
                if shared > 0:
                    truth.setdefault(turn.speaker, {}).setdefault(who, 0.0)
                    truth[turn.speaker][who] += shared
        return heard, {label: max(shares, key=lambda who: shares[who]) for label, shares in truth.items()}


def _silently(_: float) -> None:
    pass


# ------------------------------------------------------------------ episodes


def through(samples: Samples, channel: str, random: np.random.Generator) -> Samples:
    """Return what is heard of a voice through a channel: gain, noise at 18 to 40 dB below it, and a codec."""
    voice = (samples * 10 ** (random.uniform(-12, 6) / 20)).astype(np.float32)
    noise = np.sqrt(np.mean(voice**2)) * 10 ** (-random.uniform(18, 40) / 20)
    heard: Samples = np.clip(voice + noise * random.standard_normal(len(voice)), -1, 1).astype(np.float32)
    if channel == "telephone":
        spectrum = np.fft.rfft(heard)
        hertz = np.fft.rfftfreq(len(heard), 1 / SAMPLE_RATE)
        spectrum[(hertz < 300) | (hertz > 3400)] = 0
        band: Samples = np.fft.irfft(spectrum, len(heard)).astype(np.float32)
        return band
    if channel == "clean":
        return heard
    return coded(heard, *{"mp3": ("mp3", "libmp3lame", SAMPLE_RATE, 32_000), "opus": ("ogg", "libopus", 48_000, 24_000)}[channel])


def coded(samples: Samples, container: str, codec: str, rate: int, bits: int) -> Samples:
    """Encode and decode 16 kHz mono samples."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = bits
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    file.seek(0)
    back = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    with av.open(file) as read:
        frames = [made.to_ndarray() for found in read.decode(audio=0) for made in back.resample(found)]
        frames += [made.to_ndarray() for made in back.resample(None)]
    heard: Samples = np.concatenate(frames, axis=1)[0].astype(np.float32)
    return heard


def said(voice: Voice, half: int | None, random: np.random.Generator) -> Samples:
    """Return 12 to 25 s of a reader, put together from stretches of speech; of one half of what there is, if that is asked."""
    middle = len(voice.samples) / SAMPLE_RATE / 2
    spans = [span for span in merge(list(voice.speech), gap=0.3) if span.end - span.start >= 1.0]
    pieces = [piece for span in spans for piece in _cut(span, 4.0)]
    if half is not None:
        pieces = [piece for piece in pieces if (piece.start >= middle if half else piece.end <= middle)]
    wanted, chosen, length = float(random.uniform(12, 25)), list[Samples](), 0.0
    for index in random.permutation(len(pieces)):
        piece = pieces[index]
        chosen.append(voice.samples[round(piece.start * SAMPLE_RATE) : round(piece.end * SAMPLE_RATE)])
        length += piece.end - piece.start
        if length >= wanted:
            break
    return np.concatenate(chosen)


def _cut(span: Span, longest: float) -> Iterator[Span]:
    count = int((span.end - span.start) // longest) + 1
    edges = np.linspace(span.start, span.end, count + 1)
    for start, end in itertools.pairwise(edges):
        yield Span(start=float(start), end=float(end))


def episodes_of(
    hosts: Sequence[Voice], guests: Sequence[Voice], random: np.random.Generator, *, apart: bool
) -> Iterator[list[Part]]:
    """Yield 30 episodes: both hosts in each, and in 20 of them a guest who comes this once."""
    with_guest = {int(episode): guest for episode, guest in zip(random.permutation(EPISODES)[: len(guests)], guests, strict=True)}
    for number in range(EPISODES):
        half = int(number >= ENROLLED) if apart else None
        people = [(host, half) for host in hosts]
        if number in with_guest:
            people.append((with_guest[number], None))
        yield [Part(who.name, through(said(who, part, random), str(random.choice(CHANNELS)), random)) for who, part in people]


# ------------------------------------------------------------------ counting


def count(kept: Sequence[VoiceSample], truth: dict[str, str], owners: dict[str, str], hosts: set[str]) -> Tally:
    """Count one episode: `truth` says who the labels are, `owners` whose voice was founded by whom."""
    found = {truth[sample.label]: sample for sample in kept if sample.label in truth}
    tally = Tally()
    for who in dict.fromkeys(truth.values()):
        sample = found.get(who)
        taken_for = owners.get(sample.voice_id) if sample is not None and sample.score is not None else None
        if who in hosts:
            tally.hosts += 1
            tally.known += taken_for == who
            tally.mistaken += taken_for not in {None, who}
        else:
            tally.guests += 1
            tally.false += taken_for is not None
        if sample is not None and sample.score is not None:
            tally.sureness.append(sample.score)
    return tally


def _founded(kept: Sequence[VoiceSample], truth: dict[str, str], owners: dict[str, str]) -> None:
    for sample in kept:
        if sample.label in truth:
            owners.setdefault(sample.voice_id, truth[sample.label])


def in_order(memory: VoiceMemory, ear: Ear, heard: Sequence[tuple[Diarization, dict[str, str]]], hosts: set[str]) -> Tally:
    """Remember one episode after the other; the first, which nobody can be known in, does not count."""
    tally, owners = Tally(), dict[str, str]()
    for number, (diarization, truth) in enumerate(heard):
        kept = remember(memory, Episode(id=f"e{number}", title="", show="Show"), ear.model, diarization)
        if number:
            tally += count(kept, truth, owners, hosts)
        _founded(kept, truth, owners)
    return tally


def apart(memory: VoiceMemory, ear: Ear, heard: Sequence[tuple[Diarization, dict[str, str]]], hosts: set[str]) -> Tally:
    """Remember the first episodes, and ask about the others without adding them."""
    tally, owners = Tally(), dict[str, str]()
    for number, (diarization, truth) in enumerate(heard[:ENROLLED]):
        kept = remember(memory, Episode(id=f"e{number}", title="", show="Show"), ear.model, diarization)
        _founded(kept, truth, owners)
    voices = memory.of_show("Show")
    for diarization, truth in heard[ENROLLED:]:
        speakers = [NewSample(label, np.array(e, dtype=np.float32), 20.0) for label, e in diarization.embeddings.items()]
        answers = placed(voices, speakers, ear.model, "asked")
        found = [
            VoiceSample("", p.voice_id, "", ear.model, s.label, s.embedding, 20.0, p.score, (), None)
            for s in speakers
            if (p := answers.get(s.label)) is not None
        ]
        tally += count(found, truth, owners, hosts)
    return tally


def measure(seed: int, shows: int, diarized: int) -> Report:
    """Make the shows and count."""
    random, ear = np.random.default_rng(seed), Ear()
    readers, strangers = load_voices(SPEAKERS / "test-other"), load_voices(SPEAKERS / "train-clean-100")
    totals = {name: Tally() for name in ("in order", "apart", "in order, told apart by the diarizer")}
    for _ in range(shows):
        chosen = random.permutation(len(readers))[:2]
        hosts = [readers[index] for index in chosen]
        names = {host.name for host in hosts}
        guests = [strangers[index] for index in random.permutation(len(strangers))[:GUESTS]]
        for name, way in (("in order", in_order), ("apart", apart)):
            made = [
                (ear.true_turns(parts), {part.who: part.who for part in parts})
                for parts in episodes_of(hosts, guests, random, apart=name == "apart")
            ]
            with _memory() as memory:
                totals[name] += way(memory, ear, made, names)
        if diarized:
            some = list(episodes_of(hosts, guests, random, apart=False))[:diarized]
            with _memory() as memory:
                heard = [ear.told_apart(parts, random) for parts in some]
                totals["in order, told apart by the diarizer"] += in_order(memory, ear, heard, names)
    asked = [totals["in order"], totals["apart"]]
    hosts_known = 100 * sum(t.known for t in asked) / sum(t.hosts for t in asked)
    guests_false = 100 * sum(t.false for t in asked) / sum(t.guests for t in asked)
    return Report(
        title=f"{shows} shows of {EPISODES} episodes with 2 hosts and {GUESTS} guests",
        rows=[tally.row(name) for name, tally in totals.items() if tally.hosts],
        goals=[
            Goal("hosts matched", hosts_known, 98, " %", "least"),
            Goal("guests taken for somebody", guests_false, 1, " %"),
        ],
        settings={"seed": seed, "shows": shows, "diarized": diarized},
    )


@contextmanager
def _memory() -> Iterator[VoiceMemory]:
    """Lend a memory in a ledger of its own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(sqlite_url(Path(folder) / "ledger.db"))
        try:
            yield VoiceMemory(engine)
        finally:
            engine.dispose()


def main() -> int:
    """Run the benchmark."""
    parser = arguments(__doc__)
    parser.add_argument("--shows", type=int, default=4, help="shows, each with hosts and guests of its own")
    parser.add_argument("--diarized", type=int, default=6, help="episodes of each show that the real diarizer tells apart")
    given = parser.parse_args()
    if not SPEAKERS.is_dir():
        sys.exit(f"{SPEAKERS} is missing")
    return show(measure(given.seed, given.shows, given.diarized), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
