"""The engines of one process, for job after job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.engines.choose import Place
from jobs.options import Options
from storage.errors import EngineDiffers, EngineUnavailable, ModelMissing
from tests.workshop import SCRIPT
from worker.engines import EngineRoom


def script(folder: Path, name: str = "one", text: str = "word") -> str:
    """Write a script and return its path."""
    path = folder / f"{name}.json"
    sentence = {"speaker": "A", "words": [{"word": text, "start": 0.0, "end": 1.0}]}
    path.write_text(json.dumps({"sentences": [sentence]}), "utf-8")
    return str(path)


def options(model: str, **more: object) -> Options:
    """Return options for scripted engines."""
    return Options.model_validate({"engine": "scripted", "diarizer": "scripted", "model": model, **more})


@pytest.fixture
def room(tmp_path: Path) -> EngineRoom:
    """Return the room of a new process."""
    return EngineRoom(Place(tmp_path / "models"))


def test_jobs_that_ask_for_the_same_share_an_engine(room: EngineRoom, tmp_path: Path) -> None:
    """What does not concern the engine may differ."""
    model = script(tmp_path)
    first, _ = room.transcriber(options(model))
    assert room.transcriber(options(model, prompt="bees", part_seconds=10.0))[0] is first
    voices, _ = room.diarizer(options(model))
    assert room.diarizer(options(model, speakers=2))[0] is voices


def test_a_job_that_asks_for_another_gets_another_and_the_first_is_let_go(room: EngineRoom, tmp_path: Path) -> None:
    """Models are large, and take turns on the memory."""
    one, two = options(script(tmp_path)), options(script(tmp_path, "two", "other"))
    first, _ = room.transcriber(one)
    second, _ = room.transcriber(two)
    assert second is not first
    assert room.transcriber(two)[0] is second
    assert room.transcriber(one)[0] is not first


def test_a_job_gets_the_engine_that_was_chosen_for_it(room: EngineRoom, tmp_path: Path) -> None:
    """By whichever worker."""
    engines = room.for_job(options(script(tmp_path)))
    chosen, voices = engines.choose_transcriber().info, engines.choose_diarizer().info
    assert chosen is not None
    assert voices is not None
    assert engines.transcriber(chosen).info == chosen
    assert engines.diarizer(voices).info == voices


def test_the_same_model_on_another_device_will_do(room: EngineRoom, tmp_path: Path) -> None:
    """A GPU here and a processor there are one engine."""
    engines = room.for_job(options(script(tmp_path)))
    chosen = engines.choose_transcriber().info
    assert chosen is not None
    assert engines.transcriber(chosen.model_copy(update={"device": "cuda", "compute_type": "float16"})).info == chosen


def test_a_worker_with_another_model_refuses(room: EngineRoom, tmp_path: Path) -> None:
    """The step waits for one that has the right one; the error says what to do."""
    model = script(tmp_path)
    chosen = room.for_job(options(model)).choose_transcriber().info
    assert chosen is not None
    script(tmp_path, text="changed")
    elsewhere = EngineRoom(Place(tmp_path / "models")).for_job(options(model))
    with pytest.raises(EngineDiffers, match=r"begun with scripted one\.json, and this worker has scripted one\.json\. Give all"):
        elsewhere.transcriber(chosen)
    with pytest.raises(EngineDiffers):
        elsewhere.diarizer(chosen)


def test_a_job_without_a_diarizer_has_none(room: EngineRoom, tmp_path: Path) -> None:
    """And one that was begun with one cannot go on here."""
    without = room.for_job(options(script(tmp_path), diarizer="none"))
    assert without.choose_diarizer().info is None
    chosen = room.for_job(options(script(tmp_path))).choose_diarizer().info
    assert chosen is not None
    with pytest.raises(EngineUnavailable, match="begun with scripted, which this worker lacks"):
        without.diarizer(chosen)


def test_an_engine_that_could_not_be_chosen_is_tried_again(room: EngineRoom, tmp_path: Path) -> None:
    """The next job may find its model there."""
    missing = str(tmp_path / "late.json")
    with pytest.raises(ModelMissing):
        room.transcriber(options(missing))
    script(tmp_path, "late")
    assert room.transcriber(options(missing))[0].info.model == "late.json"


@pytest.mark.parametrize(("workers_own", "jobs_own", "taken"), [(0, 0, 0), (3, 0, 3), (0, 2, 2), (3, 2, 3)])
def test_a_worker_says_how_many_threads_its_engines_take(tmp_path: Path, workers_own: int, jobs_own: int, taken: int) -> None:
    """Several of them share a machine; a job does not know that."""
    asked = Options(engine="scripted", model=str(SCRIPT), threads=jobs_own)
    room = EngineRoom(Place(tmp_path, None, None), threads=workers_own)
    engines = room.for_job(asked)
    assert engines._options.threads == taken
    assert engines.choose_transcriber().info is not None
