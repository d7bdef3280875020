"""`earmark speakers`: the voices that shows are known by, and what they are called."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from typer.core import TyperGroup

from service.console import errors, print_json, results
from service.show_voices import ShowVoices
from service.speakers_view import show_view, voice_view
from storage.blobs import Blobs
from storage.errors import OptionError
from storage.files import write_atomically
from storage.library import Library
from storage.names import file_name
from storage.retold import Retold
from storage.voice_list import find_voice, list_voices
from storage.voices import KnownShow, Voice
from worker.settings import Settings
from worker.stores import open_stores


class _ShowFirst(TyperGroup):
    """Takes `speakers SHOW` for `speakers list SHOW`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command in front that was left out."""
        asks_for_help = bool(args) and args[0] in {"--help", "-h"}
        if not asks_for_help and (not args or args[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ShowFirst,
    help="A show's voices and their names; `earmark speakers SHOW` lists them. They are biometric data: `forget` deletes them.",
)

Show = Annotated[str, typer.Argument(metavar="SHOW", help="The show's title, or how it begins.", show_default=False)]
Speaker = Annotated[str, typer.Argument(metavar="SPEAKER", help="The voice's id or name.", show_default=False)]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Folder with the transcripts, if it is not the usual one.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_speakers(
    show: Annotated[str | None, typer.Argument(metavar="SHOW", help="The show's title, or how it begins.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the voices of a show, those heard most often first; without SHOW, the shows of which voices are remembered."""
    with _voices(None) as known:
        if show is None:
            _print_shows(known.memory.shows(), as_json=as_json)
            return
        found = known.show(show)
        listed = list_voices(known.stores.engine, found.key, limit=None, latest=None if as_json else 1).items
        views = [voice_view(voice) for voice in listed]
        others = known.also_from(found.key)
    if as_json:
        print_json({"show": found.title, "also_from": [other.key for other in others], "speakers": views})
        return
    table = Table(title=escape(found.title), title_justify="left")
    for column in ("id", "name", "from", "sure", "episodes", "heard", "last heard in"):
        table.add_column(column, justify="right" if column in {"sure", "episodes", "heard"} else "left", overflow="fold")
    for view in views:
        sure = "" if view["name_confidence"] is None else f"{view['name_confidence']:.0%}"
        cells = [view["id"], view["name"] or "", (view["name_source"] or "").replace("_", " "), sure, str(view["episode_count"])]
        table.add_row(*map(escape, cells), f"{view['seconds'] / 60:.0f} min", escape(view["episodes"][-1]["title"]))
    results.print(table)
    if others:
        _print(f"Also compared with the voices of {', '.join(other.title for other in others)}.")


