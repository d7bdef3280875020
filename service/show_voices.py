"""What the command line and the API share about the voices of shows: finding them, and changing them with their transcripts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from storage.errors import EarmarkError, NotFound, OptionError
from storage.library import Library
from storage.person_names import name_of_voice, same_person
from storage.respoken import as_remembered
from storage.retold import Retold, retell_ledger, retell_library
from storage.shows import show_key
from storage.voice_changes import forget_samples, merge_voices, rename_voice, samples_to_forget, split_voice
from storage.voice_list import SHORTEST_ID
from storage.voice_sources import set_sources, sources_of
from storage.voiceless import remove_embeddings
from storage.voices import KnownShow, Voice, VoiceMemory
from worker.stores import Stores

_log = logging.getLogger("earmark.voices")

_INDEXING_SECONDS = 1.0
"""After which whoever changed a voice need not wait any longer for the index of the search."""


@dataclass(frozen=True)
class ShowVoices:
    """The voices of shows, and the transcripts that tell of them: in the ledger, and in an output folder if there is one."""

    stores: Stores
    library: Library | None = None

    @property
    def memory(self) -> VoiceMemory:
        """The voices themselves."""
        return self.stores.memory

    def show(self, text: str) -> KnownShow:
        """Return the show that a person names by its title or the beginning of it; `NotFound`, or `OptionError` for several."""
        key, known = show_key(text) or "", self.memory.shows()
        exactly = [show for show in known if show.key == key]
        found = exactly or [show for show in known if key and show.key.startswith(key)]
        if len(found) == 1:
            return found[0]
        if found:
            titles = ", ".join(show.title for show in found)
            raise OptionError(f"Several shows begin with {text}: {titles}.", hint="Give more of the title.")
        raise NotFound(f"No voices of a show {text} are remembered.", hint="`earmark speakers` lists the shows.")

    def named(self, text: str) -> tuple[str, str]:
        """Return the key and the title of a show that a person names, also of one of which nothing is remembered."""
        try:
            found = self.show(text)
        except NotFound:
            key = show_key(text)
            if key is None:
                raise
            return key, text
        return found.key, found.title

    def also_from(self, show: str) -> tuple[KnownShow, ...]:
        """Return the other shows whose voices are compared, too, when somebody speaks in a show (its key)."""
        known = {other.key: other for other in self.memory.shows()}
        return tuple(known.get(key, KnownShow(key, key, 0, 0)) for key in sources_of(self.memory, show))

    def ask_also(self, show: str, others: Sequence[str]) -> None:
        """Have a show's speakers compared with the voices of exactly these others, too (keys), from the next episode on.

        Nothing need be remembered of the show itself yet. Raises `NotFound` for others of which nothing is, and `OptionError`.
        """
        known = {other.key for other in self.memory.shows()}
        missing = next((other for other in others if other not in known), None)
        if missing is not None:
            raise NotFound(f"No voices of a show {missing} are remembered.", hint="`earmark speakers` lists the shows.")
        set_sources(self.memory, show, others)

    def voice(self, show: KnownShow, text: str) -> Voice:
        """Return the voice that a person names by its id, the beginning of that, or its name; raises as `show` does."""
        voices = self.memory.of_show(show.key)
        exactly = [voice for voice in voices if voice.id == text or called(voice).casefold() == text.casefold()]
        begins = [voice for voice in voices if len(text) >= SHORTEST_ID and voice.id.startswith(text)]
        alike = [voice for voice in voices if called(voice) and same_person(called(voice), text)]
        found = exactly or begins or alike
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(voice.id for voice in found)
            raise OptionError(f"{text} may be any of the voices {ids}.", hint="Give the id; to make them one: merge.")
        raise NotFound(f"{show.title} has no voice {text}.", hint="`earmark speakers SHOW` lists them with their ids.")

    # -------------------------------------------------------------- changes

    def rename(self, voice: Voice, name: str) -> tuple[Voice, Retold]:
        """Name a voice, in every transcript of the show."""
        named = rename_voice(self.memory, voice.id, name)
        return named, self.retell(voice.show)

    def merge(self, into: Voice, others: Sequence[Voice]) -> tuple[Voice, Retold]:
        """Make several voices one."""
        merged = merge_voices(self.memory, into.id, [other.id for other in others])
        return merged, self.retell(into.show)

    def split(self, voice: Voice, episodes: Collection[str]) -> tuple[Voice, Retold]:
        """Make a voice of its own of what some episodes contributed to one."""
        made = split_voice(self.memory, voice.id, episodes)
        return made, self.retell(voice.show)

    def forget(self, show: KnownShow, voices: Collection[Voice] = (), episodes: Collection[str] = ()) -> tuple[int, Retold]:
        """Forget what is remembered of a show, or of some of it; return how many samples that were.

        Transcripts keep their names, and lose what links them to the memory: that is done first, so that after a crash the same
        request finishes it.
        """
        samples = samples_to_forget(self.memory, show.key, voice_ids={voice.id for voice in voices}, episodes=episodes)
        retold = self.retell(show.key, forgotten=frozenset(sample.id for sample in samples))
        remove_embeddings(self.stores.engine, self.stores.blobs, samples)
        for digest in forget_samples(self.memory, samples):
            self.stores.blobs.remove(digest)
        return len(samples), retold

    def retell(self, show: str, *, forgotten: frozenset[str] = frozenset()) -> Retold:
        """Bring all transcripts of a show in line with its voices; return what became of them."""
        voices = {sample.id: voice for voice in self.memory.of_show(show) for sample in voice.samples}
        change = as_remembered(voices, forgotten)
        kept = retell_ledger(self.stores.engine, self.stores.blobs, show, change)
        if kept.changed:
            self._tell_the_index()
        if self.library is None:
            return kept
        written = retell_library(self.library, show, change)
        return Retold(kept.changed + written.changed, kept.total + written.total, (*kept.unreadable, *written.unreadable))

    def _tell_the_index(self) -> None:
        """Make the change findable at once; what takes longer, or goes wrong, is made up for by the service."""
        try:
            self.stores.indexer.catch_up(seconds=_INDEXING_SECONDS)
        except EarmarkError as error:
            _log.warning("What was changed will be found by a search only later: %s", error)


def called(voice: Voice) -> str:
    """Return what a voice is called; empty if nobody knows."""
    name = name_of_voice(voice)
    return name.name if name is not None else ""
