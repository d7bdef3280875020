"""`earmark jobs`, `status`, `cancel`, `retry` and `purge`, over a real ledger."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.documents import Episode, Publication
from storage.records import JobRecord
from tests.commands import Terminal
from tests.desks import TestDesk, open_test_desk


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return the command line over the same data folder as the desk."""
    return Terminal(tmp_path, {"EARMARK_BROKER_URL": "redis://127.0.0.1:1/0"})  # nobody listens there


@pytest.fixture
def work(tmp_path: Path) -> Iterator[TestDesk]:
    """Lend a desk and its worker."""
    with open_test_desk(tmp_path / "data") as desk:
        yield desk


def an_episode(work: TestDesk, name: str) -> JobRecord:
    """Ask for an episode of which there is only the address."""
    episode = Episode(id=f"ep_{name}", title=f"Episode [{name}]", show="A show", audio_url="http://127.0.0.1:1/no.mp3")
    return work.submit(Publication(episode=episode))


# --- the list ---------------------------------------------------------------------------------------------------------


def test_without_jobs_the_list_says_how_to_make_one(terminal: Terminal) -> None:
    """An empty table would leave one guessing."""
    ended = terminal.earmark("jobs")
    assert (ended.status, ended.out) == (0, "There is no such job. `earmark submit SOURCE` makes one.\n")


def test_jobs_are_listed_with_state_progress_age_and_reason(terminal: Terminal, work: TestDesk) -> None:
    """The newest first; titles are never taken for markup."""
    example = work.submit()
    work.work(1, ["fetch"])
    work.work(6, ["fetch", "cpu", "asr"])
    other = an_episode(work, "b")
    work.desk.stores.requests.failed(other.id, "The server has it no more.")
    listed = terminal.earmark("jobs")
    lines = [line for line in listed.out.splitlines() if other.id in line or example.id in line]
    assert [line.split()[1] for line in lines] == [other.id, example.id]
    assert "Episode [b]" in lines[0]
    assert "failed" in lines[0]
    assert "The server has it no more." in lines[0]
    assert "running" in lines[1]
    assert "transcribe " in lines[1]
    assert "s │" in lines[1]
    document = json.loads(terminal.earmark("jobs", "--json").out)
    assert [job["id"] for job in document["jobs"]] == [other.id, example.id]
    assert document["jobs"][1]["progress"].startswith("transcribe ")
    assert document["next"] is None


def test_the_list_is_narrowed_by_state_and_read_page_by_page(terminal: Terminal, work: TestDesk) -> None:
    """Each page says how to go on."""
    made = [an_episode(work, str(number)).id for number in range(5)]
    work.desk.stores.requests.cancel(made[2])
    cancelled = json.loads(terminal.earmark("jobs", "--state", "cancelled", "--json").out)
    assert [job["id"] for job in cancelled["jobs"]] == [made[2]]
    first = terminal.earmark("jobs", "--limit", "3")
    assert "More: earmark jobs --after " in first.out
    place = first.out.split("--after ")[1].split()[0]
    rest = json.loads(terminal.earmark("jobs", "--limit", "3", "--after", place, "--json").out)
    assert [job["id"] for job in rest["jobs"]] == [made[1], made[0]]
    wrong = terminal.earmark("jobs", "--after", "nowhere")
    assert (wrong.status, "is not the place of a page" in wrong.err) == (1, True)


# --- one job ----------------------------------------------------------------------------------------------------------


def test_a_job_is_shown_with_what_its_steps_wait_for_and_why_they_failed(terminal: Terminal, work: TestDesk) -> None:
    """Attempts, times and errors step by step."""
    job = an_episode(work, "a")
    claim = work.desk.stores.queue.claim_next(["fetch"], work.desk.stores.presence.owner)
    assert claim is not None
    work.desk.stores.queue.postpone(claim.lease, "The server is down.", until=time.time() + 300)
    shown = terminal.earmark("status", job.id)
    assert shown.status == 0
    assert shown.out.startswith(f"{job.id}  Episode [a] (A show)\nrunning\n")
    assert "tried again in 5m (The server is down.)" in shown.out
    assert "waits for a worker of the queue asr" in shown.out
    document = json.loads(terminal.earmark("status", job.id, "--json").out)
    assert document["job"]["state"] == "running"
    steps = {step["name"]: step for step in document["steps"]}
    assert (steps["fetch"]["failures"], steps["fetch"]["error"]) == (1, "The server is down.")
    assert (steps["transcriber"]["state"], steps["transcriber"]["queue"]) == ("queued", "asr")


