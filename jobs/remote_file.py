"""A file on the web that is read here and there without being fetched: what tags and indexes take of an episode, and no more.

Podcast files carry their chapters in the first megabytes, or in an index at the end. `RemoteFile` asks for the stretches that a
reader wants, keeps them, and stops at a budget of bytes and of requests: then it ends early, as if it had been cut off, and says
so in `cut`.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from jobs.addresses import shown_url
from jobs.http_status import failure
from jobs.redirects import Route
from jobs.wire import Answer
from storage.errors import NetworkError, SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 65_536
"""Bytes that are asked for and kept together."""
AHEAD = 4
"""Blocks that one request asks for at least."""
MAX_BYTES = 16 << 20
"""Bytes that are read of one file: the largest tags with a picture for each chapter have about as many."""
MAX_REQUESTS = 40
"""An index at the end takes three."""


@dataclass(frozen=True)
class Piece:
    """A stretch of a file on the web."""

    data: bytes
    total: int | None
    """Bytes of the whole file, if its server says."""
    etag: str | None
    sent: int
    """Bytes that came for it: more than `data` from a server that only sends files from their beginning."""


def piece_at(route: Route, url: str, start: int, count: int, deadline: float) -> Piece:
    """Return at most `count` bytes from `start`; nothing from behind the end.

    Raises as `Fetcher.get`, and `SourceError` for an answer that is not this stretch.
    """
    what = shown_url(url)
    asked = {"Accept": "*/*", "Range": f"bytes={start}-{start + count - 1}"}
    with route.follow(url, asked, deadline) as (_, answer):
        if answer.status == 416:
            return Piece(b"", None, answer.headers.get("etag"), 0)
        if answer.status not in {200, 203, 206}:
            raise failure(what, answer.status, answer.headers)
        if answer.encoding:
            raise SourceError(f"{what} is sent compressed, so that no part of it can be asked for.", hint="")
        first, total = _range_of(answer, start, what)
        data = _read(answer, start - first + count)
        return Piece(data[start - first :], total, answer.headers.get("etag"), len(data))


def _range_of(answer: Answer, start: int, what: str) -> tuple[int, int | None]:
    """Return where the answer begins in the file, and how long the file is."""
    if answer.status != 206:
        return 0, answer.length
    found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", answer.headers.get("content-range", "").strip())
    if found is None or int(found[1]) != start:
        raise SourceError(f"{what} answered with another part of the file than was asked for.", hint="")
    return start, None if found[2] == "*" else int(found[2])


def _read(answer: Answer, count: int) -> bytes:
    data = bytearray()
    for chunk in answer.wire:
        data += chunk
        if len(data) >= count:
            break
    return bytes(data[:count])


class Pieces(Protocol):
    """Gives stretches of files on the web; `jobs.fetch.Fetcher` does."""

    def piece(self, url: str, start: int, count: int) -> Piece:
        """Return at most `count` bytes from `start`."""


class RemoteFile(io.RawIOBase):
    """A file on the web, opened for reading; wrap it in `io.BufferedReader`.

    Raises what `Fetcher.get` raises while it is read, and `SourceError` when the file changes meanwhile.
    """

    def __init__(self, url: str, pieces: Pieces, *, max_bytes: int = MAX_BYTES, max_requests: int = MAX_REQUESTS) -> None:
        super().__init__()
        self.cut = False
        """Whether something was wanted that the budget did not allow."""
        self.came = 0
        """Bytes that were sent."""
        self._url, self._pieces = url, pieces
        self._max_bytes, self._requests_left = max_bytes, max_requests
        self._blocks: dict[int, bytes] = {}
        self._etag: str | None = None
        self._at = 0
        self._size: int | None = None

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that it can be read anywhere."""
        return True

    def tell(self) -> int:
        """Return where the next byte is read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere; from the end only once the server has said where that is."""
        if whence == io.SEEK_END and self._size is None:
            self._block(0, 1)
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size or 0}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read up to the length of the buffer; 0 at the end of the file or of the budget."""
        view = memoryview(buffer).cast("B")
        wanted = len(view) if self._size is None else min(len(view), max(0, self._size - self._at))
        filled = 0
        while filled < wanted:
            number, skip = divmod(self._at, BLOCK)
            block = self._block(number, -(-(skip + wanted - filled) // BLOCK))
            taken = block[skip : skip + wanted - filled]
            if not taken:
                break
            view[filled : filled + len(taken)] = taken
            filled += len(taken)
            self._at += len(taken)
        return filled

    def _block(self, number: int, count: int) -> bytes:
        """Return a block, asking for it and those behind it that are wanted too; empty behind the end or over budget."""
        if number not in self._blocks:
            self._ask(number, max(count, AHEAD))
        return self._blocks.get(number, b"")

    def _ask(self, number: int, count: int) -> None:
        missing = next((n for n in range(1, count) if number + n in self._blocks), count)
        room = (self._max_bytes - self.came) // BLOCK
        if room <= 0 or self._requests_left <= 0:
            self.cut = True
            return
        self._requests_left -= 1
        piece = self._pieces.piece(self._url, number * BLOCK, min(missing, room) * BLOCK)
        self._check(piece)
        self.came += piece.sent
        for at in range(0, len(piece.data), BLOCK):
            self._blocks[number + at // BLOCK] = piece.data[at : at + BLOCK]

    def _check(self, piece: Piece) -> None:
        """Make sure that all pieces are of one file: hosts that insert advertisements may send another each time."""
        if self._size is None:
            self._size, self._etag = piece.total, piece.etag
        elif (piece.total or self._size) != self._size or (piece.etag or self._etag) != self._etag:
            raise NetworkError(f"{shown_url(self._url)} changed while it was read.", hint="Try again later.")
