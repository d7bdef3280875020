"""The voices of a show in pages, as people read them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.database import open_database
from storage.documents import Episode, NameCandidate
from storage.episodes import Episodes
from storage.errors import NotFound, OptionError
from storage.person_names import name_of_voice
from storage.voice_changes import merge_voices, rename_voice
from storage.voice_list import find_voice, list_voices
from storage.voice_sources import set_sources
from storage.voices import VoiceMemory
from tests.voices import MODEL, Speakers, add

SHOW = "the-show"


@pytest.fixture
def memory(ledger_url: str) -> Iterator[VoiceMemory]:
    """Twelve episodes with a host and a guest each; guests say who they are in every other one, and two are one person."""
    engine = open_database(ledger_url)
    memory, people = VoiceMemory(engine), Speakers()
    for number in range(12):
        Episodes(engine).remember(Episode(id=f"ep_{number}", title=f"Number {number}", show="The Show"))
        kept = add(memory, number, people.episode("Ann", f"guest {number}"))
        guest = NameCandidate(name=f"Zoë Gast {number}", source="self_introduction", confidence=0.8) if number % 2 else None
        host = NameCandidate(name="Ann Lee" if number else "Dr. Ann", source="introduction", confidence=0.5)
        memory.note_heard({kept["Ann"].id: host, kept[f"guest {number}"].id: guest})
    guests = memory.of_show(SHOW)[1:]
    merge_voices(memory, guests[4].id, [guests[6].id])
    rename_voice(memory, guests[2].id, "Bob Guest")
    yield memory
    engine.dispose()


def test_they_are_those_of_the_memory_in_its_order_with_its_names(memory: VoiceMemory) -> None:
    """Also those that are known from another show, and have no name of their own."""
    set_sources(memory, "other", ["The Show"])
    people = Speakers()
    people.episode("Ann", "guest 0")  # as in the first show
    add(memory, "abroad", people.episode("Ann", "guest 1", "a stranger"), show="Other")
    for show in (SHOW, "other"):
        known = memory.of_show(show)
        listed = list_voices(memory.engine, show, limit=None).items
        assert [(voice.id, voice.show, voice.episodes) for voice in listed] == [(v.id, show, len(v.episodes)) for v in known]
        assert [voice.name for voice in listed] == [name_of_voice(voice) for voice in known]
        for voice, told in zip(known, listed, strict=True):
            assert [part.id for part in told.heard_in] == [sample.episode_id for sample in voice.samples]
            assert (told.seconds, told.models) == (sum(sample.seconds for sample in voice.samples), (MODEL,))
    names = {voice.name and voice.name.name for voice in list_voices(memory.engine, "other").items}
    assert names == {"Ann Lee", "Zoë Gast 1", None}


def test_pages_follow_each_other(memory: VoiceMemory) -> None:
    """Each voice is on one of them."""
    every = [voice.id for voice in list_voices(memory.engine, SHOW, limit=None).items]
    found, after = list[str](), None
    for _ in range(4):
        page = list_voices(memory.engine, SHOW, after=after, limit=3)
        found += [voice.id for voice in page.items]
        after = page.next
    assert after is None
    assert found == every
    assert len(every) == 12


@pytest.mark.parametrize("after", ["nonsense", "WzEuMCwibm9uc2Vuc2UiXQ"])
def test_what_is_no_place_of_a_page_is_refused(after: str, memory: VoiceMemory) -> None:
    """Neither text that is none, nor the place of another list."""
    with pytest.raises(OptionError, match="not the place of a page"):
        list_voices(memory.engine, SHOW, after=after)


def test_voices_are_found_by_a_piece_of_their_name_or_the_beginning_of_their_id(memory: VoiceMemory) -> None:
    """In any case, without accents, on pages; what an episode says counts only where the voice is called so."""
    named = [voice.name.name for voice in list_voices(memory.engine, SHOW, query="ZOE gast").items if voice.name is not None]
    assert sorted(named) == [f"Zoë Gast {number}" for number in (1, 11, 3, 5, 7, 9)]
    first = list_voices(memory.engine, SHOW, query="zoë", limit=4)
    second = list_voices(memory.engine, SHOW, query="zoë", limit=4, after=first.next)
    assert (len(first.items), len(second.items), second.next) == (4, 2, None)
    (ann,) = list_voices(memory.engine, SHOW, query="lee").items
    assert list_voices(memory.engine, SHOW, query=ann.id[:8]).items == (ann,)
    assert list_voices(memory.engine, SHOW, query="nobody").items == ()
    assert [voice.name and voice.name.name for voice in list_voices(memory.engine, SHOW, query="bob").items] == ["Bob Guest"]


def test_of_each_only_the_latest_episodes_are_told(memory: VoiceMemory) -> None:
    """And how many there are."""
    ann = list_voices(memory.engine, SHOW, latest=2).items[0]
    assert (ann.episodes, [part.title for part in ann.heard_in]) == (12, ["Number 10", "Number 11"])
    assert len(find_voice(memory.engine, ann.id).heard_in) == 12
    with pytest.raises(NotFound):
        find_voice(memory.engine, "0123")
