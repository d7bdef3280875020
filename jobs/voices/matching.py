"""Which remembered voice a speaker is, or none: as alike as no stranger would be.

A cosine says little by itself: noise, a codec, or a model make all voices more alike, or less. So each score is set against
the scores of strangers, as in symmetric score normalisation (s-norm; Kenny 2010, Shum et al. 2010): how alike the speaker
and the remembered voice are to others who are surely not that voice. These are the voices that were heard beside it in some
episode, and those who speak in this one; a voice that it never met may be the same person's, heard otherwise. Where it met
but few (a guest), all other voices count, for two who are on the telephone are alike by that. They are few at first, so what
is known of the model in general counts as some strangers more.

A speaker is matched if fewer than `FALSE_MATCHES` of strangers would seem so alike to any of the voices, if they are not
much less alike than that voice is to itself from episode to episode, and if no other voice comes near. One speaker of an
episode is one voice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from jobs.voices.profile import Profile
from storage.voices import NewSample, Placement

FALSE_MATCHES = 0.005
"""Share of strangers who may be taken for any of the show's voices, as far as their scores are normally distributed."""

LEAST_LIKENESS = 4.0
"""So many standard deviations below its own likeness a voice is taken for another's."""

MARGIN = 1.0
"""Standard deviations of strangers by which the best voice has to lead over another that was heard beside it."""

FEW = 4
"""Others whom a voice has to have met for these to stand for all strangers."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """What is known of a model before anything is heard: how alike (cosine) strangers are, and one voice to itself."""

    strangers: float
    deviation: float
    own_deviation: float
    worth: float
    """As many strangers as this counts for."""


RESEMBLYZER = Expected(strangers=0.6, deviation=0.09, own_deviation=0.06, worth=8)
PYANNOTE = Expected(strangers=0.1, deviation=0.15, own_deviation=0.1, worth=8)
UNKNOWN = Expected(strangers=0.4, deviation=0.2, own_deviation=0.1, worth=8)
"""Matches nobody until enough of the show's voices are known."""


def expected_of(model: str) -> Expected:
    """Return what to expect of a model, given by its key."""
    return {"resemblyzer": RESEMBLYZER, "pyannote": PYANNOTE}.get(model.partition(" ")[0], UNKNOWN)


@dataclass(frozen=True)
class Matches:
    """Who of an episode's speakers was heard before."""

    placed: Mapping[str, Placement]
    """By label."""
    doubtful: frozenset[str]
    """Labels that may be a voice that was given to another speaker, or one of several: no new voices, so not to be kept."""


def match(speakers: Sequence[NewSample], profiles: Sequence[Profile], expected: Expected) -> Matches:
    """Match the speakers of an episode with the profiles of its show; those who are none of them are in neither result."""
    if not speakers or not profiles:
        return Matches({}, frozenset())
    heard = np.stack([speaker.embedding for speaker in speakers]).astype(float)
    known = np.stack([profile.centroid for profile in profiles]).astype(float)
    alike = heard @ known.T
    surprise = _normalised(alike, heard @ heard.T, known @ known.T, _met(profiles), expected)
    shares = _shares(profiles)
    bars = np.array([NormalDist().inv_cdf(1 - FALSE_MATCHES * share) for share in shares])
    claims = (surprise >= bars) & _within_spread(alike, profiles, expected)
    placed: dict[str, Placement] = {}
    doubtful: set[str] = set()
    taken, decided = set[int](), set[int]()
    for row, column in sorted(np.argwhere(claims).tolist(), key=lambda place: -surprise[place[0], place[1]]):
        if row in decided:
            continue
        decided.add(row)  # for its best voice: the second best is somebody else's
        label = speakers[row].label
        if column in taken or _rival(surprise[row], column, claims[row], profiles):
            doubtful.add(label)
            continue
        taken.add(column)
        placed[label] = Placement(profiles[column].voice_id, sureness(float(surprise[row, column]), shares[column]))
    return Matches(placed, frozenset(doubtful))


def sureness(surprise: float, share: float) -> float:
    """Return the probability that no stranger would be so alike to any voice, if this one has such a share in all mistakes."""
    return max(0.0, 1.0 - _tail(surprise) / share)


def _shares(profiles: Sequence[Profile]) -> list[float]:
    """Return the share in all mistakes that each voice may have: who was heard often is more likely to be heard again."""
    total = sum(len(profile.episodes) for profile in profiles)
    return [len(profile.episodes) / total for profile in profiles]


def _tail(surprise: float) -> float:
    return 0.5 * math.erfc(surprise / math.sqrt(2))


def _met(profiles: Sequence[Profile]) -> npt.NDArray[np.bool_]:
    """Tell which voices were heard in one episode: two people."""
    return np.array([[a is not b and not a.episodes.isdisjoint(b.episodes) for b in profiles] for a in profiles], dtype=bool)


def _normalised(
    alike: Scores, among_heard: Scores, among_known: Scores, met: npt.NDArray[np.bool_], expected: Expected
) -> Scores:
    """Return for each speaker and voice by how many standard deviations they are more alike than strangers."""
    surprise = np.empty_like(alike)
    few = met.sum(axis=1) < FEW
    strangers = np.where(few[:, None], ~np.eye(len(met), dtype=bool), met)
    for row, column in np.ndindex(alike.shape):
        others = np.arange(len(alike)) != row
        of_speaker = np.concatenate([alike[row, strangers[column]], among_heard[row, others]])
        of_voice = np.concatenate([among_known[column, strangers[column]], alike[others, column]])
        sides = [_strangers(of_speaker, expected), _strangers(of_voice, expected)]
        surprise[row, column] = np.mean([(alike[row, column] - mean) / deviation for mean, deviation in sides])
    return surprise


def _strangers(scores: Scores, expected: Expected) -> tuple[float, float]:
    """Return mean and standard deviation of strangers' scores, as these and the expectation together have it.

    A score that no stranger would have is of one person whom the diarizer cut in two, and does not count.
    """
    strangers = scores[scores <= expected.strangers + 3 * expected.deviation]
    weight = expected.worth + len(strangers)
    mean = (expected.worth * expected.strangers + strangers.sum()) / weight
    square = expected.worth * (expected.deviation**2 + (expected.strangers - mean) ** 2) + ((strangers - mean) ** 2).sum()
    return float(mean), math.sqrt(square / weight)


def _within_spread(alike: Scores, profiles: Sequence[Profile], expected: Expected) -> npt.NDArray[np.bool_]:
    """Tell which scores are such as the voice has with itself; all are, while it is not known how alike it is to itself."""
    least = [
        -1.0 if profile.likeness is None else profile.likeness - LEAST_LIKENESS * _own_deviation(profile, expected)
        for profile in profiles
    ]
    within: npt.NDArray[np.bool_] = alike >= np.array(least)
    return within


def _own_deviation(profile: Profile, expected: Expected) -> float:
    """Return how much the likeness of a voice to itself varies; what is expected counts as two episodes."""
    if profile.spread is None:
        return expected.own_deviation
    count = len(profile.episodes)
    return math.sqrt((2 * expected.own_deviation**2 + count * profile.spread**2) / (2 + count))


def _rival(surprise: Scores, best: int, claims: npt.NDArray[np.bool_], profiles: Sequence[Profile]) -> bool:
    """Tell whether a voice that is surely another one (both were heard in one episode) is nearly as alike."""
    return any(
        column != best
        and bool(claims[column])
        and surprise[best] - surprise[column] < MARGIN
        and bool(profiles[best].episodes & profile.episodes)
        for column, profile in enumerate(profiles)
    )
