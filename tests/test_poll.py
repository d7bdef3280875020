"""Polls of watched feeds: real feeds on a real server, a real ledger, and a clock that a test sets."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.feed_check import check_feed
from storage.errors import NotFound
from storage.feed_items import FeedItem, FeedItems
from tests.commands import Item, feed_of
from tests.watching import DAY, EVERY, FETCHER, START, Watching, episode, watching
from tests.webserver import Reply, Request, WebServer, redirect
from worker.desk import NEW_EPISODE
from worker.due import run_due
from worker.poll import LONGEST_BACKOFF, poll, usual_jitter


@pytest.fixture
def watched(tmp_path: Path, webserver: WebServer) -> Iterator[Watching]:
    """Lend a feed that lists two episodes, not watched yet."""
    with watching(tmp_path, webserver) as found:
        found.lists(episode(-1), episode(-2))
        yield found


# --- what is new ----------------------------------------------------------------------------------------------------


def test_only_what_comes_after_the_watching_began_is_asked_for(watched: Watching) -> None:
    """What is there already is remembered as seen."""
    watched.watch()
    first = watched.poll()
    assert (first.state, first.submitted, first.remembered, watched.jobs) == ("read", (), 2, [])
    watched.lists(episode(0), episode(-1), episode(-2))
    second = watched.poll()
    assert len(second.submitted) == 1
    (job,) = watched.jobs
    assert (job.title, job.priority, job.show, job.state) == ("Episode 0", NEW_EPISODE, "A show", "queued")
    assert watched.poll().submitted == ()
    assert (watched.feed.items, watched.feed.title, watched.feed.error) == (3, "A show", "")


def test_episodes_since_a_day_are_asked_for_at_the_first_poll(watched: Watching) -> None:
    """As a backlog, behind what comes out from now on."""
    watched.lists(episode(-1), episode(-2), episode(-5), Item("Undated", "https://media.example.com/u.mp3", "u"))
    watched.watch(since=START - 3 * DAY)
    watched.poll()
    assert watched.titles == ["Episode -1", "Episode -2"]
    assert {job.priority for job in watched.jobs} == {0}
    watched.lists(episode(0), episode(-1), episode(-2), episode(-5), episode(-9))
    assert len(watched.poll().submitted) == 1
    assert watched.titles == ["Episode -1", "Episode -2", "Episode 0"]
    assert {job.title: job.priority for job in watched.jobs}["Episode 0"] == NEW_EPISODE


def test_an_episode_that_came_out_before_the_first_poll_but_after_the_watching_began_is_new(watched: Watching) -> None:
    """The server may have been away for a day; what is dated ahead was there all the time."""
    watched.watch()
    watched.answers(Reply(status=503))
    watched.poll()
    watched.lists(episode(30), episode(1), episode(-1))
    watched.poll(later=2 * DAY)
    assert [(job.title, job.priority) for job in watched.jobs] == [("Episode 1", NEW_EPISODE)]


def test_a_feed_that_is_watched_again_from_an_earlier_day_gives_what_was_only_seen(watched: Watching) -> None:
    """Though its server says that nothing changed."""
    watched.watch()
    watched.poll()
    watched.watch(since=START - 1.5 * DAY)
    assert len(watched.poll().submitted) == 1
    assert watched.titles == ["Episode -1"]
    assert watched.poll().state == "unchanged"


def test_a_job_of_a_feed_has_the_feeds_options_and_webhook(watched: Watching) -> None:
    """Each feed its own."""
    feed = watched.watch(webhook='{"url": "https://example.com/", "secret": "s"}')
    watched.desk.stores.feeds.change(feed.id, options='{"model": "tiny", "diarizer": "none"}')
    watched.poll()
    watched.lists(episode(0), episode(-1))
    (job_id,) = watched.poll().submitted
    request = json.loads(watched.desk.stores.ledger.standing(job_id).request or "")
    assert (request["options"]["model"], request["options"]["diarizer"]) == ("tiny", "none")
    watched.desk.stores.requests.failed(job_id, "no audio")
    (message,) = watched.desk.stores.deliveries.list(job_id)
    assert message.webhook == feed.webhook


# --- what is known again --------------------------------------------------------------------------------------------


def test_an_episode_whose_guid_and_address_change_is_not_done_again(watched: Watching) -> None:
    """The whole feed at once, as when a show moves to another host; what is new beside it is."""
    watched.watch(since=START - 10 * DAY)
    watched.poll()
    assert len(watched.jobs) == 2
    watched.lists(episode(0), episode(-1, mark="-moved"), episode(-2, mark="-moved"))
    moved = watched.poll()
    assert (len(moved.submitted), moved.recognised) == (1, 2)
    watched.lists(episode(0), episode(-1, mark="-again"), episode(-2, mark="-moved"))
    assert watched.poll().submitted == ()
    assert len(watched.jobs) == 3


def test_episodes_of_one_title_are_all_done(watched: Watching) -> None:
    """“Update”, each week."""
    watched.lists(episode(0, title="Update"))
    watched.watch(since=START)
    watched.poll()
    watched.lists(episode(7, title="Update"), episode(0, title="Update"))
    watched.poll()
    watched.lists(episode(8, day=7.01, title="Update", length=60), episode(7, title="Update"))
    watched.poll()
    assert watched.titles == ["Update"] * 3


@pytest.mark.slow
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_publisher_changes_each_episode_is_one_job(
    tmp_path_factory: pytest.TempPathFactory, webserver: WebServer, data: st.DataObject
) -> None:
    """Guids, addresses or both, of any items, over several polls; new ones come in between."""
    with watching(tmp_path_factory.mktemp("ledger"), webserver) as watched:
        items = {number: episode(number, title="Update" if number % 3 else None) for number in range(-4, 0)}
        watched.lists(*items.values())
        watched.watch(since=START - 30 * DAY)
        watched.poll()
        for reading in range(3):
            items[reading] = episode(reading, title="Update")
            for number in [*items]:
                changed = episode(number, mark=f"-{reading}")
                what = data.draw(st.sampled_from(["guid", "audio", "both", "nothing"]))
                if what in {"guid", "both"}:
                    items[number] = replace(items[number], guid=changed.guid)
                if what in {"audio", "both"}:
                    items[number] = replace(items[number], audio=changed.audio)
            watched.lists(*data.draw(st.permutations([*items.values()])))
            assert len(watched.poll().submitted) == 1
        assert len(watched.jobs) == 7


def test_a_flood_is_taken_in_part_and_the_rest_is_told(tmp_path: Path, webserver: WebServer) -> None:
    """The newest first; what was left out is recorded, and said until a person decides."""
    with watching(tmp_path, webserver, most=50) as watched:
        watched.lists(episode(-1))
        watched.watch()
        watched.poll()
        flood = [episode(number) for number in range(300, 0, -1)]
        watched.lists(*flood, episode(-1))
        taken = watched.poll()
        assert (len(taken.submitted), taken.left_out) == (50, 250)
        assert {job.title for job in watched.jobs} == {f"Episode {number}" for number in range(251, 301)}
        assert "250 episodes were left out" in watched.feed.error
        assert (watched.poll().state, watched.feed.failures) == ("unchanged", 0)
        assert "250 episodes were left out" in watched.feed.error
        watched.answers(Reply(status=500))
        watched.poll()
        assert "500" in watched.feed.error
        assert "250 episodes were left out" in watched.feed.error
        watched.lists(episode(301), *flood, episode(-1))
        assert (len(watched.poll().submitted), len(watched.jobs)) == (1, 51)
        assert "250 episodes were left out" in watched.feed.error


def test_a_backlog_that_was_asked_for_is_taken_poll_by_poll(tmp_path: Path, webserver: WebServer) -> None:
    """Though the feed does not change meanwhile."""
    with watching(tmp_path, webserver, most=10) as watched:
        watched.lists(*(episode(-number) for number in range(1, 26)))
        watched.watch(since=START - 100 * DAY)
        assert [len(watched.poll().submitted) for _ in range(4)] == [10, 10, 5, 0]
        assert watched.feed.error == ""
        assert len(watched.jobs) == 25


def test_a_crash_between_submitting_and_remembering_makes_no_second_job(watched: Watching) -> None:
    """The same job is found again."""
    watched.watch()
    watched.poll()
    watched.lists(episode(0), episode(-1), episode(-2))
    with mock.patch.object(FeedItems, "remember", _dies_at_the_first), pytest.raises(_Crash):
        watched.poll()
    assert len(watched.jobs) == 1
    again = watched.poll()
    assert again.submitted == (watched.jobs[0].id,)
    assert len(watched.jobs) == 1


def test_a_job_that_a_person_cancelled_is_not_asked_for_again(watched: Watching) -> None:
    """Its item is known."""
    watched.watch(since=START - 1.5 * DAY)
    (job_id,) = watched.poll().submitted
    watched.desk.stores.requests.cancel(job_id)
    watched.lists(episode(-1, mark="-moved"), episode(-2))
    watched.poll()
    assert [job.state for job in watched.jobs] == ["cancelled"]


# --- the server ------------------------------------------------------------------------------------------------------


def test_a_feed_that_did_not_change_is_not_sent_again(watched: Watching) -> None:
    """Both validators are given back as they came."""
    body = feed_of(episode(-1))
    headers = {"ETag": '"7"', "Last-Modified": "Sun, 01 Mar 2026 10:00:00 GMT"}
    watched.answers(Reply(body, headers=headers))
    watched.watch()
    assert [watched.poll().state, watched.poll().state] == ["read", "unchanged"]
    sent = watched.server.requests[-1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"7"', "Sun, 01 Mar 2026 10:00:00 GMT")
    assert (watched.feed.etag, watched.feed.title) == ('"7"', "A show")
    assert watched.feed.polled_at == watched.clock.now


def test_a_feed_that_moved_for_good_keeps_its_episodes(watched: Watching) -> None:
    """Their ids derive from the address that was asked for; the move is told."""
    watched.watch(since=START - 10 * DAY)
    watched.poll()
    watched.server.routes["/new"] = feed_of(episode(0), episode(-1), episode(-2))
    watched.answers(redirect("/new?signature=secret", 301))
    assert len(watched.poll().submitted) == 1
    assert len(watched.jobs) == 3
    assert watched.server.url("/new") in watched.feed.error
    assert "secret" not in watched.feed.error
    assert (watched.feed.url, watched.feed.failures) == (watched.url, 0)
    watched.answers(redirect("/new", 302))
    watched.poll()
    assert watched.feed.error == ""


def test_errors_double_the_interval_up_to_a_day(watched: Watching) -> None:
    """And a success brings the interval back."""
    watched.watch()
    watched.answers(Reply(status=503))
    waits = []
    for _ in range(9):
        assert watched.poll().state == "failed"
        waits.append(watched.feed.next_poll_at - watched.clock.now)
    assert waits == [EVERY * 2**number for number in range(6)] + [LONGEST_BACKOFF] * 3
    assert (watched.feed.failures, "503" in watched.feed.error) == (9, True)
    watched.lists(episode(-1))
    assert watched.poll().state == "read"
    assert (watched.feed.failures, watched.feed.error) == (0, "")
    assert watched.feed.next_poll_at == watched.clock.now + EVERY


def test_a_server_that_asks_for_time_gets_it(watched: Watching) -> None:
    """Retry-After, where it is longer than the wait that we would take."""
    watched.watch()
    watched.answers(Reply(status=429, headers={"Retry-After": "90000"}))
    watched.poll()
    assert watched.feed.next_poll_at == watched.clock.now + 90_000
    watched.answers(Reply(status=503, headers={"Retry-After": "10"}))
    watched.poll()
    assert watched.feed.next_poll_at == watched.clock.now + 2 * EVERY


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=404), "404"),
        (Reply(status=410), "410"),
        (Reply(b"<!DOCTYPE html><html><body>Parked</body></html>"), "web page"),
        (Reply(b"Hello"), "feed"),
        (Reply(b""), "empty"),
        (Reply(feed_of(Item("No audio"))), "audio"),
    ],
)
def test_a_feed_that_is_gone_stays_watched_and_says_why(reply: Reply, said: str, watched: Watching) -> None:
    """It may come back; only a person removes it."""
    watched.watch()
    watched.answers(reply)
    for _ in range(3):
        outcome = watched.poll()
        assert (outcome.state, said in outcome.error) == ("failed", True)
    assert (said in watched.feed.error, watched.feed.failures, watched.feed.polled_at) == (True, 3, None)
    watched.lists(episode(-1))
    assert watched.poll().submitted == ()


def test_the_interval_is_jittered_by_a_tenth(watched: Watching) -> None:
    """So that feeds that were added together do not stay together."""
    drawn = [usual_jitter() for _ in range(2000)]
    assert 0.9 <= min(drawn) < 0.92
    assert 1.08 < max(drawn) <= 1.1
    watched.watch()
    watched.rules = replace(watched.rules, jitter=lambda: 0.9)
    watched.poll()
    assert watched.feed.next_poll_at == pytest.approx(watched.clock.now + 0.9 * EVERY)


def test_options_that_cannot_be_read_are_said_with_the_feed(watched: Watching) -> None:
    """Nothing is fetched for them."""
    feed = watched.watch()
    watched.desk.stores.feeds.change(feed.id, options='{"model": 7}')
    assert watched.poll().state == "failed"
    assert "options" in watched.feed.error
    assert watched.server.requests == []


def test_a_feed_that_is_not_watched_cannot_be_polled(watched: Watching) -> None:
    """Nor one that is removed while it is read, which leaves nothing behind."""
    with pytest.raises(NotFound):
        poll("ab12", watched.desk, FETCHER)
    feed = watched.watch()

    def remove(request: Request) -> Reply:
        watched.desk.stores.feeds.remove(feed.id)
        return Reply(feed_of(episode(-1)))

    watched.server.routes[watched.path] = remove
    with pytest.raises(NotFound):
        poll(feed.id, watched.desk, FETCHER, watched.rules)


# --- what is due -----------------------------------------------------------------------------------------------------


def test_what_is_due_is_done_and_nothing_else(watched: Watching) -> None:
    """Polls and messages, each once; a second call at the same time finds nothing."""
    watched.server.routes["/hook"] = b"thanks"
    hook = json.dumps({"url": watched.server.url("/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    watched.watch(since=START - 1.5 * DAY, webhook=hook)
    assert run_due(watched.desk, FETCHER, rules=watched.rules).polls == 1
    watched.desk.stores.requests.failed(watched.jobs[0].id, "no audio")
    done = run_due(watched.desk, FETCHER, rules=watched.rules)
    assert (done.polls, done.deliveries) == (0, 1)
    again = run_due(watched.desk, FETCHER, rules=watched.rules)
    assert (again.polls, again.deliveries) == (0, 0)
    watched.clock.now += EVERY
    assert run_due(watched.desk, FETCHER, rules=watched.rules).polls == 1
    assert len(watched.server.asked("/hook")) == 1


def test_of_many_workers_one_polls_and_one_delivers(watched: Watching) -> None:
    """Each thing that is due is done once, however many look at once."""
    watched.server.routes["/hook"] = b"thanks"
    hook = json.dumps({"url": watched.server.url("/hook"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
    watched.watch(since=START - 10 * DAY, webhook=hook)

    def many() -> None:
        barrier = threading.Barrier(8)

        def look() -> None:
            barrier.wait()
            run_due(watched.desk, FETCHER, rules=watched.rules)

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    many()
    assert (len(watched.server.asked("/feed")), len(watched.jobs)) == (1, 2)
    for job in watched.jobs:
        watched.desk.stores.requests.failed(job.id, "no audio")
    many()
    assert len({request.headers["webhook-id"] for request in watched.server.asked("/hook")}) == 2
    assert len(watched.server.asked("/hook")) == 2


def test_one_feed_that_goes_wrong_holds_up_no_other(watched: Watching) -> None:
    """Not even where nobody foresaw it; the error is told with the feed."""
    feeds = watched.desk.stores.feeds
    watched.server.routes["/other"] = feed_of(episode(-1))
    bad, good = watched.watch(), feeds.add(watched.server.url("/other"), every=EVERY)

    def read(url: str, *arguments: object, **options: object) -> object:
        if url == bad.url:
            raise ZeroDivisionError("by nothing")
        return check_feed(url, *arguments, **options)  # type: ignore[arg-type]  # passed on

    with mock.patch("worker.poll.check_feed", read):
        assert run_due(watched.desk, FETCHER, rules=watched.rules).polls == 1
    assert "by nothing" in feeds.get(bad.id).error
    assert feeds.get(bad.id).failures == 1
    assert feeds.get(good.id).polled_at == watched.clock.now


def test_a_call_begins_nothing_more_after_its_time(watched: Watching) -> None:
    """Slow servers hold up their own feeds alone; the rest stays due."""
    feed = watched.watch()
    assert run_due(watched.desk, FETCHER, rules=watched.rules, seconds=0.0).polls == 0
    assert watched.desk.stores.feeds.due() == (feed.id,)


def test_a_ledger_that_is_away_is_no_error_of_the_caller(watched: Watching) -> None:
    """The next call tries again."""
    watched.watch()
    with mock.patch("storage.feeds.reading", side_effect=_away), mock.patch("storage.deliveries.reading", side_effect=_away):
        done = run_due(watched.desk, FETCHER, rules=watched.rules)
    assert (done.polls, done.deliveries) == (0, 0)


def _away(*_: object) -> object:
    from storage.errors import LedgerUnavailable

    raise LedgerUnavailable("The ledger is away.")


def _dies_at_the_first(_: FeedItems, feed_id: str, items: Sequence[FeedItem]) -> None:
    if items:
        raise _Crash


class _Crash(BaseException):
    """The process dies here."""
