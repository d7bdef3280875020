"""Plain text."""

from __future__ import annotations

import re

from hypothesis import given

from storage.documents import Transcript
from storage.export.txt import txt
from tests.transcripts import chapter, segment, squeezed, transcript, transcripts, unhurried


def test_the_text_of_a_small_transcript() -> None:
    """The whole file, character by character."""
    told = transcript([segment("Hello there."), segment("Hm.", 2, speaker=None)], [chapter("Intro", 0, 60, (0, 2))])
    assert txt(told) == (
        "A Talk (The Show)\nMade by earmark 0.1.0 on 2024-05-02.\nWords by whisper 1.2.1, model small, on cpu.\n\n"
        "== 0:00 Intro ==\n\nAnn Other (0:00): Hello there.\n\n(0:02) Hm.\n"
    )


def test_a_long_monologue_is_cut_into_paragraphs_at_sentence_ends() -> None:
    """Nobody reads a page without a paragraph."""
    told = transcript([segment("This is a sentence of some words. " * 60)])
    paragraphs = [block for block in txt(told).rstrip().split("\n\n") if block.startswith("Ann Other (")]
    assert len(paragraphs) == 4
    assert all(paragraph.endswith(".") for paragraph in paragraphs)


@unhurried
@given(transcripts())
def test_every_word_is_there_in_order(drawn: Transcript) -> None:
    """One paragraph a block, whatever the words are."""
    blocks = txt(drawn).removesuffix("\n").split("\n\n")[1:]
    said = [re.sub(r"^(Ann Other |Speaker 2 )?\(\d+:\d\d\):? ", "", b) for b in blocks if not b.startswith(("== ", "--\n"))]
    assert squeezed("".join(said)) == squeezed("".join(word.text for part in drawn.segments for word in part.words))
