"""The readable page."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from markdown_it import MarkdownIt
from markdown_it.token import Token

from storage.documents import ChapterSource, Coverage, Notice, Speaker, Transcript
from storage.export.markdown import markdown
from tests.transcripts import HOSTILE, chapter, segment, squeezed, transcript, transcripts, unhurried

PLAIN = {"paragraph", "heading", "bullet_list", "list_item", "blockquote"}


def blocks(text: str) -> list[tuple[str, str]]:
    """Read CommonMark: return the tag and the plain text of each block with text; nothing but known markup may occur."""
    tokens = MarkdownIt("commonmark").parse(text)
    read = []
    for before, token in pairwise(tokens):
        assert re.sub(r"_(open|close)$", "", token.type) in PLAIN | {"inline"}, token
        if token.type == "inline":
            read.append((before.tag, "".join(plain(child) for child in token.children or [])))
    return read


def plain(token: Token) -> str:
    """Return the text of an inline token; images, code and HTML must not occur, and links lead to the web."""
    assert token.type in {
        "text",
        "text_special",
        "strong_open",
        "strong_close",
        "em_open",
        "em_close",
        "link_open",
        "link_close",
    }, token
    if token.type == "link_open":
        assert str(token.attrs["href"]).startswith(("http:", "https:"))
    return token.content


@unhurried
@given(transcripts())
def test_no_string_makes_markup_and_every_word_is_there(drawn: Transcript) -> None:
    """Read as CommonMark, the page holds the words in order, and nothing hostile became an element."""
    page = markdown(drawn)
    assert "<" not in page  # not even where CommonMark would take it for text: other readers are laxer
    read = blocks(page)
    body = read[: read.index(("h2", "About this transcript"))]
    said = "".join(
        re.sub(r"^.*?\(\d+:\d\d\):? ?", "", text)
        for tag, text in body[2:]
        if tag == "p" and re.match(r"(Ann Other |Speaker 2 )?\(", text)
    )
    assert squeezed(said) == squeezed("".join(word.text for part in drawn.segments for word in part.words))


def test_the_page_has_title_facts_chapters_and_paragraphs() -> None:
    """Headings carry the time, paragraphs name and time; a chapter without words is there too; a hidden one is only noted."""
    told = transcript(
        [segment("Hello there."), segment("Again.", 1), segment("Good day.", 60, speaker="Speaker 2")],
        [
            chapter("Intro", 0, 60, (0, 2)),
            chapter("The middle", 60, 3700, (2, 3), url="https://a.example/(x)"),
            chapter("Secret", 61, 62, (3, 3), hidden=True),
            chapter("End", 3700, 3725, (3, 3)),
        ],
    )
    read = blocks(markdown(told))
    assert read[:9] == [
        ("h1", "A Talk"),
        ("p", "The Show · 2024-05-01 · 1:02:05 · Episode page"),
        ("h2", "0:00 Intro"),
        ("p", "Ann Other (0:00): Hello there. Again."),
        ("h2", "1:00 The middle"),
        ("p", "Link of this chapter"),
        ("p", "Speaker 2 (1:00): Good day."),
        ("h2", "1:01:40 End"),
        ("h2", "About this transcript"),
    ]
    assert ("p", "Chapters that the publisher hides: 1:01 Secret.") in read
    assert "(https://a.example/%28x%29)" in markdown(told)


def test_words_before_the_first_chapter_come_first() -> None:
    """A list that does not start at 0 has no invented intro."""
    told = transcript([segment("Before."), segment("After.", 9)], [chapter("One", 9, 20, (1, 2))])
    assert [text for _, text in blocks(markdown(told))[2:5]] == [
        "Ann Other (0:00): Before.",
        "0:09 One",
        "Ann Other (0:09): After.",
    ]


def test_a_fallback_engine_is_said_loudly_at_the_top() -> None:
    """Before the first chapter, in bold; and not where no fallback ran."""
    loud = blocks(markdown(transcript([segment("x")], fallback=True)))[2]
    assert loud[1].startswith("⚠ WARNING: made with a fallback engine (whisper)")
    assert "⚠" not in markdown(transcript([segment("x")]))


def test_what_is_uncertain_is_listed_at_the_end() -> None:
    """Coverage, doubtful stretches, where the chapters come from, how far they moved, and each warning."""
    told = transcript(
        [segment("la la la", 5, flags=("repetition", "low_confidence"))],
        [chapter("One", 12.0, 20, (0, 1), published_start=10.0, offset=2.0)],
        coverage=[Coverage(start=0, end=75, kind="speech"), Coverage(start=75, end=100, kind="unclear")],
        sources=[ChapterSource(kind="show_notes", origin="description", status="found", chosen=True, reason="the only list")],
        warnings=[Notice(code="preview", message="This is a preview.")],
    )
    notes = [text for _, text in blocks(markdown(told))]
    assert "Of the audio: speech 1:15 (75%), unclear 0:25 (25%)." in notes
    assert "Unclear, without words: 1:15–1:40." in notes
    assert "Doubtful: 0:05–0:06 (repetition, low confidence)." in notes
    assert "Chapters from show notes (description): the only list." in notes
    assert "Chapters moved from their published times: 0:12 (published 0:10)." in notes
    assert "Warning (preview): This is a preview." in notes


def test_hostile_names_and_titles_stay_text() -> None:
    """In headings, bold names, list items and links."""
    for text in HOSTILE:
        told = transcript(
            [segment("hello")],
            [chapter(text, 0, 9, (0, 1), url=text)],
            speakers=[Speaker(label="Speaker 1", name=text)],
            title=text,
            show=text,
            page_url=text,
        )
        read = blocks(markdown(told))
        assert squeezed(read[0][1]) == (squeezed(text) or "Untitled")
        assert (read[2][0], squeezed(read[2][1])) == ("h2", f"0:00{squeezed(text)}")
        assert squeezed(read[3][1]) == f"{squeezed(text) or 'Speaker1'}(0:00):hello"


def test_a_page_without_speech_says_so() -> None:
    """The reader is not left to wonder."""
    assert ("p", "No speech was found.") in blocks(markdown(transcript([], [chapter("Rain", 0, 9)])))
