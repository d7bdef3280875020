"""The real command line, run in this process or in a child of its own, and feeds for it to read."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from xml.sax.saxutils import escape, quoteattr

import service.cli

REPOSITORY = Path(__file__).resolve().parent.parent
AUDIO = Path(__file__).parent / "data" / "audio" / "two_sentences.mp3"
AUDIO_TRUTH = AUDIO.with_suffix(".json")


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output as one JSON object a line; fails if there is anything else."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def summary(self) -> list[dict[str, Any]]:
        """The episodes in the last of the events."""
        assert [event["event"] for event in self.events].count("summary") == 1
        assert self.events[-1]["event"] == "summary"
        rows: list[dict[str, Any]] = self.events[-1]["episodes"]
        return rows


@dataclass(frozen=True)
class Terminal:
    """Runs `earmark` with its data and output under one folder."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)
    """Variables added to the environment."""

    @property
    def data(self) -> Path:
        """Where the ledger and the artefacts are."""
        return self.folder / "data"

    @property
    def output(self) -> Path:
        """Where the transcripts go."""
        return self.folder / "transcripts"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of the command."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("EARMARK_", "HF_TOKEN"))}
        ours = {
            "EARMARK_DATA_DIR": str(self.data),
            "EARMARK_OUTPUT_DIR": str(self.output),
            "EARMARK_ALLOW_PRIVATE_NETWORKS": "1",
            "COLUMNS": "200",
            "PYTHONPATH": str(REPOSITORY),
        }
        return kept | ours | self.more

    def earmark(self, *arguments: str | Path) -> Finished:
        """Run the command in this process, which saves the seconds that a new one needs to start."""
        out, err = io.StringIO(), io.StringIO()
        before = signal.getsignal(signal.SIGTERM)
        status: int | str | None = 0
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            mock.patch.object(sys, "argv", ["earmark", *map(str, arguments)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                service.cli.main()
            except SystemExit as end:
                status = end.code
            finally:
                signal.signal(signal.SIGTERM, before)
        return Finished(status if isinstance(status, int) else int(status is not None), out.getvalue(), err.getvalue())

    def start(self, *arguments: str | Path, prelude: str = "") -> subprocess.Popen[str]:
        """Start the command as a child; `prelude` is Python that it runs first."""
        # a shell lets its background jobs ignore Ctrl-C, and their children after them
        heeding = "import signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
        program = f"{heeding}\n{prelude}\nfrom service.cli import main\nsys.argv[0] = 'earmark'\nmain()"
        return subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def child(self, *arguments: str | Path, prelude: str = "") -> Finished:
        """Run the command as a child to its end."""
        with self.start(*arguments, prelude=prelude) as process:
            out, err = process.communicate(timeout=120)
        return Finished(process.returncode, out, err)

    def written(self) -> list[str]:
        """Return what lies in the output folder, but for the lock; leftovers of interrupted writing would be seen."""
        files = (path.relative_to(self.output).as_posix() for path in self.output.rglob("*") if path.is_file())
        return sorted(name for name in files if name != ".earmark.lock")


def script_of_two_sentences(path: Path, *, pace: float = 0.0) -> Path:
    """Write what is said in `AUDIO` as a script for the scripted engines."""
    sentences = []
    for number, sentence in enumerate(json.loads(AUDIO_TRUTH.read_text("utf-8"))["sentences"]):
        words = sentence["text"].split()
        step = (sentence["end"] - sentence["start"]) / len(words)
        at = [sentence["start"] + index * step for index in range(len(words))]
        spoken = [{"word": word, "start": start, "end": start + step} for word, start in zip(words, at, strict=True)]
        sentences.append({"speaker": f"S{number}", "words": spoken})
    path.write_text(json.dumps({"sentences": sentences, "pace": pace}), "utf-8")
    return path


@dataclass(frozen=True)
class Item:
    """An item of a feed; `None` leaves an element out."""

    title: str | None = "An episode"
    audio: str | None = None
    guid: str | None = None
    date: str | None = None
    media_type: str = "audio/mpeg"
    more: str = ""
    """Elements as they stand."""


def feed_of(*items: Item, title: str = "A show") -> bytes:
    """Return an RSS feed."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel>'
        f"<title>{escape(title)}</title>{''.join(map(_item, items))}</channel></rss>"
    ).encode()


def _item(item: Item) -> str:
    texts: Sequence[tuple[str, str | None]] = (("title", item.title), ("guid", item.guid), ("pubDate", item.date))
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in texts if text is not None)
    if item.audio is not None:
        inner += f"<enclosure url={quoteattr(item.audio)} type={quoteattr(item.media_type)} length='1'/>"
    return f"<item>{inner}{item.more}</item>"
