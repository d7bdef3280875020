"""When two names are one person's, and what several episodes together call a voice."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from storage.documents import NameCandidate
from storage.voices import Voice

_TITLE_WORDS = """
dr prof professor professeur professora professore profesor profesora mr mrs ms sir dame herr frau monsieur madame señor
señora senhor senhora signor signora don doña dona dott dott.ssa
"""
_TITLES = frozenset(_TITLE_WORDS.split())

AGREED_SHARE = 0.75
"""Share of what speaks for any name of a voice that has to speak for one."""

SUREST = 0.99
"""No evidence that is not a person's word makes a name surer than this."""


@lru_cache(maxsize=10_000)  # the episodes of a host say the same name thousands of times
def bare_name(name: str) -> tuple[str, ...]:
    """Return the words of a name by which names are compared: no case, no accents, no titles."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "'")).casefold()
    words = "".join(c for c in plain if not unicodedata.combining(c)).replace("-", " ").split()
    bare = (word.strip(".,") for word in words)
    return tuple(word for word in bare if word and word not in _TITLES)


def same_person(one: str, other: str) -> bool:
    """Tell whether two names may be one person's: equal, or one a part of the other at its beginning or its end.

    `Nathan`, `Lambert` and `Nathan Lambert` are; `Nathan Lambert` and `Nathan Brand` are not.
    """
    short, long = sorted((bare_name(one), bare_name(other)), key=len)
    return bool(short) and (long[: len(short)] == short or long[-len(short) :] == short or _first_and_last(short, long))


def _first_and_last(short: Sequence[str], long: Sequence[str]) -> bool:
    return len(short) == 2 < len(long) and (short[0], short[1]) == (long[0], long[-1])


def fullest(names: Iterable[str]) -> str:
    """Return the name with the most words, the first of equals."""
    return max(names, key=lambda name: len(bare_name(name)))


def joined(candidates: Iterable[NameCandidate]) -> tuple[NameCandidate, ...]:
    """Join what speaks for one person: the fullest name, the source that is surest, a confidence that grows with each.

    A part of a name that fits several persons speaks for none of them. The surest person comes first.
    """
    ordered = sorted(candidates, key=lambda candidate: (-len(bare_name(candidate.name)), -candidate.confidence))
    groups: list[list[NameCandidate]] = []
    for candidate in ordered:
        fitting = [group for group in groups if same_person(candidate.name, group[0].name)]
        if len(fitting) == 1:
            fitting[0].append(candidate)
        elif not fitting:
            groups.append([candidate])
    return tuple(sorted(map(_one, groups), key=lambda candidate: -candidate.confidence))


def _one(group: Sequence[NameCandidate]) -> NameCandidate:
    surest = max(group, key=lambda candidate: candidate.confidence)
    doubt = 1.0
    for candidate in {candidate.source: candidate for candidate in sorted(group, key=lambda c: c.confidence)}.values():
        doubt *= 1 - candidate.confidence
    confidence = surest.confidence if surest.source == "people" else max(surest.confidence, min(1 - doubt, SUREST))
    return NameCandidate(name=fullest(c.name for c in group), source=surest.source, confidence=confidence)


def name_of_voice(voice: Voice, *, without: str | None = None) -> NameCandidate | None:
    """Return what a voice is called: by a person, else by its episodes where they agree; none where they do not.

    What the episode `without` says for itself does not count. Where no episode says anything, a voice that was recognised as
    one of another show is called as that one is.
    """
    if voice.name is not None:
        return given_name(voice.name)
    heard = {s.episode_id: s.heard for s in voice.samples if s.heard is not None and s.episode_id != without}
    if heard or voice.known_as is None:
        return agreed_name(heard.values())
    return name_from_elsewhere(name_of_voice(voice.known_as))


def given_name(name: str) -> NameCandidate:
    """Return a name that a person gave a voice."""
    return NameCandidate(name=name, source="people", confidence=1.0)


def name_from_elsewhere(name: NameCandidate | None) -> NameCandidate | None:
    """Return what a voice of which no episode says anything is called, if that of another show is called so."""
    return name and NameCandidate(name=name.name, source="voice", confidence=min(name.confidence, SUREST))


def agreed_name(heard: Iterable[NameCandidate]) -> NameCandidate | None:
    """Return what the episodes of a voice call it, each of them once; none where they say nothing, or do not agree."""
    persons: list[list[NameCandidate]] = []
    for candidate in sorted(heard, key=lambda candidate: -len(bare_name(candidate.name))):
        mine = next((person for person in persons if same_person(candidate.name, person[0].name)), None)
        persons.append([candidate]) if mine is None else mine.append(candidate)
    weights = [sum(candidate.confidence for candidate in person) for person in persons]
    if not weights or max(weights) < AGREED_SHARE * sum(weights):
        return None
    person = persons[weights.index(max(weights))]
    doubt = 1.0
    for candidate in person:
        doubt *= 1 - candidate.confidence
    return NameCandidate(name=fullest(c.name for c in person), source="voice", confidence=min(1 - doubt, SUREST))
