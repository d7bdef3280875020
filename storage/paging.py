"""Pages of long lists: each names the place after which the next one goes on, so that what comes in meanwhile shifts nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from pydantic import Field, TypeAdapter

from storage.errors import OptionError

T = TypeVar("T")

_Place = TypeAdapter(tuple[Annotated[float, Field(allow_inf_nan=False)], Annotated[str, Field(pattern=r"^[^\x00]*$")]])


@dataclass(frozen=True)
class Page(Generic[T]):
    """A stretch of a list."""

    items: tuple[T, ...]
    next: str | None
    """What to ask for to go on; none at the end."""


def page_of(found: Sequence[T], limit: int, place: Callable[[T], tuple[float, str]]) -> Page[T]:
    """Make a page of up to `limit` items out of up to one more; `place` says where an item stands in the order."""
    items = tuple(found[:limit])
    return Page(items, _written(place(items[-1])) if items and len(found) > limit else None)


def page_at(items: Sequence[T], place: tuple[float, str] | None) -> Page[T]:
    """Make a page of items that goes on at a place; none at the end."""
    return Page(tuple(items), None if place is None else _written(place))


def place_of(after: str) -> tuple[float, str]:
    """Return the place that the `next` of a page names; `OptionError` if it names none."""
    try:
        return _Place.validate_json(base64.urlsafe_b64decode(after.encode("ascii") + b"=="), strict=True)
    except ValueError as error:
        raise OptionError(f"{after[:40]!r} is not the place of a page.", hint="Give the `next` of the page before.") from error


def _written(place: tuple[float, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode("ascii").rstrip("=")
