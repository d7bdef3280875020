"""Where requests become jobs and jobs become steps, whatever becomes of the word to the workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from jobs.options import Options
from jobs.request import read_request
from storage.documents import Episode, Link, Note, Publication
from storage.errors import LedgerUnavailable, NotFound, OptionError
from storage.queue import StepQueue
from storage.records import QUEUES, Hint, ReadyStep
from storage.requests import NewJob
from storage.tables import jobs
from tests.test_crash_points import DATA, _Nobody, script
from tests.yard import free_port
from worker.child import Bench
from worker.desk import Asked, Desk
from worker.settings import Settings
from worker.stores import Stores, open_stores
from worker.tools import open_tools


@dataclass
class Announced:
    """Takes down every word, and can be unable to send any."""

    hints: list[Hint] = field(default_factory=list)
    away: bool = False

    def __call__(self, hints: Iterable[Hint]) -> tuple[Hint, ...]:
        """Send nothing anywhere."""
        if self.away:
            return ()
        sent = tuple(hints)
        self.hints.extend(sent)
        return sent


@pytest.fixture
def announced() -> Announced:
    """Take down what is announced."""
    return Announced()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings for a folder of one's own."""
    return Settings(data_dir=tmp_path / "data", allow_private_networks=True)


@pytest.fixture
def stores(settings: Settings) -> Iterator[Stores]:
    """Lend a ledger and blobs."""
    with open_stores(settings) as opened:
        yield opened


@pytest.fixture
def desk(settings: Settings, stores: Stores, announced: Announced) -> Desk:
    """Lend a desk."""
    return Desk(stores, open_tools(settings, stores), announced)


def asked(folder: Path, **more: Any) -> Asked:
    """Ask for the short recording, heard by a script."""
    episode = Episode(id="ep_two", title="Two sentences", audio_url=(DATA / "two_sentences.mp3").as_uri())
    options = Options(engine="scripted", model=str(script(folder)), diarizer="scripted", part_seconds=5.0, language="en")
    links: Sequence[Link] = more.pop("links", ())
    return Asked(Publication(episode=episode, chapter_links=tuple(links)), options, **more)


def work(settings: Settings, stores: Stores, *, steps: int = 40) -> list[str]:
    """Do up to so many steps here, and return what they were."""
    bench = Bench(settings, stores, _Nobody())
    done: list[str] = []
    while len(done) < steps and (claim := stores.queue.claim_next(QUEUES, "anna")) is not None:
        ended = bench.do(claim.lease)
        assert ended["ended"] == "done", ended
        done.append(claim.step.label)
    return done


def test_a_request_is_taken_down_and_what_can_be_done_at_once_is_announced(
    desk: Desk, stores: Stores, announced: Announced, tmp_path: Path
) -> None:
    """Asking again makes nothing anew."""
    submitted = desk.submit(asked(tmp_path))
    assert submitted.fresh
    assert sorted((hint.queue, hint.name) for hint in announced.hints) == [
        ("asr", "transcriber"),
        ("diarize", "diarizer"),
        ("fetch", "fetch"),
    ]
    assert stores.queue.unannounced(since=0.0) == ()
    again = [desk.submit(asked(tmp_path)) for _ in range(2)]
    assert [(one.job.id, one.fresh) for one in again] == [(submitted.job.id, False)] * 2
    assert len(announced.hints) == 3


