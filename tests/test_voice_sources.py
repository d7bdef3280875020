"""Voices of other shows: never used, unless somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from storage.database import open_database
from storage.documents import NameCandidate
from storage.errors import OptionError
from storage.person_names import name_of_voice
from storage.voice_changes import forget_samples, merge_voices, rename_voice, samples_to_forget
from storage.voice_sources import set_sources, sources_of
from storage.voices import Voice, VoiceMemory
from tests.voices import Speakers, add

OTHER = "The Other Show"


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """Open a ledger, in SQLite and in PostgreSQL."""
    opened = open_database(ledger_url)
    yield opened
    opened.dispose()


@pytest.fixture
def memory(engine: Engine) -> VoiceMemory:
    """Return the memory of a show with two hosts, one of whom has a name."""
    found = VoiceMemory(engine)
    people = Speakers()
    for number in range(4):
        kept = add(found, number, people.episode("Ann", "Bob"))
    rename_voice(found, kept["Ann"].voice_id, "Ann Lee")
    return found


def continued() -> Speakers:
    """Return the same people again."""
    people = Speakers()
    for _ in range(4):
        people.episode("Ann", "Bob")
    return people


def of_sample(memory: VoiceMemory, sample_id: str) -> Voice:
    return memory.by_sample({sample_id})[sample_id]


def test_without_being_asked_no_other_show_is_looked_at(memory: VoiceMemory) -> None:
    """Nor is it if a third show asked for it."""
    set_sources(memory, "A Third Show", ["The Show"])
    kept = add(memory, "x", continued().episode("Ann", "Cleo"), show=OTHER)
    assert [sample.score for sample in kept.values()] == [None, None]
    ann = of_sample(memory, kept["Ann"].id)
    assert (ann.known_as, name_of_voice(ann)) == (None, None)


def test_once_asked_a_host_of_the_other_show_is_known_by_name_and_a_stranger_is_not(memory: VoiceMemory) -> None:
    """It is a voice of this show from then on, whose name comes from the other."""
    set_sources(memory, OTHER, ["the show"])
    people = continued()
    kept = add(memory, "x", people.episode("Ann", "Cleo"), show=OTHER)
    ann, cleo = (of_sample(memory, kept[who].id) for who in ("Ann", "Cleo"))
    assert ann.show == "the-other-show"
    assert ann.known_as is not None
    assert ann.known_as.name == "Ann Lee"
    assert (kept["Ann"].score or 0) >= 0.99
    assert name_of_voice(ann) == NameCandidate(name="Ann Lee", source="voice", confidence=0.99)
    assert (cleo.known_as, kept["Cleo"].score) == (None, None)
    again = add(memory, "y", people.episode("Ann", "Dot"), show=OTHER)
    assert again["Ann"].voice_id == ann.id
    assert len(memory.of_show("The Show")) == 2
    assert len(memory.of_show("The Show")[0].episodes) == 4


def test_it_is_asked_in_one_direction(memory: VoiceMemory) -> None:
    """The show whose voices are lent learns nothing."""
    set_sources(memory, OTHER, ["The Show"])
    people = continued()
    add(memory, "x", people.episode("Cleo", "Dot"), show=OTHER)
    kept = add(memory, "y", people.episode("Ann", "Cleo"))
    assert kept["Cleo"].score is None
    assert of_sample(memory, kept["Cleo"].id).known_as is None


def test_what_is_asked_no_more_is_cut_off(memory: VoiceMemory) -> None:
    """The voice stays, as a stranger of this show."""
    set_sources(memory, OTHER, ["The Show"])
    assert sources_of(memory, OTHER) == ("the-show",)
    kept = add(memory, "x", continued().episode("Ann"), show=OTHER)
    set_sources(memory, OTHER, [])
    assert sources_of(memory, OTHER) == ()
    ann = of_sample(memory, kept["Ann"].id)
    assert (ann.known_as, name_of_voice(ann)) == (None, None)


def test_a_name_of_this_show_goes_before_the_other_s(memory: VoiceMemory) -> None:
    """Whether a person gave it or an episode says it."""
    set_sources(memory, OTHER, ["The Show"])
    kept = add(memory, "x", continued().episode("Ann"), show=OTHER)
    memory.note_heard({kept["Ann"].id: NameCandidate(name="Anna", source="self_introduction", confidence=0.9)})
    named = name_of_voice(of_sample(memory, kept["Ann"].id))
    assert named is not None
    assert named.name == "Anna"
    rename_voice(memory, kept["Ann"].voice_id, "A. Lee")
    assert of_sample(memory, kept["Ann"].id).name == "A. Lee"


def test_what_is_forgotten_or_merged_there_is_so_here(memory: VoiceMemory) -> None:
    """A link never leads to what is gone."""
    set_sources(memory, OTHER, ["The Show"])
    kept = add(memory, "x", continued().episode("Ann"), show=OTHER)
    ann, bob = memory.of_show("The Show")
    ann, bob = (ann, bob) if ann.name else (bob, ann)
    merge_voices(memory, bob.id, [ann.id])
    linked = of_sample(memory, kept["Ann"].id).known_as
    assert linked is not None
    assert linked.id == bob.id
    forget_samples(memory, samples_to_forget(memory, "The Show"))
    assert of_sample(memory, kept["Ann"].id).known_as is None
    assert [voice.id for voice in memory.of_show(OTHER)] == [kept["Ann"].voice_id]


def test_a_show_is_not_its_own_source_and_a_title_has_words(memory: VoiceMemory) -> None:
    """Both are mistakes that a person should hear of."""
    for others in (["the show"], ["…"]):
        with pytest.raises(OptionError):
            set_sources(memory, "The Show", others)
    with pytest.raises(OptionError):
        set_sources(memory, "…", ["The Show"])
