"""Writing files whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from storage.errors import OutputError, StorageFull
from storage.files import explain, make_folder, open_atomically, remove_leftovers, write_atomically

REPOSITORY = Path(__file__).resolve().parent.parent

CRASHING_WRITER = """
import os, sys
from pathlib import Path
from storage.files import write_atomically

calls, last = 0, int(sys.argv[2])

def crash_at(function):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == last:
            os._exit(9)
        result = function(*args, **kwargs)
        return result
    return call

os.fsync, os.replace, os.rename = crash_at(os.fsync), crash_at(os.replace), crash_at(os.rename)
write_atomically(Path(sys.argv[1]), b"new" * 100_000)
"""

LIMITED_WRITER = """
import resource, signal, sys
from pathlib import Path
from storage.errors import StorageFull
from storage.files import write_atomically

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 100_000)
except StorageFull as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
write_atomically(Path(sys.argv[2]), b"x" * 100_000)
"""


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, with the repository on its path."""
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False
    )


def test_text_is_written_as_utf8_and_folders_are_made(tmp_path: Path) -> None:
    """Text that is not ASCII arrives, in folders that did not exist."""
    path = tmp_path / "a" / "b" / "Größe 東京.txt"
    write_atomically(path, "Größe 東京\n")
    assert path.read_bytes() == "Größe 東京\n".encode()


def test_an_old_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    """The folder holds the one file with the new bytes."""
    path = tmp_path / "x"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("x", b"new")]


def test_the_file_is_readable_as_the_umask_says(tmp_path: Path) -> None:
    """Outputs are for others to read: not private as temporary files are."""
    old = os.umask(0o022)
    try:
        write_atomically(tmp_path / "x", b"")
    finally:
        os.umask(old)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o644


def test_an_error_while_writing_keeps_the_old_file(tmp_path: Path) -> None:
    """A block that fails half-way leaves the old bytes and no temporary file, and its own error is not called ours."""
    path = tmp_path / "x"
    write_atomically(path, b"old")
    with pytest.raises(ConnectionResetError), open_atomically(path) as file:  # noqa: PT012 - the block is what is tested
        file.write(b"half")
        raise ConnectionResetError(errno.ECONNRESET, "the other side went away")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("x", b"old")]


@pytest.mark.parametrize("point", range(1, 5))
def test_a_crash_at_any_point_leaves_the_old_or_the_new_file(tmp_path: Path, point: int) -> None:
    """The process dies before each flush and rename in turn: the file is one or the other, and the last point is past the end."""
    path = tmp_path / "x"
    path.write_bytes(b"old")
    done = python(CRASHING_WRITER, str(path), str(point))
    assert done.returncode == (0 if point == 4 else 9), done.stderr
    assert path.read_bytes() == (b"old" if point <= 2 else b"new" * 100_000)


def test_no_room_is_storage_full_and_nothing_partial_is_seen(tmp_path: Path) -> None:
    """A real limit on file size stops the write; after it is lifted the same process can write."""
    done = python(LIMITED_WRITER, str(tmp_path / "x"), str(tmp_path / "y"))
    assert done.returncode == 0, done.stderr
    assert f"No room is left to write {tmp_path / 'x'}" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == ["y"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_and_a_full_quota_are_storage_full(code: int) -> None:
    """Both are worth another try after somebody makes room."""
    error = explain(OSError(code, os.strerror(code)), Path("out/x"))
    assert isinstance(error, StorageFull)
    assert "out/x" in error.message
    assert error.hint


def test_a_file_where_a_folder_should_be_is_explained(tmp_path: Path) -> None:
    """The error names the place and says what to do."""
    (tmp_path / "out").write_bytes(b"")
    with pytest.raises(OutputError, match="out") as caught:
        write_atomically(tmp_path / "out" / "x", b"")
    assert "move it away" in caught.value.hint


def test_a_folder_where_the_file_should_be_is_explained(tmp_path: Path) -> None:
    """The folder stays, with what is in it, and no temporary file beside it."""
    (tmp_path / "x" / "kept").mkdir(parents=True)
    with pytest.raises(OutputError, match="x"):
        write_atomically(tmp_path / "x", b"")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x" / "kept").is_dir()


def test_a_folder_that_may_not_be_written_is_explained(tmp_path: Path) -> None:
    """Somebody else's folder gives `OutputError` with what to do."""
    if os.geteuid() == 0:
        folder = Path("/proc/nowhere")  # the superuser may write anywhere but here
    else:
        folder = tmp_path / "locked"
        folder.mkdir(mode=0o500)
    with pytest.raises(OutputError) as caught:
        write_atomically(folder / "x", b"")
    assert "another output folder" in caught.value.hint


def test_a_name_that_is_too_long_is_explained(tmp_path: Path) -> None:
    """The file system's limit is named as such."""
    with pytest.raises(OutputError) as caught:
        write_atomically(tmp_path / ("x" * 300), b"")
    assert "shorter" in caught.value.hint


def test_concurrent_writers_leave_one_whole_file(tmp_path: Path) -> None:
    """Eight threads write one name: the file is what one of them wrote."""
    path = tmp_path / "x"
    threads = [threading.Thread(target=write_atomically, args=(path, bytes([65 + n]) * 100_000)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = path.read_bytes()
    assert len(data) == 100_000
    assert len(set(data)) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_two_processes_may_make_one_folder(tmp_path: Path) -> None:
    """A folder that is there already is no error."""
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_leftovers_of_a_crash_are_removed_once_they_are_old(tmp_path: Path) -> None:
    """A young temporary file may be in use and stays; other files are never touched."""
    old, young, other = tmp_path / ".earmark-1.part", tmp_path / ".earmark-2.part", tmp_path / "talk.part"
    for path in (old, young, other):
        path.write_bytes(b"")
    for path in (old, other):
        os.utime(path, (0, 0))
    assert remove_leftovers(tmp_path) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [young.name, other.name]
