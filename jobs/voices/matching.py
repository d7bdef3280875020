"""Which remembered voice a speaker is, or none: by what is surer, given how alike they are and how often the voice is heard.

Two things could be true of a speaker and a voice: they are one person, or strangers. How alike (cosine) the two would be in
either case is known roughly of each model, and better the more is heard; the quotient of both likelihoods is weighed with how
likely the voice is to be heard at all, by the episodes since it first was. So a host of twenty episodes is known by a
likeness with which a guest who came once stays a stranger: people who come once seldom come again.

A telephone makes all who use it alike and hides who they are, so whoever is on it is compared only with voices on it.

What strangers are like is taken from both sides, as in symmetric score normalisation (s-norm; Kenny 2010, Shum et al. 2010):
how alike the speaker and the voice are to others who are surely not that voice. These are the voices that were heard beside it
in some episode, and those who speak in this one; a voice that it never met may be the same person's, heard otherwise. Where it
met but few (a guest), all other voices count. What a person is like from episode to episode is taken from the voice itself.

A speaker is matched if it is as good as sure, and if no other voice could as well be meant. One speaker of an episode is one
voice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.voices.profile import Heard, Profile
from storage.voices import Placement

SURE = 0.99
"""So probable a match has to be."""

FEW = 4
"""Others whom a voice has to have met for these to stand for all strangers."""

NEW_VOICES = 0.5
"""How many episodes without a voice are taken for granted: one that was heard in one of one comes again in two of three."""

COHORT = 1000
"""Voices, spread evenly over all there are, by which strangers are known in a show that has more: nobody needs more of them."""

_MOST_ODDS = 50.0
"""Beyond e to the power of this nothing gets surer, and nothing overflows."""

Scores = npt.NDArray[np.float64]

Places = npt.NDArray[np.intp]
"""Of profiles, in their order."""


@dataclass(frozen=True)
class Likeness:
    """How alike (cosine) embeddings are: mean and standard deviation, and as how many observations it counts."""

    mean: float
    deviation: float
    worth: float

    def after(self, seen: Scores) -> Likeness:
        """Return what is to be expected once some were seen."""
        weight = self.worth + len(seen)
        mean = (self.worth * self.mean + seen.sum()) / weight
        square = self.worth * (self.deviation**2 + (self.mean - mean) ** 2) + ((seen - mean) ** 2).sum()
        return Likeness(float(mean), math.sqrt(square / weight), weight)


@dataclass(frozen=True)
class Expected:
    """What is known of a model before anything is heard."""

    strangers: Likeness
    callers: Likeness
    """Strangers who both are on the telephone."""
    own: Likeness
    """A voice, to itself in another episode."""


RESEMBLYZER = Expected(Likeness(0.6, 0.1, worth=8), Likeness(0.72, 0.09, worth=8), Likeness(0.94, 0.04, worth=4))
PYANNOTE = Expected(Likeness(0.1, 0.15, worth=8), Likeness(0.1, 0.15, worth=8), Likeness(0.75, 0.1, worth=4))
UNKNOWN = Expected(Likeness(0.4, 0.2, worth=8), Likeness(0.4, 0.2, worth=8), Likeness(0.85, 0.1, worth=4))
"""Matches only who is hardly different, until enough of the show's voices are known."""


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


def match(speakers: Sequence[Heard], profiles: Sequence[Profile], expected: Expected, *, most_odds: float = math.inf) -> Matches:
    """Match the speakers of an episode with the profiles of a show; those who are none of them are in neither result.

    However often a voice was heard, the odds that it is heard in this episode are no more than `most_odds`.
    """
    if not speakers or not profiles:
        return Matches({}, frozenset())
    met = _met(profiles)
    coming = [min(_odds_of_coming(profile), most_odds) for profile in profiles]
    odds = _evidence(speakers, profiles, met, expected) + np.log(coming)
    sure = _sureness(odds, met)
    claims = _against_strangers(odds) >= SURE
    placed: dict[str, Placement] = {}
    doubtful: set[str] = set()
    taken, decided = set[str](), set[int]()
    for row, column in sorted(np.argwhere(claims).tolist(), key=lambda place: -odds[place[0], place[1]]):
        if row in decided:
            continue
        decided.add(row)  # for its best voice: the second best is somebody else's
        label, voice_id = speakers[row].label, profiles[column].voice_id
        if voice_id in taken or sure[row, column] < SURE:
            doubtful.add(label)
            continue
        taken.add(voice_id)
        placed[label] = Placement(voice_id, float(sure[row, column]))
    return Matches(placed, frozenset(doubtful))


# ------------------------------------------------------------------ how sure


def _odds_of_coming(profile: Profile) -> float:
    """Return the odds that a voice is heard in an episode, by those since it was heard first: a new host is soon one, too."""
    heard = len(profile.episodes)
    return heard / (profile.since - heard + NEW_VOICES)


def _against_strangers(odds: Scores) -> Scores:
    """Return how probable each match is if the speaker were that voice or a stranger."""
    probable: Scores = 1 / (1 + np.exp(-np.clip(odds, -_MOST_ODDS, _MOST_ODDS)))
    return probable


