"""Search over 10,000 made episodes of 10,000 words: how long queries of many kinds take, beside a plain LIKE scan.

    python -m benchmarks.search [--episodes 10000] [--words 10000] [--minutes 10] [--folder DIR]

The index is filled by its own `put`, an episode a transaction, for so many minutes of processor time at most; how far it came
is in the table. With `--folder` it is kept, and the next run goes on where this one ended. Then episodes are indexed whole,
from transcript to commit, at the index's full size, and queries of each kind are drawn from the seed and asked for their first
page. The same words lie in a plain table, for LIKE. Exits with 1 if the 95th percentile of the queries is over 50 ms of
processor time (the clock is beside it: other programs on the machine count there), or of the indexing over 1 s by the clock.
"""

from __future__ import annotations

import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.archive import SHOWS, Archive, MadeEpisode, passages_made, transcript_made
from benchmarks.table import Goal, Report, Row, arguments, show
from storage.errors import QueryInvalid
from storage.search.index import search
from storage.search.passages import passages_of
from storage.search.query import parse_query
from storage.search.sqlite import SqliteIndex

SLOWEST = 50.0
"""Milliseconds within which 95 of 100 queries are answered."""

INDEXING = 1.0
"""Seconds within which an episode is indexed."""

_PAGE = 20
_MEASURED = 20
"""Episodes that are indexed whole at the end."""


def fill(index: SqliteIndex, archive: Archive, episodes: int, minutes: float, plain: Path) -> tuple[int, float]:
    """Index episodes that are not there yet; return how many are there now, and the processor time that it took."""
    begun, known = time.process_time(), len(index.digests())
    with closing(sqlite3.connect(plain)) as texts:
        texts.execute("PRAGMA synchronous=OFF")
        texts.execute("CREATE TABLE IF NOT EXISTS texts (episode INTEGER, text TEXT)")
        texts.execute("DELETE FROM texts WHERE episode >= ?", (known,))
        for number in range(known, episodes):
            if time.process_time() - begun > minutes * 60:
                return number, time.process_time() - begun
            made = archive.episode(number)
            passages = passages_made(made)
            rows = [(number, " ".join(said.text for said in passage.said)) for passage in passages]
            index.put(made.entry, passages)
            texts.executemany("INSERT INTO texts VALUES (?, ?)", rows)
            if number % 50 == 49:
                texts.commit()
        texts.commit()
    return episodes, time.process_time() - begun


def index_whole(index: SqliteIndex, archive: Archive, first: int) -> list[float]:
    """Index more episodes from transcript to commit; return the seconds that each took."""
    took = []
    for number in range(first, first + _MEASURED):
        made = archive.episode(number)
        transcript = transcript_made(made)
        begin = time.perf_counter()
        index.put(made.entry, list(passages_of(transcript)))
        took.append(time.perf_counter() - begin)
    index.remove([f"ep_{number}" for number in range(first, first + _MEASURED)])
    return took


# ------------------------------------------------------------------ queries


