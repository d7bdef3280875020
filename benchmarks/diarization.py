"""Who speaks when, measured on conversations made by script, on synthesised voices and on real recordings.

    python -m benchmarks.diarization [--full] [--set readers|espeak|recordings|long …] [--given] [--pyannote FOLDER]

Conversations of 2 to 6 voices, turns of 0.5 to 60 s, two speaking at once in a tenth of the time, music before, under and
after the talk, 5 minutes to 2 hours; microphones, rooms, levels and codecs differ (`benchmarks.conversations`). The voices are
readers on whom nothing was tuned (`TUNED_ON` in `benchmarks.readers`): three have more than a minute to say and ten some 12 s,
so the same sentences come back, which flatters. Beside them espeak-ng's voices, where it is installed. Speech is found as
`earmark run` finds it, but for the second row of the meetings, which is told where there is speech. The number of speakers is
not given.

Diarization errors have the customary collar of 0.25 s on each side of a change, with overlapped speech scored and not; "words"
are pieces of the truth's speech of 0.3 s, given to speakers as words are. The goals are for the readers.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import TypeAlias

import numpy as np

from benchmarks.conversations import Conversation, Recipe, converse, words_in, write_mp3
from benchmarks.readers import Voice, espeak, load_audio, synthesised, unseen_readers
from benchmarks.recordings import SHARED, write_wav
from benchmarks.table import Cell, Goal, Report, Row, arguments, show
from benchmarks.turns import der, read_rttm, words_right
from jobs.engines.protocols import Diarizer, SpeakerHints
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.pcm import Pcm
from jobs.prepare import prepare
from jobs.speakers import assign_speakers, mark_overlaps
from storage.documents import Span, Turn

COLLAR = 0.25
SETS = ("readers", "espeak", "recordings", "long")
MEETING_SECONDS = 30.0
"""The meetings' truth covers this much."""
_CODECS = (None, 96, 64, 48)
_SECONDS = (300, 360, 420, 600, 900)
_FULL_SECONDS = (300, 600, 900, 1800, 3600)


@dataclass(frozen=True)
class Case:
    """A recording to diarize."""

    group: str
    talk: Conversation
    kilobits: int | None = None
    """Through MP3 at this rate."""
    speech_given: bool = False


Cases: TypeAlias = Iterator[Case]


def reader_cases(voices: list[Voice], group: str, count: int, seconds: tuple[int, ...], seed: int) -> Cases:
    """Yield conversations of 2 to 6 of these voices."""
    random = np.random.default_rng(seed)
    for number in range(count):
        recipe = Recipe(
            speakers=2 + number % 5,
            seconds=float(random.choice(seconds)),
            noise_db=float(random.uniform(-65, -42)),
            uneven=float(random.choice([0, 0.5, 0.8])),
            music=bool(random.random() < 0.5),
        )
        talk = converse(f"{group} {number + 1}", voices, recipe, 1000 * seed + number)
        yield Case(group, talk, _CODECS[int(random.integers(len(_CODECS)))])


def long_cases(voices: list[Voice], seed: int) -> Cases:
    """Yield two hours of three readers with most to say, and of five."""
    for speakers in (3, 5):
        recipe = Recipe(speakers=speakers, seconds=7200, uneven=0.3, music=True, noise_db=-50)
        yield Case("2 hours", converse(f"2 hours, {speakers}", voices[:speakers], recipe, 1000 * seed + speakers), 64)


def recording_cases(shared: Path) -> Cases:
    """Yield what there is of real conversations: clean ones, a telephone call, and far-field meetings."""
    audio = shared / "audio"
    for name in ("digits_1spk", "digits_3spk", "librispeech_2spk"):
        path = audio / "conversations" / f"{name}.flac"
        yield Case("joined readers", _recorded(path, path.with_suffix(".rttm")))
    path = audio / "diarization" / "sample.wav"
    yield Case("telephone", _recorded(path, path.with_suffix(".rttm")))
    for path in sorted((audio / "diarization").glob("trn*.wav")):
        talk = _recorded(path, path.with_name("ami_train.rttm"), MEETING_SECONDS)
        yield Case("AMI meetings", talk)
        yield Case("AMI meetings, speech given", talk, speech_given=True)


