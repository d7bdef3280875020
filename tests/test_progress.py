"""What a person, or a program, sees of a run."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import get_args

import pytest
from rich.console import Console

from jobs.events import EpisodeBegan, Event, Noticed, StepBegan, StepEnded, StepMoved, StepName
from service.progress import LABELS, Bars, JsonLines, PlainLines, _bars, ended, noticed, shown
from service.wording import clock, size
from storage.documents import Episode, Notice

EPISODE = Episode(id="ep_1", title="[bold]Brackets[/bold] & co")
NOTICE = Notice(code="x", message="Something [red]to know[/red].")
RUN: list[Event] = [
    EpisodeBegan(EPISODE),
    StepBegan("fetch", 0, 1),
    StepMoved("fetch", 0, 500_000, 1_000_000, 1_000_000, "bytes"),
    StepEnded("fetch", 0, 1, reused=False, total=None, seconds=1.25),
    StepBegan("transcribe", 0, 2),
    StepMoved("transcribe", 0, 30.0, 60.0, 90.0, "seconds"),
    StepEnded("transcribe", 0, 2, reused=False, total=60.0, seconds=3.0),
    StepEnded("transcribe", 1, 2, reused=True, total=30.0, seconds=0.0),
    Noticed(NOTICE, loud=True),
]


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time as set."""
        return self.now


def test_programs_get_one_json_object_a_line() -> None:
    """Named after the event, with its fields; a notice and an episode are objects themselves."""
    out = io.StringIO()
    lines = JsonLines(out)
    for event in RUN:
        lines(event)
    read = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(read) == len(RUN)
    assert read[0] == {"event": "episode_began", "episode": EPISODE.model_dump(mode="json")}
    assert read[2] == {
        "event": "step_moved",
        "step": "fetch",
        "part": 0,
        "done": 500_000,
        "total": 1_000_000,
        "whole": 1_000_000,
        "unit": "bytes",
    }
    assert read[-1] == {"event": "noticed", "notice": {"code": "x", "message": NOTICE.message}, "loud": True}


def test_plain_lines_say_beginnings_ends_and_warnings_literally() -> None:
    """Brackets of titles are no markup."""
    out = io.StringIO()
    lines = PlainLines(Console(file=out, width=200))
    for event in RUN:
        lines(event)
    assert out.getvalue().splitlines() == [
        "episode: [bold]Brackets[/bold] & co",
        "  download: done in 1.2 s",
        "  transcribe part 1 of 2: done in 3.0 s",
        "  transcribe part 2 of 2: already done",
        "WARNING: Something [red]to know[/red].",
    ]


def test_plain_lines_tell_now_and_then_how_far_it_is_how_fast_and_for_how_long() -> None:
    """Every ten seconds of a step, in its unit."""
    out, now = io.StringIO(), Clock()
    lines = PlainLines(Console(file=out, width=200), clock=now)
    lines(StepBegan("transcribe", 0, 1))
    for second in range(1, 26):
        now.now = float(second)
        lines(StepMoved("transcribe", 0, second * 4.0, 200.0, 200.0, "seconds"))
    now.now = 100.0
    lines(StepBegan("fetch", 0, 1))
    now.now = 110.0
    lines(StepMoved("fetch", 0, 5_000_000.0, None, None, "bytes"))
    assert out.getvalue().splitlines() == [
        "  transcribe: 0:40 of 3:20, 4.0 × real time, 0:40 left",
        "  transcribe: 1:20 of 3:20, 4.0 × real time, 0:30 left",
        "  download: 5.0 MB, 500.0 kB/s",
    ]


def test_bars_come_and_go_with_their_steps() -> None:
    """The parts of a transcription share one; a new episode starts with none; text is never taken for markup."""
    out = io.StringIO()
    console = Console(file=out, width=120, force_terminal=True, color_system=None)
    with _bars(console) as progress:
        bars = Bars(progress, console)
        for event in RUN[:6]:
            bars(event)
        (task,) = progress.tasks
        assert (task.description, task.completed, task.total) == ("transcribe", 30.0, 90.0)
        for event in RUN[6:]:
            bars(event)
        assert progress.tasks == []
        bars(StepBegan("fetch", 0, 1))
        assert len(progress.tasks) == 1
        bars(RUN[0])
        assert progress.tasks == []
    assert "[bold]Brackets[/bold] & co" in out.getvalue()
    assert "WARNING: Something [red]to know[/red]." in out.getvalue()


def test_where_the_output_goes_decides_how_it_is_shown() -> None:
    """JSON if asked, bars on a terminal, lines elsewhere."""
    plain, terminal = Console(file=io.StringIO()), Console(file=io.StringIO(), force_terminal=True)
    for as_json, console, kind in ((True, plain, JsonLines), (False, plain, PlainLines), (False, terminal, Bars)):
        with shown(as_json=as_json, console=console) as listener:
            assert isinstance(listener, kind)


def test_words_for_ends_and_notices() -> None:
    """As in a table."""
    assert ended(StepEnded("diarize", 0, 1, reused=False, total=None, seconds=61.04)) == "speakers: done in 61.0 s"
    assert noticed(Noticed(NOTICE)) == "note: Something [red]to know[/red]."


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (-3, "0:00"), (59.6, "1:00"), (3599, "59:59"), (3661, "1:01:01")])
def test_times_as_people_read_them(seconds: float, text: str) -> None:
    """Hours only where there are any."""
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (4.2e9, "4.2 GB"), (5e15, "5000.0 TB")]
)
def test_sizes_as_people_read_them(count: float, text: str) -> None:
    """In thousands."""
    assert size(count) == text


def test_every_step_has_a_name_for_people() -> None:
    """Else its end would end the whole run."""
    assert set(LABELS) == set(get_args(StepName))


def test_a_seam_is_named_by_the_part_behind_it() -> None:
    """Not all seams are heard again, so they are not counted."""
    assert ended(StepEnded("bridge", 4, 2, reused=False, total=40.0, seconds=1.25)) == "check seams before part 5: done in 1.2 s"
