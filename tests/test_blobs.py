"""Blobs: whole or absent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.blobs import Blobs, FolderBlobs, digest_of, open_blobs
from storage.errors import CorruptBlob, NotFound, OptionError, OutputError
from storage.s3_blobs import S3Blobs
from tests.s3_server import S3Server


@dataclass(frozen=True)
class Place:
    """An empty store, and how many blobs are kept there."""

    blobs: Blobs
    count: Callable[[], int]


@pytest.fixture(scope="session", params=["folder", "s3"])
def make_place(request: pytest.FixtureRequest) -> Callable[[Path], Place]:
    """Return a function that makes an empty store of each kind with its files on this machine in a folder."""

    def in_folder(folder: Path) -> Place:
        return Place(FolderBlobs(folder), lambda: sum(path.is_file() for path in folder.rglob("*")))

    if request.param == "folder":
        return in_folder
    server = cast("S3Server", request.getfixturevalue("s3"))

    def in_bucket(folder: Path) -> Place:
        bucket = server.new_bucket()
        return Place(S3Blobs(f"s3://{bucket}/a/b", folder, access=server.access), lambda: len(server.keys(bucket)))

    return in_bucket


@pytest.fixture
def place(make_place: Callable[[Path], Place], tmp_path: Path) -> Place:
    """Return an empty store."""
    return make_place(tmp_path / "blobs")


@pytest.fixture
def blobs(place: Place) -> Blobs:
    """Return an empty store."""
    return place.blobs


def test_what_was_put_is_read_back_under_its_digest(
    make_place: Callable[[Path], Place], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The name is the content's sha256."""
    store = make_place(tmp_path_factory.mktemp("blobs")).blobs

    @given(data=st.binary(max_size=2000))
    def put_and_read(data: bytes) -> None:
        digest = store.put(data)
        assert digest == hashlib.sha256(data).hexdigest()
        assert store.has(digest)
        assert store.read(digest) == data

    put_and_read()


def test_the_same_bytes_are_kept_once(place: Place) -> None:
    """Content addresses deduplicate."""
    first, second = place.blobs.put(b"same"), place.blobs.put(b"same")
    assert first == second
    assert place.count() == 1


def test_a_finished_file_is_adopted_and_moved(blobs: Blobs) -> None:
    """A large file is not copied."""
    with blobs.workspace() as folder:
        made = folder / "audio.wav"
        made.write_bytes(b"RIFF")
        digest = blobs.adopt(made)
        assert not made.exists()
    assert blobs.path(digest).read_bytes() == b"RIFF"
    assert digest_of(blobs.path(digest)) == digest


def test_a_workspace_is_gone_afterwards_even_after_an_error(blobs: Blobs) -> None:
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


def test_a_download_can_be_adopted_under_the_digest_that_is_known(blobs: Blobs) -> None:
    """The place of a download is on the store's file system, and the same for the same name."""
    part = blobs.downloads("ep_1")
    part.write_bytes(b"audio")
    assert blobs.downloads("ep_1").read_bytes() == b"audio"
    digest = blobs.adopt(part, hashlib.sha256(b"audio").hexdigest())
    assert blobs.read(digest) == b"audio"
    assert not part.exists()


def test_a_file_that_is_not_there_cannot_be_adopted(blobs: Blobs) -> None:
    """Whether its digest is known or not."""
    with pytest.raises(OutputError, match="No such file"):
        blobs.adopt(blobs.downloads("ep_1"), "a" * 64)
    with pytest.raises(OutputError, match="No such file"):
        blobs.adopt(blobs.downloads("ep_1"))


def test_a_blob_that_was_changed_on_disk_is_noticed_and_mended_by_putting_it_again(tmp_path: Path) -> None:
    """Reading checks the digest."""
    blobs = FolderBlobs(tmp_path)
    digest = blobs.put(b"whole")
    blobs.path(digest).write_bytes(b"half")
    with pytest.raises(CorruptBlob, match="was changed on disk"):
        blobs.read(digest)
    blobs.put(b"whole")
    assert blobs.read(digest) == b"whole"


def test_a_blob_that_is_gone_says_so(blobs: Blobs) -> None:
    """Absent is an answer, and a removed blob is absent."""
    digest = blobs.put(b"data")
    blobs.remove(digest)
    blobs.remove(digest)
    assert not blobs.has(digest)
    with pytest.raises(NotFound, match="is gone"):
        blobs.path(digest)
    with pytest.raises(NotFound, match="is gone"):
        blobs.read(digest)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "ab\0cd"])
def test_a_name_that_is_no_digest_never_reaches_the_file_system(blobs: Blobs, name: str) -> None:
    """Names are checked, not trusted."""
    with pytest.raises(CorruptBlob, match="names no artefact"):
        blobs.path(name)
    with pytest.raises(CorruptBlob, match="names no artefact"):
        blobs.has(name)


@pytest.mark.parametrize("place", ["ftp://host/blobs", "s3://", "s3:///prefix", "s3://key:secret@bucket", "s3://bucket?region=x"])
def test_an_address_that_names_no_store_is_refused(place: str, tmp_path: Path) -> None:
    """Before anything is asked of the network, and without repeating a secret."""
    with pytest.raises(OptionError, match="names no") as caught:
        open_blobs(place, cache=tmp_path)
    assert "secret" not in str(caught.value)


def test_the_store_is_chosen_by_its_address(tmp_path: Path) -> None:
    """A folder by path or by text, a bucket by URL."""
    assert isinstance(open_blobs(tmp_path), FolderBlobs)
    assert isinstance(open_blobs(str(tmp_path)), FolderBlobs)
    assert isinstance(open_blobs("s3://bucket/prefix", cache=tmp_path), S3Blobs)


def test_a_store_in_a_place_that_cannot_be_written_says_which(tmp_path: Path) -> None:
    """The error names the path."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        FolderBlobs(tmp_path / "file" / "blobs").put(b"data")


def test_old_leftovers_are_swept_and_new_ones_stay(blobs: Blobs, tmp_path: Path) -> None:
    """Only orphans go."""
    temporary = tmp_path / "blobs" / "tmp"
    (temporary / "old").mkdir(parents=True)
    (temporary / "new").mkdir()
    os.utime(temporary / "old", (0, 0))
    assert blobs.sweep() == 1
    assert [item.name for item in temporary.iterdir()] == ["new"]
