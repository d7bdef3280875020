"""An episode from its publication to its transcript: real audio, real stores, and engines that say what a script says."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jobs.engines.protocols import PartAudio
from jobs.events import Event, StepMoved
from jobs.intake import Given
from jobs.options import Options
from jobs.pipeline import process
from storage.blobs import FolderBlobs
from storage.documents import Publication, Transcript
from storage.episodes import Episodes
from storage.errors import BadChapters, Cancelled, EarmarkError, EngineUnavailable, NotFound, StepBusy
from storage.schema import transcript_schema
from tests.webserver import Reply, WebServer
from tests.workshop import EXAMPLES, Bench, example, example_as_published, open_bench, true_story, true_words

OPTIONS = Options(engine="scripted", diarizer="scripted", part_seconds=60)
LENGTH: float = true_story()["duration"]
PARTS = round(LENGTH / 60)
"""Parts of about 60 s in the example."""

ALL_STEPS = [
    ("chapters", 0), ("fetch", 0), ("prepare", 0), ("language", 0),
    *(("transcribe", part) for part in range(PARTS)),
    ("diarize", 0), ("assemble", 0),
]  # fmt: skip


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Publication:
    """Return the example without chapters in its tags."""
    return example(tmp_path_factory.mktemp("published"))


def _far_enough(part: PartAudio) -> None:
    raise EngineUnavailable("This is far enough.")


@pytest.fixture(scope="module")
def decoded(tmp_path_factory: pytest.TempPathFactory, publication: Publication) -> Path:
    """Return a workshop's folder in which the audio was fetched and decoded, and nothing else done."""
    folder = tmp_path_factory.mktemp("decoded")

    with open_bench(folder) as bench:
        bench.transcriber.trip = _far_enough
        with pytest.raises(EngineUnavailable):
            process(publication, OPTIONS, bench.shop, listener=bench.events.append)
        assert bench.ended(reused=False) == [("chapters", 0), ("fetch", 0), ("prepare", 0), ("language", 0)]
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, decoded: Path, publication: Publication) -> Path:
    """Return a workshop's folder in which the example was finished and the decoded audio kept."""
    folder = tmp_path_factory.mktemp("finished") / "data"
    shutil.copytree(decoded, folder)
    with open_bench(folder, keep_decoded=True) as bench:
        assert process(publication, OPTIONS, bench.shop, listener=bench.events.append).worked
        assert bench.ended(reused=False) == ALL_STEPS[4:]
    return folder


@pytest.fixture
def fresh(tmp_path: Path, decoded: Path) -> Path:
    """Return a copy of the folder in which only the decoding was done."""
    return Path(shutil.copytree(decoded, tmp_path / "data"))


@pytest.fixture
def bench(tmp_path: Path, finished: Path) -> Iterator[Bench]:
    """Return a workshop in which the example was finished before, decoded audio kept."""
    shutil.copytree(finished, tmp_path / "data")
    with open_bench(tmp_path / "data", keep_decoded=True) as opened:
        yield opened


def run(bench: Bench, publication: Publication, options: Options = OPTIONS, **more: Any) -> Transcript:
    """Process, and return the transcript."""
    bench.events.clear()
    return process(publication, options, bench.shop, listener=bench.events.append, **more).transcript


def spoken(transcript: Transcript) -> list[str]:
    """Return the words of a transcript."""
    return [word.text for segment in transcript.segments for word in segment.words]


# --- what comes of it ---------------------------------------------------------------------------------------------


def test_every_word_of_the_script_is_in_the_transcript_once_and_in_order(bench: Bench, publication: Publication) -> None:
    """Parts, seams, speakers and segments lose nothing and double nothing."""
    transcript = run(bench, publication)
    assert spoken(transcript) == true_words()
    times = [(word.start, word.end) for segment in transcript.segments for word in segment.words]
    assert all(before[0] <= after[0] for before, after in pairwise(times))
    assert all(0 <= start <= end <= transcript.audio.duration for start, end in times)