def _recorded(path: Path, rttm: Path, seconds: float | None = None) -> Conversation:
    samples = load_audio(path)[: None if seconds is None else round(seconds * 16_000)]
    end = len(samples) / 16_000
    turns = [replace(turn, end=min(turn.end, end)) for turn in read_rttm(rttm, path.stem) if turn.start < end - 0.1]
    turns.sort(key=lambda turn: (turn.start, turn.end))
    return Conversation(path.stem, samples, tuple(turns), tuple(words_in(turns)))


def measure(case: Case, diarizer: Diarizer, folder: Path, *, given: bool) -> Row:
    """Diarize one case from a file, as an episode would be."""
    talk, speakers = case.talk, len({turn.speaker for turn in case.talk.turns})
    if case.kilobits is None:
        source = write_wav(talk.samples, folder / "talk.wav")
    else:
        source = write_mp3(talk.samples, folder / "talk.mp3", case.kilobits)
    prepared = prepare(source, folder / "decoded.wav")
    speech = spoken(talk.turns) if case.speech_given else prepared.speech
    with Pcm(folder / "decoded.wav") as pcm:
        begin = perf_counter()
        found = diarizer.diarize(pcm, speech, SpeakerHints(exactly=speakers if given else None), lambda _: None)
        seconds = perf_counter() - begin
    words = assign_speakers(talk.words, found.turns)
    alone = [not crowded for crowded in mark_overlaps(talk.words, talk.turns)]
    return {
        "recording": talk.name,
        "minutes": talk.duration / 60,
        "overlap %": 100 * (_total(talk.turns) / _total(spoken(talk.turns)) - 1),
        "speakers": speakers,
        "found": len({turn.speaker for turn in found.turns}),
        "DER %": der(talk.turns, found.overlapping, talk.duration, collar=COLLAR),
        "DER %, overlap not scored": der(talk.turns, found.turns, talk.duration, collar=COLLAR, overlap=False),
        "DER %, no collar": der(talk.turns, found.overlapping, talk.duration, collar=0.0),
        "words right %": words_right(talk.words, words, alone),
        "with overlapped %": words_right(talk.words, words),
        "real-time factor": seconds / talk.duration,
    }


def spoken(turns: tuple[Turn, ...]) -> tuple[Span, ...]:
    """Return where anybody speaks."""
    spans: list[Span] = []
    for turn in sorted(turns, key=lambda turn: turn.start):
        if spans and turn.start <= spans[-1].end:
            spans[-1] = Span(start=spans[-1].start, end=max(spans[-1].end, turn.end))
        else:
            spans.append(Span(start=turn.start, end=turn.end))
    return tuple(spans)


def _total(stretches: tuple[Turn, ...] | tuple[Span, ...]) -> float:
    return sum(stretch.end - stretch.start for stretch in stretches)


def summed_up(group: str, rows: list[Row]) -> Row:
    """Return the means of a group; percentages weigh every recording alike."""
    names = ("overlap %", "DER %", "DER %, overlap not scored", "DER %, no collar", "words right %", "with overlapped %")
    means: dict[str, Cell] = {name: mean(_number(row, name) for row in rows) for name in names}
    return {
        "voices": group,
        "files": len(rows),
        "minutes": sum(_number(row, "minutes") for row in rows),
        **means,
        "count right %": 100 * mean(row["speakers"] == row["found"] for row in rows),
        "real-time factor": mean(_number(row, "real-time factor") for row in rows),
    }


def _number(row: Row, name: str) -> float:
    value = row[name]
    return float(value) if isinstance(value, int | float) else float("nan")


