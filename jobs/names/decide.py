"""From evidence to names: who is called what, how sure that is, and who gets no name because evidence contradicts itself.

A wrong name is worse than none. So a name is given if it is sure enough by itself, if no other name has nearly as much for it,
and if nobody else of the episode has as much right to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from jobs.names.printed import Part, Printed, PrintedNames
from jobs.names.spoken import Claim
from storage.documents import NameCandidate
from storage.person_names import joined, same_person

GIVEN = 0.6
"""A name that is less sure is not given."""

LEAD = 0.3
"""A name has to be so much surer than any other for the same speaker."""

OWN = 0.2
"""Of two speakers with one name, the surer one has it if the lead is so much; else neither."""

BY_ELIMINATION = {"podcast_person": 0.75, "title": 0.7, "show_notes": 0.65}
"""How sure a printed name is where nobody else can be meant."""


@dataclass(frozen=True)
class Roles:
    """What part the speakers have in the episode, as far as they or the show's memory tell."""

    main: tuple[str, ...]
    """Who says more than a few words."""
    hosts: frozenset[str] = frozenset()
    guests: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decision:
    """What a speaker is called."""

    name: NameCandidate | None = None
    candidates: tuple[NameCandidate, ...] = field(default=())
    """The others, the surest first."""


def decide(
    claims: Sequence[Claim], printed: PrintedNames, roles: Roles, known: Mapping[str, NameCandidate]
) -> dict[str, Decision]:
    """Return what each speaker is called; `known` are the names of remembered voices, by label.

    What a person said goes before everything; it does not need to be the only one.
    """
    said: dict[str, list[NameCandidate]] = {}
    for claim in claims:
        said.setdefault(claim.speaker, []).append(claim.candidate)
    for label, name in known.items():
        said.setdefault(label, []).append(name)
    found = _settled({label: joined(names) for label, names in said.items()})
    for claim in _by_elimination(found, printed, roles):
        said.setdefault(claim.speaker, []).append(claim.candidate)
    return _settled({label: joined(names) for label, names in said.items()})


def _settled(candidates: Mapping[str, tuple[NameCandidate, ...]]) -> dict[str, Decision]:
    alone = {label: _surest(names) for label, names in candidates.items()}
    decided = {}
    for label, decision in alone.items():
        name = decision.name
        shared = name is not None and _is_another_s(label, name, alone)
        decided[label] = Decision(None, candidates[label]) if shared else decision
    return decided


def _surest(names: tuple[NameCandidate, ...]) -> Decision:
    by_people = next((name for name in names if name.source == "people"), None)
    if by_people is not None:
        return Decision(by_people, tuple(name for name in names if name is not by_people))
    first, others = names[0], names[1:]
    if first.confidence < GIVEN or (others and first.confidence - others[0].confidence < LEAD):
        return Decision(None, names)
    return Decision(first, others)


def _is_another_s(label: str, name: NameCandidate, decided: Mapping[str, Decision]) -> bool:
    """Tell whether somebody else has as much right to a name."""
    if name.source == "people":
        return False
    rivals = [
        other.name
        for other_label, other in decided.items()
        if other_label != label and other.name is not None and same_person(other.name.name, name.name)
    ]
    return any(rival.source == "people" or name.confidence - rival.confidence < OWN for rival in rivals)


def _by_elimination(found: Mapping[str, Decision], printed: PrintedNames, roles: Roles) -> list[Claim]:
    """Return printed names for those who are left: one person with a part, and one speaker who has it."""
    given = [decision.name.name for decision in found.values() if decision.name is not None]
    nameless = [label for label in roles.main if label not in found or found[label].name is None]
    claims = []
    parts: tuple[Part, ...] = ("host", "guest")
    for part in parts:
        people = [person for person in printed.having(part) if not any(same_person(person.name, name) for name in given)]
        speakers = [label for label in nameless if _part_of(label, part, printed, roles)]
        if len(people) == len(speakers) == 1:
            claims.append(_printed_claim(speakers[0], people[0]))
    return claims


def _part_of(label: str, part: Part, printed: PrintedNames, roles: Roles) -> bool:
    """Tell whether a speaker has a part: by their own words, or because everybody else has the other one.

    The latter holds only if as many speak as are printed: then nobody is missing, and nobody is there without being printed.
    """
    mine, other = (roles.hosts, roles.guests) if part == "host" else (roles.guests, roles.hosts)
    if label in mine:
        return label not in other
    everybody = len(roles.main) == len([person for person in printed.people if person.part in {"host", "guest"}])
    return label not in other and everybody and all(speaker in other - mine for speaker in roles.main if speaker != label)


def _printed_claim(label: str, person: Printed) -> Claim:
    return Claim(label, person.name, person.source, BY_ELIMINATION[person.source])