def test_audio_that_was_removed_is_decoded_once_for_all_parts_of_another_job(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    """Not by each worker that hears one of them; a job that needs no audio does not have it decoded."""
    desk.submit(asked(tmp_path))
    assert work(settings, stores).count("prepare") == 1
    again = asked(tmp_path)
    desk.submit(replace(again, options=again.options.model_copy(update={"prompt": "Other words."})))
    done = work(settings, stores)
    assert done.count("prepare") == 1
    assert done.index("prepare") < done.index("transcribe[0]")
    desk.submit(replace(again, notes=(Note(field="file", html="0:00 One"),)))
    assert "prepare" not in work(settings, stores)


def test_audio_for_comparison_is_a_step_of_its_own(desk: Desk, stores: Stores, settings: Settings, tmp_path: Path) -> None:
    """A worker compares it, and the same episode with and without it are two jobs."""
    plain = desk.submit(asked(tmp_path))
    assert "reference" not in work(settings, stores)
    compared = desk.submit(replace(asked(tmp_path), reference=str(DATA / "two_sentences.mp3")))
    assert compared.job.id != plain.job.id
    assert work(settings, stores).count("reference") == 1
    assert stores.ledger.job(compared.job.id).state == "done"


def test_audio_that_another_open_job_was_decoded_to_stays(desk: Desk, stores: Stores, settings: Settings, tmp_path: Path) -> None:
    """Two files that differ in what follows their audio are decoded to the same."""
    one = asked(tmp_path)
    copy = tmp_path / "copy.mp3"
    copy.write_bytes((DATA / "two_sentences.mp3").read_bytes() + b"TAG" + bytes(125))
    twin = Episode(id="ep_twin", title="The same", audio_url=copy.as_uri())
    desk.submit(replace(one, publication=Publication(episode=twin)))
    while "prepare" not in work(settings, stores, steps=1):
        pass
    desk.submit(replace(one, priority=10))
    done = work(settings, stores)
    assert (done.count("prepare"), done.count("assemble")) == (1, 2)
    assert not [path for path in (settings.data_dir / "blobs").glob("??/*") if path.read_bytes()[:4] == b"RIFF"]


def test_a_job_is_done_step_by_step_and_ends_with_its_transcript(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    """Each step is done once, and the decoded audio goes."""
    job = desk.submit(asked(tmp_path)).job
    done = work(settings, stores)
    assert len(done) == len(set(done))
    assert {"fetch", "prepare", "diarize", "assemble", "transcribe[0]"} <= set(done)
    ended = stores.requests.get(job.id)
    assert ended.state == "done"
    assert stores.episodes.get("ep_two").transcript == ended.output
    desk.advance(job.id)
    assert stores.requests.get(job.id) == ended


def test_a_word_that_cannot_be_sent_does_no_harm(desk: Desk, stores: Stores, announced: Announced, tmp_path: Path) -> None:
    """The steps are in their queues, and nobody takes them for announced."""
    announced.away = True
    desk.submit(asked(tmp_path))
    assert len(stores.queue.unannounced(since=0.0)) == 3


def test_a_job_whose_plan_fails_for_good_fails_with_the_reason(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that can never be walked would leave it open for ever."""

    def refuse(*_: object) -> None:
        raise OptionError("These options contradict each other.", hint="Ask otherwise.")

    monkeypatch.setattr("jobs.plan.Plan.ahead", refuse)
    job = desk.submit(asked(tmp_path)).job
    ended = stores.requests.get(job.id)
    assert (ended.state, ended.reason) == ("failed", "These options contradict each other. Ask otherwise.")


def test_a_request_that_this_version_cannot_read_fails_its_job(desk: Desk, stores: Stores, tmp_path: Path) -> None:
    """Another version wrote it."""
    job = stores.requests.submit(NewJob(Episode(id="ep_1", title="One"), "options", '{"options": {"colour": "blue"}}')).job
    desk.advance(job.id)
    ended = stores.requests.get(job.id)
    assert ended.state == "failed"
    assert ended.reason.startswith("The request of this job cannot be read: ")
    with pytest.raises(OptionError, match=r"publication: Field required\. Another version"):
        read_request("{}")


class _Away(StepQueue):
    """A queue whose ledger goes away after the request was taken down."""

    def enqueue(self, *arguments: Any, **named: Any) -> tuple[Hint, ...]:
        raise LedgerUnavailable("The ledger cannot be used.")


def test_a_ledger_that_goes_away_after_the_request_was_taken_down_does_not_refuse_it(
    desk: Desk, stores: Stores, tmp_path: Path
) -> None:
    """It is kept, and begun by the sweeper; whoever asked is not told that nothing was made."""
    late = replace(desk, stores=replace(stores, queue=_Away(stores.engine)))
    job = late.submit(asked(tmp_path)).job
    assert stores.requests.get(job.id).state == "queued"
    stores.requests.cancel(job.id)
    assert late.retry(job.id).fresh
    assert stores.queue.stalled(before=job.created_at + 1000) == (job.id,)


def test_a_retry_goes_on_from_the_last_finished_step(
    desk: Desk, stores: Stores, settings: Settings, announced: Announced, tmp_path: Path
) -> None:
    """Nothing is done twice."""
    job = desk.submit(asked(tmp_path)).job
    before = work(settings, stores, steps=4)
    stores.requests.cancel(job.id)
    announced.hints.clear()
    assert desk.retry(job.id).fresh
    assert announced.hints
    after = work(settings, stores)
    assert set(before) & set(after) == set()
    assert stores.requests.get(job.id).state == "done"
    assert not desk.retry(job.id).fresh
    with pytest.raises(NotFound):
        desk.retry("nope")


def test_a_job_that_is_done_again_reuses_nothing(desk: Desk, stores: Stores, settings: Settings, tmp_path: Path) -> None:
    """Not even what it had chosen."""
    job = desk.submit(asked(tmp_path)).job
    first = work(settings, stores)
    again = desk.submit(asked(tmp_path, again=True))
    assert (again.job.id, again.fresh) == (job.id, True)
    assert sorted(work(settings, stores)) == sorted(first)
    assert stores.requests.get(job.id).state == "done"


def test_a_job_that_is_asked_for_anew_in_the_middle_is_done_from_the_start(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    """What the worker has in hand is refused, and every step is done for the new request."""
    job = desk.submit(asked(tmp_path)).job
    work(settings, stores, steps=4)
    held = stores.queue.claim_next(QUEUES, "anna")
    assert held is not None
    desk.submit(asked(tmp_path, again=True))
    assert Bench(settings, stores, _Nobody()).do(held.lease)["ended"] == "lost"
    done = work(settings, stores)
    assert {"fetch", "prepare", "assemble"} <= set(done)
    assert len(done) == len(set(done))
    assert stores.requests.get(job.id).state == "done"


def test_another_job_of_the_episode_does_only_what_differs(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    """What serves both is done once, but for the decoded audio, which was removed when the first one ended."""
    desk.submit(asked(tmp_path))
    work(settings, stores)
    one = asked(tmp_path)
    other = desk.submit(replace(one, options=one.options.model_copy(update={"speakers": 1}))).job
    assert sorted(work(settings, stores)) == ["assemble", "diarize", "diarizer", "prepare", "transcriber"]
    assert stores.requests.get(other.id).state == "done"


def test_a_chapter_file_that_cannot_be_had_now_is_tried_once_for_each_job(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path
) -> None:
    """Its server is down: the job goes on without, and the next one asks again."""
    missing = Link(rel="podcast_json", url=f"http://127.0.0.1:{free_port()}/chapters.json")
    first = desk.submit(asked(tmp_path, links=[missing])).job
    done = work(settings, stores)
    assert done.count("chapters") == 1
    assert stores.requests.get(first.id).state == "done"
    one = asked(tmp_path, links=[missing])
    second = desk.submit(replace(one, options=one.options.model_copy(update={"speakers": 1}))).job
    assert work(settings, stores).count("chapters") == 1
    assert stores.requests.get(second.id).state == "done"


def test_a_job_that_is_run_by_hand_is_not_planned(desk: Desk, stores: Stores) -> None:
    """Nobody here knows what was asked for."""
    by_hand = stores.ledger.open_job("ep_1", "options", "By hand")
    desk.advance(by_hand.id)
    assert stores.ledger.steps(by_hand.id) == ()


def test_a_step_of_a_job_that_became_a_run_by_hand_is_withdrawn(desk: Desk, stores: Stores, settings: Settings) -> None:
    """It does not stay with the worker until its lease runs out."""
    job = stores.requests.submit(NewJob(Episode(id="ep_1", title="One"), "options", "{}")).job
    stores.queue.enqueue(job.id, [ReadyStep("fetch", 0, "key", "fetch")])
    claim = stores.queue.claim_next(QUEUES, "anna")
    assert claim is not None
    with stores.engine.begin() as connection:
        connection.execute(update(jobs).values(request=None))
    assert Bench(settings, stores, _Nobody()).do(claim.lease) == {"ended": "done", "hints": []}
    assert stores.queue.running("anna") == ()


def test_a_step_is_recorded_where_what_follows_cannot_be_planned_just_then(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not done again: what follows is planned with the next step, or by the sweeper."""
    job = desk.submit(asked(tmp_path)).job

    def away(*_: object) -> None:
        raise LedgerUnavailable("The ledger cannot be used.")

    with monkeypatch.context() as patched:
        patched.setattr("worker.desk.look_ahead", away)
        claim = stores.queue.claim_next(("fetch",), "anna")
        assert claim is not None
        assert Bench(settings, stores, _Nobody()).do(claim.lease)["ended"] == "error"
    assert [step.name for step in stores.ledger.steps(job.id) if step.state == "done"] == ["fetch"]
    assert "fetch" not in work(settings, stores)
    assert stores.requests.get(job.id).state == "done"


def test_a_result_that_is_of_no_use_once_it_is_recorded_is_made_again_at_once(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another job that ends may remove the audio which this one was just decoded to."""
    job = desk.submit(asked(tmp_path)).job
    while (claim := stores.queue.claim_next(("fetch", "asr", "diarize"), "anna")) is not None:
        assert Bench(settings, stores, _Nobody()).do(claim.lease)["ended"] == "done"
    made, removed = Bench._made, list[str]()

    def made_and_removed(self: Bench, task: Any) -> str:
        output = made(self, task)
        if task.step.name == "prepare" and not removed:
            removed.append(stores.results.read(output, task.kind).pcm)
            stores.blobs.remove(removed[0])
        return output

    monkeypatch.setattr(Bench, "_made", made_and_removed)
    assert work(settings, stores).count("prepare") == 2
    assert stores.requests.get(job.id).state == "done"


def test_a_step_that_ended_while_another_was_done_is_planned_on_with_it(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows is queued with the second one, and not planned twice."""
    desk.submit(asked(tmp_path))
    first, second = (stores.queue.claim_next((queue,), "anna") for queue in ("asr", "fetch"))
    assert first is not None
    assert second is not None
    made, planned = Bench._made, []

    def made_slowly(self: Bench, task: Any) -> str:
        if task.step.name == "fetch":
            assert Bench(settings, stores, _Nobody()).do(first.lease)["ended"] == "done"
        return made(self, task)

    monkeypatch.setattr(Bench, "_made", made_slowly)
    monkeypatch.setattr(Desk, "plan", lambda *arguments: planned.append(arguments))
    ended = Bench(settings, stores, _Nobody()).do(second.lease)
    assert [hint["name"] for hint in ended["hints"]] == ["prepare"]
    assert planned == []


def test_a_result_is_kept_while_the_ledger_is_away_for_less_than_a_lease(
    desk: Desk, stores: Stores, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of hearing is not done again because a database was restarted."""
    desk.submit(asked(tmp_path))
    commit, tried = stores.queue.commit, []

    def away(*arguments: Any) -> Any:
        tried.append(1)
        if len(tried) < 3:
            raise LedgerUnavailable("The ledger cannot be used.")
        return commit(*arguments)

    monkeypatch.setattr("worker.child._ASK_AGAIN", 0.01)
    monkeypatch.setattr(stores.queue, "commit", away)
    assert len(work(settings, stores, steps=1)) == 1
    assert len(tried) == 3
