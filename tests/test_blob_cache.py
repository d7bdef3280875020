"""The copies of blobs on one machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.s3_blobs import S3Blobs
from tests.s3_server import S3Server

_AGO = 10 * 3600.0


@pytest.fixture
def small(s3: S3Server, tmp_path: Path) -> S3Blobs:
    """Return a store that keeps 1,000 bytes of copies."""
    return S3Blobs(f"s3://{s3.new_bucket()}", tmp_path / "small", access=s3.access, cache_bytes=1000)


def _copies(folder: Path) -> Iterator[str]:
    return (path.parent.name + path.name for path in folder.glob("??/*"))


def test_the_copies_that_were_used_longest_ago_make_room(small: S3Blobs, tmp_path: Path) -> None:
    """And are fetched again when they are asked for."""
    digests = [small.put(bytes([number]) * 400) for number in range(2)]
    for age, digest in enumerate(digests):
        _used(small.path(digest), _AGO - age)
    small.path(digests[0])  # used now, so the other one goes
    third = small.put(b"c" * 400)
    assert set(_copies(tmp_path / "small")) == {digests[0], third}
    assert small.read(digests[1]) == bytes([1]) * 400


def test_a_copy_that_was_handed_out_lately_stays_even_over_the_cap(small: S3Blobs, tmp_path: Path) -> None:
    """Its reader may not have opened it yet."""
    digests = {small.put(bytes([number]) * 400) for number in range(5)}
    assert set(_copies(tmp_path / "small")) == digests
    for digest in digests:
        _used(small.path(digest), _AGO)
    assert small.sweep() == 3
    assert len(list(_copies(tmp_path / "small"))) == 2


def test_a_copy_that_goes_while_it_is_open_is_read_to_its_end(small: S3Blobs) -> None:
    """Readers keep what they opened."""
    digest = small.put(b"a" * 900)
    path = small.path(digest)
    with path.open("rb") as file:
        _used(path, _AGO)
        small.put(b"b" * 900)
        assert not path.exists()
        assert file.read() == b"a" * 900


def test_a_file_whose_download_ended_long_ago_is_not_taken_for_unused(small: S3Blobs) -> None:
    """It counts as used when it is adopted."""
    part = small.downloads("ep_1")
    part.write_bytes(b"a" * 5000)
    _used(part, _AGO)
    assert small.path(small.adopt(part)).exists()


def test_unfinished_downloads_and_workspaces_are_not_copies(small: S3Blobs) -> None:
    """They are swept when they are orphans, not to make room."""
    part = small.downloads("ep_1")
    part.write_bytes(b"a" * 5000)
    with small.workspace() as folder:
        (folder / "half").write_bytes(b"b" * 5000)
        small.put(b"c" * 100)
        small.sweep()
        assert (folder / "half").exists()
    assert part.exists()


def _used(path: Path, ago: float) -> None:
    os.utime(path, (time.time() - ago,) * 2)
