"""The paths of the API, as its description lists them, and the methods that each knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.routing import compile_path

UNKNOWN = "other"


class Paths:
    """The templates of all paths."""

    def __init__(self, described: Mapping[str, Mapping[str, Any]]) -> None:
        self._known = [(compile_path(template)[0], template, _methods(described[template])) for template in described]

    def template(self, path: str) -> str:
        """Return the template of a path, of which there are only so many; `other` for unknown ones."""
        return next((template for pattern, template, _ in self._known if pattern.fullmatch(path)), UNKNOWN)

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that a path knows."""
        return next((methods for pattern, _, methods in self._known if pattern.fullmatch(path)), ("GET",))


def _methods(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(name.upper() for name in names))
