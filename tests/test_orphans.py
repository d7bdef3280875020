"""Artefacts that nothing refers to go after a day; whatever is in use stays, always."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.ledger import Ledger
from storage.orphans import YOUNG_SECONDS, collect_orphans, in_use
from tests.desks import TestDesk, open_test_desk

DAY = 24 * 3600.0


@pytest.fixture
def work(tmp_path: Path, ledger_url: str) -> Iterator[TestDesk]:
    """Lend a desk and its worker, on each of the databases."""
    with open_test_desk(tmp_path / "data", database_url=ledger_url, keep_decoded=True) as desk:
        yield desk


def blobs_on_disk(work: TestDesk) -> set[str]:
    """Return the digests of all blobs that are there."""
    return {digest for digest, _ in work.desk.stores.blobs.older(time.time() + DAY)}


def make_old(work: TestDesk, seconds: float = 2 * DAY) -> None:
    """Let all blobs have been put so long ago."""
    then = time.time() - seconds
    for digest in blobs_on_disk(work):
        os.utime(work.desk.stores.blobs.path(digest), (then, then))


def collect(work: TestDesk, *, older_than: float = YOUNG_SECONDS) -> int:
    """Collect, and return how many blobs were removed."""
    return collect_orphans(work.desk.stores.engine, work.desk.stores.blobs, older_than=older_than).count


def test_what_nothing_refers_to_is_removed_after_a_day_and_its_size_told(work: TestDesk) -> None:
    """Such as what a crash left between blob and row."""
    stores = work.desk.stores
    left = stores.blobs.put(b"nobody's")
    assert collect_orphans(stores.engine, stores.blobs).count == 0
    assert stores.blobs.has(left)
    make_old(work, YOUNG_SECONDS + 60)
    collected = collect_orphans(stores.engine, stores.blobs)
    assert (collected.count, collected.bytes) == (1, len(b"nobody's"))
    assert not stores.blobs.has(left)


def test_nothing_in_use_is_removed_however_far_a_job_has_come(work: TestDesk) -> None:
    """After each step, everything old that is not in use is collected: and the job still comes to the same end."""
    job = work.submit()
    while work.work(1):
        make_old(work)
        assert collect(work) == 0
    assert work.desk.stores.requests.get(job.id).state == "done"
    assert all(step.attempts == 1 for step in work.desk.stores.ledger.steps(job.id))  # nothing had to be done twice


def test_every_digest_in_any_output_counts_as_in_use(work: TestDesk) -> None:
    """If a step should ever name a blob elsewhere, this fails, and `storage/orphans.py` must learn of it."""
    job = work.submit()
    work.work()
    stores = work.desk.stores
    there, used = blobs_on_disk(work), in_use(stores.engine, stores.blobs)
    for step in stores.ledger.steps(job.id):
        assert step.output is not None
        named = set(re.findall(r"[0-9a-f]{64}", stores.blobs.read(step.output).decode())) & there
        assert named <= used, step.label
    assert there <= used


def test_a_purged_job_leaves_its_audio_and_steps_to_be_collected_and_keeps_the_transcript(work: TestDesk) -> None:
    """The result of every episode stays."""
    job = work.submit()
    work.work()
    stores = work.desk.stores
    episode = stores.episodes.get(job.episode_id)
    assert stores.requests.purge(before=time.time() + 1, states=("done",)) == 1
    make_old(work)
    assert collect(work) > 5
    assert blobs_on_disk(work) == {episode.transcript}
    assert stores.episodes.get(job.episode_id) == episode


def test_the_older_transcript_of_an_episode_goes_with_its_job_and_the_newest_stays(work: TestDesk) -> None:
    """Two jobs of one episode with other options."""
    first = work.submit()
    work.work()
    second = work.submit(diarizer="none")
    work.work()
    stores = work.desk.stores
    assert stores.requests.purge(before=time.time() + 1, states=("done",)) == 2
    make_old(work)
    collect(work)
    transcript = stores.episodes.get(first.episode_id).transcript
    assert blobs_on_disk(work) == {transcript}
    assert stores.episodes.get(first.episode_id).job_id == second.id


def test_a_done_job_stays_while_nothing_else_keeps_its_transcript(work: TestDesk) -> None:
    """As those of `earmark run`, whose episodes the ledger does not list."""
    ledger, requests = work.desk.stores.ledger, work.desk.stores.requests
    by_hand = ledger.open_job("ep_by_hand", "options", "By hand")
    output = work.desk.stores.blobs.put(b"transcript")
    ledger.set_job(by_hand.id, "done", output=output)
    assert requests.purgeable(before=time.time() + 1, states=("done",)) == 0
    assert requests.purge(before=time.time() + 1, states=("done",)) == 0
    make_old(work)
    assert collect(work) == 0
    assert work.desk.stores.blobs.has(output)


def test_putting_the_same_bytes_again_makes_an_orphan_young(work: TestDesk) -> None:
    """A step puts its blob before it refers to it; what it found there already must not go in between."""
    blobs = work.desk.stores.blobs
    digest = blobs.put(b"found again")
    make_old(work)
    blobs.put(b"found again")
    assert collect(work) == 0
    assert blobs.has(digest)


def test_what_is_put_again_while_it_is_being_collected_stays(tmp_path: Path) -> None:
    """The last look is taken after it was listed."""
    blobs = FolderBlobs(tmp_path / "blobs")
    digest = blobs.put(b"late")
    os.utime(blobs.path(digest), (1.0, 1.0))
    (listed,) = blobs.older(time.time() - DAY)
    blobs.put(b"late")
    assert not blobs.remove_older(listed[0], time.time() - DAY)
    assert blobs.read(digest) == b"late"
    assert not blobs.remove_older("0" * 64, time.time())


def test_a_damaged_or_missing_output_does_not_stop_the_collection(work: TestDesk) -> None:
    """Nobody can find what it named; everything else is kept."""
    job = work.submit()
    work.work()
    stores = work.desk.stores
    outputs = {step.name: step.output for step in stores.ledger.steps(job.id)}
    fetched, prepared = outputs["fetch"], outputs["prepare"]
    assert fetched is not None
    assert prepared is not None
    stores.blobs.path(fetched).write_bytes(b"{")
    stores.blobs.remove(prepared)
    make_old(work)
    assert collect(work) == 2  # the audio and the decoded audio
    assert stores.blobs.has(fetched)


def test_temporary_files_and_unfinished_downloads_are_none_of_it(work: TestDesk) -> None:
    """They have their own rules."""
    blobs = work.desk.stores.blobs
    part = blobs.downloads("ep_1")
    part.write_bytes(b"half")
    os.utime(part, (1.0, 1.0))
    with blobs.workspace() as folder:
        (folder / "half").write_bytes(b"x")
        assert collect(work, older_than=-DAY) == 0
        assert (folder / "half").exists()
    assert part.exists()


@settings(max_examples=15)  # each makes a ledger of its own
@given(referred=st.sets(st.integers(0, 7)), young=st.sets(st.integers(0, 7)))
def test_exactly_the_old_and_unreferred_go(tmp_path_factory: pytest.TempPathFactory, referred: set[int], young: set[int]) -> None:
    """Whatever the mixture."""
    folder = tmp_path_factory.mktemp("orphans")
    engine = open_database(sqlite_url(folder / "ledger.db"))
    try:
        blobs, ledger = FolderBlobs(folder / "blobs"), Ledger(engine)
        digests = [blobs.put(bytes([number])) for number in range(8)]
        job = ledger.open_job("ep", "options", "Title")
        for number, digest in enumerate(digests):
            if number in referred:
                ledger.adopt(job.id, "transcribe", number, f"key {number}", digest)
            if number not in young:
                os.utime(blobs.path(digest), (1.0, 1.0))
        gone = set(range(8)) - referred - young
        assert collect_orphans(engine, blobs).count == len(gone)
        assert {number for number, digest in enumerate(digests) if not blobs.has(digest)} == gone
    finally:
        engine.dispose()
