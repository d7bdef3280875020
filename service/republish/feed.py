"""A page of a show's feed, made of what the ledger and the transcripts know."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError
from sqlalchemy import Engine

from jobs.plan import VERSION
from jobs.request import JobRequest
from service.republish.links import FeedLinks
from service.republish.notes import fullest_notes
from service.republish.outlines import Outlines
from service.republish.roles import roles_of
from storage.documents import Link, Publication
from storage.episodes import EpisodeRecord
from storage.errors import CorruptBlob, NotFound, SourceError
from storage.export import FORMATS
from storage.export.opml import Subscription, opml
from storage.export.rss import Enclosure, FeedItem, FeedPage
from storage.outline import Outline
from storage.plain import web_address
from storage.printed import requests_of
from storage.show_list import NO_SHOW, episodes_of, find_show, list_shows
from storage.voice_counts import VoiceCounts, voice_counts

_log = logging.getLogger("earmark.republish")

_NO_TITLE = "Single episodes"

USUAL_ITEMS = 100
MOST_ITEMS = 1_000
"""Episodes on a page of a feed; many players read the first page alone."""

TRANSCRIPT_FORMATS = ("vtt", "srt", "podcast-json")
"""What players read, the one with most in it first."""


@dataclass(frozen=True)
class Republisher:
    """Makes feeds."""

    engine: Engine
    outlines: Outlines

    def page(self, key: str, links: FeedLinks, *, after: str | None = None, limit: int = USUAL_ITEMS) -> FeedPage:
        """Return a page of a show's feed, the last published first; `NotFound` for a show without transcripts.

        `after` is what the page before says of its next. An episode whose transcript cannot be read is left out.
        """
        show = find_show(self.engine, None if key == NO_SHOW else key)
        title = show.title or _NO_TITLE
        if not show.transcribed:
            raise NotFound(f"No episode of {title} has a transcript yet.", hint="Its jobs tell how far they are.")
        page = episodes_of(self.engine, show, transcribed=True, after=after, limit=limit)
        found = list(self._readable(page.items))
        requests = requests_of(self.engine, (record for record, _ in found))
        heard = voice_counts(self.engine, key)
        items = [_item(record, outline, _publication(requests.get(record.id)), links, heard) for record, outline in found]
        pages = limit if limit != USUAL_ITEMS else None
        return FeedPage(
            title=title,
            link=links.show(key),
            self_url=links.feed(key, after=after, limit=pages),
            description=f"{title}: {show.transcribed} episodes with transcripts and chapters, made by earmark.",
            items=tuple(items),
            first_url=links.feed(key, limit=pages) if after is not None or page.next is not None else None,
            next_url=links.feed(key, after=page.next, limit=pages) if page.next is not None else None,
            language=_commonest(outline.language or outline.episode.language for _, outline in found),
            image=_commonest(outline.episode.image for _, outline in found),
            built=_newest(page.items),
            generator=f"earmark {VERSION}",
        )

    def opml(self, links: FeedLinks) -> bytes:
        """Return the list of the feeds of all shows that have transcripts."""
        shows = [(show.title or _NO_TITLE, show.key or NO_SHOW) for show in list_shows(self.engine) if show.transcribed]
        return opml("Transcribed shows", [Subscription(title, links.feed(key), links.show(key)) for title, key in shows])

    def _readable(self, records: Sequence[EpisodeRecord]) -> Iterable[tuple[EpisodeRecord, Outline]]:
        for record in records:
            try:
                yield record, self.outlines.get(record.transcript or "")
            except (NotFound, CorruptBlob, SourceError) as error:
                _log.warning("The episode %s is left out of its feed: %s", record.id, error)


def _item(
    record: EpisodeRecord, outline: Outline, publication: Publication | None, links: FeedLinks, heard: VoiceCounts
) -> FeedItem:
    return FeedItem(
        title=record.title,
        guid=record.guid or record.id,
        guid_is_permalink=_is_permalink(record, publication),
        enclosure=_enclosure(record, outline, publication, links),
        seconds=outline.audio.duration,
        page_url=record.page_url,
        published=None if record.published is None else datetime.fromtimestamp(record.published, UTC),
        notes=fullest_notes(publication.notes) if publication is not None else None,
        image=outline.episode.image,
        persons=roles_of(outline, heard),
        transcripts=tuple(_transcript(record.id, name, outline.language, links) for name in TRANSCRIPT_FORMATS),
        chapters_url=links.transcript(record.id, "chapters-json") if outline.chapters else None,
        chapters=outline.chapters,
    )


def _transcript(episode_id: str, name: str, language: str | None, links: FeedLinks) -> Link:
    return Link(url=links.transcript(episode_id, name), media_type=FORMATS[name].media_type, language=language, rel="captions")


def _is_permalink(record: EpisodeRecord, publication: Publication | None) -> bool:
    """Tell whether the guid is the episode's page: as its feed says, which RSS takes for yes where it says nothing.

    What is no address is none, whatever a feed says. Where the feed's word is not kept, a guid that is the page's address is one.
    """
    if web_address(record.guid) is None:
        return False
    if publication is None:
        return record.guid == record.page_url
    return publication.guid_is_permalink is not False


def _enclosure(record: EpisodeRecord, outline: Outline, publication: Publication | None, links: FeedLinks) -> Enclosure:
    """Return the publisher's own file, as its feed tells of it; for a file of this machine, the copy that is kept."""
    audio = outline.audio
    if record.audio_url is None or web_address(record.audio_url) is None:
        return Enclosure(links.audio(record.id), audio.bytes, audio.media_type)
    size, kind = (publication.bytes, publication.media_type) if publication is not None else (None, None)
    return Enclosure(record.audio_url, size or audio.bytes, kind or audio.media_type)


def _publication(request: str | None) -> Publication | None:
    """Return what the feed printed, as the job was asked; none where another version of earmark wrote that down."""
    if request is None:
        return None
    try:
        return JobRequest.model_validate_json(request).publication
    except ValidationError:
        return None


def _commonest(values: Iterable[str | None]) -> str | None:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else None


def _newest(records: Sequence[EpisodeRecord]) -> datetime | None:
    times = [record.transcribed_at for record in records if record.transcribed_at is not None]
    return datetime.fromtimestamp(max(times), UTC) if times else None
