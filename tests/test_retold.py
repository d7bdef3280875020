"""Renaming speakers in transcripts that were written before: only names change, each file is whole, and a rerun finishes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given

from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import Speaker, Transcript
from storage.episodes import Episodes
from storage.errors import SourceError
from storage.export import FORMATS
from storage.export.renaming import RENAMINGS
from storage.ledger import Ledger
from storage.library import Library, load
from storage.respoken import respoken, shown
from storage.retold import _FILES_AT_ONCE, retell_ledger, retell_library
from tests import transcripts
from tests.commands import REPOSITORY

NEW = "Nathan “N.” O'Lambert & <Sons>: 3"
USUAL = ("vtt", "srt", "podcast-json", "chapters-json", "psc", "markdown", "txt")


def renaming(label: str, name: str) -> Callable[[tuple[Speaker, ...]], tuple[Speaker, ...]]:
    """Return a change that names one speaker."""
    new = {"name": name, "name_source": "people", "name_confidence": 1.0}
    return lambda speakers: tuple(s.model_copy(update=new) if s.label == label else s for s in speakers)


def talk(number: int = 1, *, show: str = "The Show") -> Transcript:
    """Return a transcript of two speakers."""
    segments = [
        transcripts.segment("Hello there, and welcome.", 0, speaker="Speaker 1"),
        transcripts.segment("So Speaker 2 it is, they said.", 5, speaker="Speaker 2"),
        transcripts.segment("Right.", 12, speaker="Speaker 1"),
    ]
    speakers = [Speaker(label="Speaker 1", talk_time=3), Speaker(label="Speaker 2", name="Eva Lind", talk_time=4)]
    chapters = [transcripts.chapter("Start", 0, 15, (0, 3))]
    return transcripts.transcript(segments, chapters, speakers=speakers, id=f"ep_{number}", title=f"Talk {number}", show=show)


def without_names(document: bytes) -> str:
    """Return all of a transcript but its speakers' names, as JSON."""
    read = json.loads(document)
    for speaker in read["speakers"]:
        for name in ("name", "name_source", "name_confidence"):
            del speaker[name]
    return json.dumps(read)


# -------------------------------------------------------------- one document


@transcripts.unhurried
@given(transcripts.transcripts(orderly=False))
def test_nothing_but_the_speakers_changes_in_a_document_whatever_is_in_it(drawn: Transcript) -> None:
    """Byte for byte, laid out or compact: what is before the list, what is behind it, and all that is not asked for."""
    for document in (FORMATS["json"].render(drawn).encode(), drawn.model_dump_json(by_alias=True).encode()):
        made = respoken(document, renaming("Speaker 2", NEW))
        start, end = _list_of_speakers(document)
        new_start, new_end = _list_of_speakers(made.document)
        assert (made.document[:new_start], made.document[new_end:]) == (document[:start], document[end:])
        assert without_names(made.document) == without_names(document)
        assert Transcript.model_validate_json(made.document).speakers[1].name == NEW
        assert respoken(made.document, renaming("Speaker 2", NEW)).document == made.document


def _list_of_speakers(document: bytes) -> tuple[int, int]:
    """Return where the list lies, found by reading all of the document."""
    text = document.decode()
    compact = '"speakers":[' in text and text.startswith('{"')
    key = text.rindex('"speakers":' if compact else '\n "speakers": ')
    start = text.index("[", key)
    _, length = json.JSONDecoder().raw_decode(text[start:])
    return len(text[:start].encode()), len(text[: start + length].encode())


def test_a_document_is_written_as_a_new_one_would_be() -> None:
    """The list is laid out as the rest."""
    told = talk()
    made = respoken(FORMATS["json"].render(told).encode(), renaming("Speaker 1", NEW))
    assert made.document.decode() == FORMATS["json"].render(Transcript.model_validate_json(made.document))
    assert made.renamed == {"Speaker 1": NEW}


