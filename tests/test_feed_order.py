"""The order of a feed's episodes, and ids that tell them apart."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from jobs.feed_order import distinct, newest_first
from jobs.identity import episode_id
from storage.documents import Episode, Publication

FEED = "https://show.example/feed.xml"


def publication(number: int, day: int | None, guid: str | None = None) -> Publication:
    audio = f"https://cdn.example/{number}.mp3"
    published = datetime(2025, 1, day, tzinfo=UTC) if day else None
    identity = episode_id(FEED, guid, audio)
    return Publication(episode=Episode(id=identity, title=f"{number}", guid=guid, audio_url=audio, published=published))


@given(st.lists(st.none() | st.integers(1, 28)))
def test_dated_episodes_are_sorted_and_undated_ones_stay(days: list[int | None]) -> None:
    """Nothing is lost, and equal dates keep the document's order."""
    given_ = [publication(number, day) for number, day in enumerate(days)]
    ordered = newest_first(given_)
    assert [p for p in ordered if not p.episode.published] == [p for p in given_ if not p.episode.published]
    assert [p.episode.published is None for p in ordered] == [day is None for day in days]
    dated = [(p.episode.published, -int(p.episode.title)) for p in ordered if p.episode.published]
    assert dated == sorted(dated, reverse=True)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "b", None])), max_size=8))
def test_ids_are_distinct_and_only_true_doubles_go(rows: list[tuple[int, str | None]]) -> None:
    """What differs in guid or audio is another episode, except that an audio without guid is only itself."""
    kept, notices = distinct([publication(number, 1, guid) for number, guid in rows], FEED)
    assert len({p.episode.id for p in kept}) == len(kept) == len(set(rows))
    assert len(rows) - len(kept) == [notice.code for notice in notices].count("duplicate_item")
