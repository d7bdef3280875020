"""What is to be done for an episode: which steps are ready when, and what they are done again for."""

from __future__ import annotations

import threading
import wave
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import jobs.voices.remember
from jobs.engines.choose import Place
from jobs.engines.protocols import Diarization
from jobs.engines.scripted import ScriptedDiarizer
from jobs.fetch import Fetcher
from jobs.intake import ChapterFiles
from jobs.options import Options
from jobs.plan import DiarizedEpisode, Plan, memory_needed
from jobs.request import JobRequest
from jobs.tasks import Result, Task, Tools
from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import Document, EngineInfo, Episode, Link, Note, Publication, Transcript
from storage.errors import BrokenAudio, EngineUnavailable
from storage.voices import VoiceMemory
from tests.test_crash_points import DATA, said, script
from tests.webserver import WebServer
from worker.engines import EngineRoom, JobEngines

ALL = ["transcriber", "diarizer", "fetch", "prepare", "transcribe", "diarize", "assemble"]
"""The steps of the short recording, with one part, whose language is given."""


@dataclass
class Book:
    """What was done, by key, and a machine that does what a plan says is ready."""

    folder: Path
    made: dict[str, Document] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.blobs = FolderBlobs(self.folder / "blobs")
        self.memory = VoiceMemory(open_database(sqlite_url(self.folder / "ledger.db")))
        self.last: list[str] = []

    def has(self, task: Task[Any]) -> bool:
        """Tell whether the step is done."""
        return task.step.key in self.made

    def result(self, task: Task[Result]) -> Result | None:
        """Return what the step made."""
        made = self.made.get(task.step.key)
        assert made is None or isinstance(made, task.kind)
        return made

    def plan(self, request: JobRequest) -> Plan:
        """Return the plan of a request."""
        engines = EngineRoom(Place(self.folder / "models")).for_job(request.options)
        return Plan(request, self._tools(engines))

    def _tools(self, engines: JobEngines) -> Tools:
        return Tools(self.blobs, Fetcher(allow_private=True), engines, forget=self.forgotten.append, memory=self.memory)

    def walk(self, request: JobRequest) -> list[list[str]]:
        """Do all that is ready, again and again, until there is a transcript; return the names of each round."""
        rounds: list[list[str]] = []
        self.last = []
        with self.plan(request) as plan:
            while (ahead := plan.ahead(self)).transcript is None:
                assert ahead.ready, "an open job with nothing to do"
                rounds.append([task.step.name for task in ahead.ready])
                for task in ahead.ready:
                    self.made[task.step.key] = task.work(lambda _done, _total=None: None)
                    self.last.append(task.step.key)
        return rounds

    def do(self, request: JobRequest) -> list[str]:
        """Do all there is to do; return the names of the steps in the order of their doing."""
        return [name for names in self.walk(request) for name in names]

    def transcript(self, request: JobRequest) -> Transcript:
        """Return the transcript of a request, which is done."""
        with self.plan(request) as plan:
            found = plan.ahead(self).transcript
        assert found is not None
        return found


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Return a book in which nothing is done."""
    return Book(tmp_path)


def ask(
    folder: Path, *, publication: dict[str, Any] | None = None, episode: dict[str, Any] | None = None, **options: Any
) -> JobRequest:
    """Ask for the short recording in one part, heard by a script."""
    given = {"engine": "scripted", "model": str(script(folder)), "diarizer": "scripted", "part_seconds": 60.0, "language": "en"}
    audio = (DATA / "two_sentences.mp3").as_uri()
    who = Episode(**{"id": "ep_two", "title": "Two sentences", "audio_url": audio, **(episode or {})})
    return JobRequest(publication=Publication(episode=who, **(publication or {})), options=Options(**{**given, **options}))


def chapters(folder: Path, *titles: str) -> Path:
    """Write a chapter file and return it."""
    path = folder / "chapters.json"
    marks = ", ".join(f'{{"startTime": {n}, "title": "{title}"}}' for n, title in enumerate(titles))
    path.write_text(f'{{"version": "1.2.0", "chapters": [{marks}]}}', "utf-8")
    return path


# -------------------------------------------------------------- the order


def test_what_needs_nothing_is_ready_at_once_and_each_step_as_soon_as_its_inputs_are_there(book: Book, tmp_path: Path) -> None:
    """The voices are told apart beside the hearing."""
    assert book.walk(ask(tmp_path)) == [
        ["transcriber", "diarizer", "fetch"],
        ["prepare"],
        ["transcribe", "diarize"],
        ["assemble"],
    ]
    words = [word.text for segment in book.transcript(ask(tmp_path)).segments for word in segment.words]
    assert words == [word["word"] for sentence in said() for word in sentence]


def test_the_language_is_listened_for_before_the_parts_unless_it_is_given(book: Book, tmp_path: Path) -> None:
    """The voices do not wait for it."""
    assert book.walk(ask(tmp_path, language=None))[2:] == [["language", "diarize"], ["transcribe"], ["assemble"]]


def test_parts_are_ready_together(book: Book, tmp_path: Path) -> None:
    """So that many workers share an episode."""
    rounds = book.walk(ask(tmp_path, part_seconds=5.0))
    assert rounds[2].count("transcribe") > 1
    assert rounds[3] == ["assemble"]


def test_without_a_diarizer_nobody_waits_for_voices(book: Book, tmp_path: Path) -> None:
    """There is no such step, and the words have no speakers."""
    assert book.do(ask(tmp_path, diarizer="none")) == ["transcriber", "fetch", "prepare", "transcribe", "assemble"]
    assert book.transcript(ask(tmp_path, diarizer="none")).speakers == ()


@pytest.fixture
def embedding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scripted diarizer hear voices, and take what little is said for enough."""
    real = ScriptedDiarizer.diarize

    def diarize(self: ScriptedDiarizer, *given: Any) -> Diarization:
        found = real(self, *given)
        return replace(found, embeddings={"Speaker 1": (1.0, 0.0), "Speaker 2": (0.0, 1.0)})

    monkeypatch.setattr(ScriptedDiarizer, "diarize", diarize)
    monkeypatch.setattr(jobs.voices.remember, "LEAST_TALK", 0.5)


