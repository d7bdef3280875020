"""Decoding: every kind of file lands on the timeline that players show, and bad ones say what is wrong."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from jobs.audio import Decoded, DecodeLimits, decode
from jobs.pcm import Pcm
from storage.errors import BrokenAudio, Cancelled, NotAudio, SourceError, TooLarge
from tests.recordings import Sound, add_stream, feed, music, mux, noise, onset, silence, tone, write_audio

REPOSITORY = Path(__file__).resolve().parent.parent
RNG_SEED = 1


def heard(source: Path, demuxer: str | None = None) -> tuple[Decoded, npt.NDArray[np.float32]]:
    """Decode a file and return its samples as well."""
    wav = source.with_name("decoded.wav")
    decoded = decode(source, wav, demuxer=demuxer)
    with Pcm(wav) as pcm:
        assert pcm.samples == decoded.samples
        return decoded, pcm.read(0, pcm.duration)


def beep(rate: int = 48_000) -> Sound:
    """Return one second of tone between one of silence and half a second."""
    return np.concatenate([silence(1, rate), tone(1, rate, hertz=1000), silence(0.5, rate)])


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".ogg", ".opus", ".webm", ".flac", ".wav", ".mka"])
def test_a_sound_keeps_its_place_in_every_container(tmp_path: Path, suffix: str) -> None:
    """Encoder delay is cut off wherever the container declares it."""
    decoded, samples = heard(write_audio(tmp_path / f"a{suffix}", beep()))
    assert onset(samples) == pytest.approx(1.0, abs=0.002)
    assert decoded.duration - onset(samples[::-1]) == pytest.approx(2.0, abs=0.002)
    # AAC rounds the end up to a whole frame of 1024 samples
    assert decoded.duration == pytest.approx(2.5, abs=0.022 if suffix == ".m4a" else 0.002)
    assert decoded.warnings == ()


@pytest.mark.parametrize("suffix", [".aac", ".ts"])
def test_where_no_delay_is_declared_a_sound_is_one_frame_late_at_most(tmp_path: Path, suffix: str) -> None:
    """The clock of a transport stream begins anywhere; position 0 is where it begins."""
    _, samples = heard(write_audio(tmp_path / f"a{suffix}", beep()))
    assert onset(samples) == pytest.approx(1.0, abs=0.022)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 96_000])
def test_any_sample_rate_becomes_16_khz(tmp_path: Path, rate: int) -> None:
    """Pitch and length stay."""
    decoded, samples = heard(write_audio(tmp_path / "a.wav", tone(2, rate, hertz=1000), rate))
    assert decoded.duration == 2.0
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) / 2 == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("layout", ["stereo", "quad", "5.1"])
def test_mixing_down_full_scale_channels_does_not_clip(tmp_path: Path, layout: str) -> None:
    """The same loud tone in every channel keeps its shape and its level."""
    channels = {"stereo": 2, "quad": 4, "5.1": 6}[layout]
    sound = np.stack([tone(1, level=0.95)] * channels)
    _, samples = heard(write_audio(tmp_path / "a.wav", sound, layout=layout))
    assert np.abs(samples).max() == pytest.approx(0.95, abs=0.01)
    spectrum = np.abs(np.fft.rfft(samples[4000:12_000]))
    # clipping would bring overtones
    assert np.delete(spectrum, range(215, 226)).max() < 0.01 * spectrum.max()


def test_a_voice_on_one_channel_is_heard(tmp_path: Path) -> None:
    """Neither channel is dropped."""
    _, samples = heard(write_audio(tmp_path / "a.wav", np.stack([silence(1), tone(1, level=0.8)])))
    assert np.abs(samples).max() == pytest.approx(0.4, abs=0.01)


def test_files_joined_at_different_sample_rates_play_on(tmp_path: Path) -> None:
    """As hosts join advertisements and episode; each piece keeps pitch and length."""
    first = write_audio(tmp_path / "1.mp3", tone(2, 44_100, hertz=500), 44_100).read_bytes()
    second = write_audio(tmp_path / "2.mp3", tone(2, 22_050, hertz=1000), 22_050).read_bytes()
    (tmp_path / "joined.mp3").write_bytes(first + second)
    decoded, samples = heard(tmp_path / "joined.mp3")
    # each further piece brings its header and its padding with it
    assert decoded.duration == pytest.approx(4.0, abs=0.15)
    for start, hertz in ((0.5, 500), (2.75, 1000)):
        piece = samples[round(start * 16_000) :][:16_000]
        assert np.argmax(np.abs(np.fft.rfft(piece))) == pytest.approx(hertz, abs=2)
    assert decoded.warnings == ()


def test_ten_joined_pieces_give_no_warning_of_damage(tmp_path: Path) -> None:
    """The tag in front of each piece is not audio that was lost."""
    piece = write_audio(tmp_path / "1.mp3", tone(1, 44_100), 44_100, tags={"title": "Piece"}).read_bytes()
    (tmp_path / "joined.mp3").write_bytes(piece * 10)
    decoded, _ = heard(tmp_path / "joined.mp3")
    assert decoded.duration == pytest.approx(10, abs=0.75)
    assert "audio_damaged" not in {notice.code for notice in decoded.warnings}


def write_with_gap(path: Path, seconds: float) -> Path:
    """Write a tone, leave the time stamps out for a while, and write another."""
    with av.open(str(path), "w") as container:
        stream = add_stream(container, "pcm_s16le", tone(1), 48_000)
        feed(container, stream, tone(1), 48_000)
        mux(container, stream, tone(1, hertz=1000), 48_000, start=1 + seconds)
    return path


def test_a_gap_of_the_time_stamps_becomes_silence(tmp_path: Path) -> None:
    """What follows keeps its place, and a notice says how much is missing."""
    decoded, samples = heard(write_with_gap(tmp_path / "a.mka", 25))
    assert decoded.duration == pytest.approx(27, abs=0.002)
    assert onset(samples[20_000:]) == pytest.approx(26 - 1.25, abs=0.002)
    assert decoded.lost == pytest.approx(25, abs=0.002)
    assert [notice.code for notice in decoded.warnings] == ["audio_gaps"]


def test_a_clock_set_anew_does_not_fill_the_disk(tmp_path: Path) -> None:
    """A leap of hours is no silence of hours."""
    decoded, _ = heard(write_with_gap(tmp_path / "a.mka", 50_000))
    assert decoded.duration == pytest.approx(2, abs=0.002)


def test_the_sound_of_a_video_starts_where_it_starts(tmp_path: Path) -> None:
    """The picture begins first; players show 0 where it does."""
    path = tmp_path / "video.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 32
        audio = add_stream(container, "pcm_s16le", tone(1), 48_000)
        for _ in range(30):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            for packet in video.encode(picture):
                container.mux(packet)
        for packet in video.encode(None):
            container.mux(packet)
        mux(container, audio, tone(1), 48_000, start=1.5)
    decoded, samples = heard(path)
    assert onset(samples) == pytest.approx(1.5, abs=0.002)
    assert decoded.duration == pytest.approx(2.5, abs=0.002)
    assert decoded.lost == 0


def damaged(path: Path, share: float = 0.1) -> Path:
    """Overwrite the middle of a file with random bytes."""
    data = bytearray(path.read_bytes())
    count = round(len(data) * share)
    middle = len(data) // 2
    data[middle : middle + count] = np.random.default_rng(RNG_SEED).integers(0, 256, count, dtype=np.uint8).tobytes()
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("suffix", [".m4a", ".flac", ".opus", ".ogg", ".ts"])
def test_damage_in_the_middle_costs_only_itself(tmp_path: Path, suffix: str) -> None:
    """What comes after it keeps its place; a notice tells of the loss."""
    sound = np.concatenate([noise(10, level=0.1), tone(1, hertz=1000, level=0.9), silence(1)])
    decoded, samples = heard(damaged(write_audio(tmp_path / f"a{suffix}", sound)))
    assert decoded.duration == pytest.approx(12, abs=0.06)
    assert onset(samples[9 * 16_000 :], 0.7) == pytest.approx(1, abs=0.06)
    assert 0.1 < decoded.lost < 4
    assert {notice.code for notice in decoded.warnings} & {"audio_damaged", "audio_gaps"}


def test_a_damaged_mp3_says_that_it_falls_short(tmp_path: Path) -> None:
    """Nothing in an MP3 tells the time inside it, so players skip what is broken, and the header gives the loss away."""
    decoded, _ = heard(damaged(write_audio(tmp_path / "a.mp3", noise(15))))
    assert 12 < decoded.duration < 14.8
    assert {notice.code for notice in decoded.warnings} == {"audio_damaged", "audio_truncated"}


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".wav", ".webm"])
def test_a_file_cut_off_is_decoded_as_far_as_it_goes(tmp_path: Path, suffix: str) -> None:
    """With a notice that names both lengths."""
    path = write_audio(tmp_path / f"a{suffix}", noise(10))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    decoded, samples = heard(path)
    assert 5 < decoded.duration < 7
    assert np.abs(samples[-4000:]).max() > 0.05
    assert [notice.code for notice in decoded.warnings] == ["audio_truncated"]
    assert "10.0 s" in decoded.warnings[0].message
    assert f"{decoded.duration:.1f} s" in decoded.warnings[0].message


def test_surround_of_odd_channel_counts_is_mixed_down(tmp_path: Path) -> None:
    """Also where no layout says which channel is which."""
    for channels in (3, 7, 10):
        decoded, samples = heard(raw_wav(tmp_path / "a.wav", channels, 16_000))
        assert decoded.probe.channels == channels
        assert decoded.duration == 1
        assert np.abs(samples).max() > 0.01


@pytest.mark.parametrize(("channels", "rate"), [(64, 16_000), (1, 1), (1, 900), (2, 2**31 - 1)])
def test_a_header_that_makes_no_sense_is_broken_audio(tmp_path: Path, channels: int, rate: int) -> None:
    """Before the resampler asks for gigabytes."""
    with pytest.raises(BrokenAudio, match=r"a\.wav"):
        decode(raw_wav(tmp_path / "a.wav", channels, rate), tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def raw_wav(path: Path, channels: int, rate: int) -> Path:
    """Write 16,000 frames of noise under any header."""
    data = np.random.default_rng(RNG_SEED).integers(-9000, 9000, (16_000, channels), dtype=np.int16).tobytes()
    layout = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2 % 2**32, channels * 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16)
    path.write_bytes(head + layout + b"data" + struct.pack("<I", len(data)) + data)
    return path


def test_an_mp4_with_its_index_in_front_is_decoded_as_far_as_it_goes(tmp_path: Path) -> None:
    """As most hosts write them."""
    path = tmp_path / "a.m4a"
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        mux(container, add_stream(container, "aac", noise(10), 48_000), noise(10), 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    decoded, _ = heard(path)
    assert 4 < decoded.duration < 7
    assert "audio_truncated" in {notice.code for notice in decoded.warnings}


@pytest.mark.parametrize("demuxer", ["mp3", "aac"])
def test_a_reader_forced_onto_zeros_finds_nothing(tmp_path: Path, demuxer: str) -> None:
    """No file is left where nothing could be decoded."""
    path = tmp_path / "a.mp3"
    path.write_bytes(bytes(5000))
    with pytest.raises((BrokenAudio, NotAudio), match=r"a\.mp3"):
        decode(path, tmp_path / "out" / "a.wav", demuxer=demuxer)
    assert list(tmp_path.rglob("*.wav")) == []


def test_headers_without_sound_are_broken_audio(tmp_path: Path) -> None:
    """A FLAC that ends after its first block."""
    path = write_audio(tmp_path / "a.flac", tone(1))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BrokenAudio, match=r"a\.flac"):
        decode(path, tmp_path / "a.wav")
    assert [file.name for file in tmp_path.iterdir()] == ["a.flac"]


def test_a_forced_reader_decodes_what_its_name_says(tmp_path: Path) -> None:
    """As the first bytes told `fetch`, whatever the file is called."""
    path = write_audio(tmp_path / "a.mp3", tone(1)).rename(tmp_path / "download.bin")
    assert heard(path, "mp3")[0].duration == pytest.approx(1.0, abs=0.002)


def test_too_long_is_refused_before_the_disk_fills(tmp_path: Path) -> None:
    """The error names the limit, and nothing is left."""
    path = write_audio(tmp_path / "a.flac", silence(30, 8000), 8000)
    with pytest.raises(TooLarge, match=r"0\.005 hours"):
        decode(path, tmp_path / "a.wav", limits=DecodeLimits(max_seconds=18))
    assert [file.name for file in tmp_path.iterdir()] == ["a.flac"]


@pytest.mark.parametrize("error", [Cancelled("Stopped."), KeyboardInterrupt()])
def test_stopping_from_progress_leaves_no_half_file(tmp_path: Path, error: BaseException) -> None:
    """A person's cancel and Ctrl-C alike."""

    def stop(seconds: float) -> None:
        assert seconds == 10.24
        raise error

    path = write_audio(tmp_path / "a.flac", silence(30, 8000), 8000)
    with pytest.raises(type(error)):
        decode(path, tmp_path / "a.wav", progress=stop)
    assert [file.name for file in tmp_path.iterdir()] == ["a.flac"]


