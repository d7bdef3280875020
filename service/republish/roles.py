"""Who is in an episode, and as what."""

from __future__ import annotations

from storage.export.rss import Role
from storage.outline import Outline
from storage.person_names import same_person
from storage.voice_counts import VoiceCounts

FEWEST_EPISODES = 3
"""Episodes of a show below which nobody can tell its hosts from its guests."""

HOST_SHARE = 0.5
"""Share of a show's episodes in which a host is heard at least."""


def roles_of(outline: Outline, heard: VoiceCounts) -> tuple[Role, ...]:
    """Return those whom the publisher names, with the roles that it gives them, and then the other named speakers.

    The role of such a speaker follows from how often the voice was heard in the show; it is left open where that cannot tell.
    """
    printed = [Role.printed(person) for person in outline.episode.persons]
    others: dict[str, Role] = {}
    for speaker in outline.speakers:
        if speaker.name and not any(same_person(speaker.name, person.name) for person in printed):
            others.setdefault(speaker.name, Role(speaker.name, _role(speaker.voice, heard)))
    return (*printed, *others.values())


def _role(voice: str | None, heard: VoiceCounts) -> str | None:
    count = heard.of_voice.get(voice or "", 0)
    if heard.episodes < FEWEST_EPISODES or count == 0:
        return None
    return "host" if count >= HOST_SHARE * heard.episodes else "guest"
