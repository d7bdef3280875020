"""SubRip."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from storage.documents import Transcript
from storage.export.srt import srt
from tests.transcripts import segment, squeezed, transcript, transcripts, unhurried

TIMES = re.compile(r"(\d\d):([0-5]\d):([0-5]\d),(\d{3}) --> (\d\d):([0-5]\d):([0-5]\d),(\d{3})")


def parse(text: str) -> list[tuple[float, float, str]]:
    """Read SubRip strictly: numbers from one, times, text without blank lines or markup."""
    cues = []
    for number, block in enumerate(text.removesuffix("\n").split("\n\n") if text else [], start=1):
        first, second, *rest = block.split("\n")
        assert first == str(number)
        times = TIMES.fullmatch(second)
        assert times, second
        assert rest
        assert all(rest)
        assert not re.search(r"-->|</?[a-zA-Z]|\{\\", "\n".join(rest))
        h, m, s, ms, h2, m2, s2, ms2 = map(int, times.groups())
        cues.append((h * 3600 + m * 60 + s + ms / 1000, h2 * 3600 + m2 * 60 + s2 + ms2 / 1000, "\n".join(rest)))
    return cues


def alike(text: str) -> str:
    """Undo what SubRip cannot hold, and white space."""
    return squeezed(text).replace("→", "-->").replace("‹", "<").replace("(\\", "{\\")


@unhurried
@given(transcripts())
def test_every_transcript_reads_back_with_its_words_in_order_and_their_times(drawn: Transcript) -> None:
    """A strict parser finds each word once, in order; each cue begins and ends with its words, to a millisecond."""
    expected = [(squeezed(w.text), w.start, w.end) for part in drawn.segments for w in part.words if squeezed(w.text)]
    for start, end, text in parse(srt(drawn)):
        said = alike(re.sub(r"^(Ann Other|Speaker 2): ?", "", text))
        first, heard = expected[0], ""
        while len(alike(heard)) < len(said):
            word = expected.pop(0)
            heard += word[0]
        assert alike(heard) == said
        assert abs(start - first[1]) <= 0.001
        assert abs(end - word[2]) <= 0.001
    assert expected == []


def test_a_speaker_is_named_where_the_speaker_changes() -> None:
    """Not in every cue; and again after somebody else spoke."""
    told = transcript([segment("a"), segment("b", 1), segment("c", 2, speaker="Speaker 2"), segment("d", 3)])
    assert [text for _, _, text in parse(srt(told))] == ["Ann Other: a", "b", "Speaker 2: c", "Ann Other: d"]


@pytest.mark.parametrize(
    ("said", "written"),
    [("<script>x</script>", "‹script>x‹/script>"), ("{\\an8}up", "(\\an8}up"), ("a --> b", "a → b"), ("1 < 2 > 0", "1 < 2 > 0")],
)
def test_what_players_take_for_markup_is_defused(said: str, written: str) -> None:
    """The format has no escape, so look-alikes stand in; innocent signs stay."""
    [(_, _, text)] = parse(srt(transcript([segment(said)], speakers=[])))
    assert text == f"Speaker 1: {written}"


def test_no_words_make_an_empty_file() -> None:
    """An empty SubRip file is a valid one."""
    assert srt(transcript()) == ""