class Asker:
    """Draws queries of every kind."""

    def __init__(self, archive: Archive, episodes: int, seed: int) -> None:
        self._draw = random.Random(seed)
        self._archive = archive
        self._episodes = episodes
        self.kinds: dict[str, Callable[[], str]] = {
            "a rare word": lambda: self._word(20_000, 150_000),
            "a usual word": lambda: self._word(300, 5_000),
            "the most frequent words": lambda: self._word(0, 10),
            "two usual words": lambda: f"{self._word(100, 2_000)} {self._word(100, 2_000)}",
            "a frequent and a rare word": lambda: f"{self._word(0, 10)} {self._word(5_000, 50_000)}",
            "a phrase that was said": lambda: f'"{self._said(3)}"',
            "a phrase of frequent words": lambda: f'"{self._word(0, 10)} {self._word(0, 10)}"',
            "a beginning of 3 letters": lambda: f"{self._word(2_000, 50_000)[:3]}*",
            "a beginning of 5 letters": lambda: f"{self._word(10_000, 50_000)[:5]}*",
            "words of a show": lambda: f"show:{self._show()} {self._word(0, 2_000)}",
            "words of a speaker": lambda: f"speaker:{self._speaker()} {self._word(0, 500)}",
            "words of a chapter": lambda: f"chapter:{self._word(50, 5_000)} {self._word(0, 100)}",
            "words of a year": lambda: f"after:{self._year()} {self._word(0, 5_000)}",
            "words before a month": lambda: f"before:{self._year()}-05 {self._word(0, 5_000)}",
            "a word without another": lambda: f"{self._word(300, 5_000)} -{self._word(0, 100)}",
            "one character of a script without spaces": lambda: self._characters(1),
            "two characters": lambda: self._characters(2),
            "four characters that were said": lambda: self._said(4, unspaced=True),
        }
        self.hostile: dict[str, Callable[[], str]] = {
            "16 frequent words": lambda: " ".join(self._draw.sample(self._archive.vocabulary[:40], 16)),
            "a phrase of 12 frequent words": lambda: f'"{" ".join(self._word(0, 10) for _ in range(12))}"',
            "8 beginnings": lambda: " ".join(f"{self._word(2_000, 50_000)[:3]}*" for _ in range(8)),
            "frequent words without frequent words": lambda: f"{self._word(0, 3)} -{self._word(3, 6)} -{self._word(6, 9)}",
            "the most frequent character": lambda: self._archive.characters[0],
        }

    def _word(self, first: int, last: int) -> str:
        return self._archive.vocabulary[self._draw.randrange(first, last)]

    def _characters(self, count: int) -> str:
        return "".join(self._archive.characters[self._draw.randrange(300)] for _ in range(count))

    def _show(self) -> str:
        return self._archive.vocabulary[3000 + self._draw.randrange(SHOWS)]

    def _speaker(self) -> str:
        return self._archive.vocabulary[1000 + self._draw.randrange(SHOWS)]

    def _year(self) -> int:
        return self._draw.randrange(2017, 2025)

    def _said(self, count: int, *, unspaced: bool = False) -> str:
        made: MadeEpisode | None = None
        while made is None or made.unspaced != unspaced:
            made = self._archive.episode(self._draw.randrange(self._episodes))
        first = self._draw.randrange(len(made.words) // 20) * 20  # inside a segment
        return ("" if unspaced else " ").join(made.words[first : first + count])


@dataclass
class Answers:
    """How long queries took, in milliseconds by the clock and of the processor, and what became of them."""

    took: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    found: int = 0
    given_up: int = 0


def ask(index: SqliteIndex, draw: Callable[[], str], count: int) -> Answers:
    """Ask queries for their first page."""
    answers = Answers()
    for _ in range(count):
        text = draw()
        begin, idle = time.perf_counter(), time.thread_time()
        try:
            answers.found += bool(search(index, parse_query(text), limit=_PAGE).items)
        except QueryInvalid:
            answers.given_up += 1
        answers.worked.append((time.thread_time() - idle) * 1000)
        answers.took.append((time.perf_counter() - begin) * 1000)
    return answers


def like(plain: Path, words: Sequence[str]) -> list[float]:
    """Look for words with LIKE; return how long each took in milliseconds."""
    took = []
    with closing(sqlite3.connect(plain)) as texts:
        for word in words:
            begin = time.perf_counter()
            texts.execute(
                "SELECT rowid FROM texts WHERE text LIKE ? ORDER BY rowid DESC LIMIT ?", (f"%{word}%", _PAGE)
            ).fetchall()
            took.append((time.perf_counter() - begin) * 1000)
    return took


def measure(folder: Path, *, episodes: int, words: int, minutes: float, queries: int, seed: int) -> Report:
    """Fill, index, ask."""
    archive = Archive(seed, words)
    index = SqliteIndex(folder / "search.db")
    plain = folder / "plain.db"
    try:
        there, filling = fill(index, archive, episodes, minutes, plain)
        whole = index_whole(index, archive, episodes)
        asker = Asker(archive, there, seed + 1)
        rows: list[Row] = []
        every: list[float] = []
        worked: list[float] = []
        for hostile, kinds in ((False, asker.kinds), (True, asker.hostile)):
            for kind, draw in kinds.items():
                answers = ask(index, draw, max(1, queries // 4) if hostile else queries)
                rows.append(_row(f"hostile: {kind}" if hostile else kind, answers))
                every += [] if hostile else answers.took
                worked += [] if hostile else answers.worked
        scans = like(plain, [asker.kinds[kind]() for kind in ("a rare word", "a usual word", "the most frequent words")])
    finally:
        index.close()
    rows += [
        {"queries": f"LIKE: {name}", "clock median ms": took}
        for name, took in zip(("a rare word", "a usual word", "a frequent word"), scans, strict=True)
    ]
    goals = [
        Goal("all but the hostile ones, 95th percentile of processor time", float(np.percentile(worked, 95)), SLOWEST, " ms"),
        Goal("indexing an episode, 95th percentile", float(np.percentile(whole, 95)), INDEXING, " s"),
    ]
    notes = [
        f"{there:,} episodes of {words:,} words: {there * words / 1e6:.1f} million words; asked for {episodes:,}",
        f"by the clock, on this machine with its other load: 95th percentile {np.percentile(every, 95):.0f} ms",
        f"filled in {filling / 60:.1f} minutes of processor time in this run",
        f"the index has {_size(folder, 'search.db') / 1e9:.2f} GB, a table of the words {_size(folder, 'plain.db') / 1e9:.2f} GB",
        f"indexing an episode, from transcript to commit: median {median(whole):.2f} s, slowest {max(whole):.2f} s",
    ]
    settings = {"episodes": episodes, "words": words, "minutes": minutes, "queries": queries, "seed": seed}
    return Report("The first page of a search", rows, goals, notes, settings)


def _row(kind: str, answers: Answers) -> Row:
    took = answers.took
    return {
        "queries": kind, "asked": len(took), "with results": answers.found, "given up": answers.given_up,
        "cpu median ms": median(answers.worked), "cpu p95 ms": float(np.percentile(answers.worked, 95)),
        "cpu slowest ms": max(answers.worked), "clock median ms": median(took), "clock p95 ms": float(np.percentile(took, 95)),
    }  # fmt: skip


def _size(folder: Path, name: str) -> int:
    return sum(path.stat().st_size for path in _files(folder, name))


def _files(folder: Path, name: str) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.name.startswith(name))


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=10_000, help="of each episode")
    parser.add_argument("--minutes", type=float, default=10.0, help="processor time for filling the index, at most")
    parser.add_argument("--queries", type=int, default=40, help="of each kind; of the hostile ones a quarter")
    parser.add_argument("--folder", type=Path, help="where the index is kept; in a temporary folder if not given")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = given.folder or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        report = measure(
            place, episodes=given.episodes, words=given.words, minutes=given.minutes, queries=given.queries, seed=given.seed
        )
    return show(report, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
