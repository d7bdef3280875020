"""The transcripts that a publisher offers beside an episode, fetched and read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.fetch import Fetcher
from jobs.places import read_place
from jobs.published import PublisherTranscript
from jobs.transcript_files.links import worth_fetching
from jobs.transcript_files.read import MAX_BYTES, read_transcript
from storage.documents import Link, Notice
from storage.errors import EarmarkError, TransientError

_ACCEPT = "application/json, text/vtt, application/x-subrip, text/srt, text/html;q=0.8, text/plain;q=0.7, */*;q=0.5"


@dataclass(frozen=True)
class Offered:
    """What came of a publisher's links to transcripts."""

    transcripts: tuple[PublisherTranscript, ...] = ()
    """In the order in which they were tried; at most the last one has cues."""
    warnings: tuple[Notice, ...] = ()
    settled: bool = True
    """Trying again would find nothing better."""


def collect_transcripts(links: Sequence[Link], language: str | None, fetcher: Fetcher) -> Offered:
    """Fetch and read transcripts, best format first, until one has times; `language` is the episode's, if it is known.

    One that cannot be had or read is a warning, never an error: the episode is transcribed all the same.
    """
    found: list[PublisherTranscript] = []
    warnings: list[Notice] = []
    settled = True
    for link in worth_fetching(links, language):
        try:
            transcript = read_transcript(read_place(link.url, fetcher, accept=_ACCEPT, max_bytes=MAX_BYTES), link)
        except EarmarkError as error:
            text = f"The publisher's transcript could not be read: {error}"
            warnings.append(Notice(code="transcript_unreadable", message=text))
            settled = settled and not isinstance(error, TransientError)
            continue
        found.append(transcript)
        warnings.extend(transcript.warnings)
        if transcript.cues:
            return Offered(tuple(found), tuple(warnings))
    return Offered(tuple(found), tuple(warnings), settled)