def test_a_job_is_named_by_the_beginning_of_its_id(terminal: Terminal, work: TestDesk) -> None:
    """If that means one job: too short, unknown and ambiguous beginnings are refused."""
    job = an_episode(work, "a")
    assert terminal.earmark("status", job.id[:4]).out.startswith(job.id)
    assert "is too short to name a job" in terminal.earmark("status", job.id[:3]).err
    unknown = terminal.earmark("status", "zzzz")
    assert (unknown.status, "There is no job zzzz." in unknown.err) == (1, True)
    assert terminal.earmark("status", "%%%%").status == 1
    ids = [an_episode(work, f"n{number}").id for number in range(2)]
    with work.desk.stores.engine.begin() as connection:
        for number, made in enumerate(ids):
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("DELETE FROM events WHERE job_id = ?", (made,))
            connection.exec_driver_sql("DELETE FROM steps WHERE job_id = ?", (made,))
            connection.exec_driver_sql("UPDATE jobs SET id = ? WHERE id = ?", (f"abcdef{number}", made))
    ambiguous = terminal.earmark("cancel", "abcdef")
    assert (ambiguous.status, "Several jobs begin with abcdef: abcdef0, abcdef1." in ambiguous.err) == (1, True)
    assert terminal.earmark("status", "abcdef1").out.startswith("abcdef1")


def test_a_followed_job_shows_its_steps_as_a_run_does_and_ends_with_it(terminal: Terminal, work: TestDesk) -> None:
    """Lines where there is no terminal; status 0 since it is done."""
    job = work.submit()
    work.work(3)
    with at_work_later(work):
        followed = terminal.earmark("status", job.id, "--follow")
    assert followed.status == 0, followed.err
    lines = followed.err.splitlines()
    assert lines[0] == f"episode: {job.title}"
    parts = [line for line in lines if line.startswith("  transcribe part ")]
    assert len(parts) == sum(step.name == "transcribe" for step in work.desk.stores.ledger.steps(job.id)) > 5
    assert all(": done in " in line for line in lines[1:])
    assert followed.out.splitlines()[0] == f"{job.id}  {job.title} ({job.show})"
    assert followed.out.splitlines()[1].startswith("done after ")


@contextmanager
def at_work_later(work: TestDesk) -> Iterator[None]:
    """Have the work done beside, after a while."""
    beside = threading.Timer(0.3, work.work)
    beside.start()
    yield
    beside.join()


def test_following_a_job_that_fails_ends_with_status_1_and_its_reason(terminal: Terminal, work: TestDesk) -> None:
    """For programs: one event a line, the end last."""
    job = an_episode(work, "a")
    claim = work.desk.stores.queue.claim_next(["fetch"], work.desk.stores.presence.owner)
    assert claim is not None
    work.desk.stores.queue.fail(claim.lease, "There is no such file.")
    followed = terminal.earmark("status", job.id, "--follow", "--json")
    assert followed.status == 1
    assert followed.events[0]["event"] == "episode_began"
    assert followed.events[-1]["event"] == "job_ended"
    assert followed.events[-1]["job"]["state"] == "failed"
    assert followed.events[-1]["job"]["reason"] == "There is no such file."
    said = [event["notice"]["message"] for event in followed.events if event["event"] == "noticed"]
    assert said == ["fetch: There is no such file."]


def test_a_queue_in_which_nothing_moves_is_told_with_what_to_start(terminal: Terminal, work: TestDesk) -> None:
    """In the list, for a job, and while it is followed."""
    job = an_episode(work, "a")
    assert "Nothing is at work" not in terminal.earmark("jobs").err
    with work.desk.stores.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET updated_at = updated_at - 200")
    words = "Nothing is at work on the queue asr: 1 step waits, the foremost for 3m; start `earmark worker` or `earmark up`."
    assert words in terminal.earmark("jobs").err
    assert words in terminal.earmark("status", job.id).err
    assert words in json.loads(terminal.earmark("status", job.id, "--json").out)["standing"]
    with terminal.start("status", job.id, "--follow") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"episode: {job.title}\n"
        assert words in process.stderr.readline()
        work.desk.stores.requests.cancel(job.id)
        assert process.wait(60) == 1


