"""Who is in an episode, and as what."""

from __future__ import annotations

from service.republish.roles import roles_of
from storage.documents import Person, Speaker
from storage.export.document import document
from storage.outline import Outline, read_outline
from storage.voice_counts import VoiceCounts
from tests import transcripts


def outline(*speakers: Speaker, persons: tuple[Person, ...] = ()) -> Outline:
    """Return the outline of an episode with these people."""
    return read_outline(document(transcripts.transcript(speakers=speakers, persons=persons)).encode())


def speaker(number: int, name: str | None, voice: str | None = None) -> Speaker:
    """Return a speaker."""
    return Speaker(label=f"Speaker {number}", name=name, voice=voice)


NONE = VoiceCounts(0, {})


def test_those_whom_the_publisher_names_keep_their_roles() -> None:
    """Also where they are heard under a part of their name."""
    persons = (Person(name="Ann Other", role="guest"), Person(name="Zoe", role="editor", group="audio post-production"))
    found = roles_of(outline(speaker(1, "Ann"), speaker(2, None), persons=persons), NONE)
    assert [(each.name, each.role, each.group) for each in found] == [
        ("Ann Other", "guest", "cast"), ("Zoe", "editor", "audio post-production"),
    ]  # fmt: skip


def test_a_voice_of_most_episodes_is_a_host_and_another_a_guest() -> None:
    """By how often it was heard in the show."""
    heard = VoiceCounts(6, {"aa": 5, "bb": 1, "cc": 3})
    found = roles_of(outline(speaker(1, "Ann", "aa"), speaker(2, "Bob", "bb"), speaker(3, "Cy", "cc"), speaker(4, "Di")), heard)
    assert [(each.name, each.role) for each in found] == [("Ann", "host"), ("Bob", "guest"), ("Cy", "host"), ("Di", None)]


def test_two_episodes_tell_nobody_s_role() -> None:
    """It is left open."""
    found = roles_of(outline(speaker(1, "Ann", "aa"), speaker(2, "Bob", "bb")), VoiceCounts(2, {"aa": 2, "bb": 1}))
    assert [each.role for each in found] == [None, None]
