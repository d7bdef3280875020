"""Who of an episode is a voice of the show: matched with rejection, one to one, by likeness that is set against strangers'."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.voices.matching import COHORT, RESEMBLYZER, SURE, UNKNOWN, expected_of, match
from jobs.voices.profile import Heard, Profile, model_key, profiles_of, unit
from jobs.voices.remember import clip_place
from storage.documents import EngineInfo, Turn
from storage.voices import Voice, VoiceSample
from tests.voices import MODEL, Speakers


def profile(name: str, *embeddings: np.ndarray, episodes: tuple[str, ...] = ()) -> Profile:
    """Return the profile of a voice that was heard so."""
    (found,) = profiles_of([voice(name, *embeddings, episodes=episodes)], MODEL)
    return found


def voice(name: str, *embeddings: np.ndarray, episodes: tuple[str, ...] = ()) -> Voice:
    """Return a voice with one sample an episode; those with a number came in that order."""
    names = episodes or tuple(f"{name}{number}" for number in range(len(embeddings)))
    whole = {"label": "Speaker 1", "seconds": 60.0, "score": None, "clips": (), "heard": None}
    samples = tuple(
        VoiceSample(
            f"s{number}", name, episode, MODEL, embedding=unit(np.asarray(e, np.float32)), **whole,  # type: ignore[arg-type]
            created_at=float(episode) if episode.isdigit() else 0.0,
        )
        for number, (episode, e) in enumerate(zip(names, embeddings, strict=True))
    )  # fmt: skip
    return Voice(name, "the-show", "The Show", None, 0.0, samples)


def speaker(label: str, embedding: np.ndarray) -> Heard:
    return Heard(label, unit(np.asarray(embedding, np.float32)), telephone=False)


def show(people: Speakers, guests: int = 6) -> list[Profile]:
    """Return a show with two hosts of five episodes and some guests of one."""
    hosts = [profile(host, *(people.heard(host) for _ in range(5)), episodes=tuple("12345")) for host in ("ann", "bob")]
    return [*hosts, *(profile(f"guest {n}", people.heard(f"guest {n}")) for n in range(guests))]


@pytest.mark.parametrize("seed", range(5))
def test_hosts_are_found_and_strangers_are_not(seed: int) -> None:
    """With how sure that is."""
    people = Speakers(seed)
    profiles = show(people)
    found = match([speaker(who, people.heard(who)) for who in ("bob", "new", "ann")], profiles, RESEMBLYZER)
    assert {label: placement.voice_id for label, placement in found.placed.items()} == {"ann": "ann", "bob": "bob"}
    assert all((placement.score or 0) >= SURE for placement in found.placed.values())


def test_of_two_halves_of_one_voice_one_is_the_voice_and_the_other_is_in_doubt() -> None:
    """It would be a second voice of the same person, so it is not kept at all."""
    people = Speakers()
    profiles = show(people)
    found = match([speaker("one", people.heard("ann")), speaker("two", people.heard("ann"))], profiles, RESEMBLYZER)
    assert [placement.voice_id for placement in found.placed.values()] == ["ann"]
    assert len(found.doubtful) == 1


def test_between_two_voices_that_were_heard_together_nobody_guesses() -> None:
    """Twins of one episode are two people; whoever is like both is neither."""
    people = Speakers()
    ann = people.heard("ann")
    twins = [profile(name, people.heard("ann", 0.1), episodes=("1",)) for name in ("twin one", "twin two")]
    found = match([speaker("who", ann)], [*twins, *show(people)[2:]], RESEMBLYZER)
    assert found.placed == {}
    assert found.doubtful == {"who"}


def test_two_voices_that_never_met_may_be_one_person_s_and_the_nearer_is_taken() -> None:
    """An earlier episode failed to match; that must not cost all later ones."""
    people = Speakers()
    parts = [profile(name, people.heard("ann", 0.15)) for name in ("part one", "part two")]
    found = match([speaker("who", people.heard("ann", 0.15))], [*parts, *show(people)[2:]], RESEMBLYZER)
    assert found.placed["who"].voice_id in {"part one", "part two"}


def test_in_a_show_of_thousands_of_voices_hosts_are_found_without_comparing_each_with_each() -> None:
    """A matrix of all pairs would take 72 MB for 3,000 voices, and six hundred for ten thousand."""
    people = Speakers()
    count = 3 * COHORT
    names = tuple(str(n) for n in range(count))
    hosts = [profile(host, *(people.heard(host) for _ in names), episodes=names) for host in ("ann", "bob")]
    guests = [profile(f"guest {n}", people.heard(f"guest {n}"), episodes=(str(n),)) for n in range(count)]
    speakers = [speaker(who, people.heard(who)) for who in ("bob", "new", "ann")]
    tracemalloc.start()
    try:
        found = match(speakers, [*hosts, *guests], RESEMBLYZER)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {label: placement.voice_id for label, placement in found.placed.items()} == {"ann": "ann", "bob": "bob"}
    assert found.doubtful == frozenset()
    assert peak < 60e6


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=1, max_size=8))
def test_since_counts_the_episodes_of_the_show_from_a_voice_s_first_on(heard: list[set[int]]) -> None:
    """Whoever was heard in them."""
    voices = [voice(f"v{n}", *(np.ones(4) for _ in some), episodes=tuple(map(str, some))) for n, some in enumerate(heard)]
    every = set().union(*heard)
    found = profiles_of(voices, MODEL)
    assert [one.since for one in found] == [sum(episode >= min(some) for episode in every) for some in heard]


def test_a_voice_that_is_always_alike_is_not_taken_for_one_that_is_less_so() -> None:
    """Its own spread says so, though no stranger of this show is as alike."""
    people = Speakers()
    steady = profile("ann", *(people.heard("ann", 0.02) for _ in range(8)))
    off = unit(people.heard("ann", 0.02) + 0.9 * unit(np.random.default_rng(3).standard_normal(64).astype(np.float32)))
    assert match([speaker("who", off)], [steady], RESEMBLYZER).placed == {}


def test_of_an_unknown_model_little_is_expected_and_much_is_asked() -> None:
    """What is alike for one model is not for another."""
    assert expected_of(MODEL) is RESEMBLYZER
    assert expected_of("somebody's 1.0") is UNKNOWN
    people = Speakers()
    assert match([speaker("ann", people.heard("ann", 0.4))], [profile("ann", people.heard("ann", 0.4))], UNKNOWN).placed == {}


def test_a_model_is_its_weights_wherever_they_run() -> None:
    """The device does not count; the weights do."""
    told = EngineInfo(name="resemblyzer", version="0.1.4", model="pretrained.pt", model_digest="ab")
    assert model_key(told) == model_key(told.model_copy(update={"device": "cuda", "version": "0.1.5"}))
    assert model_key(told) != model_key(told.model_copy(update={"model_digest": "cd"}))


def test_a_profile_tells_count_centroid_and_spread() -> None:
    """Computed from the samples of one model, without an episode if that is asked."""
    people = Speakers()
    ann = voice("ann", *(people.heard("ann") for _ in range(4)))
    (found,), (less,) = profiles_of([ann], MODEL), profiles_of([ann], MODEL, without="ann0")
    assert profiles_of([ann], "another") == ()
    assert np.linalg.norm(found.centroid) == pytest.approx(1)
    assert (len(found.episodes), len(less.episodes)) == (4, 3)
    assert found.likenesses == pytest.approx([0.95] * 4, abs=0.03)
    assert profile("one", people.heard("ann")).likenesses == ()


def test_the_more_rarely_a_voice_is_heard_the_less_sure_is_the_same_likeness() -> None:
    """Who did not come again in twenty episodes seldom will, so it takes more to be taken for her than if she has just come."""
    people = Speakers()
    ann, dan = people.heard("ann", 0.0), people.heard("dan", 0.0)
    guests = [voice(f"guest {n}", people.heard(f"guest {n}"), episodes=(str(n),)) for n in range(20)]
    voices = {"long ago": voice("ann", ann, episodes=("0",)), "just now": voice("ann", ann, episodes=("19",))}
    between = [speaker("who", (1 - share) * ann + share * dan) for share in np.linspace(0, 1, 201)]
    known = {
        when: sum(bool(match([who], profiles_of([one, *guests], MODEL), RESEMBLYZER).placed) for who in between)
        for when, one in voices.items()
    }
    assert known["just now"] > known["long ago"] > 0


def test_a_voice_that_never_met_another_is_no_rival_of_it_and_one_that_did_takes_of_its_sureness() -> None:
    """Of two people one is meant; two voices that never met may be one person's, whom an earlier episode did not know again."""
    people = Speakers()
    ann, twin = people.heard("ann", 0.1), people.heard("ann", 0.1)
    rest = show(people)[2:]
    apart = [profile("one", ann, episodes=("a",)), profile("two", twin, episodes=("b",)), *rest]
    together = [profile("one", ann, episodes=("a",)), profile("two", twin, episodes=("a",)), *rest]
    who = speaker("who", people.heard("ann", 0.1))
    assert match([who], apart, RESEMBLYZER).placed["who"].score == pytest.approx(1.0, abs=1 - SURE)
    assert match([who], together, RESEMBLYZER).doubtful == {"who"}


