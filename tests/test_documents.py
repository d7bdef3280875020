"""The values that an episode has by the thousand."""

from __future__ import annotations

import copy
import json
import pickle
import tracemalloc
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from pydantic import ValidationError

from storage.documents import Coverage, Segment, Span, Turn, Word

WORD = Word(start=0.5, end=1, text="a", probability=0.5, speaker="A", joined=True)
TURN = Turn(start=0, end=1, speaker="A")
SPAN = Span(start=0, end=1)
TILE = Coverage(start=0, end=1, kind="speech")
MANY = [WORD, TURN, SPAN, TILE]


def read(**word: Any) -> Word:
    """Read a word as it stands in a transcript."""
    said = {"start": 0, "end": 1, "text": "a", "words": [{"start": 0, "end": 1, "text": "a", **word}]}
    return Segment.model_validate_json(json.dumps(said)).words[0]


def test_a_word_refuses_fields_that_it_does_not_know() -> None:
    """A misspelt field is an error, in a transcript as in code."""
    with pytest.raises(ValidationError, match="speeker"):
        read(speeker="A")
    wrong: Any = {"speeker": "A"}
    with pytest.raises(ValidationError, match="speeker"):
        Word(start=0, end=1, text="a", **wrong)


@pytest.mark.parametrize("wrong", [{"start": -1}, {"end": "late"}, {"probability": 1.5}, {"text": None}, {"start": float("inf")}])
def test_a_word_refuses_what_cannot_be(wrong: dict[str, Any]) -> None:
    """Types and ranges are looked at whether it is read or made."""
    with pytest.raises(ValidationError):
        read(**wrong)
    with pytest.raises(ValidationError):
        Word(**{"start": 0, "end": 1, "text": "a", **wrong})


def test_a_word_that_was_written_without_all_fields_is_read() -> None:
    """What it does not tell is nothing."""
    assert read() == Word(start=0, end=1, text="a")
    assert read(probability=None, speaker="B") == Word(start=0, end=1, text="a", speaker="B")


@pytest.mark.parametrize(
    ("value", "field"), [(WORD, "speaker"), (WORD, "start"), (TURN, "speaker"), (SPAN, "end"), (TILE, "kind")]
)
def test_they_do_not_change(value: object, field: str) -> None:
    """Nor does a field go away."""
    with pytest.raises(FrozenInstanceError):
        setattr(value, field, "B")
    with pytest.raises(FrozenInstanceError):
        delattr(value, field)


@pytest.mark.parametrize("value", MANY)
def test_they_are_values(value: object) -> None:
    """They come back equal from another process, are equal to their copies, and can be in a set."""
    assert {value, copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))} == {value}


def test_a_word_is_written_as_it_is_read() -> None:
    """With milliseconds, all fields in order."""
    said = Segment(start=0, end=1, text="a", words=(Word(start=0.12345, end=1, text="a", probability=0.98765),))
    assert said.model_dump(mode="json")["words"] == [
        {"start": 0.123, "end": 1.0, "text": "a", "probability": 0.9877, "speaker": None, "joined": False}
    ]


@pytest.mark.parametrize("value", MANY)
def test_they_keep_no_dict(value: object) -> None:
    """A long episode has tens of thousands."""
    assert not hasattr(value, "__dict__")


def test_the_words_of_a_long_episode_fit() -> None:
    """Eight hours of words as they are read: under 250 bytes for each, with its times and text."""
    count = 80_000
    words = [{"start": n / 3, "end": n / 3 + 0.2, "text": f"word{n}", "probability": 0.9, "speaker": "A"} for n in range(count)]
    said = json.dumps({"start": 0, "end": 1, "text": "", "words": words})
    tracemalloc.start()
    try:
        segment = Segment.model_validate_json(said)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(segment.words) == count
    assert taken < 250 * count
