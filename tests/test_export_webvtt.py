"""WebVTT."""

from __future__ import annotations

import re

from hypothesis import given

from storage.documents import Segment, Speaker, Transcript
from storage.export.cues import cues_of
from storage.export.webvtt import webvtt
from tests.transcripts import HOSTILE, segment, squeezed, transcript, transcripts, unhurried, words

TIMES = re.compile(r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})")
VOICE = re.compile(r"<v ([^<>&\n]*(?:&(?:amp|lt|gt);[^<>&\n]*)*)>(.*)</v>", re.DOTALL)


def unescaped(text: str) -> str:
    """Undo the three entities, each once."""
    assert not re.search(r"&(?!amp;|lt;|gt;)|[<>]", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def parse(text: str) -> list[tuple[float, float, str, str]]:
    """Read WebVTT strictly: return start, end, voice, and text of each cue."""
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    cues = []
    for block in blocks:
        first, *rest = block.split("\n")
        if first == "NOTE":
            assert "-->" not in block
            continue
        times = TIMES.fullmatch(first)
        assert times, first
        assert rest
        assert all(rest)
        h, m, s, ms, h2, m2, s2, ms2 = map(int, times.groups())
        voiced = VOICE.fullmatch("\n".join(rest))
        who, said = (voiced[1], voiced[2]) if voiced else ("", "\n".join(rest))
        cues.append((h * 3600 + m * 60 + s + ms / 1000, h2 * 3600 + m2 * 60 + s2 + ms2 / 1000, unescaped(who), unescaped(said)))
    return cues


@unhurried
@given(transcripts())
def test_every_transcript_reads_back_with_its_words_in_order_and_their_times(drawn: Transcript) -> None:
    """A strict parser finds each word once, in order; each cue begins and ends with its words, to a millisecond."""
    expected = [(squeezed(w.text), w.start, w.end) for part in drawn.segments for w in part.words if squeezed(w.text)]
    for start, end, _, text in parse(webvtt(drawn)):
        first = expected[0]
        said = ""
        while len(said) < len(squeezed(text)):
            word = expected.pop(0)
            said += word[0]
        assert said == squeezed(text)
        assert abs(start - first[1]) <= 0.001
        assert abs(end - word[2]) <= 0.001
    assert expected == []


@unhurried
@given(transcripts(orderly=False))
def test_cues_never_overlap(drawn: Transcript) -> None:
    """Whatever the times of the words, each cue lasts, and none begins before the last one ended."""
    previous = 0.0
    for start, end, _, _ in parse(webvtt(drawn)):
        assert previous <= start < end
        previous = end


def test_speakers_are_voices_by_name_else_by_label() -> None:
    """A name that is known is used; nobody is no voice at all."""
    told = transcript([segment("hello"), segment("hi", 1, speaker="Speaker 2"), segment("hm", 2, speaker=None)])
    assert [who for _, _, who, _ in parse(webvtt(told))] == ["Ann Other", "Speaker 2", ""]


def test_hostile_names_and_titles_stay_text() -> None:
    """A name cannot close its tag, a title cannot end the note."""
    for text in HOSTILE:
        speakers = [Speaker(label="Speaker 1", name=text)]
        [(_, _, who, said)] = parse(webvtt(transcript([segment("hello")], speakers=speakers, title=text, show=text)))
        assert squeezed(who) == (squeezed(text) or "Speaker1")
        assert said == "hello"


def test_the_note_says_how_it_was_made_and_shouts_about_a_fallback() -> None:
    """Title, engine and model are named; the warning is there only if it holds."""
    note = webvtt(transcript(fallback=True)).split("\n\n")[1]
    assert note.startswith("NOTE\nA Talk (The Show)\nWARNING: made with a fallback engine (whisper)")
    assert "whisper 1.2.1, model small, on cpu" in note
    assert "WARNING" not in webvtt(transcript())


def test_the_file_of_a_small_transcript() -> None:
    """The whole file, character by character."""
    told = transcript([Segment(start=3600, end=3601, text="a < b", speaker="Speaker 1", words=words("a < b", 3600.0004))])
    assert len(cues_of(told)) == 1
    assert webvtt(told) == (
        "WEBVTT\n\nNOTE\nA Talk (The Show)\nMade by earmark 0.1.0 on 2024-05-02.\n"
        "Words by whisper 1.2.1, model small, on cpu.\n\n"
        "01:00:00.000 --> 01:00:01.000\n<v Ann Other>a &lt; b</v>\n"
    )