def test_the_voices_of_a_show_are_recognised_beside_the_hearing(book: Book, tmp_path: Path, embedding: None) -> None:
    """Once for an episode, whatever else is done again; never for an episode of no show, and not where that is forbidden."""
    asked = ask(tmp_path, episode={"show": "The Show"})
    assert book.walk(asked)[2:] == [["transcribe", "diarize"], ["voices"], ["assemble"]]
    assert [speaker.voice is not None for speaker in book.transcript(asked).speakers] == [True]
    assert book.do(ask(tmp_path, episode={"show": "The Show", "title": "Another title"})) == ["assemble"]
    assert book.do(ask(tmp_path)) == ["assemble"]
    silent = ask(tmp_path, episode={"show": "The Show"}, voice_memory=False)
    assert "voices" not in book.do(silent)
    assert not any(isinstance(made, DiarizedEpisode) and made.embeddings for key, made in book.made.items() if key in book.last)
    assert [speaker.voice for speaker in book.transcript(silent).speakers] == [None]


def test_where_nobody_speaks_nobody_is_listened_to(book: Book, tmp_path: Path) -> None:
    """No language and no voices; the transcript says that there is silence."""
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000 * 8))
    request = ask(tmp_path, language=None, episode={"audio_url": silence.as_uri()})
    done = book.do(request)
    assert "language" not in done
    assert "diarize" not in done
    assert book.transcript(request).segments == ()


