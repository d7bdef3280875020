"""One bucket of an S3-compatible store; the only file that imports obstore, and that turns its errors into ours.

An object appears whole or not at all: small ones by one PUT, large ones by a multipart upload that is completed at the end. An
upload that a crash cut off is invisible, but the store keeps its parts: give the bucket a rule that drops them after a day
(AbortIncompleteMultipartUpload).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from storage.errors import EarmarkError, NotFound, OptionError, StorageRefused, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Store

CHUNK_BYTES = 8 << 20
"""What one request carries; 10,000 of them, the most that S3 allows, make 80 GiB."""

_AT_ONCE = 4
_REQUEST_SECONDS = 300.0
"""Time for one chunk, connecting included: a line slower than 28 kB/s is taken for dead."""

_CONNECT_SECONDS = 5.0
_RETRIES = 4
_RETRY_SECONDS = 60.0

_STATUS = re.compile(r"status code: (\d{3})")
_S3_CODE = re.compile(r"<Code>([^<]+)</Code>(?:\s*<Message>([^<]*)</Message>)?")
_WORTH_ANOTHER_TRY = frozenset({"408", "409", "425", "429"})
_METADATA = re.compile(r"/latest/(api/token|meta-data)")
"""Where a machine of Amazon's is asked for the credentials of its role."""

_OTHER_CREDENTIALS = (
    "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)  # fmt: skip
_VARIABLES = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN with temporary ones), AWS_REGION and AWS_ENDPOINT_URL"

_used_by: set[int] = set()
"""This process, once it used the library: its threads do not survive a fork, and a child that called it would wait for ever."""


@dataclass(frozen=True)
class S3Access:
    """How to reach the store; what is not given here (roles, encryption, …), obstore takes from further `AWS_…` variables."""

    endpoint: str | None = None
    """Address of an own-hosted store; Amazon's if not given. Plain http is used only if it says so."""
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the variables that the AWS command line reads."""

        def first(*names: str) -> str | None:
            return next((environment[name] for name in names if environment.get(name)), None)

        return cls(
            endpoint=first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
            region=first("AWS_REGION", "AWS_DEFAULT_REGION"),
            access_key_id=first("AWS_ACCESS_KEY_ID"),
            secret_access_key=first("AWS_SECRET_ACCESS_KEY"),
            session_token=first("AWS_SESSION_TOKEN"),
        )


class Bucket:
    """The objects under `s3://bucket/prefix`, by key.

    Every method raises `StorageUnavailable` where the store does not answer and `StorageRefused` where it will not have us. A
    process that was forked from one that used a bucket cannot use one, and is told so by a `RuntimeError`.
    """

    def __init__(self, url: str, access: S3Access | None = None) -> None:
        self._url = url
        self._access = access if access is not None else S3Access.from_environment(os.environ)
        self._store = _store(url, self._access)
        if self._is_without_key() and not any(os.environ.get(name) for name in _OTHER_CREDENTIALS):
            raise self._refusal("there are no credentials", self._how())

    def put(self, key: str, data: bytes | Path) -> None:
        """Keep bytes, or those of a file, in place of what had this key."""
        import obstore

        try:
            with self._reached():
                obstore.put(self._store, key, data, chunk_size=CHUNK_BYTES, max_concurrency=_AT_ONCE)
        except FileNotFoundError as error:
            raise self._refusal("there is no such bucket", "Create the bucket, or name another one.") from error

    def size(self, key: str) -> int | None:
        """Return the size of an object in bytes; none if it is not there."""
        import obstore

        try:
            with self._reached():
                return int(obstore.head(self._store, key)["size"])
        except FileNotFoundError:
            return None

    def chunks(self, key: str, size: int) -> Iterator[bytes]:
        """Return the bytes of an object of this size, piece by piece; raises `NotFound` if it is gone by now."""
        import obstore

        for start in range(0, size, CHUNK_BYTES):
            try:
                with self._reached():
                    piece = bytes(obstore.get_range(self._store, key, start=start, end=min(start + CHUNK_BYTES, size)))
            except FileNotFoundError as error:
                raise NotFound(f"{key} is gone from {self._url}.", hint="Run the episode again with --force.") from error
            yield piece

    def remove(self, key: str) -> None:
        """Remove an object; nothing happens if it is not there."""
        import obstore

        try:
            with self._reached():
                obstore.delete(self._store, key)
        except FileNotFoundError:
            return

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn the library's errors into ours; `FileNotFoundError` passes, since only the caller knows what was missing."""
        from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

        if _used_by and os.getpid() not in _used_by:
            raise RuntimeError(
                "A forked process cannot use the object store that its parent used: start it by spawn, or fork first."
            )
        _used_by.add(os.getpid())
        try:
            yield
        except FileNotFoundError:
            raise
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._refusal(
                _reason(error), f"{self._how()} Without the right to list, a missing object is refused too."
            ) from error
        except BaseError as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> EarmarkError:
        text, reason = str(error), _reason(error)
        if self._access.access_key_id is None and _METADATA.search(text):
            return self._refusal("there are no credentials", self._how())
        status = _STATUS.search(text)
        is_refusal = status is not None and status[1][0] in "34" and status[1] not in _WORTH_ANOTHER_TRY
        if is_refusal or "configured region" in text:
            return self._refusal(reason, self._how())
        hint = "Check that the store is up and AWS_ENDPOINT_URL names it; what is finished is kept, so try again later."
        return StorageUnavailable(f"The object store {self._named()} does not answer: {reason}.", hint=hint)

    def _is_without_key(self) -> bool:
        """Tell whether there is no key and no role either: the library would wait for a metadata address that is not there."""
        host = urlsplit(self._access.endpoint or "").hostname or "amazonaws.com"
        return self._access.access_key_id is None and "amazonaws.com" not in host

    def _refusal(self, reason: str, hint: str) -> StorageRefused:
        return StorageRefused(f"The object store {self._named()} refused: {reason}.", hint=hint)

    def _how(self) -> str:
        return f"Set {_VARIABLES} for a key that may read, write, list and delete there."

    def _named(self) -> str:
        return f"{self._url} at {self._access.endpoint or 'Amazon S3'}"


