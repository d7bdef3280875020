"""The memory of voices: what episodes contribute, what people change, and what is forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.blobs import FolderBlobs
from storage.database import open_database
from storage.documents import NameCandidate
from storage.errors import NotFound, OptionError
from storage.ledger import Ledger
from storage.orphans import in_use
from storage.person_names import joined, name_of_voice, same_person
from storage.shows import show_key
from storage.voice_changes import forget_samples, merge_voices, rename_voice, samples_to_forget, split_voice
from storage.voiceless import remove_embeddings
from storage.voices import VoiceMemory
from tests.voices import Speakers, add


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """Open a ledger, in SQLite and in PostgreSQL."""
    opened = open_database(ledger_url)
    yield opened
    opened.dispose()


@pytest.fixture
def memory(engine: Engine) -> VoiceMemory:
    """Return an empty memory."""
    return VoiceMemory(engine)


def said(name: str, confidence: float = 0.9) -> NameCandidate:
    return NameCandidate(name=name, source="self_introduction", confidence=confidence)


# -------------------------------------------------------------- what episodes contribute


def test_hosts_emerge_by_recurrence_and_guests_stay_alone(memory: VoiceMemory) -> None:
    """Nobody said who the hosts are: they are the voices that come back."""
    people = Speakers()
    for number in range(8):
        add(memory, number, people.episode("Ann", "Bob", f"guest {number}"))
    voices = memory.of_show("The Show")
    assert [len(voice.episodes) for voice in voices] == [8, 8, *[1] * 8]


def test_who_joins_a_show_late_is_known_from_the_second_time_on(memory: VoiceMemory) -> None:
    """However many guests came once before; a host is not outvoted by the past."""
    people = Speakers()
    for number in range(25):
        add(memory, number, people.episode("Ann", f"guest {number}"))
    first, *later = [add(memory, 25 + number, people.episode("Ann", "Bob"))["Bob"] for number in range(4)]
    assert first.score is None
    assert {sample.voice_id for sample in later} == {first.voice_id}


def test_an_unknown_guest_is_matched_with_nobody(memory: VoiceMemory) -> None:
    """A new voice has no score; one that was known has."""
    people = Speakers()
    for number in range(4):
        add(memory, number, people.episode("Ann", "Bob"))
    kept = add(memory, "new", people.episode("Ann", "Cleo"))
    assert kept["Cleo"].score is None
    assert (kept["Ann"].score or 0) > 0.99
    assert kept["Cleo"].voice_id not in {voice.id for voice in memory.of_show("The Show") if len(voice.episodes) > 1}


def test_an_episode_that_is_remembered_twice_counts_once(memory: VoiceMemory) -> None:
    """Nothing changes, not even ids: transcripts name them."""
    people = Speakers()
    add(memory, 1, people.episode("Ann", "Bob"))
    second = people.episode("Ann", "Bob")
    first_time, again = add(memory, 2, second), add(memory, 2, second)
    assert {label: sample.id for label, sample in first_time.items()} == {label: sample.id for label, sample in again.items()}
    assert sorted(len(voice.episodes) for voice in memory.of_show("The Show")) == [2, 2]


def test_an_episode_that_is_diarized_anew_replaces_what_it_contributed(memory: VoiceMemory) -> None:
    """The same people are the same voices, under the same ids; those who are there no more leave nothing."""
    people = Speakers()
    one = people.episode("Ann", "Bob", "Cleo")
    before = add(memory, 1, one)
    fewer = replace(one, turns=one.turns[:2], embeddings={who: tuple(people.heard(who).tolist()) for who in ("Ann", "Bob")})
    after = add(memory, 1, fewer)
    assert {label: sample.id for label, sample in after.items()} == {who: before[who].id for who in ("Ann", "Bob")}
    assert len(memory.of_show("The Show")) == 2


def test_two_speakers_whom_a_person_made_one_stay_two_samples_of_it(memory: VoiceMemory) -> None:
    """The diarizer had cut one person in two; so it does again, a little otherwise."""
    people = Speakers()
    kept = add(memory, 1, people.episode("Ann", "Bob"))
    merge_voices(memory, kept["Ann"].voice_id, [kept["Bob"].voice_id])
    again = add(memory, 1, people.episode("Ann", "Bob"))
    assert {sample.voice_id for sample in again.values()} == {kept["Ann"].voice_id}
    assert {sample.id for sample in again.values()} == {sample.id for sample in kept.values()}


def test_episodes_at_the_same_time_lose_nothing_of_each_other(memory: VoiceMemory) -> None:
    """Both hosts are two voices afterwards, with all episodes, however the twelve came in."""
    people = Speakers()
    episodes = [people.episode("Ann", "Bob") for _ in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda item: add(memory, *item), enumerate(episodes)))
    assert [len(voice.episodes) for voice in memory.of_show("The Show")] == [12, 12]


def test_voices_of_another_show_are_never_compared(memory: VoiceMemory) -> None:
    """The same person on two shows is two voices."""
    people = Speakers()
    for number in range(3):
        add(memory, number, people.episode("Ann", "Bob"))
    kept = add(memory, "other", people.episode("Ann", "Bob"), show="Another Show")
    assert {sample.score for sample in kept.values()} == {None}
    assert len(memory.of_show("Another Show")) == 2


def test_embeddings_of_different_models_are_never_compared(memory: VoiceMemory) -> None:
    """Even where they have the same size, and are equal."""
    people = Speakers()
    episode = people.episode("Ann", "Bob")
    add(memory, 1, episode)
    kept = add(memory, 2, episode, model="resemblyzer other.pt 4567")
    assert {sample.score for sample in kept.values()} == {None}


def test_who_says_but_a_few_words_is_not_remembered(memory: VoiceMemory) -> None:
    """Four seconds tell little of a voice."""
    people = Speakers()
    assert add(memory, 1, people.episode("Ann", "Bob", seconds=4.0)) == {}


def test_without_a_show_nothing_is_remembered(memory: VoiceMemory) -> None:
    """There is nothing to belong to."""
    assert add(memory, 1, Speakers().episode("Ann"), show="—") == {}
    assert memory.shows() == ()


def test_a_show_is_known_by_its_title_however_it_is_written(memory: VoiceMemory) -> None:
    """Case, width, marks and spaces do not count; accents do."""
    assert show_key("The  Show!") == show_key("the show") == show_key("Ｔｈｅ Show") == "the-show"
    assert show_key("Café") != show_key("Cafe")
    assert show_key("…") is None
    add(memory, 1, Speakers().episode("Ann"))
    assert len(memory.of_show("THE SHOW")) == 1
    assert memory.shows()[0].title == "The Show"


# -------------------------------------------------------------- names


def test_a_voice_is_called_what_its_episodes_agree_on(memory: VoiceMemory) -> None:
    """The fullest form of it, surer than each alone; what one episode says counts not for itself."""
    people = Speakers()
    for number, heard in enumerate(["Nathan", "Nathan Lambert", None]):
        kept = add(memory, number, people.episode("Nathan"))
        memory.note_heard({kept["Nathan"].id: said(heard) if heard else None})
    (voice,) = memory.of_show("The Show")
    name = name_of_voice(voice)
    assert name is not None
    assert (name.name, name.source) == ("Nathan Lambert", "voice")
    assert name.confidence == pytest.approx(0.99)
    alone = name_of_voice(voice, without="ep_1")
    assert alone is not None
    assert alone.name == "Nathan"


def test_episodes_that_disagree_give_a_voice_no_name(memory: VoiceMemory) -> None:
    """Until a person does."""
    people = Speakers()
    for number, name in enumerate(["Ann Lee", "Bea Fox"]):
        kept = add(memory, number, people.episode("Who"))
        memory.note_heard({kept["Who"].id: said(name)})
    (voice,) = memory.of_show("The Show")
    assert name_of_voice(voice) is None
    named = rename_voice(memory, voice.id, "  Ann   Lee ")
    assert name_of_voice(named) == NameCandidate(name="Ann Lee", source="people", confidence=1.0)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\x00b", "a\u202eb"])
def test_what_is_no_name_is_refused(memory: VoiceMemory, name: str) -> None:
    """Nothing changes."""
    kept = add(memory, 1, Speakers().episode("Ann"))
    with pytest.raises(OptionError):
        rename_voice(memory, kept["Ann"].voice_id, name)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Nathan", "Nathan Lambert", True),
        ("lambert", "Nathan Lambert", True),
        ("Dr. Nathan Lambert", "NATHAN LAMBERT", True),
        ("Nathan Lambert", "Nathan P. Lambert", True),
        ("José García", "Jose Garcia", True),
        ("Anna-Lena Fischer", "Anna Lena Fischer", True),
        ("Nathan Lambert", "Nathan Brand", False),
        ("Ann", "Anna", False),
        ("", "Anna", False),
        ("Dr.", "Anna", False),
    ],
)
def test_names_are_compared_as_people_mean_them(one: str, other: str, *, same: bool) -> None:
    """In both directions."""
    assert same_person(one, other) is same_person(other, one) is same


def test_a_first_name_that_fits_two_speaks_for_neither() -> None:
    """`Anna` may be Anna Lee or Anna Fox."""
    found = joined([said("Anna Lee", 0.7), said("Anna Fox", 0.7), said("Anna", 0.9)])
    assert {candidate.name: candidate.confidence for candidate in found} == {"Anna Lee": 0.7, "Anna Fox": 0.7}


# -------------------------------------------------------------- what people change


def test_a_person_s_name_stays_with_the_voice_in_later_episodes(memory: VoiceMemory) -> None:
    """It is the voice that has it."""
    people = Speakers()
    first = add(memory, 1, people.episode("Ann", "Bob"))
    rename_voice(memory, first["Ann"].voice_id, "Ann Lee")
    later = add(memory, 2, people.episode("Bob", "Ann"))
    assert memory.by_sample([later["Ann"].id])[later["Ann"].id].name == "Ann Lee"


def test_merged_voices_are_one_and_what_was_split_is_two(memory: VoiceMemory) -> None:
    """A merged voice keeps a name; what was split off has none yet."""
    people = Speakers()
    one = add(memory, 1, people.episode("Ann"))["Ann"]
    other = add(memory, 2, people.episode("Bob"))["Bob"]
    rename_voice(memory, other.voice_id, "Ann Lee")
    merged = merge_voices(memory, one.voice_id, [other.voice_id, one.voice_id])
    assert (merged.name, merged.episodes) == ("Ann Lee", ("ep_1", "ep_2"))
    made = split_voice(memory, merged.id, ["ep_2", "ep_9"])
    assert (made.name, made.episodes) == (None, ("ep_2",))
    assert memory.get(merged.id).episodes == ("ep_1",)


def test_what_makes_no_sense_changes_nothing(memory: VoiceMemory) -> None:
    """Each says what is wrong."""
    people = Speakers()
    one = add(memory, 1, people.episode("Ann"))["Ann"]
    other = add(memory, 2, people.episode("Bob"), show="Another")["Bob"]
    with pytest.raises(OptionError, match="two shows"):
        merge_voices(memory, one.voice_id, [other.voice_id])
    with pytest.raises(OptionError, match="all the episodes"):
        split_voice(memory, one.voice_id, ["ep_1"])
    with pytest.raises(NotFound, match="none of these episodes"):
        split_voice(memory, one.voice_id, ["ep_2"])
    with pytest.raises(NotFound):
        rename_voice(memory, "ffff", "Ann")
    assert [len(memory.of_show(show)) for show in ("The Show", "Another")] == [1, 1]


# -------------------------------------------------------------- what is forgotten


def test_what_an_episode_contributed_can_be_forgotten(memory: VoiceMemory) -> None:
    """The voice is as if it had never been; one that has nothing left is gone."""
    people = Speakers()
    add(memory, 1, people.episode("Ann", "Bob"))
    add(memory, 2, people.episode("Ann", "Cleo"))
    forget_samples(memory, samples_to_forget(memory, "The Show", episodes=["ep_2"]))
    assert [voice.episodes for voice in memory.of_show("The Show")] == [("ep_1",), ("ep_1",)]


def test_forgetting_a_show_forgets_its_recordings_and_no_others(memory: VoiceMemory, engine: Engine, tmp_path: Path) -> None:
    """A recording that another voice has as well stays; recordings that are kept are no orphans."""
    blobs, people = FolderBlobs(tmp_path / "blobs"), Speakers()
    here, there = add(memory, 1, people.episode("Ann"))["Ann"], add(memory, 2, people.episode("Ann"), show="Another")["Ann"]
    mine, both = blobs.put(b"mine"), blobs.put(b"both")
    for sample, clip in ((here, mine), (here, both), (there, both), (here, both)):
        memory.add_clip(sample.id, clip)
    assert memory.by_sample([here.id])[here.id].samples[0].clips == (mine, both)
    assert in_use(engine, blobs) == {mine, both}
    assert forget_samples(memory, samples_to_forget(memory, "the show")) == {mine}
    assert memory.of_show("The Show") == ()
    assert len(memory.of_show("Another")) == 1


def test_embeddings_go_from_what_diarizing_left_behind(engine: Engine, memory: VoiceMemory, tmp_path: Path) -> None:
    """Those of the speakers that are forgotten, and the old result with them; turns stay."""
    blobs, ledger = FolderBlobs(tmp_path / "blobs"), Ledger(engine)
    kept = add(memory, 1, Speakers().episode("Speaker 1", "Speaker 2"))
    old = blobs.put(json.dumps({"turns": [1, 2], "embeddings": {"Speaker 1": [0.5], "Speaker 2": [0.25]}}).encode())
    job = ledger.open_job("ep_1", "options", "Title")
    ledger.commit(ledger.claim(job.id, "diarize", 0, "key", "me"), old)
    assert remove_embeddings(engine, blobs, [kept["Speaker 1"]]) == 1
    new = ledger.finished("key")
    assert new is not None
    assert json.loads(blobs.read(new)) == {"turns": [1, 2], "embeddings": {"Speaker 2": [0.25]}}
    assert not blobs.has(old)
    assert remove_embeddings(engine, blobs, [kept["Speaker 1"]]) == 0
