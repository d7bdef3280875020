"""The publisher's clean audio against a file with more or less in it, as really encoded audio of the example."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jobs.audio import decode
from jobs.chapters.reference_audio import Compared, compare
from jobs.landmarks import LandmarkMeter, Landmarks, landmarks_of
from jobs.pcm import Pcm, Pcm16
from tests.recordings import DATA, Sound, noise, silence, write_audio
from tests.workshop import EXAMPLES

RATE = 16_000
STEP = 0.7
"""Seconds within which the place of a cut is found."""


def samples_of(path: Path, folder: Path) -> Sound:
    """Return a recording at 16 kHz."""
    decode(path, folder / "decoded.wav")
    with Pcm(folder / "decoded.wav") as pcm:
        return pcm.read(0, 1e6)


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    return samples_of(EXAMPLES / "episode.mp3", tmp_path_factory.mktemp("episode"))


@pytest.fixture(scope="module")
def adverts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sound, Sound]:
    """Return 10 and 21 s of other speech."""
    other = samples_of(DATA / "two_sentences.mp3", tmp_path_factory.mktemp("adverts"))
    return other, np.concatenate([other, other])[::-1].copy()


def landmarks(sound: Sound, path: Path, *, kbits: int = 128) -> Landmarks:
    """Encode a sound, decode it, and take its fingerprint on the way, as the step does."""
    write_audio(path, sound, RATE, bit_rate=1000 * kbits)
    meter = LandmarkMeter()
    decode(path, path.with_suffix(".wav"), listeners=(meter.feed,))
    return meter.finish()


def pieces(*parts: Sound) -> Sound:
    return np.concatenate(parts)


def cut(sound: Sound, start: float, end: float | None = None) -> Sound:
    return sound[round(start * RATE) : None if end is None else round(end * RATE)]


def found(compared: Compared | None) -> Compared:
    assert compared is not None
    assert compared.offsets.method == "reference_audio"
    return compared


@pytest.mark.parametrize("kbits", [128, 64, 32])
def test_ads_are_found_in_a_quieter_and_poorer_encoding(
    kbits: int, episode: Sound, adverts: tuple[Sound, Sound], tmp_path: Path
) -> None:
    """The offsets are exact to hundredths, the inserted stretches to the blur of a cut, and what is beside them is trusted."""
    first, second = adverts
    file = pieces(first, cut(episode, 0, 60), second, cut(episode, 60))
    offsets = found(
        compare(landmarks(episode, tmp_path / "clean.mp3"), landmarks(0.4 * file, tmp_path / "ads.mp3", kbits=kbits), None)
    ).offsets
    before, behind = len(first) / RATE, (len(first) + len(second)) / RATE
    assert offsets.apply(30) == pytest.approx(30 + before, abs=0.05)
    assert offsets.apply(60) == pytest.approx(60 + behind, abs=STEP)
    assert offsets.apply(150) == pytest.approx(150 + behind, abs=0.05)
    lead, ad = offsets.inserted
    assert (lead.start, lead.end) == pytest.approx((0, before), abs=0.05)
    assert (ad.start, ad.end) == pytest.approx((60 + before, 60 + behind), abs=STEP)
    assert offsets.cut == ()
    assert min(offsets.certainty(t) for t in (5, 55, 65, 200)) > 0.99


def test_the_same_audio_is_left_where_it_is(episode: Sound, tmp_path: Path) -> None:
    """An encoder's delay is no insertion."""
    clean = landmarks(episode, tmp_path / "clean.mp3")
    offsets = found(compare(clean, landmarks(episode, tmp_path / "again.m4a", kbits=64), None)).offsets
    assert (offsets.inserted, offsets.cut) == ((), ())
    assert offsets.apply(100) == 100


def test_what_was_cut_is_named_on_the_publishers_clock(episode: Sound, tmp_path: Path) -> None:
    """A sponsor taken out: what follows lies earlier."""
    shorter = landmarks(pieces(cut(episode, 0, 80), cut(episode, 110)), tmp_path / "cut.mp3")
    compared = found(compare(landmarks(episode, tmp_path / "clean.mp3"), shorter, None))
    (gone,) = compared.offsets.cut
    assert (gone.start, gone.end) == pytest.approx((80, 110), abs=STEP)
    assert compared.offsets.apply(150) == pytest.approx(120, abs=0.05)
    assert compared.offsets.certainty(95) < 0.5
    assert compared.published_duration == pytest.approx(len(episode) / RATE, abs=0.01)


def test_a_second_download_with_ads_of_its_own_tells_the_publishers_clock(
    episode: Sound, adverts: tuple[Sound, Sound], tmp_path: Path
) -> None:
    """The published duration says that what only the other one has is not the publisher's."""
    first, second = adverts
    other = landmarks(pieces(cut(episode, 0, 40), second, cut(episode, 40)), tmp_path / "other.mp3")
    own = landmarks(pieces(cut(episode, 0, 120), first, cut(episode, 120)), tmp_path / "own.mp3")
    compared = found(compare(other, own, len(episode) / RATE))
    assert compared.published_duration == pytest.approx(len(episode) / RATE, abs=0.2)
    assert [compared.offsets.apply(t) for t in (20, 90)] == pytest.approx([20, 90], abs=0.05)
    assert compared.offsets.apply(180) == pytest.approx(180 + len(first) / RATE, abs=0.05)
    (ad,) = compared.offsets.inserted
    assert (ad.start, ad.end) == pytest.approx((120, 120 + len(first) / RATE), abs=STEP)


def test_another_recording_is_no_evidence(episode: Sound, adverts: tuple[Sound, Sound], tmp_path: Path) -> None:
    """Neither other speech, nor noise, nor silence, nor nothing."""
    clean = landmarks(episode, tmp_path / "clean.mp3")
    for name, sound in {"speech": pieces(*adverts), "noise": noise(40, RATE), "silence": silence(40, RATE)}.items():
        other = landmarks(sound, tmp_path / f"{name}.wav")
        assert compare(clean, other, None) is None
        assert compare(other, clean, None) is None
    empty = landmarks_of(iter(()))
    assert (empty.seconds, len(empty.hashes)) == (0, 0)
    assert compare(clean, empty, None) is None
    assert compare(empty, clean, None) is None


@pytest.mark.parametrize("block", [1, 500, 163_840, 10**7])
def test_a_fingerprint_does_not_depend_on_the_blocks_in_which_it_is_heard(block: int, episode: Sound) -> None:
    """Only on the audio; most peaks stay where chunks of frames are cut."""
    sound: Pcm16 = (32767 * cut(episode, 0, 3 if block == 1 else 100)).astype(np.int16)
    whole = landmarks_of(iter([sound]))
    parts = landmarks_of(sound[at : at + block] for at in range(0, len(sound), block))
    assert parts.seconds == whole.seconds
    assert np.array_equal(parts.hashes, whole.hashes)
    assert np.array_equal(parts.frames, whole.frames)
