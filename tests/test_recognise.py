"""Items of a feed that are known again, whatever their publisher changes, and items that only look alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.identity import episode_id
from jobs.recognise import Recogniser
from storage.feed_items import FeedItem

FEED = "https://example.com/feed.xml"
NOON = 1_700_000_000.0 // 86_400 * 86_400 + 43_200


def item(
    title: str = "Update",
    guid: str | None = "1",
    audio: str | None = "https://example.com/1.mp3",
    *,
    published: float | None = NOON,
    duration: float | None = 1800.0,
    job: str | None = None,
) -> FeedItem:
    """Return an item with the id that its feed would give it."""
    return FeedItem(episode_id(FEED, guid, audio), guid, audio, title, published, duration, job)


def find(known: list[FeedItem], listed: list[FeedItem]) -> list[FeedItem | None]:
    """Return what each listed item is known as, as a poll finds it."""
    recogniser = Recogniser(known, listed)
    found = []
    for one in listed:
        found.append(recogniser.find(one))
        recogniser.add(one)
    return found


KNOWN = item()


@pytest.mark.parametrize(
    "listed",
    [
        KNOWN,
        replace(KNOWN, title="Update, corrected", published=None, duration=None),
        item(guid="2"),
        item(audio="https://elsewhere.com/x.mp3"),
        item(guid="2", audio="http://example.com:80/1.mp3?utm_source=rss", title="Another title"),
        item(guid="2", audio="https://pdst.fm/e/example.com/1.mp3", title="Another title"),
        item(guid="2", audio="https://elsewhere.com/x.mp3"),
        item(guid="2", audio="https://elsewhere.com/x.mp3", title=" update", duration=1800.9, published=NOON + 3600),
        item(guid="2", audio="https://elsewhere.com/x.mp3", duration=None),
        item(guid=None, audio="https://elsewhere.com/x.mp3"),
    ],
)
def test_the_same_episode_is_known_by_guid_by_audio_or_by_its_looks(listed: FeedItem) -> None:
    """One of the three is enough."""
    assert find([KNOWN], [listed]) == [KNOWN]


@pytest.mark.parametrize(
    "other",
    [
        item(guid="2", audio="https://example.com/2.mp3", published=NOON + 86_400),
        item(guid="2", audio="https://example.com/2.mp3", duration=1810.0),
        item(guid="2", audio="https://example.com/2.mp3", published=None),
        item(guid="2", audio="https://example.com/2.mp3", published=NOON + 60, duration=None),
        item(guid="2", audio="https://example.com/2.mp3", title="Update 2"),
    ],
)
def test_two_episodes_of_one_title_are_two(other: FeedItem) -> None:
    """Another day, another length, or nothing that would say so: nothing is lost."""
    assert find([KNOWN], [other]) == [None]
    assert find([KNOWN], [other, KNOWN]) == [None, KNOWN]


def test_two_items_that_are_listed_beside_each_other_are_two() -> None:
    """A bulletin each hour, all of one title and length; also if none was known, and if several were."""
    bulletins = [
        item("News", f"n{hour}", f"https://example.com/{hour}.mp3", published=NOON + hour * 3600, duration=300.0)
        for hour in range(6)
    ]
    assert find([], bulletins) == [None] * 6
    assert find(bulletins[:1], bulletins[:2]) == [bulletins[0], None]
    assert find(bulletins[:3], bulletins[1:5]) == [bulletins[1], bulletins[2], None, None]


def test_two_items_without_times_of_day_and_lengths_are_two() -> None:
    """Some publishers write days alone."""
    sermons = [item("Sermon", str(number), f"https://example.com/{number}.mp3", duration=None) for number in range(3)]
    assert find([], sermons) == [None] * 3
    assert find(sermons[:1], sermons) == [sermons[0], None, None]


def test_a_guid_that_several_items_bear_names_none_of_them() -> None:
    """Only their audio tells them apart; the reader gives them ids of their own."""
    first = item("One", "same", "https://example.com/1.mp3")
    second = replace(item("Two", "same", "https://example.com/2.mp3", published=NOON + 1), episode_id="ep_of_its_own")
    assert find([first], [second, first]) == [None, first]
    assert find([first, second], [second, first]) == [second, first]


def test_one_that_became_a_job_is_preferred() -> None:
    """Of two that bear the same name."""
    seen, done = item(guid=None, audio="https://example.com/1.mp3"), item(guid="1", job="job")
    for known in ([seen, done], [done, seen]):
        assert find(known, [item(guid="3", title="x", published=None)]) == [done]


def test_a_catalogue_whose_every_guid_and_address_changes_at_once_is_known() -> None:
    """As when a show moves to another host; one new episode among them is new."""
    known = [
        item(f"Episode {number}", f"old-{number}", f"https://old.example/{number}.mp3", published=NOON + number * 86_400)
        for number in range(300)
    ]
    moved = [
        replace(one, guid=f"new-{one.guid}", audio_url=f"https://new.example/{one.guid}", episode_id=f"n{one.guid}")
        for one in known
    ]
    new = item("Episode 300", "new-300", "https://new.example/300.mp3", published=NOON + 300 * 86_400)
    assert find(known, [new, *moved]) == [None, *known]


episodes = st.builds(
    lambda number, title, day, second, duration: item(
        title, f"g{number}", f"https://a.example/{number}.mp3", published=NOON + day * 86_400.0 + second, duration=float(duration)
    ),
    st.integers(0, 10**6),
    st.sampled_from(["Update", "News", "Interview", "Q&A"]),
    st.integers(0, 400),
    st.integers(0, 3600),
    st.integers(300, 7200),
)


@given(
    known=st.lists(episodes, min_size=1, max_size=12, unique_by=(lambda one: one.guid, lambda one: (one.title, one.published))),
    data=st.data(),
)
def test_whatever_is_changed_of_guid_and_address_an_episode_is_itself(known: list[FeedItem], data: st.DataObject) -> None:
    """Any mixture of changes, over several readings; each is known as itself and as no other."""
    keys = {(one.title, one.published) for one in known}
    assume(len(keys) == len(known))
    listed = known
    remembered = list(known)
    self_of = {one.episode_id: (one.title, one.published) for one in known}
    for reading in range(3):
        listed = [
            _changed(one, f"{reading}-{place}", data.draw(st.sampled_from(["guid", "audio", "both", "nothing"])))
            for place, one in enumerate(listed)
        ]
        found = find(remembered, listed)
        for one, as_known in zip(listed, found, strict=True):
            assert as_known is not None
            assert self_of[as_known.episode_id] == (one.title, one.published)
            self_of[one.episode_id] = (one.title, one.published)
        remembered = [*{one.episode_id: one for one in (*remembered, *listed)}.values()]


def _changed(one: FeedItem, mark: str, what: str) -> FeedItem:
    guid = f"new-{mark}" if what in {"guid", "both"} else one.guid
    audio = f"https://b.example/{mark}.mp3" if what in {"audio", "both"} else one.audio_url
    return replace(one, guid=guid, audio_url=audio, episode_id=episode_id(FEED, guid, audio))


@given(known=st.lists(episodes, max_size=12), new=episodes)
def test_an_episode_of_a_day_of_its_own_is_always_new(known: list[FeedItem], new: FeedItem) -> None:
    """Whatever was there before, titles and lengths included."""
    assume(all(one.published is not None and abs(one.published - (new.published or 0)) > 86_400 for one in known))
    one = replace(new, guid="a new one", audio_url="https://c.example/new.mp3", episode_id="ep_new")
    assert find(known, [one, *known])[0] is None
