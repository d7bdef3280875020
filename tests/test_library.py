"""The output folder that people read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.documents import Transcript
from storage.errors import NotFound, OptionError, OutputError, SourceError
from storage.export import FORMATS
from storage.library import Library, load
from tests.transcripts import HOSTILE, chapter, segment, transcript

REPOSITORY = Path(__file__).resolve().parent.parent

SAVER = """
import sys
from pathlib import Path
from storage.library import Library
from tests.transcripts import transcript

for n in range(5):
    Library(Path(sys.argv[1])).save(transcript(id=f"{sys.argv[2]}-{n}", title="Same"), ["txt"])
"""


def talk(**episode: Any) -> Transcript:
    """Return a transcript with words and a chapter."""
    return transcript([segment("Hello there.")], [chapter("Intro", 0, 9, (0, 1))], **episode)


def names(root: Path) -> list[str]:
    """Return the relative paths of all files that are not hidden."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and path.name[0] != ".")


def read(root: Path) -> list[dict[str, Any]]:
    """Return the entries of the index as another program would read them."""
    told = json.loads((root / "index.json").read_text(encoding="utf-8"))
    assert told["schema"] == "earmark.index/1"
    entries: list[dict[str, Any]] = told["episodes"]
    return entries


def test_an_episode_is_saved_in_a_folder_of_its_show_under_its_date_and_title(tmp_path: Path) -> None:
    """All formats beside each other, and the index one above."""
    saved = Library(tmp_path).save(talk(), list(FORMATS))
    endings = ["chapters.json", "md", "podcast.json", "psc.xml", "srt", "transcript.json", "txt", "vtt"]
    assert names(tmp_path) == [*(f"The Show/2024-05-01 A Talk.{ending}" for ending in endings), "index.json"]
    assert saved.folder == tmp_path / "The Show"
    assert saved.transcript_path == tmp_path / "The Show" / "2024-05-01 A Talk.transcript.json"
    assert set(saved.files) == set(FORMATS)
    assert saved.warnings == ()
    assert saved.files["vtt"].read_text(encoding="utf-8").startswith("WEBVTT\n")
    [entry] = read(tmp_path)
    assert entry["path"] == "The Show/2024-05-01 A Talk.transcript.json"
    assert entry["chapters"] == [{"start": 0.0, "title": "Intro"}]


def test_what_was_saved_is_found_and_loads_as_it_was(tmp_path: Path) -> None:
    """By the episode's id; another id finds nothing; nor does one whose file is gone."""
    library = Library(tmp_path)
    library.save(talk())
    path = library.find("e1")
    assert path is not None
    assert load(path).model_dump_json() == talk().model_dump_json()
    assert library.find("e2") is None
    path.unlink()
    assert library.find("e1") is None


def test_two_episodes_of_one_title_and_date_do_not_collide(tmp_path: Path) -> None:
    """The second name carries a mark of its id; also where names differ in case alone, as some file systems see no difference."""
    library = Library(tmp_path)
    paths = [
        library.save(talk(id=name, title=title)).transcript_path for name, title in (("a", "Talk"), ("b", "Talk"), ("c", "TALK"))
    ]
    assert len({str(path).casefold() for path in paths}) == 3
    assert [load(path).episode.id for path in paths] == ["a", "b", "c"]
    assert paths[0].name == "2024-05-01 Talk.transcript.json"
    assert paths[1].name == "2024-05-01 Talk [3e23e816].transcript.json"


def test_an_episode_that_comes_again_under_another_title_overwrites_its_own_files(tmp_path: Path) -> None:
    """Its name stays, its content is new, also in formats that were not asked for this time."""
    library = Library(tmp_path)
    first = library.save(talk(), ["txt"])
    again = library.save(talk(title="A Better Title", show="Another Show"), ["vtt"])
    assert again.transcript_path == first.transcript_path
    assert set(again.files) == {"json", "txt", "vtt"}
    assert "A Better Title" in first.files["txt"].read_text(encoding="utf-8")
    [entry] = read(tmp_path)
    assert (entry["title"], entry["show"]) == ("A Better Title", "Another Show")


def test_an_episode_without_show_date_or_title_has_a_place(tmp_path: Path) -> None:
    """Local files have none of them."""
    saved = Library(tmp_path).save(talk(show=None, published=None, title=""))
    assert saved.transcript_path == tmp_path / "Single episodes" / "Untitled.transcript.json"


def test_a_show_called_like_the_index_does_not_take_its_place(tmp_path: Path) -> None:
    """The index stays a file."""
    saved = Library(tmp_path).save(talk(show="Index.json"))
    assert saved.folder.name == "Index.json_"
    assert len(read(tmp_path)) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(show=st.sampled_from(HOSTILE), title=st.one_of(st.sampled_from(HOSTILE), st.text(max_size=200)))
def test_hostile_names_stay_inside_the_folder(tmp_path_factory: pytest.TempPathFactory, show: str, title: str) -> None:
    """Whatever a feed calls its show and episode, files lie one folder below the root, with names that are not too long."""
    root = tmp_path_factory.mktemp("library")
    saved = Library(root).save(talk(show=show, title=title), ["podcast-json"])
    for path in saved.files.values():
        assert path.resolve().parent.parent == root.resolve()
        assert len(path.name.encode()) <= 120
    assert Library(root).find("e1") == saved.transcript_path