def test_a_document_that_another_program_laid_out_is_changed_all_the_same() -> None:
    """It is read and written."""
    document = json.dumps(json.loads(FORMATS["json"].render(talk())), indent=4).encode()
    made = respoken(document, renaming("Speaker 1", NEW))
    assert without_names(made.document) == without_names(document)
    assert respoken(document, lambda speakers: speakers).document == document


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"a":1,"speakers":[{"x":2}]}', b'{"a":1,"speakers":[', b"\xff"])
def test_what_is_no_transcript_is_refused(document: bytes) -> None:
    """In our words."""
    with pytest.raises(SourceError):
        respoken(document, lambda speakers: speakers)


# -------------------------------------------------------------- exports


@pytest.mark.parametrize("name", sorted(RENAMINGS))
def test_only_the_name_changes_in_an_export(name: str) -> None:
    """Where the name stands in what is said, it stays: somebody said so."""
    told = talk()
    before = FORMATS[name].render(told)
    after, count = RENAMINGS[name](before, {"Speaker 1": NEW, "Eva Lind": "Speaker 1"})
    assert count >= 3
    assert "So Speaker 2 it is" in after
    back, _ = RENAMINGS[name](after, {NEW: "Speaker 1", "Speaker 1": "Eva Lind"})
    assert back == before


@transcripts.unhurried
@given(transcripts.transcripts())
def test_an_export_that_is_renamed_holds_what_one_made_anew_holds(drawn: Transcript) -> None:
    """But for where lines are broken, which a longer name moves: names of one length move nothing."""
    named = renaming("Speaker 2", "Sprecher2")(drawn.speakers)
    renamed = {shown(old): shown(new) for old, new in zip(drawn.speakers, named, strict=True) if shown(old) != shown(new)}
    for name in sorted(RENAMINGS):
        after, _ = RENAMINGS[name](FORMATS[name].render(drawn), renamed)
        assert after == FORMATS[name].render(drawn.model_copy(update={"speakers": named})), name


# -------------------------------------------------------------- a folder


def test_every_transcript_of_the_show_is_changed_with_its_exports_and_the_index(tmp_path: Path) -> None:
    """And no other show's."""
    library = Library(tmp_path)
    for number in range(3):
        library.save(talk(number), USUAL)
    other = library.save(talk(9, show="Another Show"), USUAL)
    untouched = {path: path.read_bytes() for path in other.files.values()}
    retold = retell_library(library, "the show", renaming("Speaker 1", NEW))
    assert (retold.changed, retold.total, retold.unreadable) == (3, 3, ())
    for number in range(3):
        found = library.find(f"ep_{number}")
        assert found is not None
        assert [shown(speaker) for speaker in load(found).speakers] == [NEW, "Eva Lind"]
        assert "&lt;Sons>" not in found.with_name(found.name.replace(".transcript.json", ".srt")).read_text()
        assert NEW.replace("<Sons>", "‹Sons>") in found.with_name(found.name.replace(".transcript.json", ".srt")).read_text()
    assert {path: path.read_bytes() for path in other.files.values()} == untouched
    speakers = {entry.id: entry.speakers for entry in library.read_index().index.episodes}
    assert speakers == {
        "ep_0": (NEW, "Eva Lind"),
        "ep_1": (NEW, "Eva Lind"),
        "ep_2": (NEW, "Eva Lind"),
        "ep_9": ("Speaker 1", "Eva Lind"),
    }
    assert retell_library(library, "the show", renaming("Speaker 1", NEW)).changed == 0


def test_two_speakers_of_one_name_are_told_apart_by_making_the_export_anew(tmp_path: Path) -> None:
    """The text alone cannot tell whose name is meant."""
    library = Library(tmp_path)
    both = talk().model_copy(
        update={"speakers": (Speaker(label="Speaker 1", name="Eva"), Speaker(label="Speaker 2", name="Eva"))}
    )
    saved = library.save(both, USUAL)
    retell_library(library, "The Show", renaming("Speaker 2", "Bo"))
    assert "<v Eva>Hello there" in saved.files["vtt"].read_text()
    assert "<v Bo>So Speaker 2" in saved.files["vtt"].read_text()


def test_line_ends_that_another_program_wrote_stay(tmp_path: Path) -> None:
    """Nothing but the name changes in an export, not one byte."""
    library = Library(tmp_path)
    path = library.save(talk(), USUAL).files["vtt"]
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    retell_library(library, "The Show", renaming("Speaker 1", "Bo"))
    assert path.read_bytes() == before.replace(b"<v Speaker 1>", b"<v Bo>") != before


def test_many_transcripts_are_changed_in_several_goes(tmp_path: Path) -> None:
    """Each with its exports, each once, and one that cannot be read stops none of the others."""
    library = Library(tmp_path)
    count = 2 * _FILES_AT_ONCE + 3
    saved = [library.save(talk(number), ("vtt",)) for number in range(count)]
    saved[_FILES_AT_ONCE].transcript_path.write_text("{}")
    retold = retell_library(library, "The Show", renaming("Speaker 1", "Bo"))
    assert (retold.changed, retold.total, len(retold.unreadable)) == (count - 1, count, 1)
    names = [b"<v Bo>" in one.files["vtt"].read_bytes() for one in saved]
    assert names == [number != _FILES_AT_ONCE for number in range(count)]
    assert [entry.speakers[0] for entry in library.read_index().index.episodes].count("Bo") == count - 1


def test_words_that_look_like_a_name_are_no_name(tmp_path: Path) -> None:
    """In SubRip a name is only a word with a colon."""
    library = Library(tmp_path)
    told = talk()
    first = transcripts.segment("Speaker 1: that is what the script says.", 0, speaker="Speaker 2")
    saved = library.save(told.model_copy(update={"segments": (first, *told.segments[2:])}), ("srt",))
    retell_library(library, "The Show", renaming("Speaker 1", "Bo"))
    text = saved.files["srt"].read_text()
    assert "Eva Lind: Speaker 1:\nthat is what" in text
    assert "Bo: Right." in text


def test_a_damaged_transcript_is_left_alone_and_told(tmp_path: Path) -> None:
    """The others are changed; an export that somebody removed stays away."""
    library = Library(tmp_path)
    bad, good = library.save(talk(1), USUAL), library.save(talk(2), USUAL)
    bad.transcript_path.write_text("{}")
    good.files["srt"].unlink()
    retold = retell_library(library, "The Show", renaming("Speaker 1", NEW))
    assert (retold.changed, len(retold.unreadable)) == (1, 1)
    assert bad.transcript_path.read_text() == "{}"
    assert not good.files["srt"].exists()


def test_a_kill_in_the_middle_leaves_each_file_whole_and_a_rerun_finishes(tmp_path: Path) -> None:
    """At each of the first renames of a file into its place; the exports go before the transcript that they are made of."""
    program = """
import os, sys
from pathlib import Path
import storage.retold, storage.library
from tests.test_retold import renaming
left = int(sys.argv[2])
real = Path.replace
def replace(self, target):
    global left
    left -= 1
    if left < 0:
        os._exit(9)
    return real(self, target)
Path.replace = replace
storage.retold._AT_ONCE = 1
storage.retold.retell_library(storage.library.Library(Path(sys.argv[1])), "The Show", renaming("Speaker 1", "Bo Fox"))
"""
    library = Library(tmp_path)
    saved = [library.save(talk(number), USUAL) for number in range(2)]
    expected = {
        path: (path.read_text(), FORMATS[name].render(load(one.transcript_path)))
        for one in saved
        for name, path in one.files.items()
    }
    for point in (0, 2, 5, 8):
        ended = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), str(point)],
            cwd=REPOSITORY,
            check=False,
            env={"PYTHONPATH": str(REPOSITORY)},
        )
        assert ended.returncode == 9
        for path, (before, _) in expected.items():
            assert path.read_text() in {before, *_renamed(path, before)}
    assert retell_library(library, "The Show", renaming("Speaker 1", "Bo Fox")).unreadable == ()
    for path, (before, _) in expected.items():
        assert path.read_text() in _renamed(path, before), path
    assert all(entry.speakers == ("Bo Fox", "Eva Lind") for entry in library.read_index().index.episodes)