@app.command("rename")
def rename(
    show: Show,
    speaker: Speaker,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What this voice is called.", show_default=False)],
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Name a voice, in every transcript of the show and its exports; nothing is transcribed again.

    The name goes before whatever else speaks for another, now and in later episodes.
    """
    with _voices(output) as known:
        voice, retold = known.rename(known.voice(known.show(show), speaker), name)
        _say(voice, f"{voice.id} is {voice.name}.", retold, known, as_json=as_json)


@app.command("merge")
def merge(
    show: Show,
    speaker: Speaker,
    others: Annotated[list[str], typer.Argument(metavar="OTHER…", help="Voices that are the same person's.", show_default=False)],
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Make several voices one: they are one person's."""
    with _voices(output) as known:
        found = known.show(show)
        voice, retold = known.merge(known.voice(found, speaker), [known.voice(found, other) for other in others])
        _say(voice, f"{voice.id} has {len(voice.episodes)} episodes now.", retold, known, as_json=as_json)


@app.command("split")
def split(
    show: Show,
    speaker: Speaker,
    episodes: Annotated[
        list[str], typer.Argument(metavar="EPISODE…", help="Ids or titles of episodes with another voice.", show_default=False)
    ],
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Make a new voice of what some episodes contributed to one: it was somebody else's."""
    with _voices(output) as known:
        voice = known.voice(known.show(show), speaker)
        made, retold = known.split(voice, _episodes(voice, episodes, known))
        _say(made, f"{made.id} is a voice of its own now.", retold, known, as_json=as_json)


@app.command("also-from")
def also_from(
    show: Annotated[
        str, typer.Argument(metavar="SHOW", help="The show's title; it may be one that is yet to come.", show_default=False)
    ],
    others: Annotated[
        list[str] | None, typer.Argument(metavar="OTHER…", help="Shows whose voices are asked, too.", show_default=False)
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Ask no other show any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a show's speakers compared with the voices of other shows, too: exactly of these, from the next episode on.

    Voices of another show are never used unless you ask for it. Without OTHER, say which are asked.
    """
    if none and others:
        raise OptionError("Either other shows or --none.", hint="Name the shows that are to be asked, and no others are.")
    with _voices(None) as known:
        key, title = known.named(show)
        if others or none:
            known.ask_also(key, [known.show(other).key for other in others or ()])
        asked = known.also_from(key)
    if as_json:
        print_json({"show": title, "also_from": [other.key for other in asked]})
        return
    titles = ", ".join(other.title for other in asked)
    _print(f"{title}: also compared with the voices of {titles}." if asked else f"{title}: no other show's voices are used.")


@app.command("forget")
def forget(  # noqa: PLR0917 - a command has as many parameters as options
    show: Show,
    speakers: Annotated[
        list[str] | None, typer.Argument(metavar="SPEAKER…", help="Only these voices.", show_default=False)
    ] = None,
    episode: Annotated[
        list[str] | None, typer.Option("--episode", metavar="ID", help="Only what this episode contributed; repeatable.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Delete what is remembered of a show's voices: embeddings, recordings, and what links transcripts to them.

    Names that stand in transcripts stay there.
    """
    with _voices(output) as known:
        found = known.show(show)
        voices = [known.voice(found, speaker) for speaker in speakers or ()]
        what = ", ".join(voice.id for voice in voices) or "all voices"
        if not (yes or as_json):
            _ask(f"Forget {what} of {found.title}" + (f", as far as {len(episode)} episode(s) go?" if episode else "?"))
        count, retold = known.forget(found, voices, episode or ())
    if as_json:
        print_json({"forgotten": count, "transcripts": retold.changed, "unreadable": list(retold.unreadable)})
        return
    _print(f"{count} samples of voices are forgotten; {_transcripts(retold)}.")


@app.command("clips")
def clips(
    show: Show,
    speaker: Speaker,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the recordings.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the recordings that are kept of a voice as WAV files, to hear whose it is."""
    with _voices(None) as known:
        voice = known.voice(known.show(show), speaker)
        written = _write_clips(voice, known.stores.blobs, output)
    if as_json:
        print_json({"written": [str(path) for path in written]})
        return
    for path in written:
        _print(str(path))
    if not written:
        errors.print("No recording of this voice is kept.", style="yellow", soft_wrap=True)


def _write_clips(voice: Voice, blobs: Blobs, folder: Path) -> list[Path]:
    written: list[Path] = []
    for sample in voice.samples:
        for digest in sample.clips:
            path = folder / file_name(f"{voice.id} {len(written) + 1}.wav", instead=digest)
            write_atomically(path, blobs.read(digest))
            written.append(path)
    return written


@contextmanager
def _voices(output: Path | None) -> Iterator[ShowVoices]:
    settings = Settings()
    with open_stores(settings, owner=False) as stores:
        yield ShowVoices(stores, Library(output or settings.output_dir))


def _episodes(voice: Voice, texts: list[str], known: ShowVoices) -> set[str]:
    """Return the ids of the voice's episodes that a person names by id or title; one that is none is left as it is."""
    titles = {known.stores.episodes.get(episode).title.casefold(): episode for episode in voice.episodes}
    return {titles.get(text.casefold(), text) for text in texts}


def _print_shows(shows: tuple[KnownShow, ...], *, as_json: bool) -> None:
    if as_json:
        print_json({"shows": [show_view(show) for show in shows]})
    elif not shows:
        _print("No voices are remembered.")
    else:
        table = Table("show", title="Shows", title_justify="left")
        for column in ("voices", "episodes"):
            table.add_column(column, justify="right")
        for show in shows:
            table.add_row(escape(show.title), str(show.voices), str(show.episodes))
        results.print(table)


def _say(voice: Voice, text: str, retold: Retold, known: ShowVoices, *, as_json: bool) -> None:
    if as_json:
        view = voice_view(find_voice(known.stores.engine, voice.id))
        print_json({"speaker": view, "transcripts": retold.changed, "unreadable": list(retold.unreadable)})
        return
    _print(f"{text} {_transcripts(retold).capitalize()}.")


def _transcripts(retold: Retold) -> str:
    said = f"{retold.changed} of {retold.total} transcripts were changed"
    return said + (f"; {len(retold.unreadable)} could not be read" if retold.unreadable else "")


def _ask(words: str) -> None:
    if not sys.stdin.isatty():
        raise OptionError(f"Nobody is here to ask: {words}", hint="Say --yes.")
    typer.confirm(words, abort=True)


def _print(text: str) -> None:
    results.print(text, markup=False, highlight=False, soft_wrap=True)