def _store(url: str, access: S3Access) -> S3Store:
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise OptionError(f"{url} needs the library obstore.", hint="pip install 'earmark[s3]'") from error

    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.hostname or parts.netloc != parts.hostname or parts.query or parts.fragment:
        shown = url.rpartition("@")[2]  # what stands before it may be a secret
        raise OptionError(
            f"{shown!r} names no bucket.", hint="Give s3://bucket or s3://bucket/prefix, the rest in AWS_… variables."
        )
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=_CONNECT_SECONDS),
        "timeout": timedelta(seconds=_REQUEST_SECONDS),
    }
    if access.endpoint is not None and access.endpoint.startswith("http://"):
        client["allow_http"] = True
    retry_timeout = timedelta(seconds=_RETRY_SECONDS)
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=_config(access),
        client_options=client,
        retry_config={"max_retries": _RETRIES, "retry_timeout": retry_timeout},
    )


def _config(access: S3Access) -> S3Config:
    # not every S3-compatible store knows the bulk deletion that the library would use for one object
    config: S3Config = {"disable_bulk_delete": True}
    if access.endpoint is not None:
        config["endpoint"] = access.endpoint
    if access.region is not None:
        config["region"] = access.region
    if access.access_key_id is not None:
        config["access_key_id"] = access.access_key_id
    if access.secret_access_key is not None:
        config["secret_access_key"] = access.secret_access_key
    if access.session_token is not None:
        config["session_token"] = access.session_token
    return config


def _reason(error: Exception) -> str:
    """Return what the store said, without the library's account of its own insides."""
    text = str(error).partition("\n\nDebug source")[0]
    said = _S3_CODE.search(text)
    if said is not None:
        return " ".join(f"{said[1]}: {said[2] or ''}".strip(": .").split())
    return " ".join(text.rpartition(" - ")[2].strip(": .").split())
