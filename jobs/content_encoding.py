"""Bodies that servers compress although nobody asked: undone piece by piece, under a cap."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from storage.errors import NetworkError, SourceError, TooLarge

CHUNK = 64 * 1024


def decoded(pieces: Iterable[bytes], encoding: str, *, max_bytes: int, what: str, already: int = 0) -> Iterator[bytes]:
    """Undo a Content-Encoding that was not asked for, and hold both sides under `max_bytes`, of which `already` are used.

    A piece is about `CHUNK` bytes long, however far it was compressed. Raises TooLarge, NetworkError for a stream that
    ends early or cannot be decoded, SourceError for an encoding other than gzip and deflate.
    """
    if encoding in {"br", "zstd", "compress"}:
        raise SourceError(f"{what} was sent in the encoding {encoding}, which was not asked for.", hint="Tell its publisher.")
    counted = _capped(pieces, max_bytes, what, already)
    return _capped(_inflated(counted, what), max_bytes, what, already) if encoding else counted


def _capped(pieces: Iterable[bytes], max_bytes: int, what: str, total: int) -> Iterator[bytes]:
    for piece in pieces:
        total += len(piece)
        if total > max_bytes:
            raise too_large(what, max_bytes)
        yield piece


def too_large(what: str, max_bytes: int) -> TooLarge:
    """Return the error for something over the cap on bytes."""
    return TooLarge(
        f"{what} is larger than the limit of {max_bytes} bytes.", hint="Raise the limit if it is meant to be so large."
    )


def _inflated(pieces: Iterable[bytes], what: str) -> Iterator[bytes]:
    inflate = None
    try:
        for piece in pieces:
            inflate = inflate or zlib.decompressobj(_window_bits(piece))
            rest = piece
            while rest and not inflate.eof:
                yield inflate.decompress(rest, CHUNK)
                rest = inflate.unconsumed_tail
        if inflate is not None:
            yield inflate.flush()
    except zlib.error as error:
        raise NetworkError(
            f"{what} was sent compressed, and cannot be decompressed: {error}.", hint="Try again later."
        ) from error
    if inflate is not None and not inflate.eof:
        raise NetworkError(f"{what} was sent compressed, and its end is missing.", hint="Try again later.")


def _window_bits(first: bytes) -> int:
    """Choose gzip, zlib, or the bare deflate that some servers send, as zlib's window bits."""
    header = len(first) < 2 or first[0] == 0x1F or (first[0] & 0x0F == 8 and int.from_bytes(first[:2], "big") % 31 == 0)
    return zlib.MAX_WBITS | 32 if header else -zlib.MAX_WBITS