def goals(groups: dict[str, list[Row]]) -> list[Goal]:
    """Hold the readers to what they should reach, and two hours to not collapsing."""
    held = []
    if rows := groups.get("readers"):
        sums = summed_up("readers", rows)
        held = [
            Goal("readers: DER", _number(sums, "DER %"), 10.0, " %"),
            Goal("readers: DER, overlap not scored", _number(sums, "DER %, overlap not scored"), 10.0, " %"),
            Goal("readers: words right", _number(sums, "words right %"), 95.0, " %", "least"),
            Goal("readers: count right", _number(sums, "count right %"), 85.0, " %", "least"),
        ]
    if rows := groups.get("2 hours"):
        held += [Goal("2 hours: speakers found", min(_number(row, "found") for row in rows), 3, "", "least")]
        held += [Goal("2 hours: words right", min(_number(row, "words right %") for row in rows), 95.0, " %", "least")]
    return held


def chosen_cases(sets: list[str], shared: Path, seed: int, *, full: bool) -> tuple[Cases, list[str]]:
    """Return the cases that can be made here, and what is left out and why."""
    makers: list[Callable[[], Cases]] = []
    notes: list[str] = []
    unseen = unseen_readers(shared / "audio" / "speakers")
    if "readers" in sets:
        count, seconds = (40, _FULL_SECONDS) if full else (10, _SECONDS)
        makers.append(lambda: reader_cases(unseen, "readers", count, seconds, seed))
    if "espeak" in sets and (program := espeak()):
        makers.append(lambda: reader_cases(synthesised(program, 12, 60, seed), "espeak-ng", 10 if full else 4, (300,), seed))
    elif "espeak" in sets:
        notes.append("espeak-ng is not installed: its voices are left out.")
    if "recordings" in sets:
        makers.append(lambda: recording_cases(shared))
    if "long" in sets:
        makers.append(lambda: long_cases(unseen, seed))
    return (case for maker in makers for case in maker()), notes


def main() -> int:
    """Read the options and print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--set", action="append", choices=SETS, help="only this; may be repeated (all but `long` by default)")
    parser.add_argument(
        "--full", action="store_true", help="more and longer conversations, and two of two hours: an hour of work"
    )
    parser.add_argument("--given", action="store_true", help="tell the engine how many speakers there are")
    parser.add_argument("--pyannote", type=Path, help="folder of a pyannote pipeline to measure instead of the embedded engine")
    parser.add_argument("--shared", type=Path, default=SHARED)
    given = parser.parse_args()
    if not (given.shared / "audio").is_dir():
        parser.error(f"there are no recordings at {given.shared}; name their folder with --shared")
    diarizer: Diarizer = ResemblyzerDiarizer(threads=1)
    if given.pyannote:
        from jobs.engines.pyannote import PyannoteDiarizer

        diarizer = PyannoteDiarizer(given.pyannote, device="cpu")
    sets = given.set or list(SETS if given.full else SETS[:-1])
    cases, notes = chosen_cases(sets, given.shared, given.seed, full=given.full)
    groups: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as name:
        for case in cases:
            row = measure(case, diarizer, Path(name), given=given.given)
            groups.setdefault(case.group, []).append(row)
            told = f"{row['recording']}: {row['found']} of {row['speakers']} speakers, words right {row['words right %']:.1f} %"
            print(f"{told}, DER {row['DER %']:.1f} %", file=sys.stderr, flush=True)
    details = [row for rows in groups.values() for row in rows]
    rows = [summed_up(group, rows) for group, rows in groups.items()]
    notes.append(
        "`words right` leaves out words in overlapped speech, of which a recogniser hears one voice; the next column has them."
    )
    settings = {"sets": sets, "seed": given.seed, "given": given.given, "engine": diarizer.info.name}
    return show(
        Report(f"Who speaks when: {diarizer.info.name}", rows, goals(groups), notes, settings, details), as_json=given.json
    )


if __name__ == "__main__":
    sys.exit(main())