def test_a_step_goes_to_the_queue_that_has_what_it_needs(book: Book, tmp_path: Path) -> None:
    """The network, a processor, the model that hears, the model that tells voices apart."""
    seen: dict[str, str] = {}
    request = ask(tmp_path, language=None, publication={"chapter_links": (Link(rel="podcast_json", url="http://127.0.0.1:1/"),)})
    with book.plan(request) as plan:
        while (ahead := plan.ahead(book)).transcript is None:
            for task in ahead.ready:
                seen[task.step.name] = task.queue
                made = ChapterFiles() if task.step.name == "chapters" else task.work(lambda _done, _total=None: None)
                book.made[task.step.key] = made
    assert seen == {
        "transcriber": "asr", "diarizer": "diarize", "chapters": "fetch", "fetch": "fetch", "prepare": "cpu", "language": "asr",
        "transcribe": "asr", "diarize": "diarize", "assemble": "cpu",
    }  # fmt: skip


def test_only_what_takes_much_memory_says_how_much() -> None:
    """A long file takes more than a short one."""
    pyannote = EngineInfo(name="pyannote", version="4", model="community-1")
    assert memory_needed(pyannote, 4 * 3600.0) > memory_needed(pyannote, 60.0) > 1_000_000_000
    assert memory_needed(EngineInfo(name="scripted", version="1", model="x"), 4 * 3600.0) == 0


# -------------------------------------------------------------- what is done again


def test_what_is_done_is_not_done_again(book: Book, tmp_path: Path) -> None:
    """Another walk comes to the same transcript."""
    assert sorted(book.do(ask(tmp_path))) == sorted(ALL)
    assert book.do(ask(tmp_path)) == []


CHOICES = ["transcriber", "diarizer"]
"""Chosen for each job, since machines change."""


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        ({"threads": 3, "workers": 2, "batch_size": 4}, ["assemble"]),  # the transcript says how it was made
        ({"beam_size": 1}, [*CHOICES, "transcribe", "assemble"]),
        ({"prompt": "Two sentences."}, [*CHOICES, "transcribe", "assemble"]),
        ({"speakers": 2}, [*CHOICES, "diarize", "assemble"]),
        ({"part_seconds": 5.0}, [*CHOICES, "prepare", "transcribe", "diarize", "assemble"]),
        ({"diarizer": "none"}, ["transcriber", "assemble"]),
        ({"language": None}, [*CHOICES, "language", "assemble"]),
        ({"episode": {"title": "Another title"}}, ["assemble"]),
        ({"episode": {"audio_url": "https://moved.example.com/signed.mp3"}}, ["assemble"]),
        ({"episode": {"id": "ep_other"}}, [*CHOICES, "fetch", "assemble"]),
    ],
    ids=str,
)
def test_a_change_does_again_what_depends_on_it_and_nothing_else(
    book: Book, tmp_path: Path, changed: dict[str, Any], again: list[str]
) -> None:
    """The keys say what a result depends on."""
    book.do(ask(tmp_path))
    assert sorted(set(book.do(ask(tmp_path, **changed)))) == sorted(again)


def test_a_new_salt_does_everything_again(book: Book, tmp_path: Path) -> None:
    """And the same one does not."""
    book.do(ask(tmp_path))
    salted = ask(tmp_path).model_copy(update={"salt": "1"})
    assert sorted(book.do(salted)) == sorted(ALL)
    assert book.do(salted) == []
    assert sorted(book.do(ask(tmp_path).model_copy(update={"salt": "2"}))) == sorted(ALL)
    assert book.do(ask(tmp_path)) == []


def test_notes_that_a_person_gives_change_the_transcript_alone(book: Book, tmp_path: Path) -> None:
    """They are read at the end."""
    book.do(ask(tmp_path))
    assert book.do(ask(tmp_path).model_copy(update={"notes": (Note(field="file", html="0:00 Begin"),)})) == ["assemble"]


def test_chapter_files_are_read_where_there_are_any(book: Book, tmp_path: Path) -> None:
    """A file of a person is read again when it has changed."""
    book.do(ask(tmp_path))
    given = ask(tmp_path).model_copy(update={"chapters": str(chapters(tmp_path, "One", "Two"))})
    assert book.do(given) == ["chapters", "assemble"]
    assert book.do(given) == []
    chapters(tmp_path, "One", "Two", "Three")
    assert book.do(given) == ["chapters", "assemble"]


