"""WebVTT and SRT as publishers write them."""

from __future__ import annotations

import pytest

from jobs.transcript_files.rows import cues_of
from jobs.transcript_files.srt import read_srt
from jobs.transcript_files.vtt import read_vtt

Said = list[tuple[float, float | None, str, str | None]]


def vtt(text: str) -> Said:
    """Return start, end, text and speaker of the cues of a WebVTT text."""
    return [(cue.start, cue.end, cue.text, cue.speaker) for cue in cues_of(read_vtt(text), "x")[0]]


def srt(text: str) -> Said:
    """Return start, end, text and speaker of the cues of an SRT text."""
    return [(cue.start, cue.end, cue.text, cue.speaker) for cue in cues_of(read_srt(text), "x")[0]]


def test_webvtt_is_read_with_voices_settings_tags_and_comments() -> None:
    """Hours are optional; what is not said is no text."""
    text = (
        "WEBVTT - made by hand\n\nNOTE\nnot said\nnor this\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.500 --> 00:04.000 align:start position:10%\n"
        "<v.loud Anna Müller>Hello, <i>dear</i> friends &amp; foes</v>\n\n"
        "01:00:00.000 --> 01:00:02.250\n<v Ben>Two\nlines\n"
    )
    assert vtt(text) == [
        (1.5, 4.0, "Hello, dear friends & foes", "Anna Müller"),
        (3600.0, 3602.25, "Two lines", "Ben"),
    ]


def test_several_voices_in_one_webvtt_cue_are_several_cues_at_its_time() -> None:
    """So that no word is given to somebody else."""
    assert vtt("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Anna>Yes?</v> <v Ben>No!</v> (all laugh)\n") == [
        (1.0, 2.0, "Yes?", "Anna"),
        (1.0, 2.0, "No!", "Ben"),
        (1.0, 2.0, "(all laugh)", None),
    ]


def test_times_inside_a_webvtt_cue_begin_cues_of_their_own() -> None:
    """They are word times; those outside of their cue are not believed."""
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\nOne <00:01.500>two <c.x><00:00:02.000>three</c> <00:59.000>four\n"
    assert vtt(text) == [(1.0, 1.5, "One", None), (1.5, 2.0, "two", None), (2.0, 3.0, "three four", None)]


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
def test_srt_is_read_with_dot_or_comma_and_with_or_without_numbers(eol: str) -> None:
    """All line ends, too."""
    text = "1\n00:00:01,500 --> 00:00:02,000\nOne\n\n00:00:02.5 --> 00:00:03\n<b>Two</b> {\\an8}\n"
    assert srt(text.replace("\n", eol)) == [(1.5, 2.0, "One", None), (2.5, 3.0, "Two", None)]


def test_srt_without_empty_lines_or_with_one_inside_a_caption_loses_nothing() -> None:
    """The number of the next caption is not said."""
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\nmore\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n42 things"
    assert srt(text) == [(1.0, 2.0, "One more", None), (2.0, 3.0, "Two 42 things", None)]


def test_names_before_a_colon_are_speakers_until_the_next_name() -> None:
    """As the podcast namespace writes them; a colon in a sentence names nobody."""
    text = "".join(
        f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{said}\n\n"
        for n, said in enumerate(["Anna B.: Hello", "and one thing: rain", "日本: はい", "[SPEAKER 2]: Yes: no"], start=1)
    )
    assert [(said, speaker) for _, _, said, speaker in srt(text)] == [
        ("Hello", "Anna B."),
        ("and one thing: rain", "Anna B."),
        ("はい", "日本"),
        ("Yes: no", "SPEAKER 2"),
    ]


def test_a_single_colon_somewhere_names_nobody() -> None:
    """A file names its speakers from the beginning, or again and again."""
    text = "00:00:01,000 --> 00:00:02,000\nSo\n\n00:00:03,000 --> 00:00:04,000\nWarning: it rains\n"
    assert [(said, speaker) for _, _, said, speaker in srt(text)] == [("So", None), ("Warning: it rains", None)]


def test_what_roll_up_captions_repeat_is_taken_once() -> None:
    """The style of live captions: each line stands at the bottom, then at the top."""
    lines = ["one", "two", "three", "four", "five", "six"]
    text = "WEBVTT\n\n" + "".join(
        f"00:{n:02d}.000 --> 00:{n + 1:02d}.000\n{lines[n - 1]}\n{line}\n\n" for n, line in enumerate(lines) if n
    )
    assert [said for _, _, said, _ in vtt(text)] == ["one two", "three", "four", "five", "six"]


def test_a_refrain_is_not_taken_for_roll_up_captions() -> None:
    """Somebody may say the same twice."""
    text = "WEBVTT\n\n" + "".join(
        f"00:{n:02d}.000 --> 00:{n + 1:02d}.000\n{said}\n\n" for n, said in enumerate(["no", "no", "yes", "so", "and", "then"])
    )
    assert [said for _, _, said, _ in vtt(text)] == ["no", "no", "yes", "so", "and", "then"]


def test_a_cue_without_readable_times_is_dropped_and_told() -> None:
    """Its text does not go to its neighbour; one without an end is kept."""
    text = "1\n00:00:01,000 --> \nOne\n\n2\n00:00:77,000 --> 00:00:78,000\nlost\n\n3\nsoon --> later\nlost too\n"
    cues, notices = cues_of(read_srt(text), "x")
    assert [(cue.start, cue.end, cue.text) for cue in cues] == [(1.0, None, "One")]
    assert [(notice.code, notice.message) for notice in notices] == [
        ("transcript_cue_dropped", "The transcript x: 2 rows without a usable time were dropped.")
    ]


def test_cues_out_of_order_are_sorted_and_ends_before_their_start_forgotten() -> None:
    """Both are told."""
    text = "00:00:05,000 --> 00:00:04,000\nlate\n\n00:00:01,000 --> 00:00:02,000\nearly\n"
    cues, notices = cues_of(read_srt(text), "x")
    assert [(cue.start, cue.end, cue.text) for cue in cues] == [(1.0, 2.0, "early"), (5.0, None, "late")]
    assert [notice.code for notice in notices] == ["transcript_sorted", "transcript_repaired"]
