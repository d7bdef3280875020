"""The benchmark of search measures what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.archive import Archive, passages_made, transcript_made
from benchmarks.search import measure
from storage.search.passages import passages_of


@pytest.fixture(scope="module")
def archive() -> Archive:
    """Episodes of 3,000 words."""
    return Archive(seed=5, words=3_000)


@pytest.mark.parametrize("number", [0, 9, 12])
def test_made_passages_are_those_of_the_made_transcript(archive: Archive, number: int) -> None:
    """The index is filled with what indexing whole episodes would put there; in scripts with and without spaces."""
    made = archive.episode(number)
    assert made.unspaced == (number == 9)
    assert passages_made(made) == list(passages_of(transcript_made(made)))
    assert archive.episode(number) == made


@pytest.mark.slow
def test_a_small_archive_is_filled_asked_and_gone_on_with(tmp_path: Path) -> None:
    """Every kind of query is asked; a second run adds what is missing."""
    for episodes in (20, 30):
        report = measure(tmp_path, episodes=episodes, words=2_000, minutes=5, queries=3, seed=2)
        assert report.notes[0].startswith(f"{episodes} episodes of 2,000 words")
    rows = {str(row["queries"]): row for row in report.rows}
    assert rows["a phrase that was said"]["with results"] == rows["four characters that were said"]["with results"] == 3
    assert rows["the most frequent words"]["with results"] == 3
    assert any(name.startswith("LIKE") for name in rows)
    assert not report.goals[0].value > 5_000