def test_offered_transcripts_are_read_with_the_chapter_files_and_again_when_others_are_offered(
    book: Book, tmp_path: Path, webserver: WebServer
) -> None:
    """Nothing that was heard is heard again."""
    assert book.do(ask(tmp_path)) == ALL
    webserver.routes["/t.vtt"] = b"WEBVTT\n\n00:00.500 --> 00:01.000\nHello\n"
    links = (Link(url=webserver.url("/t.vtt"), media_type="text/vtt"),)
    offered = ask(tmp_path, publication={"transcript_links": links})
    assert book.do(offered) == ["chapters", "assemble"]
    found = next(made for made in book.made.values() if isinstance(made, ChapterFiles))
    assert [cue.text for transcript in found.transcripts for cue in transcript.cues] == ["Hello"]
    more = (*links, Link(url=webserver.url("/gone.json")))
    assert book.do(ask(tmp_path, publication={"transcript_links": more})) == ["chapters", "assemble"]


def test_a_chapter_file_that_could_not_be_had_serves_its_own_job_alone(book: Book, tmp_path: Path) -> None:
    """Its server was down: another job asks again."""
    request = ask(tmp_path, publication={"chapter_links": (Link(rel="podcast_json", url="https://example.com/c.json"),)})
    with book.plan(request) as plan:
        task = next(task for task in plan.ahead(book).ready if task.step.name == "chapters")
    assert task.settled(ChapterFiles())
    assert not task.settled(ChapterFiles(settled=False))
    assert task.usable(ChapterFiles(settled=False))


def test_audio_that_is_gone_makes_what_was_fetched_worthless(book: Book, tmp_path: Path) -> None:
    """The fetch is done again; the rest is known by the audio's digest."""
    request = ask(tmp_path)
    with book.plan(request) as plan:
        task = next(task for task in plan.ahead(book).ready if task.step.name == "fetch")
        fetched = task.work(lambda _done, _total=None: None)
    assert task.usable(fetched)
    book.blobs.remove(fetched.audio)
    assert not task.usable(fetched)


def test_audio_that_is_broken_is_fetched_again_the_next_time(book: Book, tmp_path: Path) -> None:
    """It may have been cut off on its way."""
    broken = tmp_path / "broken.wav"
    with wave.open(str(broken), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
    request = ask(tmp_path, episode={"audio_url": broken.as_uri()})
    with book.plan(request) as plan:
        fetch = next(task for task in plan.ahead(book).ready if task.step.name == "fetch")
    with pytest.raises(BrokenAudio):
        book.do(request)
    assert book.forgotten == [fetch.step.key]


def test_the_decoded_audio_is_named_and_made_again_if_it_is_gone(book: Book, tmp_path: Path) -> None:
    """By the step that needs it; several at once make it once."""
    request = ask(tmp_path, part_seconds=5.0)
    with book.plan(request) as plan:
        assert plan.decoded_blob(book) is None
    book.do(request)
    with book.plan(request) as plan:
        decoded = plan.decoded_blob(book)
        assert decoded is not None
        book.blobs.remove(decoded)
    again = request.model_copy(update={"options": request.options.model_copy(update={"beam_size": 1})})
    with book.plan(again) as plan:
        for task in plan.ahead(book).ready:
            book.made[task.step.key] = task.work(lambda _done, _total=None: None)
        parts = [task for task in plan.ahead(book).ready if task.step.name == "transcribe"]
        threads = [threading.Thread(target=task.work, args=(lambda _done, _total=None: None,)) for task in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(parts) > 1
    assert book.blobs.has(decoded)


def test_an_engine_that_is_not_there_is_said_when_it_is_needed(book: Book, tmp_path: Path) -> None:
    """Not when the plan is made."""
    request = ask(tmp_path, engine="whisper", model=str(tmp_path / "no model"))
    with book.plan(request) as plan:
        task = next(task for task in plan.ahead(book).ready if task.step.name == "transcriber")
        with pytest.raises(Exception, match="model") as caught:
            task.work(lambda _done, _total=None: None)
    assert isinstance(caught.value, EngineUnavailable) or caught.type.__name__ == "ModelMissing"
