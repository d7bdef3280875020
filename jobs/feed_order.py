"""The order of a feed's episodes, and ids that tell them apart."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from jobs.identity import normalise_url, same_guid_id
from storage.documents import Episode, Notice, Publication


def newest_first(publications: list[Publication]) -> list[Publication]:
    """Sort the dated episodes among their places; an undated one stays where the document has it."""
    dated = iter(sorted((p for p in publications if p.episode.published), key=_moment, reverse=True))
    return [next(dated) if publication.episode.published else publication for publication in publications]


def _moment(publication: Publication) -> datetime:
    return publication.episode.published or datetime.min.replace(tzinfo=UTC)


def distinct(publications: list[Publication], url: str | None) -> tuple[list[Publication], tuple[Notice, ...]]:
    """Give episodes that share a guid ids of their own, and list one that is there twice only once.

    The oldest keeps the plain id: it had it before the other appeared.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for index, publication in enumerate(publications):
        groups[publication.episode.id].append(index)
    result: list[Publication | None] = list(publications)
    notices = []
    for indexes in groups.values():
        audios: set[str] = set()
        for index in reversed(indexes):
            publication = publications[index]
            episode = publication.episode
            audio = normalise_url(episode.audio_url or "")
            if audio in audios:
                result[index] = None
                notices.append(_notice("duplicate_item", episode, "is in the feed twice with the same audio and is listed once"))
            elif audios:
                notice = _notice("duplicate_guid", episode, f"shares its guid {episode.guid!r} with another one; both are kept")
                distinct = episode.model_copy(update={"id": same_guid_id(url, episode.guid or "", episode.audio_url or "")})
                result[index] = publication.model_copy(update={"episode": distinct, "warnings": (*publication.warnings, notice)})
                notices.append(notice)
            audios.add(audio)
    return [publication for publication in result if publication is not None], tuple(notices)


def _notice(code: str, episode: Episode, what: str) -> Notice:
    return Notice(code=code, message=f"“{episode.title[:80]}” {what}.")
