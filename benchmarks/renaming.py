"""Renaming a speaker in 200 transcripts of an hour each, with all usual exports, in the output folder and in the ledger.

    python -m benchmarks.renaming [--transcripts 200] [--words 9000]

Times the whole command `earmark speakers rename`, a process of its own, and then looks at every byte: the list of speakers apart,
each transcript must be what it was.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.children import run_python
from benchmarks.table import Goal, Report, Row, arguments, show
from service.commands.run import DEFAULT_FORMATS
from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import Speaker, Transcript
from storage.export import FORMATS
from storage.files import make_folder
from storage.index import Index, indexed
from storage.ledger import Ledger
from storage.library import Library
from storage.voices import NewSample, Placement, VoiceMemory, VoiceSample
from tests.transcripts import long_transcript

SHOW, NAME = "The Show", "Nathan Lambert"
_MARK = b'\n "speakers": '


def written(folder: Path, count: int, words: int) -> None:
    """Write transcripts of one show that differ in their episode alone, into a library and a ledger with their voices."""
    make_folder(folder / "data")
    library, blobs = Library(folder / "transcripts"), FolderBlobs(folder / "data" / "blobs")
    engine = open_database(sqlite_url(folder / "data" / "ledger.db"))
    ledger, memory = Ledger(engine), VoiceMemory(engine)
    base = _base(words)
    files = {name: FORMATS[name].render(base) for name in ("json", *DEFAULT_FORMATS)}
    compact = base.model_dump_json(by_alias=True)
    (folder / "transcripts" / SHOW).mkdir(parents=True)
    host, entries = "", []
    for number in range(count):
        kept = _remember(memory, number, host)
        host = kept[0].voice_id
        fill = {"EPISODE": f"ep_{number}", "NUMBER": f"{number:03}"}
        fill |= {f"VOICE {n}": sample.voice_id for n, sample in enumerate(kept)}
        fill |= {f"SAMPLE {n}": sample.id for n, sample in enumerate(kept)}
        paths = {name: f"{SHOW}/Talk {number:03}{FORMATS[name].suffix}" for name in files}
        for name, path in paths.items():
            (library.root / path).write_text(_filled(files[name], fill), "utf-8")
        episode = base.episode.model_copy(update={"id": f"ep_{number}", "title": f"Talk {number:03}"})
        entries.append(indexed(base.model_copy(update={"episode": episode}), paths))
        ledger.remember(episode)
        job = ledger.open_job(episode.id, "options", episode.title)
        digest = blobs.put(_filled(compact, fill).encode())
        ledger.commit(ledger.claim(job.id, "assemble", 0, f"key {number}", "bench"), digest)
        ledger.set_job(job.id, "done", output=digest)
    library.write_index(Index(episodes=tuple(entries)))
    engine.dispose()


def _base(words: int) -> Transcript:
    """Return a transcript of an hour with places for what differs from episode to episode."""
    base = long_transcript(1, words)
    speakers = tuple(
        Speaker(label=f"Speaker {n + 1}", talk_time=1800, voice=f"VOICE {n}", voice_sample=f"SAMPLE {n}") for n in range(2)
    )
    episode = base.episode.model_copy(update={"id": "EPISODE", "title": "Talk NUMBER", "show": SHOW})
    return base.model_copy(update={"episode": episode, "speakers": speakers})


def _filled(text: str, fill: dict[str, str]) -> str:
    for place, value in fill.items():
        text = text.replace(place, value)
    return text


def _remember(memory: VoiceMemory, number: int, host: str) -> tuple[VoiceSample, ...]:
    random = np.random.default_rng(number)
    samples = [NewSample(f"Speaker {n}", random.standard_normal(256).astype(np.float32), 60.0) for n in (1, 2)]
    places = {"Speaker 1": Placement(host, 0.999) if host else None, "Speaker 2": None}
    return memory.remember(SHOW, f"ep_{number}", "bench", samples, lambda _voices, _speakers: places)


def rest(path: Path) -> tuple[bytes, bytes]:
    """Return what stands before and behind the list of speakers."""
    before, _, tail = path.read_bytes().partition(_MARK)
    return before, tail[tail.index(b'\n "chapters": ') :]


def measure(count: int, words: int) -> Report:
    """Write, rename, and look."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        written(folder, count, words)
        documents = sorted((folder / "transcripts" / SHOW).glob("*.transcript.json"))
        before = [rest(path) for path in documents]
        size = sum(path.stat().st_size for path in (folder / "transcripts" / SHOW).iterdir()) / 2**20
        os.environ.update(EARMARK_DATA_DIR=str(folder / "data"), EARMARK_OUTPUT_DIR=str(folder / "transcripts"))
        engine = open_database(sqlite_url(folder / "data" / "ledger.db"))
        voice = VoiceMemory(engine).of_show(SHOW)[0].id
        engine.dispose()
        os.sync()  # else the disk would still be busy with what was written just now
        cost = run_python(["-m", "service.cli", "speakers", "rename", SHOW, voice, NAME])
        renamed = sum(f'"name": "{NAME}"'.encode() in path.read_bytes() for path in documents)
        cues = sum(f"<v {NAME}>" in path.read_text("utf-8") for path in (folder / "transcripts" / SHOW).glob("*.vtt"))
        same = sum(rest(path) == old for path, old in zip(documents, before, strict=True))
    row: Row = {
        "transcripts": count,
        "words each": words,
        "MiB in the folder": size,
        "seconds": cost.wall,
        "of a processor": cost.cpu,
        "renamed": renamed,
        "WebVTT renamed": cues,
    }
    return Report(
        title="A rename, the whole command",
        rows=[row],
        goals=[
            Goal("seconds", cost.wall, 5.0, " s"),
            Goal("transcripts with the name, and nothing else changed", min(renamed, cues, same), count, "", "least"),
        ],
        settings={"transcripts": count, "words": words},
    )


def main() -> int:
    """Run the benchmark."""
    parser = arguments(__doc__)
    parser.add_argument("--transcripts", type=int, default=200)
    parser.add_argument("--words", type=int, default=9000)
    given = parser.parse_args()
    return show(measure(given.transcripts, given.words), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
