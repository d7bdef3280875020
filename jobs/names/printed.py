"""Names that are printed: `podcast:person`, the title and the show notes, with the part that each person has in the episode."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.chapters.note_text import note_lines
from jobs.names.form import Forms
from jobs.names.forms import FORMS, forms_of
from jobs.names.shapes import name_pattern, names_in, split_names
from storage.documents import Episode, NameSource, Note
from storage.person_names import same_person

Part = Literal["host", "guest", "other"]

_SPEAKING: dict[str, Part] = {
    "host": "host", "co-host": "host", "guest host": "host", "moderator": "host", "presenter": "host", "interviewer": "host",
    "guest": "guest", "interviewee": "guest", "panelist": "guest",
}  # fmt: skip
"""Roles of the podcast namespace whose holders speak; editors and artists mostly do not."""

_HOST: Part = "host"
_GUEST: Part = "guest"

MAX_LINES = 60
"""Lines of the notes that are read for forms: who speaks is said at the beginning."""

MAX_MENTIONS = 200

_MADE_OF_LINKS = re.compile(r"https?://\S+")


@dataclass(frozen=True)
class Printed:
    """A person who is printed to take part."""

    name: str
    part: Part
    source: NameSource


@dataclass(frozen=True)
class PrintedNames:
    """Everybody whom the publisher names."""

    people: tuple[Printed, ...]
    """Who takes part; each once, as the most reliable source has them."""
    mentioned: tuple[str, ...]
    """Whatever else looks like a name: it makes a name that is said fuller and surer, and nothing more."""

    def having(self, part: Part) -> tuple[Printed, ...]:
        """Return the people with a part."""
        return tuple(person for person in self.people if person.part == part)

    def full_name(self, name: str) -> str | None:
        """Return the printed name that a name that was said is, or is part of; none if there is none, or several may be meant."""
        found: list[str] = []
        for printed in (*(person.name for person in self.people), *self.mentioned):
            if same_person(name, printed) and not any(same_person(printed, other) for other in found):
                found.append(printed)
        return found[0] if len(found) == 1 else None


def read_printed(episode: Episode, notes: Sequence[Note], language: str | None) -> PrintedNames:
    """Return the names that are printed about an episode; forms are read in its languages, and in English."""
    codes = dict.fromkeys((language or "", episode.language or "", "en"))
    forms = tuple({id(known): known for code in codes if (known := forms_of(code)) is not None}.values())
    lines = [_MADE_OF_LINKS.sub(" ", line.text) for note in _best(notes) for line in note_lines(note.html)[:MAX_LINES]]
    found = [
        *(Printed(p.name.strip(), part, "podcast_person") for p in episode.persons if (part := _SPEAKING.get(p.role.casefold()))),
        *_in_text(episode.title, "title", forms),
        *(person for line in lines for person in _in_text(line, "show_notes", forms)),
    ]
    people: list[Printed] = []
    for person in found:
        if not any(same_person(person.name, known.name) for known in people):
            people.append(person)
    mentioned = names_in([episode.title, *lines])
    return PrintedNames(tuple(people), mentioned[:MAX_MENTIONS])


def _best(notes: Sequence[Note]) -> list[Note]:
    """Return the longest field, in which the others mostly are."""
    return sorted(notes, key=lambda note: -len(note.html))[:1]


def _in_text(text: str, source: NameSource, languages: Sequence[Forms]) -> Iterator[Printed]:
    """Yield the people for whom a form stands in a line."""
    for forms in languages:
        for form in forms.meets:
            for match in name_pattern(form, forms.joins).finditer(text):
                yield from (Printed(name, "host", source) for name in split_names(match["N"], forms.joins))
                yield from (Printed(name, "guest", source) for name in split_names(match["L"], forms.joins))
        for form, part in (*((form, _HOST) for form in forms.hosts), *((form, _GUEST) for form in forms.guests)):
            for match in name_pattern(form, forms.joins).finditer(text):
                yield from (Printed(name, part, source) for name in split_names(match["L"], forms.joins))
        if source == "title":
            yield from _with_whom(text, forms)


_WITH = {"en": "with|w/", "de": "mit", "fr": "avec", "es": "con", "pt": "com", "it": "con"}


def _with_whom(title: str, forms: Forms) -> Iterator[Printed]:
    """Yield who comes behind the `with` of a title, if the title ends there or goes on behind a mark."""
    word = next(_WITH[code] for code, known in FORMS.items() if known is forms)
    pattern = name_pattern(rf"(?:{word}) {{L}}(?=$|\s*[|–—:(\[,-])", forms.joins)
    for match in pattern.finditer(title):
        # one word may be a thing as well: "Working with Kubernetes"
        yield from (Printed(name, "guest", "title") for name in split_names(match["L"], forms.joins) if " " in name)
