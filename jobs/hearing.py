"""The steps that hear the words of an episode: its language, its parts, and the bridges over doubtful seams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from jobs.bridges import Crossing, bridge_spans, bridges
from jobs.decoded import PreparedEpisode
from jobs.doubts import doubtful_seams
from jobs.engines.protocols import SpeechOptions, Transcriber
from jobs.intake import Fetched
from jobs.language import places, read_clips
from jobs.options import Options
from jobs.pcm import Pcm
from jobs.seams import agrees, part_audio
from jobs.split import PartSpan
from jobs.steps import Report, Step
from jobs.tasks import Task, Walk
from jobs.transcribe import PartTranscript, hear_bridges, transcribe_part
from storage.documents import Document, EngineInfo, Segment, Share


class Language(Document):
    """What the episode is spoken in."""

    language: str
    probability: Share


@dataclass(frozen=True)
class Decoded:
    """An episode that is on this machine, decoded."""

    fetched: Fetched
    ready: PreparedEpisode
    key: str


@dataclass(frozen=True)
class Words:
    """What was heard in all parts, and across doubtful seams."""

    language: str | None
    parts: tuple[PartTranscript, ...]
    crossings: tuple[Crossing, ...]
    keys: tuple[str, ...]
    """Of all steps that it came from."""


class Key(Protocol):
    """Makes the key of a step from its name and what its result depends on."""

    def __call__(self, name: str, *parts: str | float | None) -> str:
        """Return the key."""


@dataclass(frozen=True)
class Hearing:
    """The steps that hear one decoded episode with one engine; the engine and the audio are asked for when a step runs."""

    options: Options
    episode: Decoded
    chosen: EngineInfo
    transcriber: Callable[[], Transcriber]
    pcm: Callable[[], Pcm]
    key: Key

    def words(self, walk: Walk) -> Words | None:
        """Return what was heard; none while it is not all known."""
        prepared, language, keys = self.episode.ready.prepared, self.options.language, list[str]()
        if language is None and prepared.speech:
            task = self._language()
            found = walk.need(task)
            if found is None:
                return None
            language, keys = found.language, [task.step.key]
        asked = self._asked(language)
        tasks = [self._transcribe(part, asked) for part in prepared.parts]
        parts = walk.need_all(tasks)
        if parts is None:
            return None
        again = list(self._bridges(list(doubtful_seams(prepared.parts, parts)), parts, asked))
        crossings = walk.need_all(again)
        keys += [task.step.key for task in (*tasks, *again)]
        return None if crossings is None else Words(language, parts, crossings, tuple(keys))

    def _asked(self, language: str | None) -> SpeechOptions:
        options = self.options
        return SpeechOptions(
            language=language,
            prompt=options.prompt,
            hotwords=options.hotwords,
            beam_size=options.beam_size,
            batch_size=options.batch_size,
        )

    def _language(self) -> Task[Language]:
        prepared = self.episode.ready.prepared

        def listen(_: Report) -> Language:
            guess = self.transcriber().detect_language(read_clips(self.pcm(), places(prepared.speech, prepared.duration)))
            return Language(language=guess.language, probability=guess.probability)

        step = Step("language", self.key("language", self.episode.key, self.chosen.model_dump_json()))
        return Task(step, Language, listen, "asr", listens=True)

    def _transcribe(self, part: PartSpan, asked: SpeechOptions) -> Task[PartTranscript]:
        prepared = self.episode.ready.prepared

        def listen(report: Report) -> PartTranscript:
            return transcribe_part(part.index, part_audio(self.pcm(), part, prepared.speech), self.transcriber(), asked, report)

        key = self.key("transcribe", self.episode.key, part.index, self.chosen.model_dump_json(), _what(asked))
        step = Step("transcribe", key, part.index, len(prepared.parts), total=part.end - part.start, whole=prepared.duration)
        return Task(step, PartTranscript, listen, "asr", listens=True)

    def _bridges(
        self, doubtful: Sequence[PartSpan], heard: Sequence[PartTranscript], asked: SpeechOptions
    ) -> Iterator[Task[Crossing]]:
        """Yield a step for each seam that is worth hearing again and can be."""
        prepared = self.episode.ready.prepared
        spans = {part: bridge_spans(part, prepared.speech, prepared.duration) for part in doubtful}
        lengths = {part: sum(span.end - span.start for span in across) for part, across in spans.items() if across}
        for part in lengths:
            sides = (*heard[part.index - 1].segments, *heard[part.index].segments)
            yield self._bridge(part, sides, asked, lengths)

    def _bridge(
        self, part: PartSpan, sides: Sequence[Segment], asked: SpeechOptions, lengths: Mapping[PartSpan, float]
    ) -> Task[Crossing]:
        prepared = self.episode.ready.prepared

        def listen(report: Report) -> Crossing:
            across, settles = bridges(self.pcm(), part, prepared.speech), partial(agrees, sides, seam=part.start)
            return hear_bridges(part.index, across, self.transcriber(), asked, report, settles=settles)

        key = self.key("bridge", self.episode.key, part.index, self.chosen.model_dump_json(), _what(asked))
        step = Step("bridge", key, part.index, len(lengths), total=lengths[part], whole=sum(lengths.values()))
        return Task(step, Crossing, listen, "asr", listens=True)


def _what(asked: SpeechOptions) -> str:
    """Return what changes the words, without what changes only how fast they come."""
    return repr(replace(asked, batch_size=0))