@pytest.mark.parametrize("damage", [b"", b"{", b'{"schema": "earmark.index/9", "episodes": []}', b"\xff\xfe", b"[]"])
def test_a_damaged_index_is_made_again_from_the_transcripts_and_says_so(tmp_path: Path, damage: bytes) -> None:
    """Nothing is lost: the others are found again, with their exports, and the next save keeps the index."""
    library = Library(tmp_path)
    library.save(talk(id="a", title="A"), ["vtt"])
    library.save(talk(id="b", title="B"))
    before = read(tmp_path)
    (tmp_path / "index.json").write_bytes(damage)
    assert library.find("a") is not None
    saved = library.save(talk(id="b", title="B"))
    assert [notice.code for notice in saved.warnings] == ["index_rebuilt"]
    assert "2 transcript(s)" in saved.warnings[0].message
    assert read(tmp_path) == before


def test_a_missing_index_is_made_again_and_an_unreadable_transcript_is_named(tmp_path: Path) -> None:
    """What cannot be read is left as it is, left out, and said."""
    library = Library(tmp_path)
    library.save(talk(id="a", title="A"))
    broken = tmp_path / "The Show" / "broken.transcript.json"
    broken.write_text("{")
    (tmp_path / "index.json").unlink()
    reading = library.rebuild()
    assert [notice.code for notice in reading.warnings] == ["index_rebuilt", "transcript_unreadable"]
    assert "broken.transcript.json" in reading.warnings[1].message
    assert [entry["id"] for entry in read(tmp_path)] == ["a"]
    assert broken.read_text() == "{"


def test_a_transcript_that_the_index_lost_is_not_overwritten_by_another_episode(tmp_path: Path) -> None:
    """The file's own id decides, so that a crash before the index was written costs nothing."""
    library = Library(tmp_path)
    first = library.save(talk(id="a"))
    (tmp_path / "index.json").write_text('{"schema": "earmark.index/1", "episodes": []}')
    assert library.save(talk(id="b")).transcript_path != first.transcript_path
    assert library.save(talk(id="a")).transcript_path == first.transcript_path
    assert len(read(tmp_path)) == 2


@pytest.mark.parametrize("path", ["../x.transcript.json", "/etc/x.transcript.json", "a/../../x.transcript.json", "x\\..\\y/z"])
def test_an_index_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path, path: str) -> None:
    """Somebody changed it: it is made again from what is there."""
    root = tmp_path / "out"
    library = Library(root)
    library.save(talk())
    entries = read(root)
    entries[0]["path"] = path
    (root / "index.json").write_text(json.dumps({"schema": "earmark.index/1", "episodes": entries}))
    saved = library.save(talk())
    assert [notice.code for notice in saved.warnings] == ["index_rebuilt"]
    assert saved.folder == root / "The Show"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_processes_that_save_at_once_lose_no_episode(tmp_path: Path) -> None:
    """Four processes, five episodes each, all of one title: twenty entries, twenty transcripts, none over another."""
    savers = [subprocess.Popen([sys.executable, "-c", SAVER, str(tmp_path), str(n)], cwd=REPOSITORY) for n in range(4)]
    assert [saver.wait(timeout=120) for saver in savers] == [0] * 4
    entries = read(tmp_path)
    assert len(entries) == len({entry["path"] for entry in entries}) == 20
    assert all(load(tmp_path / entry["path"]).episode.id == entry["id"] for entry in entries)


def test_an_unknown_format_writes_nothing(tmp_path: Path) -> None:
    """The mistake is found before the first file."""
    with pytest.raises(OptionError, match="docx"):
        Library(tmp_path / "out").save(talk(), ["vtt", "docx"])
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    """A file lies where the folder should be; it stays."""
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputError, match="out"):
        Library(tmp_path / "out").save(talk())
    assert (tmp_path / "out").read_text() == "mine"


def test_an_empty_library_has_no_episodes_and_no_warnings(tmp_path: Path) -> None:
    """Looking makes no folder."""
    library = Library(tmp_path / "out")
    assert library.find("e1") is None
    assert library.read_index().warnings == ()
    assert not (tmp_path / "out").exists()


def test_loading_what_is_not_there_says_so(tmp_path: Path) -> None:
    """No such file; a folder."""
    with pytest.raises(NotFound, match=r"x\.json"):
        load(tmp_path / "x.json")
    with pytest.raises(SourceError, match="directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an earmark transcript"),
        (b"WEBVTT\n", "not an earmark transcript"),
        (b"\xff\xfe\x00", "not an earmark transcript"),
        (b"[" * 100_000, "not an earmark transcript"),
        (b'{"version": "1.0.0", "segments": []}', "not an earmark transcript"),
        (b'{"schema": "earmark.index/1", "episodes": []}', "not an earmark transcript"),
        (b'{"schema": "earmark.transcript/2"}', "schema earmark.transcript/2; this earmark reads earmark.transcript/1"),
        (b'{"schema": "earmark.transcript/1"}', "an error at episode"),
    ],
)
def test_loading_what_is_not_a_transcript_says_what_it_is_and_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    """The error names the file, the reason and the way out."""
    path = tmp_path / "x.transcript.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=says) as caught:
        load(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_document_that_does_not_name_its_schema_is_not_a_transcript(tmp_path: Path) -> None:
    """Also when all else fits."""
    told = json.loads(FORMATS["json"].render(talk()))
    del told["schema"]
    path = tmp_path / "x.transcript.json"
    path.write_text(json.dumps(told))
    with pytest.raises(SourceError, match="not an earmark transcript"):
        load(path)