# --- changing them ----------------------------------------------------------------------------------------------------


def test_open_jobs_are_cancelled_and_ended_ones_stay_as_they_are(terminal: Terminal, work: TestDesk) -> None:
    """Status 1 if one was done already."""
    first, second = an_episode(work, "a"), an_episode(work, "b")
    ended = terminal.earmark("cancel", first.id, second.id[:8])
    assert ended.status == 0
    assert ended.out == f"cancelled  {first.id}  Episode [a]\ncancelled  {second.id}  Episode [b]\n"
    done = work.submit()
    work.work()
    late = terminal.earmark("cancel", done.id, "--json")
    assert (late.status, json.loads(late.out)["jobs"][0]["state"]) == (1, "done")


def test_a_failed_job_is_set_going_again_even_while_the_broker_is_away(terminal: Terminal, work: TestDesk) -> None:
    """From its last finished step; what has not failed stays as it is."""
    job = work.submit()
    work.work(3)
    work.desk.stores.requests.failed(job.id, "A disk was full.")
    ended = terminal.earmark("retry", job.id)
    assert (ended.status, ended.out) == (0, f"queued  {job.id}  {job.title}\n")
    assert work.desk.stores.requests.get(job.id).state == "queued"
    again = terminal.earmark("retry", job.id)
    assert (again.status, "only failed and cancelled jobs are tried again" in again.out) == (1, True)
    work.work()
    steps = work.desk.stores.ledger.steps(job.id)
    assert work.desk.stores.requests.get(job.id).state == "done"
    assert all(step.attempts == 1 for step in steps)


# --- room -------------------------------------------------------------------------------------------------------------


def make_old(work: TestDesk, job: JobRecord, days: int) -> None:
    """Let a job have been touched, and all artefacts made, so many days ago."""
    with work.desk.stores.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE jobs SET updated_at = ? WHERE id = ?", (time.time() - days * 86_400, job.id))
    for digest, _ in list(work.desk.stores.blobs.older(time.time() + 1)):
        os.utime(work.desk.stores.blobs.path(digest), (1.0, 1.0))


def test_old_jobs_are_removed_with_what_nobody_needs_and_every_transcript_stays(terminal: Terminal, work: TestDesk) -> None:
    """First those that failed; done ones only if asked."""
    done, failed, young = work.submit(), an_episode(work, "a"), an_episode(work, "b")
    work.work(queues=["cpu", "asr", "diarize"])
    work.desk.stores.requests.failed(failed.id, "No.")
    work.desk.stores.requests.failed(young.id, "No.")
    work.work()
    transcript = work.desk.stores.requests.get(done.id).output
    make_old(work, done, 40)
    make_old(work, failed, 40)
    usual = terminal.earmark("purge", "--yes")
    assert usual.out == "1 job and 0 artefacts nobody needs are removed (0 B).\n"
    assert {job.id for job in work.desk.stores.requests.list().items} == {done.id, young.id}
    everything = json.loads(terminal.earmark("purge", "--state", "done,failed", "--older-than", "14d", "--json").out)
    assert everything["jobs"] == 1
    assert everything["artefacts"] > 5
    assert everything["bytes"] > 100_000
    left = {digest for digest, _ in work.desk.stores.blobs.older(time.time() + 1)}
    assert left == {transcript} | {step.output for step in work.desk.stores.ledger.steps(young.id) if step.output}


def test_nothing_is_removed_unasked(terminal: Terminal, work: TestDesk) -> None:
    """Where nobody can answer, --yes is wanted; open jobs and nonsense are refused."""
    job = an_episode(work, "a")
    work.desk.stores.requests.failed(job.id, "No.")
    make_old(work, job, 40)
    with terminal.start("purge") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "Remove 1 job (failed,cancelled, untouched for 30d)" in err
    assert "Say --yes." in err
    assert terminal.earmark("purge", "--state", "running", "--yes").status == 1
    assert "is not a length of time" in terminal.earmark("purge", "--older-than", "soon", "--yes").err
    assert work.desk.stores.requests.get(job.id).state == "failed"
