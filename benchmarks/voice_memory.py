"""The memory of voices on shows of 30 episodes: hosts known again, guests not taken for anybody, in the voices of real readers.

    python -m benchmarks.voice_memory [--shows 15] [--diarized 6] [--seed N]

A show has two hosts, of the six readers with ten utterances each; everybody else comes once as a guest: the other four, and the
readers with one utterance each, who say 5 to 16 s. With 15 shows every two readers are hosts once. Whoever speaks in an episode
says 12 to 25 s if they have so much, through a channel of their own: gain, noise, and no codec, MP3 or Opus; guests are on the
telephone as well, as often as on any of these. The hosts' first ten episodes have the first half of their audio, the others the
second half. Two ways to count:

- *in order*: one episode after the other, each remembered, as a service does it. The hosts have but a minute or two of
  audio, so episodes share some of it, in other channels.
- *apart*: the memory of the first ten episodes is asked about the 20 others, which share no audio with it, and nothing is added.

Beside these, hosts who for once are on the telephone: its band changes what the encoder hears so much that they are strangers,
which is no goal but has to be said. All shows share the same people, so intervals are by people: the middle 95 % of what comes
out when as many are drawn from them, with replacement, 2,000 times. Voices come from the true turns (one embedding for all that
a speaker says in an episode); some episodes (`--diarized`) are told apart by the real diarizer instead. The readers are those
of ../shared/audio/speakers. No reader, and no channel of this file, had a part in what the matching knows of channels; how alike
strangers are, and one voice to itself, was set in view of other takes of these readers.
"""

from __future__ import annotations

import io
import itertools
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeAlias

import av
import numpy as np

from benchmarks.readers import Voice, find_speech, readers
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.engines.protocols import SAMPLE_RATE, Diarization, Samples, SpeakerHints
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.spans import closed
from jobs.voices.profile import model_key
from jobs.voices.remember import placed, remember
from storage.database import open_database, sqlite_url
from storage.documents import Episode, Span, Turn
from storage.voices import NewSample, VoiceMemory, VoiceSample

SPEAKERS = Path(__file__).resolve().parent.parent.parent / "shared/audio/speakers"
Heard: TypeAlias = tuple[Diarization, dict[str, str]]
"""An episode as it was heard, and who each of its labels is."""

