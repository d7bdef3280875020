"""How long each page takes, and each feed, over an archive of 10,000 made episodes.

    python -m benchmarks.pages [--episodes 10000] [--words 10000] [--shows-with-words 4]

The ledger knows all episodes and their jobs; the transcripts of a few shows are really there, since all of them would take ten
gigabytes. A client asks over HTTP on the loopback, one request after the other, as a person does; it and the server
share a process, so the processor time is that of both. `first` is asked of a transcript that was not looked at before. Exits
with 1 if the slowest twentieth of the requests for any page takes more than 100 ms of processor time.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np
from sqlalchemy import insert

from benchmarks.archive import SHOWS, Archive, MadeEpisode, transcript_made
from benchmarks.table import Goal, Report, Row, arguments, show
from storage.show_list import episodes_of, find_show
from storage.shows import show_key
from storage.tables import episodes, jobs
from tests.apiserver import Api, open_api
from tests.voices import Speakers, add

SLOWEST = 100.0
"""Milliseconds of processor time that a page may take, in 95 of 100 requests."""

_BROWSER = {"Accept": "text/html"}
_NOW = 1_750_000_000.0
_ROWS_AT_ONCE = 500


@dataclass
class Answers:
    """What came of one kind of request; times in milliseconds."""

    took: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def fill(api: Api, archive: Archive, count: int, shows_with_words: int) -> tuple[str, ...]:
    """Put episodes and their done jobs into the ledger; return the ids of those whose transcripts are there."""
    there: list[str] = []
    for begin in range(0, count, _ROWS_AT_ONCE):
        made = [archive.episode(number) for number in range(begin, min(count, begin + _ROWS_AT_ONCE))]
        digests = {}
        for each in made:
            if each.number % SHOWS < shows_with_words:
                there.append(f"ep_{each.number}")
                digests[each.number] = api.stores.blobs.put(transcript_made(each).model_dump_json(by_alias=True).encode())
        with api.stores.engine.begin() as connection:
            connection.execute(
                insert(episodes), [episode_row(each, digests.get(each.number, f"{each.number:064x}")) for each in made]
            )
            connection.execute(insert(jobs), [job_row(each, digests.get(each.number, f"{each.number:064x}")) for each in made])
    return tuple(there)


def episode_row(made: MadeEpisode, digest: str) -> dict[str, object]:
    """Return the row of an episode in the ledger, with the digest of its transcript."""
    return {
        "id": f"ep_{made.number}", "title": made.title, "show": made.show, "guid": f"guid {made.number}",
        "audio_url": f"https://cdn.example/{made.number}.mp3", "published": made.published.timestamp(),
        "duration": len(made.words) * 0.35, "language": "en", "transcript": digest, "job_id": f"{made.number:016x}",
        "first_seen": _NOW + made.number, "transcribed_at": _NOW + made.number,
    }  # fmt: skip


def job_row(made: MadeEpisode, digest: str) -> dict[str, object]:
    """Return the row of its done job."""
    told = {"id": f"ep_{made.number}", "title": made.title, "show": made.show}
    request = {"publication": {"episode": told, "notes": [{"field": "description", "html": f"<p>{made.title}</p>" * 20}]}}
    return {
        "id": f"{made.number:016x}", "episode_id": f"ep_{made.number}", "options_key": "options", "title": made.title,
        "state": "done", "output": digest, "created_at": _NOW + made.number, "updated_at": _NOW + made.number, "show": made.show,
        "request": json.dumps(request),
    }  # fmt: skip


def kinds(api: Api, there: Sequence[str], archive: Archive) -> dict[str, Callable[[int], str]]:
    """Return, for each kind of page, where the n-th request goes."""
    key = show_key(archive.episode(0).show) or ""
    voiced = show_key(_with_voices(api)) or ""
    feed, later = f"/v1/shows/{key}/feed.xml", f"/shows/{key}?after={_second_page(api, key)}"
    job = api.stores.requests.list(limit=1).items[0].id
    fresh = itertools.cycle(there)
    return {
        "episode, first": lambda _: f"/episodes/{next(fresh)}",
        "episode": lambda _: f"/episodes/{there[0]}",
        "episode, with a phrase": lambda n: f"/episodes/{there[0]}?q={archive.vocabulary[n + 5]}",
        "shows": lambda _: "/",
        "show": lambda n: f"/shows/{show_key(archive.episode(n).show)}",
        "show, a later page": lambda _: later,
        "search (of what is there)": lambda n: f"/search?q={archive.vocabulary[n + 40]}",
        "submit": lambda _: "/submit",
        "jobs": lambda _: "/jobs",
        "jobs, failed": lambda _: "/jobs?state=failed",
        "jobs, by title": lambda n: f"/jobs?q={archive.vocabulary[n + 60]}",
        "job": lambda _: f"/jobs/{job}",
        "feeds": lambda _: "/feeds",
        "speakers": lambda _: f"/shows/{voiced}/speakers",
        "system": lambda _: "/system",
        "embed": lambda _: f"/embed/{there[0]}?chapter=3",
        "feed of a show": lambda _: feed,
        "list of all feeds": lambda _: "/v1/shows.opml",
    }


def _with_voices(api: Api) -> str:
    """Remember the voices of thirty episodes of a show, two hosts and a guest each."""
    people = Speakers()
    for number in range(30):
        add(api.stores.memory, f"v{number}", people.episode("Ann", "Ben", f"guest {number}"), show="Voices")
    return "Voices"


def _second_page(api: Api, key: str) -> str:
    return episodes_of(api.stores.engine, find_show(api.stores.engine, key), limit=1).next or ""


def ask(api: Api, where: Callable[[int], str], count: int) -> Answers:
    """Ask for a kind of page so many times."""
    answers = Answers()
    for number in range(count):
        path = where(number)
        begin, idle = time.perf_counter(), time.process_time()
        found = api.get(path, headers=_BROWSER)
        answers.worked.append((time.process_time() - idle) * 1000)
        answers.took.append((time.perf_counter() - begin) * 1000)
        answers.sizes.append(len(found.content))
        if found.status_code != 200:
            raise RuntimeError(f"{path} answered {found.status_code}: {found.text[:300]}")
    return answers


def measure(folder: Path, *, count: int, words: int, shows_with_words: int, requests: int, seed: int) -> Report:
    """Fill, and ask for every page."""
    archive = Archive(seed, words)
    with open_api(folder) as api:
        there = fill(api, archive, count, shows_with_words)
        for episode_id in there:
            api.stores.indexer.refresh(episode_id)
        rows = list(_rows(api, kinds(api, there, archive), min(requests, len(there)), requests))
    *rows, first_feed = rows
    slowest = max(float(row["cpu p95 ms"] or 0) for row in rows)
    goals = [Goal("the slowest page, 95th percentile of processor time", slowest, SLOWEST, " ms")]
    by_clock = max(float(row["clock p95 ms"] or 0) for row in rows)
    notes = [
        f"{count:,} episodes in {SHOWS} shows; {len(there)} transcripts of {words:,} words are there",
        f"the very first request for the feed, which reads the show's transcripts: {first_feed['cpu median ms']:.0f} ms",
        f"by the clock, on this machine with its other load: slowest 95th percentile {by_clock:.0f} ms",
    ]
    settings = {"episodes": count, "words": words, "shows with words": shows_with_words, "requests": requests, "seed": seed}
    return Report("Pages", rows, goals, notes, settings)


def _rows(api: Api, places: dict[str, Callable[[int], str]], first: int, requests: int) -> Iterator[Row]:
    """Yield what came of each kind, and of the very first request for a feed, whose transcripts nobody has asked for before."""
    alone = ask(api, places["feed of a show"], 1)
    for kind, where in places.items():
        yield _row(kind, ask(api, where, first if kind.endswith("first") else requests))
    yield _row("feed of a show, the very first", alone)


def _row(kind: str, answers: Answers) -> Row:
    return {
        "page": kind, "asked": len(answers.took), "kB": median(answers.sizes) / 1000, "cpu median ms": median(answers.worked),
        "cpu p95 ms": float(np.percentile(answers.worked, 95)), "clock median ms": median(answers.took),
        "clock p95 ms": float(np.percentile(answers.took, 95)),
    }  # fmt: skip


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--episodes", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=10_000, help="of each transcript that is there")
    parser.add_argument("--shows-with-words", type=int, default=4, help="shows whose transcripts are there")
    parser.add_argument("--requests", type=int, default=60, help="of each kind")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = measure(
            Path(folder),
            count=given.episodes,
            words=given.words,
            shows_with_words=given.shows_with_words,
            requests=given.requests,
            seed=given.seed,
        )
    return show(report, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
