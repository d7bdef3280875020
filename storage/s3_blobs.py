"""Blobs in a bucket of an S3-compatible store, for several machines that share them."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from pathlib import Path

from storage.blob_cache import CACHE_BYTES, BlobCache
from storage.blobs import STALE_AFTER, digest_of, gone, key_of
from storage.errors import CorruptBlob
from storage.files import explained
from storage.object_store import Bucket, S3Access


class S3Blobs:
    """Blobs as objects under `s3://bucket/prefix`, with copies on this machine in the folder `cache`.

    The bucket is the truth; the copies are looked at first, and are whole and verified when they appear. Endpoint, region and
    credentials come from the environment (see `S3Access`) unless given. Raises `OptionError` for an address that names no
    bucket and where the library is missing, `StorageUnavailable` where the store does not answer, `StorageRefused` where
    it will not have us.
    """

    def __init__(self, url: str, cache: Path, *, cache_bytes: int = CACHE_BYTES, access: S3Access | None = None) -> None:
        self._bucket = Bucket(url, access)
        self._cache = BlobCache(cache, cap=cache_bytes)

    def put(self, data: bytes) -> str:
        """Keep `data`; return its digest."""
        digest = hashlib.sha256(data).hexdigest()
        self._bucket.put(key_of(digest), data)
        self._cache.put(data)
        return digest

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Upload the finished file at `path` and move it among the copies; return its digest.

        It is uploaded even if the store has it, whose object may have been damaged. After an error the file is where it was.
        """
        with explained(path):
            known = digest if digest is not None else digest_of(path)
            path.stat()
        self._bucket.put(key_of(known), path)
        self._cache.adopt(path, known)
        return known

    def has(self, digest: str) -> bool:
        """Ask the store whether the blob is there."""
        return self._bucket.size(key_of(digest)) is not None

    def path(self, digest: str) -> Path:
        """Return a copy of the blob, fetched if there is none yet; for reading only, and to be opened within two hours.

        Raises `NotFound` if the store has no such blob and `CorruptBlob` if what it has does not match the name.
        """
        copy = self._cache.find(digest)
        return copy if copy is not None else self._fetch(digest)

    def read(self, digest: str) -> bytes:
        """Return the bytes of a blob, verified; a copy that was changed on disk is fetched again."""
        data = self.path(digest).read_bytes()
        if hashlib.sha256(data).hexdigest() == digest:
            return data
        self._cache.remove(digest)
        return self._fetch(digest).read_bytes()

    def remove(self, digest: str) -> None:
        """Remove a blob from the store and its copy here; nothing happens if it is not there."""
        self._bucket.remove(key_of(digest))
        self._cache.remove(digest)

    def workspace(self) -> AbstractContextManager[Path]:
        """Lend a folder beside the copies; it is emptied and removed afterwards."""
        return self._cache.workspace()

    def downloads(self, name: str) -> Path:
        """Return the place of an unfinished download on this machine."""
        return self._cache.downloads(name)

    def sweep(self, *, older_than: float = STALE_AFTER) -> int:
        """Remove temporary files that a crash left on this machine, and copies over the cap; return how many."""
        return self._cache.sweep(older_than=older_than)

    def _fetch(self, digest: str) -> Path:
        size = self._bucket.size(key_of(digest))
        if size is None:
            raise gone(digest)
        with self._cache.workspace() as folder:
            part = folder / "blob"
            if self._download(digest, size, part) != digest:
                raise CorruptBlob(
                    f"The stored artefact {digest[:12]} was changed in the object store.",
                    hint="Find out who else writes there, then run the episode again with --force.",
                )
            return self._cache.adopt(part, digest)

    def _download(self, digest: str, size: int, part: Path) -> str:
        """Write an object to a file; return the digest of what came."""
        found = hashlib.sha256()
        with explained(part), part.open("wb") as file:
            for piece in self._bucket.chunks(key_of(digest), size):
                found.update(piece)
                file.write(piece)
        return found.hexdigest()
