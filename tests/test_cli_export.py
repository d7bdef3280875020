"""`earmark export`: a transcript that is there, in other formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.documents import Transcript
from storage.export import FORMATS
from storage.library import Library
from tests.commands import Terminal
from tests.transcripts import chapter, segment, transcript


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return the command line with folders of its own."""
    return Terminal(tmp_path)


@pytest.fixture
def saved(terminal: Terminal) -> Path:
    """Return the path of a transcript as `earmark run` would write it."""
    said = (segment("Hello and welcome.", 0.5), segment("Thank you, Ann.", 10.0, speaker="Speaker 2"))
    chapters = (chapter("Hello", 0.0, 10.0, (0, 1)), chapter("Thanks", 10.0, 20.0, (1, 2)))
    return Library(terminal.output).save(transcript(said, chapters)).transcript_path


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_beside_the_transcript_as_the_library_renders_it(
    name: str, terminal: Terminal, saved: Path
) -> None:
    """The same text as `earmark run --format` gives."""
    ended = terminal.earmark("export", saved, "--format", name)
    assert ended.status == 0, ended.err
    target = saved.with_name(saved.name.removesuffix(FORMATS["json"].suffix) + FORMATS[name].suffix)
    assert ended.out.strip() == str(target)
    assert target.read_text("utf-8") == FORMATS[name].render(Transcript.model_validate_json(saved.read_bytes()))


def test_the_transcript_document_comes_back_as_it_was(terminal: Terminal, saved: Path) -> None:
    """Exporting to its own format changes no byte."""
    before = saved.read_bytes()
    assert terminal.earmark("export", saved, "--format", "json").status == 0
    assert saved.read_bytes() == before


def test_several_formats_go_to_a_folder_and_the_paths_are_one_document(terminal: Terminal, saved: Path, tmp_path: Path) -> None:
    """Commas and repetition both work; the folder is made."""
    ended = terminal.earmark("export", saved, "--format", "vtt,srt", "--format", "txt", "-o", tmp_path / "new", "--json")
    written = json.loads(ended.out)["written"]
    assert [Path(path).suffix for path in written] == [".vtt", ".srt", ".txt"]
    assert all(Path(path).parent == tmp_path / "new" and Path(path).stat().st_size for path in written)


def test_a_dash_prints_the_transcript_and_nothing_else(terminal: Terminal, saved: Path) -> None:
    """For pipes."""
    ended = terminal.earmark("export", saved, "--format", "srt", "-o", "-")
    assert (ended.status, ended.out.startswith("1\n00:00:00,500 --> ")) == (0, True)
    assert "Thank you, Ann." in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.transcript.json", "--format", "vtt"], "no file nowhere.transcript.json"),
        (["{saved}", "--format", "docx"], "docx"),
        (["{broken}", "--format", "vtt"], "not an earmark transcript"),
        (["{saved}", "--format", "vtt", "-o", "{broken}/out"], "Cannot write"),
        (["{saved}", "--format", "vtt", "-o", "-", "--json"], "standard output"),
    ],
)
def test_what_cannot_be_is_explained(arguments: list[str], said: str, terminal: Terminal, saved: Path, tmp_path: Path) -> None:
    """Status 1, and the thing is named."""
    broken = tmp_path / "broken.json"
    broken.write_text("{}", "utf-8")
    ended = terminal.earmark("export", *(part.format(saved=saved, broken=broken) for part in arguments))
    assert (ended.status, ended.out) == (1, "")
    assert said in ended.err
    assert "Traceback" not in ended.err
