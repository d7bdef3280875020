"""What becomes of jobs when messages are lost, doubled or late, and when Redis goes: nothing, since the ledger knows them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records import Hint
from tests.proxy import FlakyProxy
from tests.yard import RedisServer, Yard, free_port, open_yard, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """Lend a service without workers."""
    with open_yard(tmp_path) as opened:
        yield opened


def test_a_message_that_is_lost_is_given_again(yard: Yard) -> None:
    """Dropped between the broker and the claim: the steps wait in the ledger, and are announced anew."""
    job = yard.submit()
    yard.redis.command("FLUSHALL")
    yard.worker(more={"EARMARK_SWEEP_SECONDS": "0.5"})
    assert yard.ended(job).state == "done"


def test_every_open_job_finishes_after_the_broker_was_wiped_and_killed(yard: Yard) -> None:
    """FLUSHALL and SIGKILL in the middle of the work; Redis comes back empty on the same port."""
    yard.worker(slots=2)
    jobs = [yard.submit(f"number {n}", pace=0.03) for n in range(3)]
    yard.running(jobs[0])
    yard.redis.command("FLUSHALL")
    yard.redis.kill()
    time.sleep(2)
    yard.redis.start()
    for job in jobs:
        assert yard.ended(job, seconds=180).state == "done"


def test_jobs_go_on_even_if_the_broker_never_comes_back(yard: Yard) -> None:
    """A worker that hears nothing looks for itself."""
    yard.worker(more={"EARMARK_SWEEP_SECONDS": "0.5"})
    job = yard.submit(pace=0.03)
    yard.running(job)
    yard.redis.kill()
    assert yard.ended(job, seconds=180).state == "done"


def test_a_submit_while_redis_is_down_runs_when_it_is_back(yard: Yard) -> None:
    """The row is committed, the message is not sent, the request stays accepted."""
    yard.redis.kill()
    began = time.monotonic()
    job = yard.submit()
    assert time.monotonic() - began < 10
    assert yard.job(job).state == "queued"
    yard.redis.start()
    yard.worker(more={"EARMARK_SWEEP_SECONDS": "0.5"})
    assert yard.ended(job).state == "done"


def test_a_message_that_comes_again_while_its_step_runs_is_refused(yard: Yard) -> None:
    """Early and often, to two workers: each part is begun once."""
    yard.worker(more={"EARMARK_VISIBILITY_SECONDS": "5"})
    yard.worker(more={"EARMARK_VISIBILITY_SECONDS": "5"})
    job = yard.submit(pace=0.08)
    for _ in range(10):
        step = yard.running(job)
        yard.desk.announce([Hint("asr", job.id, step.name, step.part)] * 5)
        time.sleep(0.3)
    assert yard.ended(job).state == "done"
    assert all(step.attempts == 1 for step in yard.steps(job).values())
    parts = yard.steps(job)["transcribe", 0].parts
    assert yard.times(job, "step.started", step="transcribe") == parts


def test_a_broker_that_flaps_is_consumed_again_within_half_a_minute(tmp_path: Path) -> None:
    """Twenty times reset, half open, or slow, through a proxy on the loopback; then a job is taken and done."""
    port = free_port()
    redis_port = free_port()
    redis = RedisServer(tmp_path / "broker", port=redis_port)
    redis.start()
    with FlakyProxy(port, redis_port) as proxy, open_yard(tmp_path, broker_url=f"redis://127.0.0.1:{port}/0") as yard:
        try:
            yard.worker()
            first = yard.submit("first")
            assert yard.ended(first).state == "done"
            for turn in range(20):
                (proxy.reset, proxy.go_silent, proxy.be_slow)[turn % 3]()
                time.sleep(0.4)
                proxy.be_well()
            second = yard.submit("second")
            began = time.monotonic()
            wait_for(lambda: yard.times(second, "step.started"), seconds=30, what="the next claim")
            print(f"consuming again after {time.monotonic() - began:.1f} s")
            assert yard.ended(second).state == "done"
        finally:
            redis.kill()
