"""The options that `earmark run` and `earmark submit` share: what is asked of the processing of an episode, and of which one.

A command names them in its signature (`engine: Engine = None`) and gives those of `Options` to `options_of`, which lets the
environment decide where nothing was given.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs.options import DiarizerChoice, EngineChoice, Options
from jobs.selection import Selection
from worker.settings import Settings

_WHICH, _SPEECH, _SPEAKERS, _CHAPTERS = "Which episodes", "Speech", "Speakers", "Chapters"
"""Headings of `--help`."""

_FROM_SETTINGS = (
    "engine",
    "model",
    "threads",
    "workers",
    "batch_size",
    "part_seconds",
    "diarizer",
    "generated_chapters",
    "voice_memory",
)
"""Options whose defaults the environment can set."""

Sources = Annotated[
    list[str], typer.Argument(metavar="SOURCE…", help="Audio URL or file, feed, web page, OPML list.", show_default=False)
]

Latest = Annotated[int | None, typer.Option(help="The newest N episodes of each feed.", min=1, rich_help_panel=_WHICH)]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Episodes published since.", rich_help_panel=_WHICH)]
Which = Annotated[
    list[str] | None,
    typer.Option(metavar="TITLE|GUID|N", help="This episode (1 is the newest); repeatable.", rich_help_panel=_WHICH),
]
AllEpisodes = Annotated[bool, typer.Option("--all", help="Every episode.", rich_help_panel=_WHICH)]

Engine = Annotated[EngineChoice | None, typer.Option(help="Speech engine; auto if not set.", rich_help_panel=_SPEECH)]
Model = Annotated[
    str | None, typer.Option(metavar="NAME|DIR", help="Whisper model: a name, a folder, or a hub id.", rich_help_panel=_SPEECH)
]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=_SPEECH)]
ComputeType = Annotated[str, typer.Option(help="Number format, e.g. int8, float16.", rich_help_panel=_SPEECH)]
Threads = Annotated[int | None, typer.Option(min=0, help="CPU threads; 0 is all.", rich_help_panel=_SPEECH)]
Workers = Annotated[
    int | None, typer.Option(min=0, help="Batches of windows heard at once; 0 fits the machine.", rich_help_panel=_SPEECH)
]
BatchSize = Annotated[
    int | None,
    typer.Option(min=0, help="Windows decoded together; 0 fits the device, 1 is one by one.", rich_help_panel=_SPEECH),
]
Language = Annotated[str | None, typer.Option(help="Language code; heard if not given.", rich_help_panel=_SPEECH)]
Prompt = Annotated[str | None, typer.Option(help="Text that sets the tone and spelling.", rich_help_panel=_SPEECH)]
Hotwords = Annotated[str | None, typer.Option(help="Names and jargon to listen for.", rich_help_panel=_SPEECH)]
PartSeconds = Annotated[
    float | None, typer.Option(min=5, max=3600, help="Length of the parts of an episode.", rich_help_panel=_SPEECH)
]

DiarizerName = Annotated[
    DiarizerChoice | None, typer.Option(help="Who tells the speakers apart; auto if not set.", rich_help_panel=_SPEAKERS)
]
DiarizerModel = Annotated[str | None, typer.Option(metavar="ID|DIR", help="pyannote pipeline.", rich_help_panel=_SPEAKERS)]
SpeakerCount = Annotated[int | None, typer.Option(min=1, help="How many speakers there are.", rich_help_panel=_SPEAKERS)]
MinSpeakers = Annotated[int | None, typer.Option(min=1, help="At least so many.", rich_help_panel=_SPEAKERS)]
MaxSpeakers = Annotated[int | None, typer.Option(min=1, help="At most so many.", rich_help_panel=_SPEAKERS)]

VoiceMemory = Annotated[
    bool | None,
    typer.Option(
        "--voice-memory/--no-voice-memory",
        help="Know the show's voices again, and remember them; on if not set, and never where the settings forbid it.",
        show_default=False,
        rich_help_panel=_SPEAKERS,
    ),
]

Chapters = Annotated[str | None, typer.Option(metavar="FILE|URL", help="Chapters for this episode.", rich_help_panel=_CHAPTERS)]
Notes = Annotated[Path | None, typer.Option(metavar="FILE", help="Show notes for this episode.", rich_help_panel=_CHAPTERS)]
Reference = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|URL",
        help="The publisher's clean audio, or a second download: what this file has besides is found by comparison.",
        rich_help_panel=_CHAPTERS,
    ),
]
Generated = Annotated[
    bool | None,
    typer.Option(
        "--generated-chapters/--no-generated-chapters",
        help="Make chapters from the transcript where none were published; on if not set.",
        show_default=False,
        rich_help_panel=_CHAPTERS,
    ),
]


def options_of(settings: Settings, **given: object) -> Options:
    """Return the options of a job: what was given on the command line, else what the environment says, else the usual.

    Voices are not remembered if the environment says no, whatever else was given.
    """
    usual = {name: getattr(settings, name) for name in _FROM_SETTINGS}
    wanted = usual | {name: value for name, value in given.items() if value not in {None, ""}}
    return Options.model_validate(wanted | {"voice_memory": settings.voice_memory and wanted["voice_memory"]})


def selection_of(*, latest: int | None, since: datetime | None, episode: list[str] | None, all_episodes: bool) -> Selection:
    """Return which episodes of a feed are asked for."""
    day = since.date() if since else None
    return Selection(latest=latest, since=day, episodes=tuple(episode or ()), all=all_episodes)
