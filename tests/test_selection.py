"""Which of a feed's episodes a person asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.selection import Selection, select
from storage.documents import Episode, Publication
from storage.errors import EarmarkError, NoMatch, OptionError


def assert_explained(error: EarmarkError) -> None:
    assert error.message
    assert error.hint


def episode(title: str, day: int | None, guid: str | None = None) -> Publication:
    published = datetime(2025, 1, day, 23, tzinfo=UTC) if day else None
    return Publication(episode=Episode(id=f"ep_{title}", title=title, guid=guid, published=published))


FEED = (
    episode("Open models: Hot or Not", 9, "seed:1"),
    episode("Why AI writing is mid", 7, "seed:2"),
    episode("Undated thoughts", None, "seed:3"),
    episode("Burning out", 5, "3"),
    episode("Burning out, again", 3, "seed:5"),
)


def titles(selection: Selection) -> list[str]:
    return [publication.episode.title for publication in select(FEED, selection)[0]]


def test_without_options_the_newest_is_taken_and_that_is_said() -> None:
    """Nobody should wonder why one of a hundred episodes was processed."""
    chosen, notices = select(FEED, Selection())
    assert chosen == FEED[:1]
    assert notices[0].code == "newest_chosen"
    assert "Open models" in notices[0].message


def test_latest_since_and_all() -> None:
    """The two limits together keep what satisfies both."""
    assert select(FEED, Selection(all=True)) == (FEED, ())
    assert select(FEED, Selection(latest=2)) == (FEED[:2], ())
    assert select(FEED, Selection(latest=99))[0] == FEED
    assert titles(Selection(since=date(2025, 1, 5))) == [FEED[0].episode.title, FEED[1].episode.title, FEED[3].episode.title]
    assert titles(Selection(since=date(2025, 1, 5), latest=2)) == [FEED[0].episode.title, FEED[1].episode.title]
    assert titles(Selection(since=date(2025, 1, 9), latest=3, all=False)) == [FEED[0].episode.title]


def test_since_passes_undated_episodes_over_with_a_notice() -> None:
    """They may be new or old."""
    _, notices = select(FEED, Selection(since=date(2025, 1, 1)))
    assert [notice.code for notice in notices] == ["undated_skipped"]
    assert "Undated thoughts" in notices[0].message


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("1", 0),
        ("5", 4),
        ("seed:2", 1),
        ("burning OUT", 3),
        ("hot or not", 0),
        ("hot, or not", 0),
        ("Why AI writting is mid", 1),
        ("ep_Undated thoughts", 2),
        ("again", 4),
    ],
)
def test_an_episode_is_found_by_number_guid_title_part_or_near_title(text: str, index: int) -> None:
    """An exact title wins over being part of another."""
    assert select(FEED, Selection(episodes=(text,)))[0] == (FEED[index],)


def test_several_episodes_come_newest_first_and_once() -> None:
    """Whatever the order in which they were asked for."""
    assert select(FEED, Selection(episodes=("5", "1", "seed:1")))[0] == (FEED[0], FEED[4])


@pytest.mark.parametrize(
    ("text", "said"), [("burning", "4. Burning out; 5. Burning out, again"), ("3", "3. Undated thoughts; 4. Burning out")]
)
def test_an_ambiguous_name_lists_the_candidates(text: str, said: str) -> None:
    """Part of two titles; a number that is another episode's guid too."""
    with pytest.raises(NoMatch, match="matches 2 episodes") as caught:
        select(FEED, Selection(episodes=(text,)))
    assert said in caught.value.hint


@pytest.mark.parametrize(("text", "hint"), [("Burnt out forever", "Burning out"), ("99", "earmark episodes"), (" ", "guid")])
def test_a_name_that_matches_nothing_suggests_the_closest(text: str, hint: str) -> None:
    """Or says how to list them."""
    with pytest.raises(NoMatch) as caught:
        select(FEED, Selection(episodes=(text,)))
    assert hint in caught.value.hint


def test_no_episode_since_says_when_the_newest_was() -> None:
    """So that the date can be corrected."""
    with pytest.raises(NoMatch, match="2025-02-01") as caught:
        select(FEED, Selection(since=date(2025, 2, 1)))
    assert "2025-01-09" in caught.value.hint
    with pytest.raises(NoMatch):
        select((), Selection())


@pytest.mark.parametrize(
    "selection",
    [
        Selection(episodes=("1",), latest=1),
        Selection(episodes=("1",), since=date(2025, 1, 1)),
        Selection(episodes=("1",), all=True),
        Selection(all=True, latest=1),
        Selection(latest=0),
    ],
)
def test_options_that_contradict_each_other_are_refused(selection: Selection) -> None:
    """Rather than one of them silently winning."""
    with pytest.raises(OptionError):
        select(FEED, selection)


@given(st.text(max_size=20))
def test_any_name_finds_one_episode_or_explains_itself(text: str) -> None:
    """Never two, never another error."""
    try:
        assert len(select(FEED, Selection(episodes=(text,)))[0]) == 1
    except EarmarkError as refused:
        assert_explained(refused)
