"""Tags read over the network without fetching the file."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from jobs.chapters.embedded import read_embedded_in
from jobs.fetch import Fetcher
from jobs.remote_file import AHEAD, BLOCK, Piece, RemoteFile
from jobs.wire import FetchLimits
from storage.documents import ChapterSource
from storage.errors import EarmarkError, NetworkError, NotFound, SourceError
from tests.test_chapters_embedded import CHAPTERS, make, rows
from tests.webserver import Reply, WebServer, redirect

ONCE = Fetcher(FetchLimits(tries=1), allow_private=True)
AUDIO = 8 << 20
"""Bytes of audio that nobody needs to read."""


def chapters_at(url: str, **limits: int) -> tuple[ChapterSource, RemoteFile]:
    """Return the chapters of a file on the web, and the file."""
    file = RemoteFile(url, ONCE, **limits)
    return read_embedded_in(io.BufferedReader(file), "it", duration=None)[0], file


def mp3(folder: Path) -> bytes:
    """Return an mp3 file with chapters and eight megabytes behind them."""
    return make(folder / "a.mp3", "libmp3lame", "mp3", CHAPTERS).read_bytes() + bytes(AUDIO)


def m4a(folder: Path) -> bytes:
    """Return an MP4 file with eight megabytes between its samples and its index at the end."""
    data = make(folder / "a.m4a", "aac", "ipod", CHAPTERS).read_bytes()
    at = data.index(b"moov") - 4
    return data[:at] + AUDIO.to_bytes(4, "big") + b"free" + bytes(AUDIO - 8) + data[at:]


@pytest.mark.parametrize("file", [mp3, m4a])
def test_chapters_are_read_from_a_small_part_of_the_file(file: object, tmp_path: Path, webserver: WebServer) -> None:
    """The tag at the beginning; or the index at the end and what it points to; behind a redirect as well."""
    assert callable(file)
    webserver.routes |= {"/a": redirect("/b"), "/b": file(tmp_path)}
    source, remote = chapters_at(webserver.url("/a"))
    assert rows(source.marks) == CHAPTERS
    assert (remote.came < AUDIO / 10, remote.cut) == (True, False)


def test_a_server_that_knows_no_ranges_is_read_from_the_beginning(tmp_path: Path, webserver: WebServer) -> None:
    """And hung up on when there is enough."""
    webserver.routes["/a"] = Reply(mp3(tmp_path), ranges=False)
    source, remote = chapters_at(webserver.url("/a"))
    assert rows(source.marks) == CHAPTERS
    assert remote.came <= AHEAD * BLOCK


def test_a_budget_ends_the_file_early_and_says_so(tmp_path: Path, webserver: WebServer) -> None:
    """Of bytes or of requests; what was read counts."""
    webserver.routes |= {"/a": m4a(tmp_path), "/b": mp3(tmp_path)}
    for limits in ({"max_bytes": AHEAD * BLOCK}, {"max_requests": 1}):
        source, remote = chapters_at(webserver.url("/a"), **limits)
        assert (source.marks, remote.cut) == ((), True)
        assert chapters_at(webserver.url("/b"), **limits)[1].cut is False


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=404), NotFound),
        (Reply(b"x" * 99, status=206, headers={"Content-Range": "bytes 7-105/9999"}, ranges=False), SourceError),
        (Reply(b"x", headers={"Content-Encoding": "gzip"}, ranges=False), SourceError),
    ],
)
def test_an_answer_that_is_not_the_wanted_part_is_an_error(reply: Reply, error: type[EarmarkError], webserver: WebServer) -> None:
    """It says what is wrong."""
    webserver.routes["/a"] = reply
    with pytest.raises(error):
        RemoteFile(webserver.url("/a"), ONCE).read(10)


class Changing:
    """Gives pieces of another file each time."""

    def __init__(self) -> None:
        self.number = 0

    def piece(self, url: str, start: int, count: int) -> Piece:
        """Return zeros of a new version."""
        self.number += 1
        return Piece(bytes(count), 1 << 30, f'"{self.number}"', count)


def test_pieces_of_two_versions_are_not_put_together() -> None:
    """Hosts that insert advertisements may send another file each time."""
    file = RemoteFile("https://x.example/a", Changing())
    assert file.read(10) == bytes(10)
    file.seek(1 << 25)
    with pytest.raises(NetworkError, match="changed"):
        file.read(10)


def test_it_reads_as_a_file_on_disk_does(webserver: WebServer) -> None:
    """From anywhere, over its end, and again."""
    data = os.urandom(3 * BLOCK + 17)
    webserver.routes["/a"] = data
    file, disk = io.BufferedReader(RemoteFile(webserver.url("/a"), ONCE)), io.BytesIO(data)
    for offset, whence, count in [
        (-5, 2, 10),
        (0, 0, 7),
        (BLOCK - 2, 0, 2 * BLOCK),
        (3, 1, 4),
        (0, 2, 1),
        (9 * BLOCK, 0, 5),
        (1, 0, -1),
    ]:
        assert (file.seek(offset, whence), file.read(count)) == (disk.seek(offset, whence), disk.read(count))
