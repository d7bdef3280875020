"""A transcript as the page of an episode shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from selectolax.lexbor import LexborHTMLParser

from service.pages.assets import assets
from service.pages.episode_view import COLOURS, episode_view
from service.pages.finding import find
from service.pages.links import Links, LiveLinks
from service.pages.picture import LANE, WIDTH, Stretch, picture
from service.pages.published_notes import ShownNotes
from service.pages.rendering import Frame, render
from service.site.links import SiteLinks
from storage.documents import Coverage, Speaker, Transcript
from tests.harmless import harmless_html
from tests.transcripts import chapter, segment, squeezed, transcript, transcripts, unhurried


def _rendered(made: Transcript, links: Links) -> str:
    view = episode_view(made)
    return render(
        "episode.html",
        Frame(links, live=isinstance(links, LiveLinks)),
        view=view,
        voices={voice.label: voice for voice in view.voices},
        show_key=None,
        notes=ShownNotes(),
        found=find("", view.sections),
        silent=links.audio(view.id) is None,
    )


@unhurried
@given(transcripts(orderly=False))
def test_whatever_a_transcript_says_its_page_is_inert_and_has_all_of_it(made: Transcript) -> None:
    """Words at any time, chapters in any order, and strings that were made to be more than text."""
    tree = harmless_html(_rendered(made, LiveLinks(assets().version)))
    shown = "".join(node.text() for node in tree.css(".words"))
    said = "".join(word.text for part in made.segments for word in part.words)
    assert sorted(squeezed(shown)) == sorted(squeezed(said))
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    assert len(tree.css(".chapters li")) == sum(not one.hidden for one in made.chapters)


@unhurried
@given(transcripts())
def test_the_page_in_a_folder_has_the_same_words(made: Transcript) -> None:
    """Only its links differ."""
    live = harmless_html(_rendered(made, LiveLinks(assets().version)))
    folder = _rendered(made, SiteLinks(1))
    assert [node.text() for node in LexborHTMLParser(folder).css(".words")] == [node.text() for node in live.css(".words")]
    assert 'src="/' not in folder
    assert 'href="/' not in folder


def test_a_picture_has_a_row_for_each_that_there_is_something_of() -> None:
    """From the first second to the last; what is too short to be seen is made as wide as can be."""
    rows = [
        ("Chapters", "chapter", [Stretch(0, 50, "chapter-0"), Stretch(50, 100, "chapter-1")]),
        ("Nobody", "voice-1", []),
        ("Ann", "voice-2", [Stretch(0, 10, "voice-2"), Stretch(10.05, 20, "voice-2"), Stretch(90, 90.001, "voice-2")]),
    ]
    drawn = picture(rows, 100.0, "words")
    assert [lane.name for lane in drawn.lanes] == ["Chapters", "Ann"]
    assert [(bar.x, bar.width) for bar in drawn.lanes[0].bars] == [(0, 500), (500, 500)]
    assert [(bar.x, bar.width) for bar in drawn.lanes[1].bars] == [(0, 200), (900, 0.8)]
    assert (drawn.height, drawn.lanes[1].y, WIDTH) == (2 * LANE, LANE, 1000)
    assert picture(rows, 0.0, "").lanes == ()


def test_the_picture_is_told_in_words_with_what_was_inserted() -> None:
    """For those who do not see it."""
    made = transcript(
        [segment("Hello there.", speaker="Speaker 1")],
        [chapter("Start", 0, 60), chapter("Hidden", 60, 70, hidden=True)],
        speakers=[
            Speaker(label="Speaker 1", name="Ann", name_source="people", talk_time=90),
            Speaker(label="Speaker 2", talk_time=10),
        ],
        coverage=[
            Coverage(start=0, end=60, kind="speech"),
            Coverage(start=60, end=90, kind="speech", inserted=True),
            Coverage(start=90, end=120, kind="music"),
        ],
    )
    view = episode_view(made)
    told = view.picture.description
    assert "Chapters: 0:00 Start." in told
    assert "Hidden" not in told
    assert "Ann speaks for 2 min (90%)." in told
    assert "Inserted: 1:00 to 1:30." in told
    assert "Music or noise: 30 s." in told
    assert view.picture.kinds >= {"inserted", "music", "voice-1", "chapter-0"}
    assert view.voices[0].because == "given by a person"


def test_a_fallback_engine_is_said_loudly() -> None:
    """Before everything else."""
    made = transcript([segment("Hello.")], fallback=True)
    assert "fallback engine" in (episode_view(made).loud or "")
    assert "fallback engine" in _rendered(made, LiveLinks("x")).partition("Transcript</h2>")[0]


@pytest.mark.parametrize("count", [1, COLOURS, COLOURS + 1])
def test_every_voice_has_a_colour(count: int) -> None:
    """From one to eight, and from the first again."""
    made = transcript(speakers=[Speaker(label=f"Speaker {n}", talk_time=1) for n in range(count)])
    assert [voice.colour for voice in episode_view(made).voices] == [n % COLOURS + 1 for n in range(count)]
