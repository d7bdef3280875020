"""Which engines run. The hub cannot be reached in these tests, and no model is in its cache (see conftest)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from jobs.engines.choose import Place, choose_engines
from jobs.engines.pocketsphinx import PocketsphinxTranscriber
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.engines.scripted import ScriptedDiarizer, ScriptedTranscriber
from jobs.engines.whisper import WhisperTranscriber
from jobs.options import Options
from storage.errors import EarmarkError, ModelInvalid, ModelMissing, NetworkError, OptionError
from tests.workshop import SCRIPT


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a machine without models."""
    return Place(tmp_path / "models")


@pytest.fixture
def furnished(tmp_path: Path, shared: Path) -> Place:
    """Return a machine on which the small real model lies under the name of a good one."""
    shutil.copytree(
        shared / "models" / "toy-whisper", tmp_path / "models" / "base", ignore=shutil.ignore_patterns("samples", "training")
    )
    return Place(tmp_path / "models")


def test_auto_without_a_model_and_without_the_hub_is_pocketsphinx_and_says_so(place: Place) -> None:
    """The output can say that a fallback made it."""
    chosen = choose_engines(Options(diarizer="none"), place)
    assert isinstance(chosen.transcriber, PocketsphinxTranscriber)
    assert chosen.transcriber.info.fallback
    (notice,) = chosen.notices
    assert notice.code == "asr_fallback"
    assert "English only" in notice.message
    assert "earmark models pull" in notice.message


def test_auto_takes_another_model_that_is_here_before_pocketsphinx(furnished: Place) -> None:
    """The default one is not here; what was taken is said."""
    chosen = choose_engines(Options(diarizer="none", device="cpu"), furnished)
    assert isinstance(chosen.transcriber, WhisperTranscriber)
    assert chosen.transcriber.info.model == "base"
    assert not chosen.transcriber.info.fallback
    assert [notice.code for notice in chosen.notices] == ["asr_other_model"]


def test_a_model_that_is_here_by_its_name_says_nothing(furnished: Place) -> None:
    """Everything is as asked."""
    chosen = choose_engines(Options(engine="whisper", model="base", diarizer="none", device="cpu"), furnished)
    assert (chosen.transcriber.info.name, chosen.transcriber.info.model, chosen.notices) == ("faster-whisper", "base", ())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (Options(engine="whisper", diarizer="none"), NetworkError),
        (Options(engine="whisper", model="small", diarizer="none"), NetworkError),
        (Options(engine="auto", model="small", diarizer="none"), NetworkError),
        (Options(engine="auto", model="./nowhere", diarizer="none"), ModelMissing),
        (Options(engine="auto", model="smoll", diarizer="none"), ModelMissing),
        (Options(engine="whisper", model=str(SCRIPT), diarizer="none"), ModelInvalid),
        (Options(engine="auto", language="de", diarizer="none"), ModelMissing),
        (Options(engine="scripted", diarizer="none"), OptionError),
        (Options(engine="pocketsphinx", diarizer="scripted"), OptionError),
        (Options(engine="scripted", model="/nowhere.json", diarizer="none"), ModelMissing),
    ],
)
def test_what_was_asked_for_by_name_never_falls_back(options: Options, error: type[EarmarkError], place: Place) -> None:
    """A clear error says what to do instead."""
    with pytest.raises(error) as caught:
        choose_engines(options, place)
    assert caught.value.hint


def test_english_with_a_region_is_english_to_the_fallback(place: Place) -> None:
    """`en-GB` is no foreign language."""
    assert choose_engines(Options(language="en-GB", diarizer="none"), place).transcriber.info.fallback


def test_pocketsphinx_by_name_is_no_fallback(place: Place) -> None:
    """It is what was asked for."""
    chosen = choose_engines(Options(engine="pocketsphinx", diarizer="none"), place)
    assert (chosen.transcriber.info.fallback, chosen.notices) == (False, ())


def test_the_scripted_engines_read_their_script(place: Place) -> None:
    """Both from --model."""
    chosen = choose_engines(Options(engine="scripted", model=str(SCRIPT), diarizer="scripted"), place)
    assert isinstance(chosen.transcriber, ScriptedTranscriber)
    assert isinstance(chosen.diarizer, ScriptedDiarizer)


@pytest.mark.parametrize("diarizer", ["auto", "resemblyzer"])
def test_without_a_token_or_a_folder_the_embedded_diarizer_is_it(diarizer: str, place: Place) -> None:
    """Nothing has to be fetched, so nothing has to be said."""
    chosen = choose_engines(Options.model_validate({"engine": "pocketsphinx", "diarizer": diarizer}), place)
    assert isinstance(chosen.diarizer, ResemblyzerDiarizer)
    assert chosen.notices == ()
