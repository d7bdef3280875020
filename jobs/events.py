"""What happens while an episode is processed, as values for whoever shows it: bars, plain lines, or JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from storage.documents import Episode, Notice

StepName = Literal[
    "transcriber",
    "diarizer",
    "chapters",
    "fetch",
    "prepare",
    "reference",
    "language",
    "transcribe",
    "bridge",
    "diarize",
    "voices",
    "assemble",
]
"""The steps of a job, in their order; the first two choose engines, where workers do.

`transcribe` has one step per part, `bridge` one for each part whose seam at the start is heard again.
"""

Unit = Literal["bytes", "seconds"]


@dataclass(frozen=True)
class EpisodeBegan:
    """An episode is taken up."""

    episode: Episode


@dataclass(frozen=True)
class StepBegan:
    """A step is about to be worked on."""

    step: StepName
    part: int
    parts: int


@dataclass(frozen=True)
class StepMoved:
    """A step got on."""

    step: StepName
    part: int
    done: float
    total: float | None
    """Of this part; none where it is not known."""
    whole: float | None
    """Of all parts of this step together."""
    unit: Unit


@dataclass(frozen=True)
class StepEnded:
    """A step is finished; `reused` if earlier work served."""

    step: StepName
    part: int
    parts: int
    reused: bool
    total: float | None
    """How much it was, in the unit of its progress."""
    seconds: float
    """Wall time that it took."""


@dataclass(frozen=True)
class Noticed:
    """Something that the person should know now; it is in the output's `warnings` too."""

    notice: Notice
    loud: bool = False
    """It changes what the whole output is worth, such as a fallback engine."""


Event: TypeAlias = EpisodeBegan | StepBegan | StepMoved | StepEnded | Noticed
Listener: TypeAlias = Callable[[Event], None]