def test_listeners_and_progress_follow_the_whole_recording(tmp_path: Path) -> None:
    """Block by block, in order, the same samples as on disk."""
    blocks: list[npt.NDArray[np.int16]] = []
    seconds: list[float] = []
    path = write_audio(tmp_path / "a.flac", np.concatenate([music(20, 16_000), noise(5, 16_000)]), 16_000)
    decode(path, tmp_path / "a.wav", progress=seconds.append, listeners=[blocks.append])
    with Pcm(tmp_path / "a.wav") as pcm:
        assert np.array_equal(np.concatenate(blocks), pcm.read_pcm(0, 25))
    assert seconds == [10.24, 20.48, 25.0]


def test_decoding_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """So that a result can be named by its content."""
    path = write_audio(tmp_path / "a.mp3", np.concatenate([music(3), noise(3)]))
    decode(path, tmp_path / "1.wav")
    decode(path, tmp_path / "2.wav")
    assert (tmp_path / "1.wav").read_bytes() == (tmp_path / "2.wav").read_bytes()


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """A real limit on the size of files, in a process of its own; a second try with room succeeds."""
    path = write_audio(tmp_path / "a.flac", silence(60, 8000), 8000)
    (tmp_path / "a.wav").write_text("old")
    script = """
import resource, sys
from pathlib import Path
from jobs.audio import decode
from storage.errors import StorageFull
source, wav = map(Path, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
try:
    decode(source, wav)
except StorageFull as error:
    print("full", wav.read_text(), sorted(file.name for file in wav.parent.iterdir()))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(decode(source, wav).duration)
"""
    command = [sys.executable, "-c", script, str(path), str(tmp_path / "a.wav")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "full old ['a.flac', 'a.wav']\n60.0\n"


def explained(source: Path, wav: Path) -> SourceError | None:
    """Return the error of ours that decoding ends in, if any."""
    try:
        decode(source, wav)
    except (BrokenAudio, NotAudio) as error:
        return error
    return None


@pytest.mark.parametrize("make", [lambda data: data[::-1], lambda data: data[1000:], lambda data: data[:300] + data])
def test_nonsense_either_decodes_or_is_explained(tmp_path: Path, make: Callable[[bytes], bytes]) -> None:
    """Only errors of ours come out."""
    for suffix in (".mp3", ".m4a", ".flac", ".opus", ".webm", ".wav"):
        path = write_audio(tmp_path / f"a{suffix}", noise(2))
        path.write_bytes(make(path.read_bytes()))
        problem = explained(path, tmp_path / "out.wav")
        assert problem is None or (path.name in problem.message and problem.hint)