def test_the_engine_gets_ready_while_audio_is_decoded_and_not_for_what_is_done(
    tmp_path: Path, bench: Bench, publication: Publication
) -> None:
    """A model takes seconds to load; where nothing is to be heard it is not loaded at all."""
    run(bench, publication)
    assert bench.transcriber.readied == 0
    with open_bench(tmp_path / "new") as new:
        new.transcriber.trip = _far_enough
        with pytest.raises(EngineUnavailable):
            process(publication, OPTIONS, new.shop, listener=new.events.append)
        assert new.transcriber.readied == 1


def test_the_transcript_is_one_of_its_published_schema_and_reads_back_as_itself(bench: Bench, publication: Publication) -> None:
    """The product's contract holds, and nothing is lost in writing."""
    transcript = run(bench, publication)
    text = transcript.model_dump_json()
    jsonschema.validate(transcript.model_dump(mode="json"), transcript_schema())
    assert Transcript.model_validate_json(text).model_dump_json() == text


def test_segments_stay_in_one_chapter_and_with_one_speaker(bench: Bench, publication: Publication) -> None:
    """Chapters are half-open ranges of segments that tile them all; every word of a segment is its speaker's."""
    transcript = run(bench, publication)
    assert all({word.speaker for word in segment.words} == {segment.speaker} for segment in transcript.segments)
    ranges = [chapter.segments for chapter in transcript.chapters]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == len(transcript.segments)
    assert all(before[1] == after[0] for before, after in pairwise(ranges))
    for chapter in transcript.chapters:
        for segment in transcript.segments[slice(*chapter.segments)]:
            assert chapter.start - 0.5 <= (segment.start + segment.end) / 2 <= chapter.end


def test_words_go_to_the_speakers_of_the_truth(bench: Bench, publication: Publication) -> None:
    """On at least 95 % of the words."""
    transcript = run(bench, publication)
    names: dict[str, str] = {}
    for sentence in true_story()["sentences"]:
        names.setdefault(sentence["speaker"], f"Speaker {len(names) + 1}")
    wanted = [names[sentence["speaker"]] for sentence in true_story()["sentences"] for _ in sentence["words"]]
    given = [word.speaker for segment in transcript.segments for word in segment.words]
    assert sum(a == b for a, b in zip(wanted, given, strict=True)) >= 0.95 * len(wanted)


def test_the_transcript_says_how_it_was_made_and_what_the_file_holds(bench: Bench, publication: Publication) -> None:
    """Engines, options, language, digest, length, coverage."""
    transcript = run(bench, publication)
    assert transcript.made.transcriber == bench.transcriber.info
    assert transcript.made.diarizer == bench.diarizer.info
    assert transcript.made.options["part_seconds"] == 60
    assert transcript.language == "en"
    assert transcript.audio.duration == pytest.approx(true_story()["duration"], abs=0.1)
    assert transcript.coverage[0].start == 0
    assert transcript.coverage[-1].end == pytest.approx(transcript.audio.duration, abs=0.001)
    assert all(before.end == pytest.approx(after.start) for before, after in pairwise(transcript.coverage))
    assert {stretch.kind for stretch in transcript.coverage} >= {"speech", "music"}


def test_the_steps_say_where_they_are(fresh: Path, publication: Publication) -> None:
    """Every part reports up to its own end, of its own length, of the whole."""
    with open_bench(fresh) as bench:
        run(bench, publication)
    moved = [event for event in bench.events if isinstance(event, StepMoved) and event.step == "transcribe"]
    assert {event.part for event in moved} == set(range(PARTS))
    assert sum(max(event.done for event in moved if event.part == part) for part in range(PARTS)) == pytest.approx(
        LENGTH, abs=0.5
    )
    assert all(event.whole == pytest.approx(LENGTH, abs=0.5) for event in moved)


# --- chapters -----------------------------------------------------------------------------------------------------

NOTES, PSC, JSON = {"notes": ()}, {"chapters": ()}, {"chapter_links": ()}
ONE_SOURCE: dict[str, dict[str, tuple[()]]] = {
    "podcast_json": {**NOTES, **PSC},
    "psc": {**NOTES, **JSON},
    "show_notes": {**PSC, **JSON},
}


