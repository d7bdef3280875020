"""Which seams are worth hearing again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from jobs.doubts import doubtful_seams
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import Segment, SegmentFlag, Span, Word

SEAM = 30.0


@dataclass(frozen=True)
class Side:
    """What lies beside a seam, given for the later part; the earlier one is its mirror image."""

    words: tuple[tuple[float, float], ...] = tuple((0.5 + n * 0.4, 0.9 + n * 0.4) for n in range(10))
    """Seconds from the seam."""
    speech: tuple[tuple[float, float], ...] = ((0.5, 4.5),)
    probability: float | None = 0.9
    flags: tuple[SegmentFlag, ...] = ()


SURE = Side()
DOUBTFUL = {
    "an improbable word": replace(SURE, probability=0.3),
    "a word of which nothing is known": replace(SURE, probability=None),
    "a segment that looks odd": replace(SURE, flags=("repetition",)),
    "speech without a word": replace(SURE, words=SURE.words[3:]),
    "speech without a word in its middle": replace(SURE, words=SURE.words[:3] + SURE.words[6:]),
    "a short call without a word": replace(SURE, words=SURE.words[3:], speech=((0.5, 0.8), (1.7, 4.5))),
    "no word at all over speech": replace(SURE, words=()),
    "a word where nobody speaks": replace(SURE, speech=((0.5, 0.9), (1.9, 4.5)), words=SURE.words),
}


def part(side: Side, sign: int) -> tuple[PartSpan, PartTranscript]:
    """Return the part on one side of the seam, and what was heard in it."""

    def span(start: float, end: float) -> tuple[float, float]:
        low, high = sorted((SEAM + sign * start, SEAM + sign * end))
        return low, high

    times = sorted(span(*word) for word in side.words)
    words = tuple(Word(start=a, end=b, text=f"w{at}", probability=side.probability) for at, (a, b) in enumerate(times))
    whole = [Segment(start=words[0].start, end=words[-1].end, text="said", words=words, flags=side.flags)] if words else []
    speech = tuple(Span(start=a, end=b) for a, b in sorted(span(*region) for region in side.speech))
    index = int(sign > 0)
    start, end = (SEAM, 60.0) if index else (0.0, SEAM)
    return PartSpan(index=index, start=start, end=end, speech=speech), PartTranscript(index=index, segments=tuple(whole))


def found(before: Side, after: Side) -> list[float]:
    """Return where the doubtful seams are."""
    (left, heard_left), (right, heard_right) = part(before, -1), part(after, 1)
    return [doubtful.start for doubtful in doubtful_seams([left, right], [heard_left, heard_right])]


def test_a_seam_with_nothing_doubtful_beside_it_is_let_be() -> None:
    """Also one in a long silence."""
    quiet = Side(words=(), speech=())
    assert found(SURE, SURE) == found(quiet, quiet) == found(SURE, quiet) == []


@pytest.mark.parametrize("what", DOUBTFUL)
def test_one_doubt_on_either_side_is_enough(what: str) -> None:
    """Each side alone."""
    assert found(DOUBTFUL[what], SURE) == found(SURE, DOUBTFUL[what]) == [SEAM]


def test_a_region_that_ends_just_inside_the_edge_needs_no_word_there() -> None:
    """Its words lie where it lies."""
    crossing = replace(SURE, words=(*SURE.words[:6], (3.3, 3.9), (4.02, 4.4)), speech=((0.5, 2.9), (3.3, 3.9), (3.98, 4.4)))
    assert found(crossing, crossing) == []


def test_what_is_far_from_the_seam_does_not_matter() -> None:
    """A model's windows make no difference there."""
    far = replace(SURE, words=((6.0, 6.4),), speech=((6.0, 8.0),), probability=0.1)
    assert found(far, far) == []


def test_a_single_part_has_no_seam() -> None:
    """Nothing is heard again."""
    span, heard = part(DOUBTFUL["an improbable word"], 1)
    assert list(doubtful_seams([span], [heard])) == []