def _sureness(odds: Scores, met: Sequence[Places]) -> Scores:
    """Return how probable each match is: not a stranger, and no voice that was heard beside it and so is another person's."""
    weights = np.exp(np.clip(odds, -_MOST_ODDS, _MOST_ODDS))
    beside = np.stack([weights[:, others].sum(axis=1) for others in met], axis=1)
    sure: Scores = weights / (1 + weights + beside)
    return sure


def _met(profiles: Sequence[Profile]) -> tuple[Places, ...]:
    """Return for each profile the others that were heard in an episode with it: other people.

    By way of the episodes: most voices of a large show never met.
    """
    heard_in: dict[str, list[int]] = {}
    for place, profile in enumerate(profiles):
        for episode in profile.episodes:
            heard_in.setdefault(episode, []).append(place)
    owners = [profile.voice_id for profile in profiles]
    beside = ({other for episode in profile.episodes for other in heard_in[episode]} for profile in profiles)
    return tuple(
        np.array(sorted(other for other in others if owners[other] != own), dtype=np.intp)
        for own, others in zip(owners, beside, strict=True)
    )


# ------------------------------------------------------------------ how alike


def _evidence(speakers: Sequence[Heard], profiles: Sequence[Profile], met: Sequence[Places], expected: Expected) -> Scores:
    """Return for each speaker and voice the logarithm of how much likelier their likeness is of one person than of strangers.

    What cannot be compared is never likely.
    """
    evidence = np.full((len(speakers), len(profiles)), -math.inf)
    _, owners = np.unique([profile.voice_id for profile in profiles], return_inverse=True)
    for telephone in (False, True):
        rows = np.array([n for n, speaker in enumerate(speakers) if speaker.telephone == telephone], dtype=np.intp)
        columns = np.array([n for n, profile in enumerate(profiles) if profile.telephone == telephone], dtype=np.intp)
        if not (len(rows) and len(columns)):
            continue
        here = np.full(len(profiles), -1)
        here[columns] = np.arange(len(columns))
        others = [None if len(met[column]) < FEW else here[met[column]] for column in columns]
        strangers = [None if some is None else some[some >= 0] for some in others]
        evidence[np.ix_(rows, columns)] = _evidence_of_like(
            [speakers[row] for row in rows], [profiles[column] for column in columns], owners[columns], strangers, expected
        )
    return evidence


def _evidence_of_like(
    speakers: Sequence[Heard],
    profiles: Sequence[Profile],
    owners: Places,
    met: Sequence[Places | None],
    expected: Expected,
) -> Scores:
    """Return the evidence for speakers and voices who all are on the telephone, or none of whom is.

    `owners` tells whose profiles they are, `met` which of them each one met: none where those are too few to tell anything.
    """
    heard = np.stack([speaker.embedding for speaker in speakers]).astype(float)
    known = np.stack([profile.centroid for profile in profiles]).astype(float)
    alike, among_heard = heard @ known.T, heard @ heard.T
    cohort = np.unique(np.linspace(0, len(known) - 1, min(COHORT, len(known))).astype(np.intp))
    among_cohort = known @ known[cohort].T
    usual = expected.callers if speakers[0].telephone else expected.strangers
    evidence: Scores = np.empty_like(alike)
    for column, others in enumerate(met):
        if others is None:
            apart = owners[cohort] != owners[column]
            places, among_known = cohort[apart], among_cohort[column, apart]
        else:
            places, among_known = others, known[others] @ known[column]
        own = expected.own.after(np.array(profiles[column].likenesses))
        for row in range(len(heard)):
            beside = np.arange(len(heard)) != row
            of_speaker = np.concatenate([alike[row, places], among_heard[row, beside]])
            of_voice = np.concatenate([among_known, alike[beside, column]])
            sides = (_strangers(of_speaker, usual), _strangers(of_voice, usual))
            evidence[row, column] = _of_one(alike[row, column], own) - _of_two(alike[row, column], sides)
    return evidence


def _of_one(alike: float, own: Likeness) -> float:
    """Return the log likelihood of a likeness if speaker and voice are one person; more than usual is as good as usual."""
    return -0.5 * ((min(alike, own.mean) - own.mean) / own.deviation) ** 2 - math.log(own.deviation)


def _of_two(alike: float, sides: Sequence[Likeness]) -> float:
    """Return the log likelihood of a likeness if they are strangers, as seen from both sides."""
    surprise = sum((alike - side.mean) / side.deviation for side in sides) / len(sides)
    return float(-0.5 * surprise**2) - math.log(sum(side.deviation for side in sides) / len(sides))


def _strangers(scores: Scores, usual: Likeness) -> Likeness:
    """Return how alike strangers are, as these scores and what is usual together have it.

    A score that no stranger would have is of one person whom the diarizer cut in two, and does not count.
    """
    return usual.after(scores[scores <= usual.mean + 3 * usual.deviation])
