"""Whether the audio of an episode is still the file that was transcribed: asked when a person asks, a byte at a time.

Publishers replace files: to cut something out, to put other advertisements in. Many hosts make each download anew, so a file that
counts as replaced may hold the same words; whether it is worth doing again is a person's to say (`earmark submit --again`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from jobs.fetch import Fetcher
from jobs.intake import Fetched
from jobs.places import local_path
from jobs.versions import Comparison, Version, compare
from storage.errors import EarmarkError, NotFound
from worker.stores import Stores


@dataclass(frozen=True)
class AudioCheck:
    """What became of an episode's audio."""

    episode_id: str
    title: str
    state: Comparison
    """`unknown` if it was never fetched, or its server does not say or does not answer."""
    reason: str = ""


def check_audio(episode_id: str, stores: Stores, fetcher: Fetcher, *, url: str | None = None) -> AudioCheck:
    """Compare what the episode's server has now, at `url` if the episode moved there, with what was fetched.

    Raises `NotFound` if nobody ever asked for the episode.
    """
    episode = stores.episodes.get(episode_id)
    url = url or episode.audio_url
    fetched = _fetched(episode_id, stores)
    if fetched is None:
        return AudioCheck(episode_id, episode.title, "unknown", "It has not been fetched yet.")
    if url is None or local_path(url) is not None:
        return AudioCheck(episode_id, episode.title, "unknown", "It is a file of this machine.")
    then = Version(fetched.etag, fetched.last_modified, fetched.bytes)
    try:
        now = fetcher.version(url)
    except EarmarkError as error:
        return AudioCheck(episode_id, episode.title, "unknown", str(error))
    state = compare(then, now)
    return AudioCheck(episode_id, episode.title, state, "Its server does not tell versions apart." if state == "unknown" else "")


def check_feed_audio(feed_id: str, stores: Stores, fetcher: Fetcher, *, limit: int) -> Iterator[AudioCheck]:
    """Check the newest episodes of a watched feed, each at the address where the feed listed it last."""
    checked = set[str]()
    for item in stores.feed_items.asked_for(feed_id, limit=limit):
        if item.job_id is None or item.job_id in checked:
            continue
        checked.add(item.job_id)
        try:
            episode_id = stores.requests.get(item.job_id).episode_id
            yield check_audio(episode_id, stores, fetcher, url=item.audio_url)
        except NotFound:
            yield AudioCheck(item.episode_id, item.title, "unknown", "Its job was removed.")


def _fetched(episode_id: str, stores: Stores) -> Fetched | None:
    output = stores.ledger.newest_output(episode_id, "fetch")
    try:
        return None if output is None else Fetched.model_validate_json(stores.blobs.read(output))
    except (EarmarkError, ValidationError):
        return None
