"""Blobs: whole or absent."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.blobs import FolderBlobs, digest_of
from storage.errors import CorruptBlob, NotFound, OutputError


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    """Return an empty store."""
    return FolderBlobs(tmp_path / "blobs")


@given(data=st.binary(max_size=2000))
def test_what_was_put_is_read_back_under_its_digest(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """The name is the content's sha256."""
    store = FolderBlobs(tmp_path_factory.mktemp("blobs"))
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert store.read(digest) == data


def test_the_same_bytes_are_kept_once(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Content addresses deduplicate."""
    first, second = blobs.put(b"same"), blobs.put(b"same")
    assert first == second
    assert sum(path.is_file() for path in (tmp_path / "blobs").rglob("*")) == 1


def test_a_finished_file_is_adopted_and_moved(blobs: FolderBlobs) -> None:
    """A large file is not copied."""
    with blobs.workspace() as folder:
        made = folder / "audio.wav"
        made.write_bytes(b"RIFF")
        digest = blobs.adopt(made)
        assert not made.exists()
    assert blobs.path(digest).read_bytes() == b"RIFF"
    assert digest_of(blobs.path(digest)) == digest


def test_a_workspace_is_gone_afterwards_even_after_an_error(blobs: FolderBlobs) -> None:
    """Half-made files do not stay."""

    def fail_inside() -> Path:
        with blobs.workspace() as folder:
            (folder / "half").write_bytes(b"x")
            kept.append(folder)
            raise ValueError

    kept: list[Path] = []
    with pytest.raises(ValueError, match=r"^$"):
        fail_inside()
    assert not kept[0].exists()


def test_a_blob_that_was_changed_on_disk_is_noticed(blobs: FolderBlobs) -> None:
    """Reading checks the digest."""
    digest = blobs.put(b"whole")
    blobs.path(digest).write_bytes(b"half")
    with pytest.raises(CorruptBlob, match="was changed on disk"):
        blobs.read(digest)


def test_a_blob_that_is_gone_says_so(blobs: FolderBlobs) -> None:
    """Absent is an answer, and a removed blob is absent."""
    digest = blobs.put(b"data")
    blobs.remove(digest)
    assert not blobs.has(digest)
    with pytest.raises(NotFound, match="is gone"):
        blobs.read(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "ab\0cd"])
def test_a_name_that_is_no_digest_never_reaches_the_file_system(blobs: FolderBlobs, name: str) -> None:
    """Names are checked, not trusted."""
    with pytest.raises(CorruptBlob, match="names no artefact"):
        blobs.path(name)


def test_a_store_in_a_place_that_cannot_be_written_says_which(tmp_path: Path) -> None:
    """The error names the path."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        FolderBlobs(tmp_path / "file" / "blobs").put(b"data")


def test_old_leftovers_are_swept_and_new_ones_stay(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Only orphans go."""
    temporary = tmp_path / "blobs" / "tmp"
    (temporary / "old").mkdir(parents=True)
    (temporary / "new").mkdir()
    os.utime(temporary / "old", (0, 0))
    assert blobs.sweep() == 1
    assert [item.name for item in temporary.iterdir()] == ["new"]
