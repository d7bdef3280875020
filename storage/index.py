"""`index.json`: all episodes of an output folder with their chapters, for people's own programs to read."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from storage.documents import Document, Seconds, Transcript
from storage.export.voices import voices

INDEX_SCHEMA: Literal["earmark.index/1"] = "earmark.index/1"


class IndexedChapter(Document):
    """A chapter that the publisher shows, on the timeline of the downloaded file."""

    start: Seconds
    title: str


class IndexedEpisode(Document):
    """One transcribed episode; paths are relative to the folder of the index, with `/` between their parts."""

    id: str
    title: str
    show: str | None
    published: datetime | None
    duration: Seconds
    language: str | None
    path: str
    """The transcript document."""
    files: dict[str, str]
    """Path of each export by the name of its format, the transcript document (`json`) among them."""
    chapters: tuple[IndexedChapter, ...]
    speakers: tuple[str, ...]
    """Names where they are known, else labels."""
    words: int
    warnings: int
    """How many; the transcript has them."""
    made_at: datetime


class Index(Document):
    """The whole index, sorted by show, date and title."""

    schema_: Literal["earmark.index/1"] = Field(default=INDEX_SCHEMA, alias="schema")
    episodes: tuple[IndexedEpisode, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    def entry(self, episode_id: str) -> IndexedEpisode | None:
        """Return what is known of an episode."""
        return next((episode for episode in self.episodes if episode.id == episode_id), None)

    def with_entry(self, entry: IndexedEpisode) -> Index:
        """Return the index with this episode put in or replaced."""
        others = [episode for episode in self.episodes if episode.id != entry.id]
        return Index(episodes=tuple(sorted([*others, entry], key=_order)))


def indexed(transcript: Transcript, files: dict[str, str]) -> IndexedEpisode:
    """Return the index entry of a transcript whose files lie at these relative paths."""
    episode = transcript.episode
    chapters = sorted((chapter for chapter in transcript.chapters if not chapter.hidden), key=lambda chapter: chapter.start)
    return IndexedEpisode(
        id=episode.id,
        title=episode.title,
        show=episode.show,
        published=episode.published,
        duration=transcript.audio.duration,
        language=transcript.language,
        path=files["json"],
        files=files,
        chapters=tuple(IndexedChapter(start=chapter.start, title=chapter.title) for chapter in chapters),
        speakers=tuple(voices(transcript).values()),
        words=sum(len(segment.words) for segment in transcript.segments),
        warnings=len(transcript.warnings),
        made_at=transcript.made.made_at,
    )


def _order(episode: IndexedEpisode) -> tuple[str, str, str, str]:
    published = episode.published.isoformat() if episode.published else ""
    return (episode.show or "", published, episode.title, episode.id)
