"""Transcripts as podcast JSON, as pages, and as running text."""

from __future__ import annotations

import json

import pytest

from jobs.transcript_files.html import read_html
from jobs.transcript_files.plain import read_plain
from jobs.transcript_files.podcast_json import read_podcast_json
from jobs.transcript_files.rows import Row, cues_of
from storage.errors import BadTranscript

Said = list[tuple[float, float | None, str, str | None]]


def said(rows: list[Row]) -> Said:
    """Return start, end, text and speaker of the cues that rows make."""
    return [(cue.start, cue.end, cue.text, cue.speaker) for cue in cues_of(rows, "x")[0]]


def from_json(document: object) -> Said:
    """Return what a JSON transcript says."""
    return said(read_podcast_json(json.dumps(document).encode(), name="x", max_bytes=1_000_000))


def test_podcast_json_is_read_with_speakers_and_times() -> None:
    """Numbers may be texts; a segment without a time has no place."""
    segments = [
        {"speaker": "Darth", "startTime": 0.5, "endTime": 0.75, "body": "I"},
        {"startTime": "0,75", "endTime": "00:00:01.000", "body": " am "},
        {"startTime": None, "body": "nowhere"},
        "no segment",
        {"startTime": True, "body": "nowhere"},
    ]
    assert from_json({"version": "1.0.0", "segments": segments}) == [(0.5, 0.75, "I", "Darth"), (0.75, 1.0, "am", None)]


def test_json_of_speech_engines_and_bare_lists_are_read_too() -> None:
    """They can mean one thing only."""
    rows = [{"start": 1, "end": 2, "text": "a"}]
    assert from_json({"text": "a", "segments": rows}) == from_json(rows) == [(1.0, 2.0, "a", None)]


@pytest.mark.parametrize("data", [b"{", b"[1", b"{}", b'{"segments": 3}', b"7", b'"x"', b"[" * 100_000])
def test_json_that_is_no_transcript_is_refused(data: bytes) -> None:
    """By one error of ours."""
    with pytest.raises(BadTranscript):
        read_podcast_json(data, name="x", max_bytes=1_000_000)


def test_a_page_of_cite_time_and_paragraph_is_read() -> None:
    """The podcast namespace's HTML; a paragraph more belongs to the row before it, a row without a name to the last speaker."""
    text = (
        "<html><head><title>Not said 0:00</title><style>p {}</style></head><body><script>var a = '<p>'</script>"
        "<cite>Anna:</cite>\n<time>0:00</time>\n<p>Hello <b>wor</b>ld &amp; all.</p><p>And more.</p>"
        "<cite>Ben</cite><time>1:02:03.5</time><p>Bye</p><time>[1:02:05]</time><p>still Ben</p></body></html>"
    )
    assert said(read_html(text)) == [
        (0.0, None, "Hello world & all. And more.", "Anna"),
        (3723.5, None, "Bye", "Ben"),
        (3725.0, None, "still Ben", "Ben"),
    ]


def test_a_row_of_a_page_without_a_time_is_joined_to_the_one_before() -> None:
    """No word is lost to those who look for words."""
    text = "<cite>A</cite><time>0:01</time><p>one</p><cite>B</cite><p>two</p><cite>A</cite><time>0:09</time><p>three</p>"
    assert said(read_html(text)) == [(1.0, None, "one two", "A"), (9.0, None, "three", "A")]


def test_a_page_without_time_elements_is_read_line_by_line() -> None:
    """Each block is a line."""
    text = "<p>[00:01] Anna: Hi</p><p>there</p><div>[00:05] Ben: Yo</div>[00:10] Anna: So<br>long"
    assert said(read_html(text)) == [(1.0, None, "Hi there", "Anna"), (5.0, None, "Yo", "Ben"), (10.0, None, "So long", "Anna")]


@pytest.mark.parametrize(
    "text",
    [
        "Anna (0:01)\nHi\nthere\nBen M. (0:05)\nYo\nAnna (1:10:00)\nBye",
        "Anna [00:01]: Hi there\n\nBen M. [00:05]: Yo\n\nAnna [01:10:00]: Bye",
        "Anna 00:01\nHi there\nBen M. 00:05\nYo\nAnna 1:10:00\nBye",
        "[00:00:01] Anna: Hi there\n[00:00:05] Ben M.: Yo\n[01:10:00] Anna: Bye",
        "00:00:01\nAnna: Hi there\n00:00:05\nBen M.: Yo\n01:10:00\nAnna: Bye",
    ],
)
def test_running_text_with_times_is_read(text: str) -> None:
    """In the ways in which publishers print times and names."""
    assert said(read_plain(text)) == [(1.0, None, "Hi there", "Anna"), (5.0, None, "Yo", "Ben M."), (4200.0, None, "Bye", "Anna")]


@pytest.mark.parametrize(
    "text",
    [
        "Hello and welcome.\nAt 10:30 we met.\nAnna: Yes.",
        "We met at 10:30.\n10:15 was too early.\n9:00 is too late.\n8:00 is worse.",
        "",
    ],
)
def test_running_text_without_times_of_its_own_has_no_cues(text: str) -> None:
    """A time of day in a sentence, and lines that run backward, place nothing."""
    assert read_plain(text) == []
