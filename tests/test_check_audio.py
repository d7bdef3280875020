"""Audio that its publisher replaced, told without fetching it again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.intake import fetch_audio
from jobs.versions import Comparison, Version, compare
from storage.documents import Episode, Publication
from storage.errors import NotFound
from storage.records import ReadyStep
from storage.requests import NewJob
from tests.commands import AUDIO
from tests.watching import FETCHER
from tests.webserver import Reply, WebServer, redirect
from worker.check_audio import check_audio, check_feed_audio
from worker.settings import Settings
from worker.stores import Stores, open_stores

MONDAY, TUESDAY = "Mon, 02 Mar 2026 10:00:00 GMT", "Tue, 03 Mar 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        (Version('"1"', MONDAY, 100), "same"),
        (Version('W/"1"', None, None), "same"),
        (Version('"2"', MONDAY, 100), "same"),  # another machine of the same host
        (Version('"2"', TUESDAY, 100), "replaced"),
        (Version('"2"', None, 100), "replaced"),
        (Version('"2"', MONDAY, None), "replaced"),
        (Version('"1"', MONDAY, 101), "replaced"),
        (Version(None, MONDAY, 100), "same"),
        (Version(None, TUESDAY, 100), "replaced"),
        (Version(None, None, 100), "unknown"),
        (Version(), "unknown"),
    ],
)
def test_versions_are_told_apart_by_length_then_etag_then_date(now: Version, verdict: Comparison) -> None:
    """Where nothing is said, nothing is claimed."""
    assert compare(Version('"1"', MONDAY, 100), now) == verdict


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    """Lend a ledger and a place for blobs."""
    with open_stores(Settings(data_dir=tmp_path)) as opened:
        yield opened


def fetched(stores: Stores, url: str) -> str:
    """Fetch an episode as a worker does, and return the id of its job."""
    episode = Episode(id="ep_1", title="One", audio_url=url)
    job = stores.requests.submit(NewJob(episode, "options", "{}")).job
    stores.queue.enqueue(job.id, [ReadyStep("fetch", 0, "key", "fetch")])
    claim = stores.queue.claim_next(("fetch",), "a worker")
    assert claim is not None
    result = fetch_audio(Publication(episode=episode), FETCHER, stores.blobs, lambda done, total=None: None)
    stores.ledger.commit(claim.lease, stores.blobs.put(result.model_dump_json().encode()))
    return job.id


def test_a_file_that_is_still_there_is_the_same(stores: Stores, webserver: WebServer) -> None:
    """One byte is asked for, wherever redirects lead."""
    webserver.routes["/real.mp3"] = AUDIO.read_bytes()
    webserver.routes["/one.mp3"] = redirect("/real.mp3?signature=1")
    fetched(stores, webserver.url("/one.mp3"))
    assert check_audio("ep_1", stores, FETCHER).state == "same"
    assert webserver.requests[-1].headers["range"] == "bytes=0-0"


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_of_another_length_was_replaced(ranges: bool, stores: Stores, webserver: WebServer) -> None:
    """Whether the server knows ranges or sends all of it, which is not read."""
    webserver.routes["/one.mp3"] = AUDIO.read_bytes()
    fetched(stores, webserver.url("/one.mp3"))
    webserver.routes["/one.mp3"] = Reply(AUDIO.read_bytes() * 2, ranges=ranges)
    assert check_audio("ep_1", stores, FETCHER).state == "replaced"


def test_a_file_with_another_etag_was_replaced(stores: Stores, webserver: WebServer) -> None:
    """Though it is as long as before."""
    webserver.routes["/one.mp3"] = AUDIO.read_bytes()
    fetched(stores, webserver.url("/one.mp3"))
    webserver.routes["/one.mp3"] = Reply(AUDIO.read_bytes(), headers={"ETag": '"another"'})
    assert check_audio("ep_1", stores, FETCHER).state == "replaced"


def test_where_nobody_can_tell_the_reason_is_said(stores: Stores, webserver: WebServer) -> None:
    """A server that is away, one that says nothing, an episode that was never fetched, one that nobody knows."""
    webserver.routes["/one.mp3"] = AUDIO.read_bytes()
    fetched(stores, webserver.url("/one.mp3"))
    webserver.routes["/one.mp3"] = Reply(status=404)
    found = check_audio("ep_1", stores, FETCHER)
    assert (found.state, "404" in found.reason) == ("unknown", True)
    webserver.routes["/one.mp3"] = Reply([AUDIO.read_bytes()])
    found = check_audio("ep_1", stores, FETCHER)
    assert (found.state, "versions" in found.reason) == ("unknown", True)
    stores.episodes.remember(Episode(id="ep_2", title="Two", audio_url="https://example.com/2.mp3"))
    assert "fetched" in check_audio("ep_2", stores, FETCHER).reason
    with pytest.raises(NotFound):
        check_audio("ep_3", stores, FETCHER)


def test_the_episodes_of_a_feed_are_checked_where_it_lists_them_now(stores: Stores, webserver: WebServer) -> None:
    """Each once, though it is known under two names; one whose job is gone says so."""
    from storage.feed_items import item_of

    webserver.routes["/one.mp3"] = webserver.routes["/moved.mp3"] = AUDIO.read_bytes()
    job_id = fetched(stores, webserver.url("/one.mp3"))
    feed = stores.feeds.add("https://example.com/feed", every=60.0)
    one = Episode(id="ep_1", title="One", audio_url=webserver.url("/one.mp3"))
    stores.feed_items.remember(feed.id, [item_of(one, job_id=job_id)])
    moved = one.model_copy(update={"id": "ep_alias", "audio_url": webserver.url("/moved.mp3")})
    gone = Episode(id="ep_gone", title="Gone")
    stores.feed_items.remember(feed.id, [item_of(moved, job_id=job_id), item_of(gone, job_id="purged")])
    stores.feed_items.remember(feed.id, [item_of(Episode(id="ep_seen", title="Seen"))])
    checks = {check.title: check for check in check_feed_audio(feed.id, stores, FETCHER, limit=10)}
    assert set(checks) == {"One", "Gone"}
    assert (checks["One"].state, checks["Gone"].state, "removed" in checks["Gone"].reason) == ("same", "unknown", True)
    assert len(webserver.asked("/moved.mp3")) == 1
