"""What the search of a site looks up: which paragraphs have which words, in files that a page can load from a disk.

A page that was opened from a disk may not read other files, but it may run scripts. So each file is a script that hands its
content to `site-search.js`. Words are those of `storage.search.tokens`; which of the files has a word is told by its beginning,
so that a word whose ending is open is looked for in one file, too. Paragraphs lie in other files, of which only those are loaded
that are shown.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from service.pages.episode_view import EpisodeView
from storage.search.tokens import indexed_text

SHARDS = 64
"""Files over which the words are spread."""

PER_FILE = 200
"""Paragraphs in one file."""

_FNV_START, _FNV_PRIME = 0x811C9DC5, 0x01000193


@dataclass
class SiteIndex:
    """The index while episodes are put into it, those that are to be shown first before the others."""

    _episodes: list[list[Any]] = field(default_factory=list)
    _paragraphs: int = 0
    _open: list[list[Any]] = field(default_factory=list)
    _words: dict[str, array[int]] = field(default_factory=dict)

    def add(self, view: EpisodeView, day: str | None) -> Iterator[tuple[str, str]]:
        """Put an episode in; yield files of paragraphs, by path, as they become full."""
        episode = len(self._episodes)
        self._episodes.append([view.id, view.title, view.show, day])
        names = {voice.label: voice.name for voice in view.voices}
        titles = view.title
        for section in view.sections:
            chapter = section.chapter.title if section.chapter is not None else None
            titles = f"{titles} {chapter or ''}"
            for said in section.paragraphs:
                self._note(f"{titles} {said.text}" if titles else said.text)
                titles = ""
                name = names.get(said.voice or "")
                self._open.append([episode, chapter, name, said.text, said.times, said.lengths])
                if len(self._open) == PER_FILE:
                    yield self._close()

    def finish(self) -> Iterator[tuple[str, str]]:
        """Yield the files that are left: paragraphs, words, and the list of episodes."""
        if self._open:
            yield self._close()
        shards: list[dict[str, list[int]]] = [{} for _ in range(SHARDS)]
        for word, places in self._words.items():
            steps = [places[0], *(after - before for before, after in pairwise(places))]
            shards[shard_of(word)][word] = steps
        for number, words in enumerate(shards):
            yield f"search/words-{number}.js", _script(f"words-{number}", words)
        about = {"episodes": self._episodes, "paragraphs": self._paragraphs, "perFile": PER_FILE, "shards": SHARDS}
        yield "search/about.js", _script("about", about)

    def _note(self, text: str) -> None:
        for word in set(indexed_text(text).split()):
            self._words.setdefault(word, array("L")).append(self._paragraphs)
        self._paragraphs += 1

    def _close(self) -> tuple[str, str]:
        number = (self._paragraphs - 1) // PER_FILE
        content = _script(f"said-{number}", self._open)
        self._open = []
        return f"search/said-{number}.js", content


def shard_of(word: str) -> int:
    """Return which file has a word: FNV-1a over its first two UTF-16 units, or the first if that is no ASCII character."""
    units = word.encode("utf-16-le")[: 4 if word[0].isascii() else 2]
    digest = _FNV_START
    for place in range(0, len(units), 2):
        digest = (digest ^ int.from_bytes(units[place : place + 2], "little")) * _FNV_PRIME % (1 << 32)
    return digest % SHARDS


def _script(name: str, content: object) -> str:
    """Return a file that hands over its content; nothing in it is code, whatever it says."""
    # two marks of JSON were ends of lines in older JavaScript, and `</script>` is never written either
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return f"earmarkSearch.take({json.dumps(name)},{text});\n"
