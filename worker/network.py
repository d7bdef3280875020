"""The way to the network that the settings allow; apart from the other tools, which bring the libraries of the whole pipeline."""

from __future__ import annotations

from jobs.fetch import USER_AGENT, Fetcher
from jobs.wire import FetchLimits
from worker.settings import Settings


def open_fetcher(settings: Settings) -> Fetcher:
    """Return the guarded way to the network."""
    limits = FetchLimits(max_bytes=settings.max_audio_bytes, download_seconds=settings.fetch_deadline)
    return Fetcher(limits, allow_private=settings.allow_private_networks, user_agent=settings.user_agent or USER_AGENT)