@given(
    st.integers(0, 4),
    st.integers(0, 6),
    st.integers(2, 8),
    st.randoms(use_true_random=False),
    st.sampled_from([RESEMBLYZER, UNKNOWN]),
)
def test_whatever_is_heard_each_speaker_is_one_voice_at_most_and_each_voice_one_speaker(
    speakers: int, voices: int, size: int, random: object, expected: object
) -> None:
    """No order of the voices changes anything, and nothing breaks on copies, zeros or opposites."""
    draw = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    choice = np.concatenate([np.eye(size), -np.eye(size), np.zeros((1, size)), draw.standard_normal((4, size))])
    heard = [speaker(f"speaker {n}", choice[draw.integers(len(choice))]) for n in range(speakers)]
    known = [profile(f"voice {n}", choice[draw.integers(len(choice))]) for n in range(voices)]
    found = match(heard, known, expected)  # type: ignore[arg-type]
    taken = [placement.voice_id for placement in found.placed.values()]
    assert len(set(taken)) == len(taken)
    assert found.placed.keys() <= {s.label for s in heard}
    assert not found.placed.keys() & found.doubtful
    assert all(0 <= (placement.score or 0) <= 1 for placement in found.placed.values())


def test_a_clip_is_cut_from_the_longest_turn_of_the_speaker() -> None:
    """Not from its very beginning if there is enough of it."""
    turns = [Turn(start=0, end=3, speaker="A"), Turn(start=3, end=30, speaker="B"), Turn(start=30, end=50, speaker="A")]
    assert clip_place(turns, "A") == (31.0, 37.0)
    assert clip_place(turns[:2], "A") == (0.0, 3.0)
    assert clip_place(turns, "C") is None
