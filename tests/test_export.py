"""What all export formats have in common."""

from __future__ import annotations

import time

import pytest
from hypothesis import given

from storage.documents import Transcript
from storage.errors import OptionError
from storage.export import FORMATS, format_named
from tests.transcripts import chapter, long_transcript, transcript, transcripts, unhurried


def test_the_formats_are_those_promised_and_their_endings_cannot_collide() -> None:
    """Two formats of one episode never write one file, whatever the episodes' names."""
    assert set(FORMATS) == {"json", "vtt", "srt", "podcast-json", "chapters-json", "psc", "markdown", "txt"}
    suffixes = [entry.suffix for entry in FORMATS.values()]
    assert not [(a, b) for a in suffixes for b in suffixes if a != b and a.endswith(b)]
    assert all(entry.name == name for name, entry in FORMATS.items())


def test_an_unknown_format_is_an_error_that_lists_the_known() -> None:
    """The error names the format and what there is."""
    with pytest.raises(OptionError, match="docx") as caught:
        format_named("docx")
    assert "vtt" in caught.value.hint


@unhurried
@given(transcripts())
def test_every_format_ends_in_a_newline_and_holds_no_control_character(drawn: Transcript) -> None:
    """Hostile strings leave no NUL, no escape sequence and no odd line break in any export made for people and players."""
    for entry in FORMATS.values():
        text = entry.render(drawn)
        assert text.endswith("\n") or (entry.name == "srt" and not text)
        assert not set(text) & {"\0", "\x07", "\x1b", "\r", "\u2028", "\ufffe"} or entry.name == "json"


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_transcript_without_words_renders_with_its_chapters(name: str) -> None:
    """A file without speech still has what its publisher printed."""
    text = FORMATS[name].render(transcript([], [chapter("Intro music", 0, 60), chapter("Rain", 60, 120)]))
    if name in {"json", "chapters-json", "psc", "markdown", "txt"}:
        assert "Intro music" in text
        assert "Rain" in text
    else:
        assert "-->" not in text
        assert "startTime" not in text


def test_the_document_reads_back_as_it_was() -> None:
    """`json` is the transcript itself, to the millisecond."""
    told = long_transcript(hours=1, total=500)
    again = Transcript.model_validate_json(FORMATS["json"].render(told))
    assert again.model_dump_json() == told.model_dump_json()
    assert again.segments[3].words[2].text == told.segments[3].words[2].text


@pytest.mark.slow
def test_eight_hours_are_written_in_all_formats_in_seconds() -> None:
    """80,000 words take about two seconds of processor time; ten would mean that something is quadratic."""
    told = long_transcript()
    began = time.process_time()
    sizes = {name: len(entry.render(told)) for name, entry in FORMATS.items()}
    assert time.process_time() - began < 10
    assert min(sizes.values()) > 1000
