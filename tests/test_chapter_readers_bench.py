"""The bench of readers of chapters: its truth can be read, its counts can fail, and others' readers run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import chapter_readers
from benchmarks.chapter_cases import ChapterCase
from benchmarks.chapter_readers import LABELLED, OURS, PEERS, by_earmark, by_peer, goals, labelled_notes, report
from benchmarks.chapter_readers_peer import plain_text
from benchmarks.chapter_scores import Reading, Score, right_ones, scored
from benchmarks.made_chapter_files import KINDS, made_files
from benchmarks.made_feeds import LINKED, PSC, PSC_QUIRKS, made_feeds
from benchmarks.made_notes import made_notes
from benchmarks.peers import Peer

HERE = Peer(Path(sys.executable), "here")
"""The Python of the tests has all readers but yt-dlp."""


def of_kind(cases: Sequence[ChapterCase], *kinds: str) -> list[ChapterCase]:
    return [case for case in cases if case.kind in kinds]


def test_a_seed_makes_the_same_notes_again_and_another_seed_others() -> None:
    """A quarter of them have no chapters, and starts rise."""
    notes = made_notes(80, 5)
    assert notes == made_notes(80, 5)
    assert not {note.text for note in notes} & {note.text for note in made_notes(80, 6)}
    assert 8 < sum(not note.chapters for note in notes) < 35
    for note in notes:
        starts = [start for start, _ in note.chapters]
        assert starts == sorted(set(starts))
        assert note.duration is not None
        assert not starts or starts[-1] < note.duration


def test_the_words_of_every_title_stand_in_the_notes() -> None:
    """So a reader can find them."""
    for note in made_notes(60, 7):
        told = plain_text(note.text)
        assert all(title in told for _, title in note.chapters)


def test_almost_all_made_notes_are_read_whole() -> None:
    """What a reader was not made with leaves some out; far more than a few wrong would be a broken bench or reader."""
    notes = made_notes(150, 9)
    score = scored(notes, by_earmark(notes, 1))
    assert score.crashes == 0
    assert score.whole >= 0.97 * score.cases


def test_feeds_and_files_are_read_whole_by_earmark(tmp_path: Path) -> None:
    """Of every kind, quirks and all."""
    cases = [*made_feeds(tmp_path / "feeds", 12, 3), *made_files(tmp_path / "files", 2, 3)]
    readings = by_earmark(cases, 1)
    wrong = [case.name for case, reading in zip(cases, readings, strict=True) if scored([case], [reading]).whole != 1]
    assert wrong == []
    assert {case.kind for case in cases} >= set(KINDS)


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (((0.0, "Intro"), (61.0, "the end!")), 2),
        (((0.0, "Intro"), (61.1, "The end")), 1),
        (((0.0, "Introduction"), (60.0, "The End")), 1),
        (((60.0, "The end"), (60.0, "The end")), 1),
        ((), 0),
    ],
)
def test_a_chapter_is_right_within_a_second_with_the_same_words(found: tuple[tuple[float, str], ...], right: int) -> None:
    """Marks and case do not count; one that was read twice counts once."""
    assert right_ones(found, ((0.0, "— Intro:"), (60.0, "The end"))) == right


def test_what_is_too_much_and_what_crashes_is_counted() -> None:
    """A list with a row too many is not whole, nor is one of a reader that died."""
    case = ChapterCase("k", "n", ((0.0, "A"), (9.0, "B")))
    whole = Reading(case.chapters, 0.002)
    more = Reading((*case.chapters, (20.0, "C")), 0.004)
    dead = Reading((), 0.0, "ValueError: x")
    score = scored([case] * 3, [whole, more, dead])
    assert (score.whole, score.crashes, score.right, score.found, score.expected) == (1, 1, 4, 5, 6)
    assert (score.precision, score.recall) == (0.8, 4 / 6)
    assert score.seconds == pytest.approx(0.002)
    nothing = replace(case, chapters=())
    assert scored([nothing], [Reading((), 0.0)]).whole == 1
    assert scored([nothing], [dead]).whole == 0


@pytest.mark.parametrize("reader", ["podcastparser", "feedparser", "mutagen", "av"])
def test_others_readers_run_in_a_python_of_their_own(tmp_path: Path, reader: str) -> None:
    """They read most of what they can read at all, in a process that has nothing of earmark."""
    kinds = PEERS[reader][1]
    made = [*made_feeds(tmp_path / "feeds", 4, 3), *made_files(tmp_path / "files", 1, 3)]
    cases = of_kind(made, *kinds)
    score = scored(cases, by_peer(HERE, reader, cases, 1))
    assert score.cases == len(cases) > 3
    assert score.right > 0.3 * score.expected


def test_a_reader_that_dies_of_a_case_is_told_with_its_error(tmp_path: Path) -> None:
    """And goes on with the next one."""
    good = of_kind(made_files(tmp_path, 1, 1), "FLAC")
    gone = replace(good[0], path=tmp_path / "gone.flac")
    first, second = by_peer(HERE, "mutagen", [gone, *good], 1)
    assert "gone.flac" in first.error
    assert (second.error, second.chapters) == ("", good[0].chapters)


def test_a_reader_that_is_not_there_is_named() -> None:
    """With the last line of what Python said."""
    with pytest.raises(RuntimeError, match=r"yt-dlp does not run in .*yt_dlp"):
        by_peer(HERE, "yt-dlp", [ChapterCase("k", "n", ())], 1)


def test_show_notes_become_lines_before_they_are_given_to_readers_of_text() -> None:
    """As a person would do it; plain text stays as it is."""
    assert plain_text("<ul><li>0:00 A &amp; B</li><li>1:00 C</li></ul>").split("\n") == [
        "",
        "",
        "0:00 A & B",
        "",
        "1:00 C",
        "",
        "",
    ]
    assert plain_text("0:00 A\n1:00 C") == "0:00 A\n1:00 C"


def test_a_better_peer_misses_the_goal_and_a_missing_one_is_a_dash() -> None:
    """What a reader cannot read at all is no zero."""
    good, bad = (Score(10, right, 20, 20, whole, 0, 0.001) for right, whole in ((20, 10), (10, 4)))
    found = {PSC: {OURS: bad, "other 1": good}, PSC_QUIRKS: {OURS: good, "other 1": bad}, LINKED: {OURS: good}}
    assert [(goal.value, goal.met) for goal in goals(found)] == [(1, False), (1, False), (0, True)]
    assert PSC in goals(found)[0].what
    rows = report(found, (), {}).rows
    assert [row["other 1"] for row in rows] == [100, 40, None]


def test_labelled_notes_are_cases_and_readers_can_be_left_out() -> None:
    """With the reason in the notes of the table."""
    cases = labelled_notes()
    assert len(cases) >= 330
    found, left_out = chapter_readers.scores(cases[:20], 1, tuple(PEERS))
    assert found[LABELLED][OURS].whole == 20
    assert len(left_out) == len(PEERS)
