"""Making a site of everything that has a transcript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from service.pages.assets import assets
from service.pages.episode_view import EpisodeView, episode_view
from service.pages.finding import find
from service.pages.published_notes import ShownNotes
from service.pages.rendering import Entry, Frame, iso_day, render
from service.pages.shows import ShowPage, ShowsPage
from service.site.folder import SiteFolder
from service.site.index import SiteIndex
from service.site.links import SiteLinks, episode_path, show_path, transcript_path
from storage.blobs import Blobs
from storage.documents import Transcript
from storage.episodes import EpisodeRecord
from storage.errors import CorruptBlob, NotFound
from storage.export import FORMATS
from storage.show_list import ShowRecord
from storage.shows import show_key

ON_A_PAGE = 200
"""Episodes of a show on one page."""

_SUFFIXES = {
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/ogg": ".ogg",
    "audio/flac": ".flac",
    "audio/wav": ".wav",
    "audio/aac": ".aac",
}
_ANY_SUFFIX = ".audio"


@dataclass(frozen=True)
class SiteMade:
    """What became of it."""

    episodes: int
    files: int
    changed: int
    removed: int
    unreadable: tuple[str, ...]
    """Ids of episodes whose transcript is gone or damaged."""
    silent: tuple[str, ...]
    """Ids of episodes whose audio was wanted and is gone."""


@dataclass
class SiteMaker:
    """Writes pages into a folder."""

    blobs: Blobs
    folder: SiteFolder
    notes: Callable[[EpisodeRecord], ShownNotes]
    """Tells the show notes of an episode."""
    with_audio: bool = False
    _sounds: dict[str, str] = field(default_factory=dict)
    _silent: list[str] = field(default_factory=list)

    def make(self, episodes: Sequence[EpisodeRecord], told: Callable[[int], None] = lambda _done: None) -> SiteMade:
        """Write the pages of these episodes, in the order in which a search is to show them; `told` hears how many are done."""
        index, unreadable, done = SiteIndex(), list[str](), list[EpisodeRecord]()
        for number, record in enumerate(episodes, start=1):
            try:
                transcript = Transcript.model_validate_json(self.blobs.read(record.transcript or ""))
            except (NotFound, CorruptBlob, ValueError):
                unreadable.append(record.id)
                continue
            view = self._episode(record, transcript)
            for path, content in index.add(view, iso_day(view.published) if view.published is not None else None):
                self.folder.write(path, content)
            done.append(record)
            told(number)
        for path, content in index.finish():
            self.folder.write(path, content)
        self._shows(done)
        self._frame_of_all()
        removed = self.folder.finish()
        return SiteMade(len(done), self.folder.files, self.folder.changed, removed, tuple(unreadable), tuple(self._silent))

    def _episode(self, record: EpisodeRecord, transcript: Transcript) -> EpisodeView:
        view = replace(episode_view(transcript), id=record.id)
        if self.with_audio:
            self._take_sound(view)
        for name, wanted in FORMATS.items():
            self.folder.write(transcript_path(record.id, name), wanted.render(transcript))
        self._page(
            episode_path(record.id),
            "episode.html",
            view=view,
            voices={voice.label: voice for voice in view.voices},
            show_key=show_key(record.show),
            notes=self.notes(record),
            found=find("", ()),
            silent=record.id not in self._sounds,
        )
        return view

    def _take_sound(self, view: EpisodeView) -> None:
        path = f"audio/{view.id}{_SUFFIXES.get(view.media_type, _ANY_SUFFIX)}"
        try:
            self.folder.copy(path, self.blobs.path(view.sha256))
        except NotFound:
            self._silent.append(view.id)
            return
        self._sounds[view.id] = path

    def _shows(self, episodes: Sequence[EpisodeRecord]) -> None:
        by_show: dict[str | None, list[EpisodeRecord]] = {}
        for record in episodes:
            by_show.setdefault(show_key(record.show), []).append(record)
        shows = tuple(_show(key, by_show[key]) for key in sorted(by_show, key=lambda key: (key is None, key or "")))
        for show in shows:
            mine = by_show[show.key]
            for begin in range(0, len(mine), ON_A_PAGE):
                number = begin // ON_A_PAGE + 1
                following = str(number + 1) if begin + ON_A_PAGE < len(mine) else None
                view = ShowPage(show, tuple(mine[begin : begin + ON_A_PAGE]), following, is_first=number == 1)
                self._page(show_path(show.key, str(number) if number > 1 else None), "show.html", view=view)
        self._page("index.html", "shows.html", view=ShowsPage(shows, shows))

    def _frame_of_all(self) -> None:
        self._page("search.html", "site_search.html")
        for name, asset in assets().by_name.items():
            self.folder.write(f"static/{name}", asset.content)

    def _page(self, path: str, template: str, **fields: Any) -> None:
        links = SiteLinks(path.count("/"), self._sounds)
        navigation = (Entry("Shows", links.home), Entry("Search", links.search))
        here = {"search.html": links.search}.get(path, links.home)
        self.folder.write(path, render(template, Frame(links, navigation, here, live=False), **fields))


def make_site(
    root: Path,
    episodes: Sequence[EpisodeRecord],
    blobs: Blobs,
    notes: Callable[[EpisodeRecord], ShownNotes],
    *,
    with_audio: bool = False,
    told: Callable[[int], None] = lambda _done: None,
) -> SiteMade:
    """Write a site into a folder, or bring the one that is there up to date.

    Raises `OptionError` for a folder that holds something else, `OutputError` and `StorageFull` where writing fails.
    """
    return SiteMaker(blobs, SiteFolder(root), notes, with_audio).make(episodes, told)


def _show(key: str | None, episodes: Sequence[EpisodeRecord]) -> ShowRecord:
    newest = max((episode.published for episode in episodes if episode.published is not None), default=None)
    return ShowRecord(
        key=key,
        title=episodes[0].show if key is not None else None,
        spellings=tuple(dict.fromkeys(episode.show for episode in episodes)),
        episodes=len(episodes),
        transcribed=len(episodes),
        newest=newest,
    )
