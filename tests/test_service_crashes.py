"""What becomes of jobs when processes die, hang, sleep, or are told to stop: everything here really happens to real processes."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records import JobRecord
from tests.yard import Yard, open_yard, wait_for, words_of_the_script

pytestmark = pytest.mark.slow


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """Lend a service without workers."""
    with open_yard(tmp_path) as opened:
        yield opened


def assert_whole(yard: Yard, job: JobRecord) -> None:
    """Hold the transcript against the script: every word once, in order; and the job ended once."""
    assert yard.job(job).state == "done", yard.job(job).reason
    words = [word.text for segment in yard.transcript(job).segments for word in segment.words]
    assert words == words_of_the_script()
    assert yard.times(job, "job.done") == 1


def test_a_child_that_is_killed_costs_one_attempt_of_its_part(yard: Yard) -> None:
    """SIGKILL in mid-transcription: one transcript, two attempts of that part, and what was finished is not done again."""
    worker = yard.worker()
    job = yard.submit(pace=0.04)
    step = yard.running(job, part=2)
    for child in worker.children:
        child.kill()
    yard.ended(job)
    assert_whole(yard, job)
    steps = yard.steps(job)
    assert steps["transcribe", step.part].attempts == 2
    assert steps["transcribe", 0].attempts == steps["transcribe", 1].attempts == steps["prepare", 0].attempts == 1
    assert yard.times(job, "step.started", step="transcribe", part=0) == 1


@pytest.mark.parametrize("elsewhere", [False, True], ids=["on this machine", "on another machine"])
def test_a_killed_worker_is_followed_by_another_within_its_lease(yard: Yard, elsewhere: bool) -> None:
    """SIGKILL takes its children along; on one machine that is seen at once, across machines when the lease ends."""
    more = {"EARMARK_LEASE_SECONDS": "6" if elsewhere else "40", "EARMARK_SWEEP_SECONDS": "0.5"}
    worker = yard.worker(more=more)
    job = yard.submit(pace=0.04)
    step = yard.running(job, part=1)
    children = worker.children
    worker.kill()
    killed = time.monotonic()
    wait_for(lambda: not any(child.is_running() and child.status() != "zombie" for child in children), seconds=10)
    if elsewhere:  # whose signs of life are not in our folder
        for sign in (yard.settings.data_dir / "alive").iterdir():
            sign.unlink()
    yard.worker(more=more)
    yard.ended(job)
    taken = next(
        event for event in yard.desk.stores.events.of_job(job.id) if event.kind == "step.lost" and event.data["part"] == step.part
    )
    assert ("sign of life" if elsewhere else "died") in taken.data["reason"]
    assert time.monotonic() - killed < 100  # and not the hour of the broker's visibility timeout
    assert_whole(yard, job)
    assert yard.steps(job)["transcribe", step.part].attempts == 2
    assert yard.steps(job)["transcribe", 0].attempts == 1


def test_a_worker_that_slept_past_its_lease_cannot_commit(yard: Yard) -> None:
    """SIGSTOP, another worker takes the part over, SIGCONT: the first one's result is refused."""
    more = {"EARMARK_LEASE_SECONDS": "3", "EARMARK_SWEEP_SECONDS": "0.5"}
    sleeper = yard.worker(more=more)
    job = yard.submit(pace=0.05)
    step = yard.running(job, part=1)
    sleeper.signal(signal.SIGSTOP, children=True)
    yard.worker(more=more)
    wait_for(lambda: yard.steps(job)["transcribe", step.part].attempts == 2, seconds=60, what="the second claim")
    sleeper.signal(signal.SIGCONT, children=True)
    yard.ended(job)
    assert_whole(yard, job)
    assert yard.times(job, "step.done", step="transcribe", part=step.part) == 1


@pytest.mark.parametrize("fault", ["die", "eat", "raise"])
def test_a_step_that_brings_its_process_down_is_poison_after_three_attempts(yard: Yard, fault: str) -> None:
    """It kills itself, eats memory, or fails as nobody foresaw: its job fails with the reason, and another job goes through."""
    yard.worker(more={"EARMARK_MAX_CHILD_BYTES": "900000000"})
    bad = yard.submit("bad", fault=fault, fault_at=50.0)
    good = yard.submit("good")
    ended = yard.ended(bad)
    assert ended.state == "failed"
    assert "transcribe[2] did not come to an end in 3 attempts" in ended.reason
    assert {"die": "SIGKILL", "eat": "GB of memory", "raise": "ArithmeticError"}[fault] in ended.reason
    assert yard.steps(bad)["transcribe", 2].attempts == 3
    yard.ended(good)
    assert_whole(yard, good)


def test_a_native_hang_is_ended_from_outside(yard: Yard) -> None:
    """A call in C that holds the interpreter: no signal handler runs, so the whole group is killed, and the reason kept."""
    worker = yard.worker(more={"EARMARK_STALL_SECONDS": "5"})
    job = yard.submit(fault="hang", fault_at=1.0)
    ended = yard.ended(job)
    assert (ended.state, "showed no progress for 5 s" in ended.reason) == ("failed", True)
    other = yard.submit("other")
    yard.ended(other)
    assert_whole(yard, other)
    assert worker.process.poll() is None


def test_a_deploy_returns_what_is_not_done_within_its_grace(yard: Yard) -> None:
    """SIGTERM twice during many jobs: each time the worker is gone in time, no attempt is lost, and all jobs end well."""
    jobs = [yard.submit(f"number {n}", pace=0.02) for n in range(4)]
    for _ in range(2):
        worker = yard.worker(slots=2, more={"EARMARK_DRAIN_SECONDS": "1"})
        yard.running(jobs[0] if yard.job(jobs[0]).state != "done" else jobs[-1], seconds=90)
        began = time.monotonic()
        assert worker.stop(seconds=30) == 0
        assert time.monotonic() - began < 25
        assert yard.desk.stores.queue.running("") == ()
        assert not [step for job in jobs for step in yard.steps(job).values() if step.state == "running"]
    yard.worker(slots=2)
    for job in jobs:
        yard.ended(job, seconds=240)
        assert_whole(yard, job)
        assert {step.label: step.attempts for step in yard.steps(job).values() if step.attempts > 1} == {}


def test_a_full_disk_postpones_and_nothing_partial_is_seen(yard: Yard) -> None:
    """With a limit on the size of files, as on a full disk; with room the same job goes through."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))"
    sitecustomize = yard.folder / "limit"
    sitecustomize.mkdir()
    (sitecustomize / "sitecustomize.py").write_text(limit, "utf-8")
    narrow = yard.worker(more={"PYTHONPATH": f"{sitecustomize}:{yard.environment()['PYTHONPATH']}"})
    job = yard.submit()
    wait_for(lambda: yard.times(job, "step.postponed"), seconds=60, what="a step that waits for room")
    prepare = yard.steps(job)["prepare", 0]
    assert "No room is left" in prepare.error
    assert yard.job(job).state == "running"
    narrow.stop()
    assert list((yard.settings.data_dir / "blobs" / "tmp").iterdir()) == []
    yard.worker()
    yard.ended(job)
    assert_whole(yard, job)
