"""States of jobs as they are written on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from storage.errors import OptionError
from storage.records import JobState


def states_of(text: str, known: Sequence[str]) -> tuple[JobState, ...]:
    """Return the states that are named, with commas between; `OptionError` for one that is not among `known`."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise OptionError(f"{', '.join(unknown) or text!r} is no state to choose here.", hint=f"Choose among {', '.join(known)}.")
    return cast("tuple[JobState, ...]", names)