def starts_are_true(transcript: Transcript) -> None:
    """Require each chapter of the truth, under its title, within half a second."""
    truth = [(chapter["title"], chapter["start"]) for chapter in true_story()["chapters"]]
    found = [(chapter.title, chapter.start) for chapter in transcript.chapters]
    assert [title for title, _ in found] == [title for title, _ in truth]
    for (title, start), (_, wanted) in zip(found, truth, strict=True):
        assert abs(start - wanted) <= 0.5, f"{title} begins at {wanted}, not at {start}"


@pytest.mark.parametrize("kind", ONE_SOURCE)
def test_each_source_alone_gives_every_chapter_within_half_a_second(kind: str, bench: Bench, publication: Publication) -> None:
    """Published times are off by up to three seconds; snapping finds where the topic begins."""
    transcript = run(bench, publication.model_copy(update=ONE_SOURCE[kind]))
    assert [source.kind for source in transcript.chapter_sources if source.chosen] == [kind]
    starts_are_true(transcript)


def test_chapters_in_the_tags_alone_are_found(tmp_path: Path) -> None:
    """The file as published has them as ID3 frames."""
    alone = example_as_published().model_copy(update={**NOTES, **PSC, **JSON})
    with open_bench(tmp_path) as bench:
        transcript = run(bench, alone)
    assert [source.kind for source in transcript.chapter_sources if source.chosen] == ["embedded"]
    starts_are_true(transcript)


@pytest.mark.parametrize("name", ["chapters.json", "notes.txt"])
def test_chapters_given_by_hand_win(name: str, bench: Bench, publication: Publication) -> None:
    """A person's file, in any format that a publisher could use, goes before all others."""
    transcript = run(bench, publication, given=Given(chapters=str(EXAMPLES / name)))
    assert [source.kind for source in transcript.chapter_sources if source.chosen] == ["file"]
    starts_are_true(transcript)


def test_show_notes_given_by_hand_are_read(bench: Bench, publication: Publication) -> None:
    """They count as show notes, before the published ones."""
    bare = publication.model_copy(update={**NOTES, **PSC, **JSON})
    transcript = run(bench, bare, given=Given(notes=EXAMPLES / "notes.txt"))
    assert [(source.kind, source.origin) for source in transcript.chapter_sources if source.chosen] == [("show_notes", "file")]
    starts_are_true(transcript)


def test_without_any_source_there_are_no_chapters_and_all_words(bench: Bench, publication: Publication) -> None:
    """Nothing is made up."""
    transcript = run(bench, publication.model_copy(update={**NOTES, **PSC, **JSON}))
    assert transcript.chapters == ()
    assert len(spoken(transcript)) == len(true_words())


def test_a_chapter_file_that_was_edited_in_place_is_read_again(bench: Bench, publication: Publication, tmp_path: Path) -> None:
    """Its content counts, not its name."""
    mine = tmp_path / "mine.txt"
    mine.write_text("0:00 First\n1:14 Second\n", "utf-8")
    assert [chapter.title for chapter in run(bench, publication, given=Given(str(mine))).chapters] == ["First", "Second"]
    mine.write_text("0:00 First\n1:14 Other\n", "utf-8")
    assert [chapter.title for chapter in run(bench, publication, given=Given(str(mine))).chapters] == ["First", "Other"]
    assert bench.ended(reused=False) == [("chapters", 0), ("assemble", 0)]


@pytest.mark.parametrize("text", ["", "nothing to see", "{}", '{"version": "1.2.0", "chapters": []}'])
def test_a_given_file_without_chapters_is_an_error_before_anything_is_fetched(
    text: str, tmp_path: Path, publication: Publication
) -> None:
    """It was asked for."""
    mine = tmp_path / "mine.txt"
    mine.write_text(text, "utf-8")
    with open_bench(tmp_path / "data") as bench, pytest.raises(BadChapters, match=r"mine\.txt.*JSON Chapters"):
        run(bench, publication, given=Given(str(mine)))
    assert bench.ended(reused=False) == []


@pytest.mark.parametrize("given", [Given(chapters="nowhere.json"), Given(notes=Path("nowhere.txt"))])
def test_a_given_file_that_is_not_there_is_an_error(given: Given, tmp_path: Path, publication: Publication) -> None:
    """It is named."""
    with open_bench(tmp_path / "data") as bench, pytest.raises(EarmarkError, match="nowhere"):
        run(bench, publication, given=given)


