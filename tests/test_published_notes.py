"""Show notes as pages show them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.pages.published_notes import MOST_LINES, NotePiece, shown_notes
from storage.documents import Note
from storage.plain import one_line
from tests.transcripts import HOSTILE, texts, unhurried


def _notes(*html: str) -> list[Note]:
    return [Note(field="description", html=one) for one in html]


def test_lines_keep_their_text_and_their_links_to_the_web() -> None:
    """And nothing else."""
    shown = shown_notes(_notes('<h2>Links</h2><ul><li>See <a href="https://a.example/b c" onclick="x()">this</a>, too</li></ul>'))
    assert shown.lines == (
        (NotePiece("Links"),),
        (NotePiece("See "), NotePiece("this", "https://a.example/b%20c"), NotePiece(", too")),
    )


def test_a_link_that_leads_elsewhere_is_text() -> None:
    """To scripts, files, data."""
    for address in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//a.example", "/x", "mailto:a@b.example"):
        assert shown_notes(_notes(f'<a href="{address}">here</a>')).lines == ((NotePiece("here"),),)


def test_the_field_that_says_most_is_shown_so_far() -> None:
    """Not the one with most markup; and a transcript in the notes is cut."""
    assert shown_notes(_notes("short", "<p>this one is longer</p>", "<b></b>" * 50)).lines == (
        (NotePiece("this one is longer"),),
    )
    many = shown_notes(_notes("<p>line</p>" * 1000))
    assert (len(many.lines), many.more) == (MOST_LINES, True)
    assert shown_notes([]).lines == ()


@unhurried
@given(st.lists(st.one_of(texts, st.sampled_from(HOSTILE)), max_size=4), texts)
def test_whatever_is_published_becomes_text_and_links_to_the_web(parts: list[str], address: str) -> None:
    """Every piece is on one line."""
    html = "".join(f'<p>{part}<a href="{address}">{part}</a></p>' for part in parts)
    for line in shown_notes(_notes(html)).lines:
        for piece in line:
            assert piece.link is None or piece.link.startswith(("http://", "https://"))
            assert one_line(piece.text) == piece.text.strip()
