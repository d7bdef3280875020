"""Forms that pages post: names and values, as browsers without JavaScript send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from service.api.problems import ProblemError, problem

MEDIA_TYPE = "application/x-www-form-urlencoded"

MOST_FIELDS = 1000


@dataclass(frozen=True)
class Form:
    """What was filled in."""

    values: Mapping[str, tuple[str, ...]]

    def text(self, name: str) -> str:
        """Return the last value of a field without space around it; empty if it was left empty or is not there."""
        return self.values.get(name, ("",))[-1].strip()

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a field that was filled in several times."""
        return self.values.get(name, ())

    def ticked(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return bool(self.text(name))


async def _form(request: Request) -> Form:
    """Read a form (WHATWG URL, 5.1); the Door bounds its size."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != MEDIA_TYPE:
        raise ProblemError(problem(422, "no-form", f"A form is sent as {MEDIA_TYPE}."))
    try:
        pairs = parse_qsl(
            (await request.body()).decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise ProblemError(problem(400, "unreadable", "The form cannot be read.", hint="Send it in UTF-8.")) from None
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return Form(values)


Posted = Annotated[Form, Depends(_form)]
"""How a route asks for the form that was sent to it."""
