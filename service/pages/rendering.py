"""Templates to HTML. Everything that is printed is escaped; a name that a template does not get is an error."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from service.pages.links import Links
from storage.export.clock import clock
from storage.plain import one_line, web_address


@dataclass(frozen=True)
class Entry:
    """A place that every page leads to."""

    title: str
    address: str
    covers: tuple[str, ...] = ()
    """Where else the places begin that belong to it."""

    @property
    def places(self) -> tuple[str, ...]:
        """How the addresses of its pages begin, but its own."""
        return self.covers or (f"{self.address}/",)


@dataclass(frozen=True)
class Frame:
    """What is around the content of every page."""

    links: Links
    navigation: tuple[Entry, ...] = ()
    here: str = ""
    """Address of the entry of the navigation that the page belongs to."""
    signed_in: bool = False
    """Whether there is something to sign out of."""
    live: bool = True
    """Whether a server answers: in an exported folder none does, and nothing can be changed."""


@functools.cache
def environment() -> Environment:
    """Return what renders the templates."""
    made = Environment(
        loader=PackageLoader("service.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "line": lambda text: one_line(text or ""),
        "web": web_address,
        "clock": clock,
        "duration": duration,
        "iso_duration": iso_duration,
        "day": day,
        "iso_day": iso_day,
        "count": count,
    }
    return made


def render(template: str, frame: Frame, **fields: Any) -> str:
    """Return a page, or a part of one, as HTML."""
    return environment().get_template(template).render(frame=frame, links=frame.links, **fields)


# ------------------------------------------------------------------ how people read values


def duration(seconds: float) -> str:
    """Return a length as `1 h 5 min`, `12 min` or `48 s`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def iso_duration(seconds: float) -> str:
    """Return a length as HTML's `datetime` attribute has it."""
    return f"PT{max(0.0, seconds):.0f}S"


def day(moment: float | datetime) -> str:
    """Return a day (UTC) as `1 May 2024`."""
    when = _when(moment)
    return f"{when.day} {when:%B} {when.year}"


def iso_day(moment: float | datetime) -> str:
    """Return a day (UTC) as `2024-05-01`."""
    return f"{_when(moment):%Y-%m-%d}"


def count(number: int, one: str, many: str | None = None) -> str:
    """Return a number of things: `1 episode`, `1,204 episodes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _when(moment: float | datetime) -> datetime:
    return datetime.fromtimestamp(moment, UTC) if isinstance(moment, int | float) else moment.astimezone(UTC)