EPISODES, ENROLLED = 30, 10
CHANNELS = ("clean", "mp3", "opus")
TELEPHONE = "telephone"
CALLS = 3
"""Takes of each host on the telephone."""
_DRAWS = 2000
_THREADS = 1


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
    as_hosts: int = 0
    """Guests who were taken for a host."""
    sureness: list[float] = field(default_factory=list)
    known_by_host: dict[str, list[bool]] = field(default_factory=dict)
    false_by_guest: dict[str, list[bool]] = field(default_factory=dict)

    def __iadd__(self, other: Tally) -> Self:
        """Add up."""
        for name in ("hosts", "known", "mistaken", "guests", "false", "as_hosts"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.sureness += other.sureness
        for mine, theirs in ((self.known_by_host, other.known_by_host), (self.false_by_guest, other.false_by_guest)):
            for who, answers in theirs.items():
                mine.setdefault(who, []).extend(answers)
        return self

    def row(self, name: str) -> Row:
        """Return a line of the table."""
        return {
            "way": name, "hosts": self.hosts, "matched, %": 100 * self.known / max(self.hosts, 1),
            "by people": interval(self.known_by_host), "mistaken": self.mistaken, "guests": self.guests,
            "false, %": 100 * self.false / max(self.guests, 1), "by their people": interval(self.false_by_guest),
            "as hosts": self.as_hosts, "least sureness": min(self.sureness, default=None),
        }  # fmt: skip


def interval(answers: Mapping[str, Sequence[bool]]) -> str:
    """Return the middle 95 % of a share in per cent, over draws of as many people as there are.

    Where all or none of them are counted every time, such draws tell nothing, and how many people they are is returned.
    """
    if not answers:
        return ""
    everything = [answer for mine in answers.values() for answer in mine]
    if all(everything) or not any(everything):
        return f"{'all' if everything[0] else 'none'} of {len(answers)}"
    counts = np.array([(sum(mine), len(mine)) for mine in answers.values()])
    drawn = counts[np.random.default_rng(0).integers(len(counts), size=(_DRAWS, len(counts)))].sum(axis=1)
    low, high = np.percentile(100 * drawn[:, 0] / drawn[:, 1], (2.5, 97.5))
    return f"{low:.1f} to {high:.1f}"


class Ear:
    """The embedded encoder, asked for one voice at a time."""

    def __init__(self) -> None:
        self.diarizer = ResemblyzerDiarizer(threads=_THREADS)
        self.model = model_key(self.diarizer.info)

    def heard(self, samples: Samples) -> tuple[float, ...]:
        """Return the embedding of all that one speaker says."""
        found = self.diarizer.diarize(Recording(samples), find_speech(samples), SpeakerHints(exactly=1), _silently)
        return next(iter(found.embeddings.values()))

    def told_apart(self, parts: Sequence[tuple[str, Samples]], random: np.random.Generator) -> Heard:
        """Return an episode as the diarizer hears it, and who each of its labels mostly is."""
        pieces = [(who, piece) for who, samples in parts for piece in np.array_split(samples, 4)]
        pieces = [pieces[index] for index in random.permutation(len(pieces))]
        samples = np.concatenate([piece for _, piece in pieces])
        edges = np.cumsum([0, *(len(piece) for _, piece in pieces)]) / SAMPLE_RATE
        heard = self.diarizer.diarize(Recording(samples), find_speech(samples), SpeakerHints(), _silently)
        shares: dict[str, dict[str, float]] = {}
        for turn in heard.turns:
            for (who, _), (start, end) in zip(pieces, itertools.pairwise(edges), strict=True):
                mine = shares.setdefault(turn.speaker, {})
                mine[who] = mine.get(who, 0.0) + max(0.0, min(turn.end, end) - max(turn.start, start))
        return heard, {label: max(mine, key=lambda who: mine[who]) for label, mine in shares.items()}


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
    spans = [span for span in closed(voice.speech, pause=0.3) if span.end - span.start >= 1.0]
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


@dataclass(frozen=True)
class Takes:
    """What readers say in episodes, and what the encoder hears of it.

    One take for each episode of a host and some on the telephone; behind these, one through each channel as a guest.
    """

    samples: dict[str, list[Samples]]
    embeddings: dict[str, list[tuple[float, ...]]]


def record(hosts: Sequence[Voice], guests: Sequence[Voice], ear: Ear, random: np.random.Generator) -> Takes:
    """Let everybody speak."""
    samples: dict[str, list[Samples]] = {}
    for host in hosts:
        samples[host.name] = [_take(host, int(number >= ENROLLED), CHANNELS, random) for number in range(EPISODES)]
        samples[host.name] += [_take(host, 1, (TELEPHONE,), random) for _ in range(CALLS)]
    for guest in (*hosts, *guests):
        takes = [_take(guest, None, (channel,), random) for channel in (*CHANNELS, TELEPHONE)]
        samples.setdefault(guest.name, []).extend(takes)
    return Takes(samples, {who: [ear.heard(take) for take in takes] for who, takes in samples.items()})


def _take(voice: Voice, half: int | None, channels: Sequence[str], random: np.random.Generator) -> Samples:
    return through(said(voice, half, random), str(random.choice(channels)), random)


def cast(hosts: Sequence[str], takes: Takes, random: np.random.Generator) -> Iterator[list[tuple[str, int]]]:
    """Yield who is in each of 30 episodes, and with which take: both hosts, and in most of them a guest who comes this once."""
    guests = [who for who in takes.samples if who not in hosts]
    with_guest = dict(zip(random.permutation(EPISODES)[: len(guests)].tolist(), guests, strict=False))
    for number in range(EPISODES):
        people = [(host, number) for host in hosts]
        if number in with_guest:
            guest = with_guest[number]
            people.append((guest, len(takes.samples[guest]) - 1 - int(random.integers(len(CHANNELS) + 1))))
        yield people


def true_turns(people: Sequence[tuple[str, int]], takes: Takes) -> Heard:
    """Return an episode whose turns are known: one for each speaker."""
    turns = tuple(Turn(start=30.0 * n, end=30.0 * n + 20.0, speaker=who) for n, (who, _) in enumerate(people))
    embeddings = {who: takes.embeddings[who][take] for who, take in people}
    return Diarization(turns, turns, embeddings), {who: who for who, _ in people}


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
            tally.known_by_host.setdefault(who, []).append(taken_for == who)
            tally.mistaken += taken_for not in {None, who}
        else:
            tally.guests += 1
            tally.false += taken_for is not None
            tally.as_hosts += taken_for in hosts
            tally.false_by_guest.setdefault(who, []).append(taken_for is not None)
        if sample is not None and sample.score is not None:
            tally.sureness.append(sample.score)
    return tally


def _founded(kept: Sequence[VoiceSample], truth: dict[str, str], owners: dict[str, str]) -> None:
    for sample in kept:
        if sample.label in truth:
            owners.setdefault(sample.voice_id, truth[sample.label])


def in_order(memory: VoiceMemory, ear: Ear, heard: Sequence[Heard], hosts: set[str]) -> Tally:
    """Remember one episode after the other; the first, which nobody can be known in, does not count."""
    tally, owners = Tally(), dict[str, str]()
    for number, (diarization, truth) in enumerate(heard):
        kept = remember(memory, Episode(id=f"e{number}", title="", show="Show"), ear.model, diarization)
        if number:
            tally += count(kept, truth, owners, hosts)
        _founded(kept, truth, owners)
    return tally


def apart(memory: VoiceMemory, ear: Ear, known: Sequence[Heard], asked: Sequence[Heard], hosts: set[str]) -> Tally:
    """Remember some episodes, and ask about others without adding them."""
    tally, owners = Tally(), dict[str, str]()
    for number, (diarization, truth) in enumerate(known):
        kept = remember(memory, Episode(id=f"e{number}", title="", show="Show"), ear.model, diarization)
        _founded(kept, truth, owners)
    voices = memory.of_show("Show")
    for diarization, truth in asked:
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
    hosts, guests = readers(SPEAKERS / "test-other"), readers(SPEAKERS / "train-clean-100")
    takes = record(hosts, guests, ear, random)
    pairs = list(itertools.combinations([host.name for host in hosts], 2))
    order, parted, calls, told = Tally(), Tally(), Tally(), Tally()
    for index in random.permutation(len(pairs))[:shows]:
        names = set(pairs[index])
        episodes = list(cast(pairs[index], takes, random))
        known = [true_turns(people, takes) for people in episodes]
        with _memory() as memory:
            order += in_order(memory, ear, known, names)
        with _memory() as memory:
            parted += apart(memory, ear, known[:ENROLLED], known[ENROLLED:], names)
            on_telephone = [true_turns([(host, EPISODES + n)], takes) for host in pairs[index] for n in range(CALLS)]
            calls += apart(memory, ear, known[:ENROLLED], on_telephone, names)
    if diarized:
        last = [[(who, takes.samples[who][take]) for who, take in people] for people in episodes[:diarized]]
        with _memory() as memory:
            told += in_order(memory, ear, [ear.told_apart(parts, random) for parts in last], names)
    asked = [order, parted]
    hosts_known = 100 * min(t.known / t.hosts for t in asked)
    guests_false = 100 * max(t.false / t.guests for t in asked)
    rows = {"in order": order, "apart": parted, "in order, told apart by the diarizer": told, "hosts on the telephone": calls}
    return Report(
        title=f"{shows} shows of {EPISODES} episodes with 2 hosts and {len(takes.samples) - 2} guests",
        rows=[tally.row(name) for name, tally in rows.items() if tally.hosts],
        goals=[
            Goal("hosts matched, in either way", hosts_known, 98, " %", "least"),
            Goal("guests taken for somebody, in either way", guests_false, 1, " %"),
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
    parser.add_argument("--shows", type=int, default=15, help="shows, each with two other hosts")
    parser.add_argument("--diarized", type=int, default=6, help="episodes of one show that the real diarizer tells apart")
    given = parser.parse_args()
    if not SPEAKERS.is_dir():
        sys.exit(f"{SPEAKERS} is missing")
    return show(measure(given.seed, given.shows, given.diarized), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
