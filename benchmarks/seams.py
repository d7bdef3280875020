"""Words at the seams: the parts of an episode transcribed one by one and joined, against one whole-file call of faster-whisper.

    python -m benchmarks.seams [--case MODEL AUDIO TRUTH]… [--part-seconds 20 60 300] [--repeats 2]

Each case is a model and recordings with every word's time (`AUDIO` and `TRUTH` may be several, with commas; they are put one
after the other, again and again until the longest part length has a seam). A second recording has its phrases in a random order
without any pause between them, so that cuts run through speech. Both passes have the same model, threads, beam and voice
activity filter; where a window is decoded at higher temperatures the library samples, so its seed is set anew for each repeat
and the word error rates are means.

A word is *lost* at a seam if it is said within 2 s of it, was heard by the whole-file call, and by the parts not at all; it is
*doubled* if the parts hear it beside an equal one where the truth and the whole-file call have one. Small models lose and
repeat words everywhere, so the same is counted at as many places in the middle of parts, where there is no seam ("elsewhere"),
and the parts are heard once more by an oracle that makes no mistakes of its own (`benchmarks.oracle`). The *control* is the
whole-file call against itself: the recording without its first `SHIFTS` seconds, so that every window lies elsewhere, counted at
the same places in the same way. What it loses and doubles there is the noise of the model, since it has no seams. All counts
are means of one pass.

Two of these rules count what no seam does, so stricter counts are given beside them. A word in whose place the whole-file call
heard another one was not heard by it: *lost, right* counts those alone that it heard as they were said. And in a recording of
ten different words almost every invented word has an equal one within eight words: *doubled, across* counts those alone whose
equal is on the other side of the seam and near it too, as it must be if both parts heard the same. Exits with 1 if the word
error rate is more than one point above the whole-file call's, or if the oracle's words are not each there exactly once.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks import bare
from benchmarks.oracle import OracleTranscriber
from benchmarks.recordings import (
    EXAMPLE,
    EXAMPLE_MODEL,
    SHARED,
    Recording,
    SaidWord,
    joined,
    read_recording,
    without_pauses,
    write_wav,
)
from benchmarks.table import Goal, Report, Row, arguments, show
from benchmarks.wording import Comparison, compare, spoken
from jobs.bridges import bridges
from jobs.doubts import doubtful_seams
from jobs.engines.devices import usable_cores
from jobs.engines.protocols import SAMPLE_RATE, SpeechOptions, Transcriber
from jobs.engines.whisper import WhisperTranscriber
from jobs.onsets import refine_onsets
from jobs.pcm import Pcm
from jobs.prepare import Prepared, PrepareOptions, prepare
from jobs.seams import join_parts, part_audio
from jobs.split import LONGEST, PartSpan
from jobs.transcribe import hear_bridges, transcribe_part

NEAR = 2.0
"""Seconds around a seam in which words belong to it."""

ALLOWED = 1.0
"""Points of word error rate by which the parts may be worse than the whole."""

SHIFTS = (3.0, 5.0, 8.0)
"""Seconds that the controls leave out at the beginning, fewer than lie before the first seam."""

LONGEST_CUT = 1.6
"""A recording must be this many times as long as a part to have a seam."""


@dataclass(frozen=True)
class Case:
    """A model and what it is to hear."""

    model: Path
    recording: Recording
    dense: bool = False
    """Made without pauses."""


@dataclass(frozen=True)
class Heard:
    """One pass over a recording."""

    words: list[SaidWord]
    against: Comparison


@dataclass(frozen=True)
class Seam:
    """What happened around one cut."""

    time: float
    forced: bool
    pause: float
    """Length of the silence that it lies in, seconds; 0 in speech."""
    before: str
    after: str
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    lost_right: tuple[str, ...]
    """Those of the lost words that the whole-file call heard as they were said."""
    doubled_across: tuple[str, ...]
    """Those of the doubled words whose equal is on the other side of the seam."""


def whole_file(case: Case, audio: Path, *, seed: int) -> Heard:
    """Hear a recording in one call."""
    _seed(seed)
    words, _ = bare.hear(bare.load(case.model, threads=usable_cores()), str(audio), language="en")
    return _compared(case, words)


def controls(case: Case, folder: Path, *, seed: int) -> list[Heard]:
    """Hear a recording in one call with its windows moved, once for each of `SHIFTS`."""
    return [_without_beginning(case, folder / "control.wav", shift, seed) for shift in SHIFTS]


def _without_beginning(case: Case, path: Path, seconds: float, seed: int) -> Heard:
    audio = write_wav(case.recording.samples[round(seconds * SAMPLE_RATE) :], path)
    late = whole_file(case, audio, seed=seed).words
    return _compared(case, [SaidWord(word.text, word.start + seconds, word.end + seconds) for word in late])


def in_parts(case: Case, prepared: Prepared, wav: Path, *, seed: int) -> Heard:
    """Hear a recording part by part, as the pipeline does."""
    _seed(seed)
    return _in_parts(case, prepared, wav, WhisperTranscriber(case.model, device="cpu", compute_type="int8"))


def _in_parts(case: Case, prepared: Prepared, wav: Path, transcriber: Transcriber) -> Heard:
    options = SpeechOptions(language="en")
    with Pcm(wav) as pcm:
        heard = [
            transcribe_part(part.index, part_audio(pcm, part, prepared.speech), transcriber, options, _to_nobody)
            for part in prepared.parts
        ]
        crossings = [
            hear_bridges(part.index, bridges(pcm, part, prepared.speech), transcriber, options, _to_nobody)
            for part in doubtful_seams(prepared.parts, heard)
        ]
    segments = refine_onsets(join_parts(prepared.parts, heard, crossings), prepared.speech)
    return _compared(case, [SaidWord(word.text, word.start, word.end) for segment in segments for word in segment.words])


def _to_nobody(_: float) -> None:
    """Take note of no progress."""


def by_oracle(case: Case, prepared: Prepared, wav: Path, *, seed: int) -> int:
    """Return how many more errors there are in parts than in one piece, for an engine that makes no mistakes of its own.

    In one piece it misses what the voice activity model takes for silence.
    """
    oracle = OracleTranscriber(case.recording.words, seed)
    one = PartSpan(index=0, start=0.0, end=prepared.duration, speech=prepared.speech)
    whole = _in_parts(case, prepared.model_copy(update={"parts": (one,)}), wav, oracle)
    return _in_parts(case, prepared, wav, oracle).against.errors - whole.against.errors


def seams(case: Case, prepared: Prepared, parts: Heard, whole: Heard) -> Iterator[Seam]:
    """Look at every cut."""
    for part in prepared.parts[1:]:
        before = [word.text for word in parts.words if _middle(word) < part.start]
        after = [word.text for word in parts.words if _middle(word) >= part.start]
        yield Seam(
            part.start,
            part.forced,
            _pause(prepared, part),
            before[-1] if before else "",
            after[0] if after else "",
            tuple(_lost(case, parts, whole, part.start)),
            tuple(_doubled(parts, whole, part.start)),
            tuple(_lost(case, parts, whole, part.start, right=True)),
            tuple(_doubled(parts, whole, part.start, across=True)),
        )


def elsewhere(case: Case, prepared: Prepared, parts: Heard, whole: Heard) -> int:
    """Count the words lost and doubled around the middles of the parts, as many as there are seams."""
    places = [(part.start + part.end) / 2 for part in prepared.parts[1:]]
    return sum(len([*_lost(case, parts, whole, place), *_doubled(parts, whole, place)]) for place in places)


def _lost(case: Case, parts: Heard, whole: Heard, place: float, *, right: bool = False) -> Iterator[str]:
    said = spoken(case.recording.words)
    for index in sorted(parts.against.missed - whole.against.missed):
        if _is_near(said[index], place) and (index in whole.against.right or not right):
            yield said[index].text


def _doubled(parts: Heard, whole: Heard, seam: float, *, across: bool = False) -> Iterator[str]:
    """Yield words that were heard though not said, beside an equal one, unless the whole-file call did the same."""
    also = {whole.words[i].text for i in whole.against.added if _is_near(whole.words[i], seam)}
    for index in sorted(parts.against.added):
        word = parts.words[index]
        neighbours = parts.words[max(0, index - 8) : index] + parts.words[index + 1 : index + 9]
        if across:
            neighbours = [n for n in neighbours if _is_near(n, seam) and (_middle(n) < seam) != (_middle(word) < seam)]
        if _is_near(word, seam) and word.text not in also and any(other.text == word.text for other in neighbours):
            yield word.text


def _pause(prepared: Prepared, part: PartSpan) -> float:
    ended = max((region.end for region in prepared.speech if region.end <= part.start), default=0.0)
    begun = min((region.start for region in prepared.speech if region.start >= part.start), default=prepared.duration)
    inside = any(region.start < part.start < region.end for region in prepared.speech)
    return 0.0 if inside else begun - ended


def _compared(case: Case, words: Sequence[SaidWord]) -> Heard:
    heard = spoken(words)
    return Heard(heard, compare(spoken(case.recording.words), heard))


def _middle(word: SaidWord) -> float:
    return (word.start + word.end) / 2


def _is_near(word: SaidWord, seam: float) -> bool:
    return abs(_middle(word) - seam) <= NEAR


def _seed(seed: int) -> None:
    """Seed the sampling; a thread takes the seed when it first draws, so this comes before the model is loaded."""
    import ctranslate2

    ctranslate2.set_random_seed(seed)


# ------------------------------------------------------------------ the table


@dataclass(frozen=True)
class Outcome:
    """What one case gave: rows, and the figures that are held to goals."""

    errors: list[Row]
    seams: list[Row]
    excess: list[float]
    """Points by which the parts were worse than the whole, one for each part length."""
    failed: int
    """Words of the oracle that were lost, doubled or changed."""


def examine(case: Case, *, lengths: Sequence[float], repeats: int, seed: int) -> Outcome:
    """Hear one recording whole and in parts of every length."""
    outcome = Outcome([], [], [], 0)
    with tempfile.TemporaryDirectory() as name:
        audio = write_wav(case.recording.samples, Path(name) / "recording.wav")
        wholes = [whole_file(case, audio, seed=seed + number) for number in range(repeats)]
        moved = controls(case, Path(name), seed=seed)
        for length in [length for length in lengths if case.recording.duration > LONGEST * length] or lengths[:1]:
            wav = Path(name) / "decoded.wav"
            prepared = prepare(audio, wav, options=PrepareOptions(part_seconds=length))
            passes = [in_parts(case, prepared, wav, seed=seed + number) for number in range(repeats)]
            flawless = by_oracle(case, prepared, wav, seed=seed)
            outcome = _added(outcome, case, length, prepared, passes, wholes, moved, flawless)
    return outcome


def _added(  # noqa: PLR0917 - what one part length gave
    outcome: Outcome,
    case: Case,
    length: float,
    prepared: Prepared,
    passes: list[Heard],
    wholes: list[Heard],
    moved: list[Heard],
    flawless: int,
) -> Outcome:
    both = list(zip(passes, wholes, strict=True))
    found = [
        (number, seam) for number, (parts, whole) in enumerate(both, start=1) for seam in seams(case, prepared, parts, whole)
    ]
    noise = [seam for control in moved for seam in seams(case, prepared, control, wholes[0])]
    in_pieces, at_once = mean(p.against.wer for p in passes), mean(w.against.wer for w in wholes)
    row: Row = {
        "recording": case.recording.name,
        "model": case.model.name,
        "part s": length,
        "words said": len(spoken(case.recording.words)),
        "whole WER %": at_once,
        "parts WER %": in_pieces,
        "points worse": in_pieces - at_once,
        "seams": len(prepared.parts) - 1,
        "forced": sum(part.forced for part in prepared.parts),
        **_counts([seam for _, seam in found], len(both)),
        "elsewhere": sum(elsewhere(case, prepared, parts, whole) for parts, whole in both) / len(both),
        **{f"control {name}": count for name, count in _counts(noise, len(moved)).items()},
        "oracle's errors": flawless,
    }
    lines: list[Row] = [_line(case, length, number, seam) for number, seam in found]
    # speech without any pause is no episode: its error rates are shown, and only the oracle's words are held to a goal
    excess = outcome.excess if case.dense else [*outcome.excess, in_pieces - at_once]
    return Outcome([*outcome.errors, row], [*outcome.seams, *lines], excess, outcome.failed + flawless)


def _counts(found: Sequence[Seam], passes: int) -> dict[str, float]:
    """Count what was lost and doubled in one pass, by either rule."""
    return {
        "lost": sum(len(seam.lost) for seam in found) / passes,
        "right": sum(len(seam.lost_right) for seam in found) / passes,
        "doubled": sum(len(seam.doubled) for seam in found) / passes,
        "across": sum(len(seam.doubled_across) for seam in found) / passes,
    }


def _line(case: Case, length: float, number: int, seam: Seam) -> Row:
    return {
        "recording": case.recording.name,
        "part s": length,
        "pass": number,
        "seam s": round(seam.time, 2),
        "pause s": round(seam.pause, 2),
        "forced": "yes" if seam.forced else "",
        "last word before": seam.before,
        "first word after": seam.after,
        "lost": " ".join(seam.lost),
        "doubled": " ".join(seam.doubled),
    }


def default_cases() -> list[list[str]]:
    """Return the example with its model, and the test models with what they were made for, as far as they are here."""
    toy, digits = SHARED / "models" / "toy-whisper", SHARED / "models" / "digits-whisper"
    samples = [toy / "samples" / f"ep{number}" for number in (1, 3, 4, 6)]
    talks = [SHARED / "audio" / "conversations" / name for name in ("digits_1spk", "digits_3spk")]
    wanted = [
        (EXAMPLE_MODEL, [EXAMPLE / "episode.mp3"], [EXAMPLE / "truth.json"]),
        (toy, [sample.with_suffix(".mp3") for sample in samples], [sample.with_suffix(".json") for sample in samples]),
        (digits, [talk.with_suffix(".flac") for talk in talks], [talk.with_suffix(".json") for talk in talks]),
    ]
    return [
        [str(model), ",".join(map(str, audio)), ",".join(map(str, truth))]
        for model, audio, truth in wanted
        if model.is_dir() and all(path.is_file() for path in [*audio, *truth])
    ]


def cases(asked: Sequence[Sequence[str]], *, longest: float, forced_seconds: float, seed: int) -> list[Case]:
    """Read the recordings; each case gives one with its own pauses and one without any."""
    found = []
    for model, audio, truth in asked:
        pairs = zip(audio.split(","), truth.split(","), strict=True)
        recordings = [read_recording(Path(a), Path(t)) for a, t in pairs]
        name = "+".join(recording.name for recording in recordings)
        folder = Path(model).resolve()
        found.append(Case(folder, joined(name, recordings, at_least=longest * LONGEST_CUT)))
        if forced_seconds:
            found.append(
                Case(folder, without_pauses(f"{name}, no pauses", recordings, seconds=forced_seconds, seed=seed), dense=True)
            )
    return found


def report(outcomes: Sequence[Outcome], settings: dict[str, Any]) -> Report:
    """Put all cases into two tables in one: error rates first, then the seams."""
    rows = [row for outcome in outcomes for row in outcome.errors]
    goals = [
        Goal(
            "parts worse than the whole, at most",
            max((value for o in outcomes for value in o.excess), default=0.0),
            ALLOWED,
            " points",
        ),
        Goal("words of the oracle lost, doubled or changed by seams", sum(outcome.failed for outcome in outcomes), 0),
    ]
    details = [row for outcome in outcomes for row in outcome.seams]
    note = f"Sampling at higher temperatures is seeded; figures are means of {settings['repeats']} passes."
    return Report("Parts joined at their seams, against one whole-file call", rows, goals, [note], settings, details)


def main() -> int:
    """Print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--case", nargs=3, action="append", metavar=("MODEL", "AUDIO", "TRUTH"))
    parser.add_argument("--part-seconds", type=float, nargs="+", default=[20.0, 60.0, 300.0])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--forced-seconds", type=float, default=150.0, help="length of the recording without pauses; 0 for none")
    given = parser.parse_args()
    asked = given.case or default_cases()
    if not asked:
        parser.error("there is no model here; give one with --case MODEL AUDIO TRUTH")
    longest = max(given.part_seconds)
    every = cases(asked, longest=longest, forced_seconds=given.forced_seconds, seed=given.seed)
    outcomes = [examine(case, lengths=given.part_seconds, repeats=given.repeats, seed=given.seed) for case in every]
    return show(report(outcomes, {"repeats": given.repeats, "seed": given.seed}), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