def test_a_chapter_file_that_a_server_could_not_give_is_asked_for_again(
    bench: Bench, publication: Publication, webserver: WebServer
) -> None:
    """503 today is no reason to go without chapters tomorrow; what was heard is not heard again."""
    webserver.routes["/chapters.json"] = Reply(status=503)
    link = publication.chapter_links[0].model_copy(update={"url": webserver.url("/chapters.json")})
    linked = publication.model_copy(update={**NOTES, **PSC, "chapter_links": (link,)})
    transcript = run(bench, linked)
    assert [source.status for source in transcript.chapter_sources if source.kind == "podcast_json"] == ["unknown"]
    assert "chapters_unreadable" in [notice.code for notice in transcript.warnings]
    webserver.routes["/chapters.json"] = (EXAMPLES / "chapters.json").read_bytes()
    starts_are_true(run(bench, linked))
    assert bench.ended(reused=False) == [("chapters", 0), ("assemble", 0)]
    run(bench, linked)
    assert bench.ended(reused=False) == []


@pytest.mark.parametrize("published", [10.0, 100.0, 7_200.0, 360_000.0])
def test_a_wrong_published_duration_costs_no_chapter(published: float, bench: Bench, publication: Publication) -> None:
    """The measured length is the truth; that the other is wrong is said."""
    episode = publication.episode.model_copy(update={"published_duration": published})
    transcript = run(bench, publication.model_copy(update={"episode": episode, **PSC, **JSON}))
    starts_are_true(transcript)
    codes = {notice.code for notice in transcript.warnings}
    assert codes & {"shorter_than_published", "longer_than_published"}


# --- nothing is done twice ----------------------------------------------------------------------------------------


def test_a_second_call_does_no_work_and_asks_no_engine(bench: Bench, publication: Publication) -> None:
    """All is known, decoded audio is not even needed."""
    first = run(bench, publication)
    outcome = process(publication, OPTIONS, bench.shop, listener=bench.events.append)
    assert not outcome.worked
    assert outcome.transcript == first
    assert bench.ended(reused=False) == []
    assert (bench.transcriber.parts, bench.transcriber.clips, bench.diarizer.calls) == ([], 0, 0)


