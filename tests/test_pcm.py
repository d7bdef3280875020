"""Decoded audio on disk: whole or absent, readable at any place."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from jobs.engines.protocols import AudioSource
from jobs.pcm import MAX_SAMPLES, Pcm, PcmWriter, write_pcm
from storage.errors import CorruptBlob, NotFound, OutputError, TooLarge

RAMP = np.arange(-16_000, 16_000, dtype=np.int16)


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """Two seconds in which every sample tells its own place."""
    path = tmp_path / "ramp.wav"
    with write_pcm(path) as writer:
        writer.write(RAMP[:7])
        writer.write(RAMP[7:])
    return path


def test_any_stretch_reads_back_as_it_was_written(ramp: Path) -> None:
    """Samples come back at their places, scaled to -1 … 1."""
    with Pcm(ramp) as pcm:
        source: AudioSource = pcm
        assert source.duration == 2.0
        part = source.read(0.5, 0.75)
        assert part.dtype == np.float32
        assert np.array_equal(part * 32768, RAMP[8000:12000])


def test_reading_past_the_ends_is_clipped(ramp: Path) -> None:
    """Nothing is invented before the start or after the end."""
    with Pcm(ramp) as pcm:
        assert len(pcm.read(-5, 0.5)) == 8000
        assert len(pcm.read(1.5, 99)) == 8000
        assert len(pcm.read(3, 4)) == 0
        assert len(pcm.read(1, 0.5)) == 0


def test_a_copy_outlives_the_file_handle(ramp: Path) -> None:
    """What was read does not hang on the file."""
    with Pcm(ramp) as pcm:
        part = pcm.read_pcm(0, 2)
    ramp.unlink()
    assert np.array_equal(part, RAMP)


def test_nothing_is_read_once_it_is_closed(ramp: Path) -> None:
    """Nor from whatever file the system has opened under the same number since."""
    pcm = Pcm(ramp)
    pcm.close()
    with ramp.open("rb"):
        assert len(pcm.read(0, 2)) == 0
    pcm.close()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not tell which files are open")
def test_a_forgotten_one_is_closed(ramp: Path) -> None:
    """No file stays open behind it."""
    pcms = [Pcm(ramp) for _ in range(3)]
    assert handles(ramp) == 3
    pcms.clear()
    gc.collect()
    assert handles(ramp) == 0


def handles(path: Path) -> int:
    """Count the handles that this process has on a file."""
    found = 0
    for handle in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself is gone already
            found += handle.samefile(path)
    return found


def test_a_file_that_is_cut_off_under_the_reader_is_told(ramp: Path) -> None:
    """Rather than that the process dies of it, as with a map."""
    with Pcm(ramp) as pcm:
        os.truncate(ramp, 40_000)
        assert len(pcm.read(0, 1)) == 16_000
        with pytest.raises(CorruptBlob, match="not a whole"):
            pcm.read(0, 2)


def test_threads_read_at_once(ramp: Path) -> None:
    """Each at its own place."""
    with Pcm(ramp) as pcm, ThreadPoolExecutor(4) as pool:
        seconds = [n / 100 for n in range(200)] * 5
        pieces = list(pool.map(lambda at: int(pcm.read_pcm(at, at + 0.01)[0]), seconds))
    assert pieces == [int(RAMP[round(at * 16_000)]) for at in seconds]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is counted in KiB on Linux alone")
def test_what_was_read_is_no_memory_of_the_process(tmp_path: Path) -> None:
    """An hour that was read in pieces leaves nothing behind; pages of a map would stay."""
    path = tmp_path / "long.wav"
    with write_pcm(path) as writer:
        for _ in range(60):
            writer.write(np.ones(60 * 16_000, np.int16))
    told = subprocess.run([sys.executable, "-c", _PEAK, path], check=True, capture_output=True, text=True).stdout
    before, after = map(int, told.split())
    assert after - before < 40_000


_PEAK = """
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from jobs.pcm import Pcm
with Pcm(Path(sys.argv[1])) as pcm:
    pcm.read(0, 60)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    for minute in range(60):
        pcm.read(60 * minute, 60 * minute + 60)
    print(before, getrusage(RUSAGE_SELF).ru_maxrss)
"""


def test_other_programs_read_the_file(ramp: Path) -> None:
    """The header is that of an ordinary WAV."""
    with wave.open(str(ramp)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()) == (16_000, 1, 2, 32_000)


def test_the_length_is_a_whole_number_of_milliseconds(tmp_path: Path) -> None:
    """So that the duration survives being written with three decimals."""
    path = tmp_path / "odd.wav"
    with write_pcm(path) as writer:
        writer.write(np.ones(1601, np.int16))
    with Pcm(path) as pcm:
        assert pcm.duration == 0.101
        assert pcm.read_pcm(0, 1)[-15:].tolist() == [0] * 15


def test_a_recording_of_no_length_can_be_opened(tmp_path: Path) -> None:
    """There is nothing to read in it."""
    with write_pcm(tmp_path / "empty.wav"):
        pass
    with Pcm(tmp_path / "empty.wav") as pcm:
        assert pcm.duration == 0
        assert len(pcm.read(0, 1)) == 0


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-100], lambda data: data[:20], lambda data: b"", lambda data: b"X" + data[1:]]
)
def test_a_file_that_is_not_whole_is_refused(ramp: Path, damage: object) -> None:
    """A cut or foreign file is named, not read as noise."""
    assert callable(damage)
    ramp.write_bytes(damage(ramp.read_bytes()))
    with pytest.raises(CorruptBlob, match=r"ramp\.wav"):
        Pcm(ramp)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    """The error names the path."""
    with pytest.raises(NotFound, match=r"gone\.wav"):
        Pcm(tmp_path / "gone.wav")


def test_more_than_a_wav_can_describe_is_refused(tmp_path: Path) -> None:
    """The limit is said, and no header ever lies."""
    path = tmp_path / "long.wav"

    def too_long(writer: PcmWriter) -> None:
        writer.samples = MAX_SAMPLES
        writer.write(np.zeros(1, np.int16))

    with pytest.raises(TooLarge, match="37 hours"), write_pcm(path) as writer:
        too_long(writer)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    """Neither the file nor a temporary one."""

    def interrupted() -> None:
        with write_pcm(tmp_path / "half.wav") as writer:
            writer.write(RAMP)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"), write_pcm(tmp_path / "file" / "a.wav") as writer:
        writer.write(RAMP)


def test_a_full_disk_is_storage_full_and_leaves_nothing(tmp_path: Path) -> None:
    """A real limit of the operating system, in a process of its own."""
    script = """
import resource, sys
from pathlib import Path
import numpy as np
from jobs.pcm import write_pcm
from storage.errors import StorageFull
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with write_pcm(Path(sys.argv[1])) as writer:
        for _ in range(20):
            writer.write(np.ones(16_000, np.int16))
except StorageFull as error:
    print("full:", error)
"""
    repository = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", script, str(tmp_path / "full.wav")]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("full: No room")
    assert list(tmp_path.iterdir()) == []
