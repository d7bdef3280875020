"""`earmark watch`: have the new episodes of a feed transcribed as they come out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

import typer

from jobs.options import DiarizerChoice, EngineChoice, Options
from jobs.sources import read_feed_at
from jobs.webhook import Webhook, new_webhook, read_webhook
from service.console import results
from service.intervals import interval, parse_interval
from service.running import settings_here
from service.watched import poll_now
from storage.errors import OptionError
from storage.feeds import FeedChanges, FeedRecord, Feeds
from worker.app import open_desk
from worker.desk import Desk
from worker.poll import Polled
from worker.settings import Settings

DEFAULT_INTERVAL = 1800.0

_SPEECH = "Speech and speakers"
"""Heading of `--help`."""


def watch(  # noqa: PLR0917 - a command has as many parameters as options
    feed: Annotated[
        str, typer.Argument(metavar="FEED", help="Address of a feed, or of a page that announces one.", show_default=False)
    ],
    every: Annotated[
        str | None, typer.Option(metavar="30m|2h|1d", help="How often to look; 30m if not given.", show_default=False)
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Transcribe what came out from this day on, too.", show_default=False),
    ] = None,
    engine: Annotated[EngineChoice | None, typer.Option(help="Speech engine.", rich_help_panel=_SPEECH)] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|DIR", help="Whisper model: a name, a folder, or a hub id.", rich_help_panel=_SPEECH),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language code; heard if not given.", rich_help_panel=_SPEECH)] = None,
    diarizer: Annotated[
        DiarizerChoice | None, typer.Option(help="Who tells the speakers apart.", rich_help_panel=_SPEECH)
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Where to tell of the end of each job, signed.", show_default=False)
    ] = None,
) -> None:
    """Watch a feed: its new episodes are transcribed as they come out, by the service's workers.

    Without --since, what the feed lists already is left alone. A feed that is watched already is changed by what is given, and
    the rest stays.
    """
    settings = settings_here()
    given = {"engine": engine, "model": model, "language": language, "diarizer": diarizer}
    asked = FeedChanges()
    if every is not None:
        asked["every"] = parse_interval(every)
    if since is not None:
        asked["since"] = since.replace(tzinfo=UTC).timestamp()
    if any(value is not None for value in given.values()):
        asked["options"] = _options(settings, given)
    hook = None if webhook is None else new_webhook(webhook)
    with open_desk(settings) as desk:
        url, title, count = _look(feed, desk)
        asked["title"] = title
        usual = FeedChanges(every=DEFAULT_INTERVAL, options=_options(settings, {}))
        record, secret = _keep(url, asked, usual, hook, desk.stores.feeds)
        _say(record, secret, count, poll_now(record, desk, settings))


def _look(feed: str, desk: Desk) -> tuple[str, str, int]:
    """Read the feed, so that a wrong address is said before anything is kept; return its address, title and count of episodes."""
    if urlsplit(feed).scheme not in {"http", "https"}:
        raise OptionError(f"{feed} is not a web address, so there is nothing to watch.", hint="Give an http or https address.")
    read = read_feed_at(feed, desk.tools.fetcher)
    return read.publications[0].episode.feed_url or feed, read.title, len(read.publications)


def _options(settings: Settings, given: dict[str, str | None]) -> str:
    usual = {
        "model": settings.model, "threads": settings.threads, "workers": settings.workers, "batch_size": settings.batch_size,
        "part_seconds": settings.part_seconds, "engine": settings.engine, "diarizer": settings.diarizer,
        "voice_memory": settings.voice_memory,
    }  # fmt: skip
    chosen = {name: value for name, value in given.items() if value is not None}
    return Options.model_validate(usual | chosen).model_dump_json()


def _keep(url: str, asked: FeedChanges, usual: FeedChanges, hook: Webhook | None, feeds: Feeds) -> tuple[FeedRecord, str | None]:
    """Watch the feed, or change how it is watched; return it, and the secret of a webhook that is new."""
    known = feeds.by_url(url)
    secret = None
    if hook is not None and (known is None or known.webhook is None or read_webhook(known.webhook).url != hook.url):
        asked["webhook"], secret = hook.model_dump_json(), hook.secret
    if known is not None:
        return feeds.change(known.id, **asked), secret
    return feeds.add(url, **(usual | asked)), secret


def _say(feed: FeedRecord, secret: str | None, count: int, polled: Polled | None) -> None:
    _print(f"Watching “{feed.title or feed.url}”, every {interval(feed.every)}.")
    _print(f"  feed {feed.id}: {feed.url}")
    if secret is not None:
        _print(f"  The webhook's secret, which is shown this once: {secret}")
    if polled is None:
        _print("A worker is reading it just now.")
    elif polled.state == "failed":
        _print(f"It could not be read this time, and is tried again: {polled.error}")
    else:
        _print(_what_is_done(feed, count, polled))


def _what_is_done(feed: FeedRecord, count: int, polled: Polled) -> str:
    there = "1 episode is" if count == 1 else f"{count} episodes are"
    if polled.submitted:
        asked = "1 of them is" if len(polled.submitted) == 1 else f"{len(polled.submitted)} of them are"
        more = f" {polled.error}" if polled.error else ""
        return f"{there} there; {asked} asked for now.{more}"
    if feed.since is not None:
        return f"{there} there; none of them, since {datetime.fromtimestamp(feed.since, UTC):%Y-%m-%d}, has to be asked for."
    return (
        f"{there} there already and will not be transcribed, only what comes out from now on; for older ones, give --since DATE."
    )


def _print(text: str) -> None:
    results.print(text, markup=False, highlight=False, soft_wrap=True)
