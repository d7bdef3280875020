"""What channels do to embeddings: taken out, and those on the telephone are compared among themselves."""

from __future__ import annotations

import random

import numpy as np
import pytest

from examples.training.voice_channels import scatter, telephone_of, through_channel
from jobs.engines.protocols import SAMPLE_RATE
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.voices.channels import RESEMBLYZER_CHANNELS, Channels, channels_of
from jobs.voices.profile import heard_by, model_key, profiles_of, unit
from jobs.voices.remember import placed
from storage.voices import Embedding, NewSample, Placement, Voice, VoiceSample
from tests.voices import Speakers

with np.load(RESEMBLYZER_CHANNELS) as _kept:
    MODEL = f"resemblyzer pretrained.pt {_kept['weights']}"


@pytest.fixture
def channels() -> Channels:
    """Return what is known of the encoder that ships."""
    found = channels_of(MODEL)
    assert found is not None
    return found


def calling(embedding: Embedding, channels: Channels) -> Embedding:
    """Return what is heard of somebody on the telephone."""
    away = unit(channels.telephone)
    return unit(embedding - (embedding @ away) * away + 0.7 * away)


def sample(voice: str, episode: str, embedding: Embedding) -> VoiceSample:
    return VoiceSample(f"{voice} {episode}", voice, episode, MODEL, "Speaker 1", embedding, 60.0, None, (), None)


def voice(name: str, *embeddings: Embedding) -> Voice:
    """Return a voice that was heard so in the first episodes."""
    samples = tuple(sample(name, f"e{number}", embedding) for number, embedding in enumerate(embeddings))
    return Voice(name, "the-show", "The Show", None, 0.0, samples)


def known(voices: list[Voice], embedding: Embedding) -> Placement | None:
    """Say which voice somebody is."""
    return placed(voices, [NewSample("who", embedding, 60.0)], MODEL, "new")["who"]


def test_they_are_known_for_the_weights_that_ship_and_for_no_others() -> None:
    """Directions of one encoder mean nothing in another one's space."""
    pytest.importorskip("resemblyzer")
    assert channels_of(model_key(ResemblyzerDiarizer().info)) is not None
    assert channels_of("resemblyzer pretrained.pt 0123") is None
    assert channels_of(MODEL.replace("resemblyzer", "pyannote")) is None


def test_nothing_is_left_of_what_channels_do(channels: Channels) -> None:
    """The directions are taken out, whatever lies along them; what is left has length one."""
    draw = np.random.default_rng(1)
    embeddings = draw.standard_normal((5, channels.basis.shape[1])).astype(np.float32)
    left = channels.without(embeddings)
    moved = channels.without(embeddings + draw.standard_normal((5, len(channels.basis))) @ channels.basis)
    assert np.abs(left @ channels.basis.T).max() < 1e-5
    assert np.linalg.norm(left, axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert np.abs(left - moved).max() < 1e-5


def test_who_calls_is_no_voice_that_was_never_heard_calling(channels: Channels) -> None:
    """A telephone hides who it is: better a stranger than somebody else."""
    people = Speakers(size=256)
    host = voice("ann", *(people.heard("ann") for _ in range(5)))
    others = [voice(f"guest {n}", people.heard(f"guest {n}")) for n in range(3)]
    assert known([host, *others], people.heard("ann")) is not None
    assert known([host, *others], calling(people.heard("ann"), channels)) is None


def test_a_voice_that_a_person_made_one_with_its_call_is_known_both_ways(channels: Channels) -> None:
    """It has a profile for each, and one sureness that it comes at all."""
    people = Speakers(size=256)
    calls = [calling(people.heard("ann", 0.1), channels) for _ in range(3)]
    host = voice("ann", *(people.heard("ann") for _ in range(5)), *calls[:2])
    near, far = profiles_of([host], MODEL)
    assert (near.telephone, far.telephone) == (False, True)
    assert near.episodes == far.episodes
    assert (len(near.likenesses), len(far.likenesses)) == (5, 2)
    for heard in (people.heard("ann"), calls[2]):
        place = known([host], heard)
        assert place is not None
        assert place.voice_id == "ann"


def test_it_is_told_from_what_the_encoder_gives_not_from_what_is_left(channels: Channels) -> None:
    """Part of the telephone is among the directions that are taken out."""
    people = Speakers(size=256)
    near = people.heard("ann")
    heard = heard_by(MODEL, [NewSample("near", near, 60.0), NewSample("far", calling(near, channels), 60.0)])
    assert [speaker.telephone for speaker in heard] == [False, True]
    assert heard_by(MODEL, []) == ()


def test_what_is_learnt_is_where_voices_scatter_and_where_the_telephone_takes_them() -> None:
    """From voices in a space of known directions, whoever they are."""
    draw = np.random.default_rng(1)
    voices = draw.standard_normal((12, 1, 16)) * np.r_[np.zeros(2), np.ones(14)]
    wide = voices + draw.standard_normal((12, 6, 1)) * np.eye(16)[0]
    narrow = voices + draw.standard_normal((12, 3, 1)) * np.eye(16)[0] + 5 * np.eye(16)[1]
    basis, share = scatter(wide, narrow, 1)
    assert abs(basis[0, 0]) == pytest.approx(1, abs=1e-6)
    assert share == pytest.approx(1, abs=1e-6)
    direction, bound = telephone_of(wide, narrow)
    assert (narrow @ direction > bound).all()
    assert not (wide @ direction > bound).any()


@pytest.mark.parametrize("telephone", [False, True])
def test_channels_for_learning_keep_time_and_level(telephone: bool) -> None:
    """Whatever is drawn, and above 4 kHz a telephone has nothing."""
    speech = (0.05 * np.random.default_rng(1).standard_normal(3 * SAMPLE_RATE)).astype(np.float32)
    for seed in range(8):
        heard = through_channel(speech, random.Random(seed), telephone=telephone)
        assert abs(len(heard) - len(speech)) < SAMPLE_RATE / 10
        assert np.sqrt(np.mean(heard**2)) == pytest.approx(0.06, rel=0.1)
        power = np.abs(np.fft.rfft(heard)) ** 2
        above = power[np.fft.rfftfreq(len(heard), 1 / SAMPLE_RATE) > 4200].sum() / power.sum()
        assert above < 0.001 or not telephone
