from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.note_links import NoteLink
from jobs.chapters.note_text import note_lines


def texts(html: str) -> list[str]:
    """Return the lines' texts."""
    return [line.text for line in note_lines(html)]


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<ul><li>A</li><li>B</li></ul>", ["A", "B"]),
        ("<p>A<br>B<br/>C</p>D", ["A", "B", "C", "D"]),
        ("A<h3>B</h3>C<div>D</div>", ["A", "B", "C", "D"]),
        ("<tr><td>A</td><td>B</td></tr><tr><td>C</td></tr>", ["A B", "C"]),
        ("A\nB\r\n\r\nC", ["A", "B", "C"]),
        ("<P CLASS='x'>A</P>B", ["A", "B"]),
        ("a < b > c", ["a < b > c"]),
        ("<3 <p>A", ["<3", "A"]),
        ("A &amp; B&nbsp;&#8211; &eacute;", ["A & B – é"]),
        ("&lt;p&gt;A&lt;/p&gt;&lt;p&gt;B &amp;amp; C&lt;/p&gt;", ["A", "B & C"]),
        ("<![CDATA[<p>A</p>]]>", ["A", "]]>"]),
        ("<b>A</b><i>B</i>", ["AB"]),
        ("", []),
        ("<p> </p>", []),
    ],
)
def test_a_reader_sees_these_lines(html: str, lines: list[str]) -> None:
    """Blocks end lines, inline tags do not, entities are letters."""
    assert texts(html) == lines


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>",
        "<style>p{}</style>",
        "<!-- x -->",
        "<!-- never closed",
        "<SCRIPT>x<b>y</SCRIPT >",
        "<p hidden>x</p>",
        '<div style="display: none"><div>x</div>y</div>',
        "<template><p>x</p></template>",
        "<script>never closed",
    ],
)
def test_what_a_browser_hides_is_dropped(html: str) -> None:
    """Scripts, styles, comments, hidden elements with all that is in them."""
    assert texts(html + "<p>A</p>") in (["A"], [])
    assert "x" not in "".join(texts(html))


def test_text_after_a_hidden_element_is_seen() -> None:
    """Only the element itself goes."""
    assert texts("<p>A</p><div hidden><div>x</div></div><p aria-hidden='true'>B</p>") == ["A", "B"]


def test_a_newline_in_markup_is_a_space_unless_it_divides_times() -> None:
    """A wrapped title stays whole; a list pasted into one paragraph is a list."""
    assert texts("<ul><li>05:12 A long\n   title</li></ul>") == ["05:12 A long title"]
    assert texts("<p>00:00 A\n05:12 B\nBye</p>") == ["00:00 A", "05:12 B", "Bye"]
    assert texts("<pre>A\nB</pre>") == ["A", "B"]


def test_links_keep_their_stretch_of_the_line() -> None:
    """The stretch counts the characters of the line as shown."""
    (line,) = note_lines('<p> See  <a href="https://a.b/?x=1&amp;y=2">the\n paper</a> now</p>')
    assert line.text == "See the paper now"
    assert line.links == (NoteLink(4, 13, "https://a.b/?x=1&y=2"),)


def test_marks_for_direction_and_lone_surrogates_are_dropped() -> None:
    """Joiners of emoji stay."""
    assert texts("\u200f00:00\u200f A\ud800\u200b 👩\u200d👧") == ["00:00 A 👩\u200d👧"]


def test_links_go_on_until_they_are_closed() -> None:
    """Over inline tags, over the end of a line, and to the next link; what is empty links nowhere."""
    first, second = note_lines("<a href=/1> <b>A</b>  b<p>c<a href='/2'></a> d</a> <a name=x>e</a>")
    assert (first.text, first.links) == ("A b", (NoteLink(0, 3, "/1"),))
    assert (second.text, second.links) == ("c d e", (NoteLink(0, 1, "/1"),))


def test_what_hides_nothing_is_seen() -> None:
    """The word may stand in a quotation; an element without an end of its own hides nothing."""
    assert texts("<p class='not hidden'>A</p><img hidden>B<svg/>C<p data-x=':none'>D</p>") == ["A", "BC", "D"]


def test_an_element_is_hidden_to_its_own_end() -> None:
    """Over others of its name inside, whatever its name and however that is written; a comment to the next arrow."""
    assert texts("A<!-- <b -->B<x1 hidden>y<X1></x1>z</X1 >C") == ["ABC"]


def test_no_tag_or_reference_reaches_over_something_hidden() -> None:
    """What is dropped leaves a gap."""
    assert texts("<<!-- -->p>A &am<script></script>p; B") == ["<p>A &amp; B"]


@given(st.text(alphabet="<>/abp!-&;=\"' \n[]CDATA", max_size=300))
def test_no_text_crashes_the_lines(html: str) -> None:
    """Lines are never empty and never hold a newline."""
    assert all(line.text.strip() and "\n" not in line.text for line in note_lines(html))