CHANGES: dict[str, tuple[dict[str, object], list[tuple[str, int]]]] = {
    "prompt": ({"prompt": "Open models."}, [*ALL_STEPS[4 : 4 + PARTS], ("assemble", 0)]),
    "language": ({"language": "de"}, [*ALL_STEPS[4 : 4 + PARTS], ("assemble", 0)]),
    "speakers": ({"speakers": 2}, [("diarize", 0), ("assemble", 0)]),
    "threads": ({"threads": 1}, [("assemble", 0)]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_option_redoes_what_depends_on_it(name: str, bench: Bench, publication: Publication) -> None:
    """And nothing else."""
    changed, redone = CHANGES[name]
    run(bench, publication, OPTIONS.model_copy(update=changed))
    assert bench.ended(reused=False) == redone


def test_a_changed_title_only_assembles_again(bench: Bench, publication: Publication) -> None:
    """What the publisher prints does not change what is heard."""
    episode = publication.episode.model_copy(update={"title": "Another title"})
    assert run(bench, publication.model_copy(update={"episode": episode})).episode.title == "Another title"
    assert bench.ended(reused=False) == [("assemble", 0)]


def test_force_does_everything_again(bench: Bench, publication: Publication) -> None:
    """As if nothing were known."""
    run(bench, publication, force=True)
    assert bench.ended(reused=False) == ALL_STEPS
    assert len(bench.transcriber.parts) == PARTS


def test_seams_beside_which_anything_is_doubtful_are_heard_again(tmp_path: Path, publication: Publication) -> None:
    """Each is a step of its own, so workers share them, and a second run knows them."""
    with open_bench(tmp_path) as bench:
        bench.transcriber.doubts = True
        run(bench, publication)
        bridged = [("bridge", part) for part in range(1, PARTS)]
        assert bench.ended(reused=False) == [*ALL_STEPS[: 4 + PARTS], *bridged, *ALL_STEPS[4 + PARTS :]]
        assert len(bench.transcriber.parts) == PARTS + PARTS - 1  # the first bridge says the same, so no other is asked
        bench.events.clear()
        run(bench, publication)
        assert bench.ended(reused=False) == []


def test_another_engine_does_not_take_over_what_this_one_heard(bench: Bench, publication: Publication) -> None:
    """The engine, by name and digest, is part of the key."""
    other = bench.transcriber.info.model_copy(update={"model_digest": "other"})
    bench.transcriber.inner.info = other  # type: ignore[misc]  # the scripted engine keeps it in a plain attribute
    run(bench, publication)
    assert [name for name, _ in bench.ended(reused=False)] == ["language", *["transcribe"] * PARTS, "assemble"]


# --- decoded audio ------------------------------------------------------------------------------------------------


def decoded_files(folder: Path) -> list[Path]:
    """Return the decoded recordings in a blob store."""
    return [path for path in (folder / "blobs").glob("??/*") if path.read_bytes()[:4] == b"RIFF"]


def test_decoded_audio_is_removed_at_the_end_and_made_again_when_needed(fresh: Path, publication: Publication) -> None:
    """It is large, and can be made again."""
    with open_bench(fresh) as bench:
        assert len(decoded_files(fresh)) == 1
        run(bench, publication)
        assert decoded_files(fresh) == []
        run(bench, publication)
        assert bench.ended(reused=False) == []
        transcript = run(bench, publication, OPTIONS.model_copy(update={"prompt": "Anew."}))
        assert ("prepare", 0) in bench.ended(reused=True)
        assert len(spoken(transcript)) == len(true_words())
        assert decoded_files(fresh) == []


def test_decoded_audio_stays_while_another_job_of_the_episode_needs_it(fresh: Path, publication: Publication) -> None:
    """A job that was interrupted goes on with it; other episodes' jobs do not count."""
    with open_bench(fresh) as bench:
        waiting = bench.shop.ledger.open_job(publication.episode.id, "other options", "the same episode")
        bench.shop.ledger.open_job("another episode", "options", "another")
        run(bench, publication)
        assert len(decoded_files(fresh)) == 1
        bench.shop.ledger.set_job(waiting.id, "cancelled")
        run(bench, publication, OPTIONS.model_copy(update={"prompt": "Anew."}))
        assert decoded_files(fresh) == []


def test_decoded_audio_that_another_job_removes_at_once_is_heard_all_the_same(
    tmp_path: Path, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two episodes may hold the same audio, and the one that ends first removes what it decoded."""

    def vanish(blobs: FolderBlobs, path: Path, digest: str | None = None) -> str:
        adopted = keep(blobs, path, digest)
        if blobs.read(adopted)[:4] == b"RIFF":
            blobs.remove(adopted)
        return adopted

    keep = FolderBlobs.adopt
    monkeypatch.setattr(FolderBlobs, "adopt", vanish)
    with open_bench(tmp_path) as bench:
        assert len(spoken(run(bench, publication))) == len(true_words())


def test_a_stored_result_that_was_damaged_is_made_again(bench: Bench, publication: Publication, tmp_path: Path) -> None:
    """A blob that does not match its name is worth nothing."""
    run(bench, publication)
    job = bench.shop.ledger.open_job(publication.episode.id, OPTIONS.key(), "")
    (part,) = [step for step in bench.shop.ledger.steps(job.id) if (step.name, step.part) == ("transcribe", 2)]
    assert part.output is not None
    bench.shop.blobs.path(part.output).write_text("{}", "utf-8")
    run(bench, publication)
    assert bench.ended(reused=False) == [("transcribe", 2)]


def test_audio_that_is_gone_is_fetched_again(bench: Bench, publication: Publication) -> None:
    """The store may have been cleaned; what was heard is still good."""
    sha256 = run(bench, publication).audio.sha256
    bench.shop.blobs.remove(sha256)
    run(bench, publication)
    assert bench.ended(reused=False) == [("fetch", 0)]


# --- what goes wrong ----------------------------------------------------------------------------------------------


def at_part(number: int, error: BaseException) -> Callable[[PartAudio], None]:
    """Return a trip that raises at the part that begins around the given minute."""

    def trip(part: PartAudio) -> None:
        if round(part.start / 60) == number:
            raise error

    return trip


@pytest.mark.parametrize("error", [EngineUnavailable("The GPU is gone."), ZeroDivisionError("a mistake of ours")])
def test_a_part_that_fails_leaves_the_finished_ones(error: Exception, fresh: Path, publication: Publication) -> None:
    """The job says why; the next call goes on there."""
    with open_bench(fresh) as bench:
        bench.transcriber.trip = at_part(2, error)
        with pytest.raises(type(error)):
            run(bench, publication)
        job = bench.shop.ledger.open_job(publication.episode.id, OPTIONS.key(), "")
        assert (job.state, str(error) in job.reason) == ("failed", True)
        failed = bench.shop.ledger.steps(job.id)[-1]
        assert (failed.name, failed.part, failed.state, str(error) in failed.error) == ("transcribe", 2, "failed", True)
    with open_bench(fresh) as bench:
        run(bench, publication)
        assert bench.ended(reused=False) == ALL_STEPS[6:]
        assert bench.shop.ledger.job(job.id).state == "done"


@pytest.mark.parametrize(("error", "state"), [(KeyboardInterrupt(), "queued"), (Cancelled("Stopped by hand."), "cancelled")])
def test_an_interruption_gives_the_step_back(error: BaseException, state: str, fresh: Path, publication: Publication) -> None:
    """Ctrl-C in the middle of a part: the attempt does not count, the finished parts stay, the next run goes on."""
    with open_bench(fresh) as bench:

        def listener(event: Event) -> None:
            bench.events.append(event)
            if isinstance(event, StepMoved) and event.step == "transcribe" and event.part == 1:
                raise error

        with pytest.raises(type(error)):
            process(publication, OPTIONS, bench.shop, listener=listener)
        job = bench.shop.ledger.open_job(publication.episode.id, OPTIONS.key(), "")
        last = bench.shop.ledger.steps(job.id)[-1]
        assert (job.state, last.part, last.state in {"queued", "failed"}, last.attempts) == (state, 1, True, 0)
    with open_bench(fresh) as bench:
        run(bench, publication)
        assert bench.ended(reused=False) == ALL_STEPS[5:]


def test_two_at_once_on_one_episode_the_second_is_told(fresh: Path, publication: Publication) -> None:
    """It gets a clear error, and the first comes to its end undisturbed."""
    reached, go_on = threading.Event(), threading.Event()

    def wait(part: PartAudio) -> None:
        reached.set()
        assert go_on.wait(20)

    outcomes: list[Transcript] = []

    def first() -> None:
        with open_bench(fresh) as bench:
            bench.transcriber.trip = wait
            outcomes.append(run(bench, publication))

    thread = threading.Thread(target=first)
    thread.start()
    try:
        assert reached.wait(20)
        with open_bench(fresh) as bench:
            with pytest.raises(StepBusy, match=r"Another process is at work on transcribe\[0\].*Wait for it"):
                run(bench, publication)
            job = bench.shop.ledger.open_job(publication.episode.id, OPTIONS.key(), "")
            assert job.state == "running"
    finally:
        go_on.set()
        thread.join()
    assert [len(spoken(transcript)) for transcript in outcomes] == [len(true_words())]
    with open_bench(fresh) as bench:
        assert bench.shop.ledger.job(job.id).state == "done"
        assert run(bench, publication) == outcomes[0]


def test_audio_that_is_not_there_fails_the_job_with_its_name(tmp_path: Path, publication: Publication) -> None:
    """And leaves no step behind that looks done."""
    episode = publication.episode.model_copy(update={"audio_url": (tmp_path / "gone.mp3").as_uri()})
    with open_bench(tmp_path / "data") as bench:
        with pytest.raises(NotFound, match=r"gone\.mp3"):
            run(bench, publication.model_copy(update={"episode": episode}))
        assert [(name, reused) for name, reused in bench.ended(reused=False)] == [("chapters", 0)]


def test_an_episode_that_was_run_by_hand_is_among_the_episodes_with_its_transcript(finished: Path) -> None:
    """So that the API lists what the command line made."""
    with open_bench(finished) as bench:
        (found,) = Episodes(bench.shop.ledger._engine).list().items
        assert found.id == "ep_untagged"
        assert found.job_id is not None
        assert found.transcript == bench.shop.ledger.job(found.job_id).output is not None
