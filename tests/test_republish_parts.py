"""What feeds are made of: outlines of transcripts, and counts of voices."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.republish.outlines import Outlines
from storage.at_work import AtWork, at_work
from storage.blobs import FolderBlobs
from storage.database import open_database
from storage.documents import Transcript
from storage.errors import NotFound, SourceError
from storage.outline import read_outline
from storage.voice_counts import voice_counts
from storage.voices import VoiceMemory
from tests import transcripts
from tests.voices import Speakers, add


def _document(transcript: Transcript) -> bytes:
    return transcript.model_dump_json(by_alias=True).encode()


def test_an_outline_has_all_but_the_words() -> None:
    """And what is no transcript has none."""
    made = transcripts.transcript([transcripts.segment("Hello there.")], [transcripts.chapter("Start", 0, 5)])
    outline = read_outline(_document(made))
    assert (outline.episode, outline.audio, outline.chapters) == (made.episode, made.audio, made.chapters)
    assert (outline.speakers, outline.language) == (made.speakers, "en")
    for broken in (b"", b"{}", b"[]", b'{"episode": 1}', b"\xff"):
        with pytest.raises(SourceError, match="no transcript"):
            read_outline(broken)


def test_outlines_that_were_read_are_kept_the_last_ones_longest(tmp_path: Path) -> None:
    """A digest names its content, so what is kept is never stale."""
    blobs = FolderBlobs(tmp_path)
    digests = [blobs.put(_document(transcripts.transcript(id=f"ep_{n}"))) for n in range(3)]
    outlines = Outlines(blobs, most=2)
    for digest in (digests[0], digests[1], digests[0], digests[2]):
        assert outlines.get(digest).episode.id == f"ep_{digests.index(digest)}"
    for digest in digests:
        blobs.path(digest).unlink()
    assert [outlines.get(digest).episode.id for digest in (digests[0], digests[2])] == ["ep_0", "ep_2"]
    with pytest.raises(NotFound):
        outlines.get(digests[1])


def test_voices_are_counted_by_the_episodes_in_which_they_were_heard(ledger_url: str) -> None:
    """Those of another show do not count."""
    engine = open_database(ledger_url)
    memory, people = VoiceMemory(engine), Speakers()
    host = {add(memory, number, people.episode("Ann", f"guest {number}"))["Ann"].voice_id for number in range(3)}
    add(memory, 9, people.episode("Ann"), show="Another")
    counts = voice_counts(engine, "the-show")
    assert counts.episodes == 3
    assert [counts.of_voice[voice] for voice in host] == [3]
    assert sorted(counts.of_voice.values()) == [1, 1, 1, 3]
    assert voice_counts(engine, "nothing").episodes == 0
    assert at_work(engine) == dict[str, AtWork]()
    engine.dispose()
