"""Paragraphs as a page has them: where each word is in the text, and when it is said."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given

from service.pages.spoken_text import said
from storage.documents import Transcript, Word
from storage.export.sections import Paragraph, sections_of
from storage.words import text_of
from tests.transcripts import transcripts, unhurried, words


def _said(*spoken: Word) -> tuple[str, str]:
    made = said(Paragraph(spoken[0].start, None, text_of(spoken), spoken), "", is_target=True)
    return made.times, made.lengths


def test_times_are_hundredths_of_seconds_each_after_the_one_before() -> None:
    """The first stands for itself."""
    assert _said(*words("one two three", 754.2, each=0.31, gap=0.0)) == ("75420,31,31", "")


def test_lengths_are_given_where_spaces_do_not_part_the_words() -> None:
    """For words without a space before them, and with one inside; a character outside the first plane counts twice."""
    joined = Word(start=0.5, end=0.6, text="京", joined=True)
    assert _said(Word(start=0, end=0.5, text="東"), joined)[1] == "1,1"
    assert _said(Word(start=0, end=0.5, text="New York"), Word(start=0.5, end=1, text="is"))[1] == "8,3"
    assert _said(Word(start=0, end=0.5, text="👍"), joined)[1] == "2,1"


@unhurried
@given(transcripts())
def test_every_word_can_be_found_in_the_text_as_the_scripts_do(transcript: Transcript) -> None:
    """By the lengths, or by the spaces where there are none."""
    for section in sections_of(transcript):
        for paragraph in section.paragraphs:
            made = said(paragraph, "", is_target=True)
            starts = list(accumulate(map(int, made.times.split(","))))
            assert starts == [round(word.start * 100) for word in paragraph.words]
            if not made.lengths:
                assert made.text.split(" ") == [word.text for word in paragraph.words]
                continue
            units = made.text.encode("utf-16-le", "surrogatepass")
            ends = list(accumulate(2 * int(length) for length in made.lengths.split(",")))
            pieces = [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in zip([0, *ends], ends, strict=False)]
            assert [piece.removeprefix(" ") for piece in pieces] == [word.text for word in paragraph.words]
