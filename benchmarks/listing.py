"""Time of listing a feed of a thousand items whose show notes look like real ones: `earmark episodes`, and the work alone.

    python -m benchmarks.listing [--items 1000] [--rounds 5]

The feed is made by the script: paragraphs, links, lists, timestamped chapters in three of four notes in the ways that
publishers write them, sponsors, inline Podlove chapters and links to chapter files here and there. The command is a process of
its own, imports and table included. Exits with 1 if the median of the command is over the goal, or if the list misses items or
chapters that were put in.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from statistics import median

from benchmarks.children import run_python, warm_up
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.chapters.listing import published_chapters
from jobs.fetch import Fetcher
from jobs.sources import read_feed_at

GOAL = 2.0
"""Seconds for the whole command."""

_TOPICS = (
    "the budget", "sleep", "open models", "a new library", "city trees", "the history of tea", "bridges", "small radios",
    "why maps lie", "listener mail",
)  # fmt: skip
_FILLER = (
    "We talk with our guest about how it began, what went wrong, and what they would do differently today. "
    "Along the way we wander off into stories about tools, weather and the people who keep old machines running. "
)


def make_feed(items: int, seed: int) -> tuple[str, int]:
    """Return a feed and how many of its items show chapters."""
    draw = random.Random(seed)
    newest = datetime(2025, 6, 1, 6, tzinfo=UTC)
    made = [_item(draw, number, newest - timedelta(days=7 * number)) for number in range(items)]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:psc="http://podlove.org/simple-chapters" '
        'xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>A Long Show</title><link>https://show.example/</link>'
    )
    return head + "".join(text for text, _ in made) + "</channel></rss>", sum(has for _, has in made)


def _item(draw: random.Random, number: int, published: datetime) -> tuple[str, bool]:
    seconds = draw.randrange(1500, 7200)
    titles = draw.sample(_TOPICS, draw.randrange(5, 9))
    starts = [0, *sorted(draw.sample(range(120, seconds - 300, 60), len(titles) - 1))]
    kind = number % 4
    marks = list(zip(starts, titles, strict=True))
    inline = "".join(f'<psc:chapter start="{_clock(start, hours=True)}" title="{escape(title)}"/>' for start, title in marks)
    simple = f'<psc:chapters version="1.2">{inline}</psc:chapters>' if kind == 2 else ""
    linked = f'<podcast:chapters url="https://show.example/{number}.json" type="application/json+chapters"/>' if kind == 3 else ""
    notes = _notes(draw, marks if kind < 2 else [], as_list=kind == 0, long=seconds >= 3600)
    text = (
        f"<item><title>#{number}: {escape(titles[0].title())}</title><guid isPermaLink='false'>show-{number}</guid>"
        f"<pubDate>{format_datetime(published)}</pubDate><itunes:duration>{seconds}</itunes:duration>"
        f'<enclosure url="https://cdn.example/{number}.mp3" length="{seconds * 16000}" type="audio/mpeg"/>'
        f"<description>{escape(_FILLER)}</description><content:encoded><![CDATA[{notes}]]></content:encoded>{simple}{linked}</item>"
    )
    return text, kind < 3


def _notes(draw: random.Random, chapters: list[tuple[int, str]], *, as_list: bool, long: bool) -> str:
    parts = [f"<p>{_FILLER * draw.randrange(1, 4)}</p>"]
    lines = [f"{_clock(start, hours=long)} {escape(title.capitalize())}" for start, title in chapters]
    if lines and as_list:
        parts.append("<p><strong>Chapters</strong></p><ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>")
    elif lines:
        parts.append("<p>Timestamps:<br/>" + "<br/>".join(lines) + "</p>")
    address = "https://link.example/"
    links = "".join(f'<li><a href="{address}{draw.randrange(10**6)}">A link about {topic}</a></li>' for topic in _TOPICS)
    parts.append(f"<p>Links:</p><ul>{links}</ul><p>Thanks to our sponsor: use code SHOW20 for 20% off until 11:59 pm.</p>")
    return "".join(parts)


def _clock(seconds: int, *, hours: bool) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def measure(items: int, *, rounds: int, seed: int) -> Report:
    """List a made feed with the command and in this process."""
    feed, with_chapters = make_feed(items, seed)
    commands, works = [], []
    warm_up("service.cli")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "feed.xml"
        path.write_text(feed, "utf-8")
        for _ in range(rounds):
            commands.append(run_python(["-m", "service.cli", "episodes", str(path)], environment={"EARMARK_DATA_DIR": folder}))
            begin = time.perf_counter()
            read = read_feed_at(str(path), Fetcher())
            listed = [published_chapters(publication) for publication in read.publications]
            works.append(time.perf_counter() - begin)
        said = json.loads(run_python(["-m", "service.cli", "episodes", str(path), "--json"]).output)["episodes"]
    shown = sum(row["chapter_count"] > 0 for row in said)
    wall = median(cost.wall for cost in commands)
    rows: list[Row] = [
        {"what": "earmark episodes", "items": len(said), "with chapters": shown, "median s": wall,
         "fastest s": min(cost.wall for cost in commands), "median cpu s": median(cost.cpu for cost in commands),
         "peak MiB": max(cost.peak for cost in commands)},
        {"what": "in process", "items": len(listed), "with chapters": sum(bool(found.marks) for found in listed),
         "median s": median(works), "fastest s": min(works)},
    ]  # fmt: skip
    goals = [
        Goal("whole command, median", wall, GOAL, " s"),
        Goal("items listed", len(said), items, "", "least"),
        Goal("items with chapters", shown, with_chapters, "", "least"),
    ]
    notes = [f"the feed has {len(feed) / 1e6:.1f} MB; {with_chapters} of its items show their chapters"]
    return Report(f"Listing a feed of {items:,} items", rows, goals, notes, {"rounds": rounds, "seed": seed})


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    return show(measure(given.items, rounds=given.rounds, seed=given.seed), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