def _renamed(path: Path, before: str) -> set[str]:
    """Return what may stand in a file afterwards: the old text with the name, or what is made anew."""
    if path.name.endswith(".transcript.json"):
        return {respoken(before.encode(), renaming("Speaker 1", "Bo Fox")).document.decode()}
    name = next(name for name, entry in FORMATS.items() if path.name.endswith(entry.suffix) and name != "json")
    anew = FORMATS[name].render(
        talk(int(path.name.split()[2][0])).model_copy(update={"speakers": renaming("Speaker 1", "Bo Fox")(talk().speakers)})
    )
    return {RENAMINGS[name](before, {"Speaker 1": "Bo Fox"})[0] if name in RENAMINGS else before, anew}


# -------------------------------------------------------------- the ledger


def test_transcripts_of_the_ledger_are_changed_wherever_they_are_named(tmp_path: Path) -> None:
    """In the step, so that the next run finds the new one; in the job; as the newest of the episode."""
    engine, blobs = open_database(sqlite_url(tmp_path / "ledger.db")), FolderBlobs(tmp_path / "blobs")
    ledger = Ledger(engine)
    for number, show in ((1, "The Show"), (2, "Another")):
        told = talk(number, show=show)
        ledger.remember(told.episode)
        job = ledger.open_job(told.episode.id, "options", "Title")
        digest = blobs.put(told.model_dump_json(by_alias=True).encode())
        ledger.commit(ledger.claim(job.id, "assemble", 0, f"key {number}", "me"), digest)
        ledger.set_job(job.id, "done", output=digest)
    retold = retell_ledger(engine, blobs, "THE SHOW", renaming("Speaker 1", NEW))
    assert (retold.changed, retold.total) == (1, 1)
    kept = ledger.finished("key 1")
    assert kept is not None
    assert kept == Episodes(engine).get("ep_1").transcript
    assert Transcript.model_validate_json(blobs.read(kept)).speakers[0].name == NEW
    other = ledger.finished("key 2")
    assert other is not None
    assert Transcript.model_validate_json(blobs.read(other)).speakers[0].name is None
    assert retell_ledger(engine, blobs, "THE SHOW", renaming("Speaker 1", NEW)).changed == 0
    engine.dispose()
