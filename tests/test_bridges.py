"""Where bridges over a seam begin and end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.bridges import LONG, SHORT, bridge_spans, bridges
from jobs.pcm import Pcm, write_pcm
from jobs.split import PartSpan
from storage.documents import Span

SPEECH = tuple(Span(start=at + 0.5, end=at + 3.5) for at in range(0, 60, 4))


@pytest.fixture
def minute(tmp_path: Path) -> Pcm:
    """Return a minute of audio."""
    with write_pcm(tmp_path / "a.wav") as writer:
        writer.write(np.zeros(16_000 * 60, dtype=np.int16))
    return Pcm(tmp_path / "a.wav")


def test_one_begins_shortly_before_the_seam_and_one_ends_shortly_after_it(minute: Pcm) -> None:
    """Both in pauses, and short enough for one window."""
    near, far = bridges(minute, PartSpan(index=1, start=32.0, end=60.0), SPEECH)
    assert (SHORT[0] <= 32 - near.start <= SHORT[1], LONG[0] <= near.end - 32 <= LONG[1]) == (True, True)
    assert (LONG[0] <= 32 - far.start <= LONG[1], SHORT[0] <= far.end - 32 <= SHORT[1]) == (True, True)
    for audio in (near, far):
        assert audio.end - audio.start < 30
        assert all(region in SPEECH for region in audio.speech)


def test_the_first_part_and_one_after_a_forced_seam_have_none(minute: Pcm) -> None:
    """The latter is heard from before its seam anyhow."""
    assert bridges(minute, PartSpan(index=0, start=0.0, end=30.0), SPEECH) == ()
    assert bridges(minute, PartSpan(index=1, start=32.0, end=60.0, forced=True), SPEECH) == ()


def test_a_stretch_with_speech_on_one_side_alone_is_no_bridge(minute: Pcm) -> None:
    """There is nothing to compare."""
    assert bridges(minute, PartSpan(index=1, start=32.0, end=60.0), (Span(start=33.0, end=40.0),)) == ()


def test_where_bridges_lie_is_known_without_the_audio(minute: Pcm) -> None:
    """So that a plan can say how much there is to hear."""
    part = PartSpan(index=1, start=32.0, end=60.0)
    heard = [Span(start=audio.start, end=audio.end) for audio in bridges(minute, part, SPEECH)]
    assert list(bridge_spans(part, SPEECH, 60.0)) == heard


def test_speech_without_pauses_is_bridged_all_the_same(minute: Pcm) -> None:
    """Then its ends lie in the middle of where they may."""
    near, _ = bridges(minute, PartSpan(index=1, start=32.0, end=60.0), (Span(start=0, end=31.9), Span(start=32.1, end=60.0)))
    assert near.start == 32 - sum(SHORT) / 2


class _Watched(tuple[Span, ...]):
    """Speech that counts how many of its regions are looked at."""

    __slots__ = ()

    looked = 0

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        _Watched.looked += len(found) if isinstance(place, slice) else 1
        return found

    def __iter__(self) -> Iterator[Span]:
        for region in super().__iter__():
            _Watched.looked += 1
            yield region


def test_of_the_speech_of_a_long_episode_only_what_lies_beside_the_seam_is_looked_at() -> None:
    """Or eight hours with a hundred seams would take a hundred times eight hours."""
    speech = tuple(Span(start=at + 0.5, end=at + 3.5) for at in range(0, 8 * 3600, 4))
    part, duration = PartSpan(index=50, start=15_000.0, end=15_300.0), 8 * 3600.0
    _Watched.looked = 0
    found = bridge_spans(part, _Watched(speech), duration)
    assert found == bridge_spans(part, [region for region in speech if 14_900 < region.start < 15_100], duration)
    assert len(found) == 2
    assert 0 < _Watched.looked < len(speech) / 10
