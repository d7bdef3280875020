"""`earmark feeds`: the feeds that are watched, and a poll by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from jobs.webhook import read_webhook
from service.console import errors, print_json, results
from service.intervals import ahead, before, interval
from service.watched import every_feed, find_feed, poll_now
from storage.errors import EarmarkError
from storage.feeds import FeedRecord
from worker.app import open_desk
from worker.check_audio import check_feed_audio
from worker.desk import Desk
from worker.poll import Polled
from worker.settings import Settings

app = typer.Typer(help="List the feeds that are watched, or poll one now.", invoke_without_command=True)

_COLUMNS = ("id", "title", "feed", "every", "last poll", "next poll", "items", "error")


@app.callback()
def feeds(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List the feeds that are watched."""
    if context.invoked_subcommand is not None:
        return
    with open_desk(Settings()) as desk:
        found = list(every_feed(desk.stores.feeds))
    if as_json:
        print_json({"feeds": [_as_json(feed) for feed in found]})
    elif not found:
        results.print("No feed is watched. `earmark watch FEED` watches one.", markup=False)
    else:
        results.print(_table(found, time.time()))


@app.command("poll")
def poll(
    feed: Annotated[str, typer.Argument(metavar="ID|FEED", help="The feed's id or address.", show_default=False)],
    check_audio: Annotated[
        bool, typer.Option("--check-audio", help="Ask whether the audio of its newest episodes was replaced.")
    ] = False,
) -> None:
    """Poll a feed now, whenever it is due."""
    settings = Settings()
    with open_desk(settings) as desk:
        found = find_feed(desk.stores.feeds, feed)
        polled = poll_now(found, desk, settings)
        _print(_what_came(polled))
        if check_audio:
            _check_audio(found, desk, settings)
    if polled is not None and polled.state == "failed":
        errors.print(f"earmark: {polled.error}", markup=False, highlight=False, soft_wrap=True, style="red")
        raise typer.Exit(1)


def _what_came(polled: Polled | None) -> str:
    if polled is None:
        return "A worker is reading it just now."
    if polled.state == "failed":
        return "It could not be read."
    jobs = f": jobs {', '.join(polled.submitted)}" if polled.submitted else ""
    count = "1 new episode is" if len(polled.submitted) == 1 else f"{len(polled.submitted)} new episodes are"
    said = ["Nothing has changed." if polled.state == "unchanged" else f"{count} asked for{jobs}."]
    if polled.recognised:
        said.append(f"{polled.recognised} are known under another guid or address.")
    return " ".join([*said, polled.error]).strip()


def _check_audio(feed: FeedRecord, desk: Desk, settings: Settings) -> None:
    count, unknown = 0, 0
    for check in check_feed_audio(feed.id, desk.stores, desk.tools.fetcher, limit=settings.max_new_episodes):
        count += 1
        unknown += check.state == "unknown"
        if check.state != "same":
            _print(f"{check.state}: {check.title} ({check.episode_id}) {check.reason}".rstrip())
    _print(f"The audio of {count} episodes was checked; of {unknown} nobody can tell. `earmark submit --again` does one again.")


def _table(found: list[FeedRecord], now: float) -> Table:
    table = Table()
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name == "items" else "left", overflow="fold")
    for feed in found:
        times = (interval(feed.every), before(feed.polled_at, now), ahead(feed.next_poll_at, now))
        table.add_row(feed.id, escape(feed.title or ""), escape(feed.url), *times, str(feed.items), escape(feed.error))
    return table


def _as_json(feed: FeedRecord) -> dict[str, object]:
    """Return a feed without the secret of its webhook."""
    return {
        "id": feed.id,
        "url": feed.url,
        "title": feed.title,
        "every": feed.every,
        "since": _moment(feed.since),
        "webhook": _address(feed.webhook),
        "watched_since": _moment(feed.created_at),
        "polled_at": _moment(feed.polled_at),
        "next_poll_at": _moment(feed.next_poll_at),
        "failures": feed.failures,
        "error": feed.error,
        "items": feed.items,
    }


def _address(webhook: str | None) -> str | None:
    try:
        return None if webhook is None else read_webhook(webhook).url
    except EarmarkError:
        return None


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _print(text: str) -> None:
    results.print(text, markup=False, highlight=False, soft_wrap=True)
