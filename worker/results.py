"""What steps made, read from the blobs and kept in memory for a while."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeVar

from storage.blobs import Blobs
from storage.documents import Document

Result = TypeVar("Result", bound=Document)
"""As in `jobs.tasks`, which commands that do no work need not import."""

_KEPT = 256
"""Results that are kept in memory, since a plan is walked at each step of a job; they never change."""


class ResultReader:
    """Reads what steps made, and keeps what was read last; it never changes."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._kept = lru_cache(maxsize=_KEPT)(self._read)

    def read(self, output: str, kind: type[Result]) -> Result:
        """Return the document of this kind with this digest; raises what reading and parsing raise."""
        result = self._kept(output, kind)
        assert isinstance(result, kind)
        return result

    def _read(self, output: str, kind: type[Any]) -> Any:
        return kind.model_validate_json(self._blobs.read(output))
