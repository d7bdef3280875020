"""What is to be done for an episode, and in which order: a plan that knows neither broker nor ledger.

    transcriber ─────────────────────────┐
    chapters ────────────────────────────┼──────────────────────────────────┐
    fetch → prepare ─┬→ language ────────┴→ transcribe[0 … n) → bridge[…] ──┬→ assemble
                     ├→ reference ──────────────────────────────────────────┤
    diarizer ────────┴→ diarize → voices ───────────────────────────────────┘

Each step's key says what its result depends on, so that whatever was done before is found again, by this job or another. The
plan is walked from the front each time: given what is known, it says which steps are ready. So it needs no state of its
own, and whoever walks it (one process, or workers on many machines) comes to the same transcript. Two things come from outside
of it: which voices of the show are heard (`voices`), and what these are called (`assemble`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from jobs.assemble import Heard, assemble
from jobs.decoded import DecodedAudio, Decoder, PreparedEpisode
from jobs.engines.protocols import Diarization, SpeakerHints
from jobs.hearing import Decoded, Hearing, Words
from jobs.intake import ChapterFiles, Fetched, fetch_audio, read_chapter_files
from jobs.names.give import named
from jobs.options import key_of
from jobs.places import content_of
from jobs.reference import ReferenceCompared, compare_reference, version_of
from jobs.request import JobRequest
from jobs.steps import Report, Step
from jobs.tasks import Ahead, EngineChoice, Known, Task, Tools, Walk
from jobs.voices.remember import RecognisedVoice, RecognisedVoices, Recogniser
from storage.documents import Document, EngineInfo, Notice, Transcript, Turn
from storage.errors import BrokenAudio
from storage.shows import show_key

VERSION = "0.1.0"

_FORMATS = {
    "transcriber": 1, "diarizer": 1, "fetch": 1, "chapters": 2, "prepare": 1, "language": 1, "transcribe": 3, "bridge": 1,
    "reference": 1, "diarize": 1, "voices": 1, "assemble": 5,
}  # fmt: skip
"""Counted up when a step's result changes its meaning, so that older results are done again."""

_MEMORY = {"pyannote": (1_500_000_000, 100_000), "resemblyzer": (700_000_000, 5_000)}
"""Memory of a diarizer in bytes: its libraries and models, and what it takes for each second of audio."""


class DiarizedEpisode(Document):
    """Who speaks when, as kept in the blob store."""

    turns: tuple[Turn, ...]
    overlapping: tuple[Turn, ...]
    embeddings: dict[str, tuple[float, ...]]
    warnings: tuple[Notice, ...]


class Plan:
    """The steps of one job; a context manager that closes the audio which its steps opened."""

    def __init__(self, request: JobRequest, tools: Tools) -> None:
        self._request = request
        self._options = request.options
        self._publication = request.publication
        self._job = (request.publication.episode.id, request.options.key())  # machines change, so no other job's choice will do
        self._tools = tools
        self._opened: dict[str, DecodedAudio] = {}
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for audio in self._opened.values():
            audio.close()

    def ahead(self, known: Known) -> Ahead:
        """Walk the plan: return the steps that are ready, in the order in which one process does them, or the transcript.

        Where decoded audio is needed and was removed, the episode is prepared again, once for all who listen.
        """
        ahead = self._walked(known, decoded=False)
        if not any(task.listens for task in ahead.ready):
            return ahead
        pcm = self.decoded_blob(known)
        return ahead if pcm is None or self._tools.blobs.has(pcm) else self._walked(known, decoded=True)

    def _walked(self, known: Known, *, decoded: bool) -> Ahead:
        """Walk the plan once; with `decoded`, an episode whose decoded audio is gone is not prepared."""
        walk = Walk(known)
        transcriber = walk.need(self._choose_transcriber())
        diarizer = walk.need(self._choose_diarizer()) if self._options.diarizer != "none" else EngineChoice(info=None)
        chapters = self._chapters()
        beside = walk.need(chapters) if chapters is not None else ChapterFiles()
        fetched = walk.need(self._fetch())
        ready = walk.need(self._prepare(fetched, decoded=decoded)) if fetched is not None else None
        if fetched is None or ready is None:
            return walk.ahead()
        episode = Decoded(fetched, ready, self._prepare(fetched).step.key)
        reference = self._reference(episode)
        compared = walk.need(reference) if reference is not None else ReferenceCompared()
        words = self._words(walk, episode, transcriber)
        voices = self._voices(walk, episode, diarizer)
        if transcriber is None or diarizer is None or beside is None or compared is None or words is None or voices is None:
            return walk.ahead()
        chapters_key = "" if chapters is None else key_of(beside.model_dump_json())
        reference_key = () if reference is None else (reference.step.key,)
        keys = (chapters_key, episode.key, *reference_key, *words.keys, voices.key)
        heard = self._heard(episode, beside, words, voices, compared=compared, transcriber=transcriber, diarizer=diarizer)
        return walk.ahead(self._assemble(heard, keys))

    def decoded_blob(self, known: Known) -> str | None:
        """Return the digest of the decoded audio, which is large and can be made again; none if it is not decoded yet."""
        fetched = known.result(self._fetch())
        ready = known.result(self._prepare(fetched)) if fetched is not None else None
        return None if ready is None else ready.pcm

    # ------------------------------------------------------------------ the steps

    def _choose_transcriber(self) -> Task[EngineChoice]:
        key = self._key("transcriber", *self._job)
        return Task(Step("transcriber", key), EngineChoice, lambda _: self._tools.engines.choose_transcriber(), "asr")

    def _choose_diarizer(self) -> Task[EngineChoice]:
        key = self._key("diarizer", *self._job)
        return Task(Step("diarizer", key), EngineChoice, lambda _: self._tools.engines.choose_diarizer(), "diarize")

    def _chapters(self) -> Task[ChapterFiles] | None:
        """Read the chapter files first: a wrong one that a person gave is said before an hour of audio is fetched."""
        publication, given, fetcher = self._publication, self._request.chapters, self._tools.fetcher
        if not publication.chapter_links and not publication.transcript_links and given is None:
            return None
        printed = [f"{link.rel} {link.url}" for link in publication.chapter_links]
        offered = [link.model_dump_json() for link in publication.transcript_links]
        spoken = (publication.episode.language, *offered) if offered else ()
        step = Step("chapters", self._key("chapters", given, given and content_of(given), *printed, *spoken))
        work = lambda _: read_chapter_files(publication, given, fetcher)  # noqa: E731 - it belongs to the task
        return Task(step, ChapterFiles, work, "fetch", settled=lambda known: known.settled)

    def _fetch(self) -> Task[Fetched]:
        # not the address: publishers move and sign them, and the episode is the same
        step = Step("fetch", self._key("fetch", self._publication.episode.id), unit="bytes")
        blobs, fetcher = self._tools.blobs, self._tools.fetcher

        def fetch(report: Report) -> Fetched:
            return fetch_audio(self._publication, fetcher, blobs, report)

        return Task(step, Fetched, fetch, "fetch", usable=lambda known: blobs.has(known.audio))

    def _prepare(self, fetched: Fetched, *, decoded: bool = False) -> Task[PreparedEpisode]:
        key = self._key("prepare", fetched.audio, self._options.part_seconds)

        def decode(report: Report) -> PreparedEpisode:
            try:
                return self._decoder.decode(fetched, report)
            except BrokenAudio:
                self._tools.forget(self._fetch().step.key)  # it may have been cut off on its way: the next run fetches it again
                raise

        step = Step("prepare", key, total=self._publication.episode.published_duration)
        return Task(step, PreparedEpisode, decode, "cpu", usable=lambda made: not decoded or self._tools.blobs.has(made.pcm))

    def _reference(self, episode: Decoded) -> Task[ReferenceCompared] | None:
        place, published = self._request.reference, self._publication.episode.published_duration
        if place is None:
            return None

        def listen(report: Report) -> ReferenceCompared:
            return compare_reference(
                place,
                self._audio(episode).pcm,
                published_duration=published,
                fetcher=self._tools.fetcher,
                blobs=self._tools.blobs,
                limits=self._tools.decode_limits,
                report=report,
            )

        step = Step("reference", self._key("reference", episode.key, place, version_of(place), published), total=published)
        return Task(step, ReferenceCompared, listen, "cpu", listens=True)

    def _words(self, walk: Walk, episode: Decoded, chosen: EngineChoice | None) -> Words | None:
        """Return what was heard; none while it is not all known."""
        if chosen is None or chosen.info is None:
            return None
        engine = chosen.info
        hearing = Hearing(
            self._options,
            episode,
            engine,
            lambda: self._tools.engines.transcriber(engine),
            lambda: self._audio(episode).pcm,
            self._key,
        )
        return hearing.words(walk)

    def _voices(self, walk: Walk, episode: Decoded, chosen: EngineChoice | None) -> _Voices | None:
        """Return who speaks when; none while it is not known."""
        if chosen is None:
            return None
        if chosen.info is None or not episode.ready.prepared.speech:
            return _Voices(None, "")
        task = self._diarize(episode, chosen.info)
        kept = walk.need(task)
        if kept is None:
            return None
        diarization = Diarization(kept.turns, kept.overlapping, kept.embeddings, kept.warnings)
        recognise = self._recognise(episode, chosen.info, diarization, task.step.key)
        known = walk.need(recognise) if recognise is not None else RecognisedVoices()
        if known is None:
            return None
        return _Voices(diarization, recognise.step.key if recognise is not None else task.step.key, known.voices)

    def _diarize(self, episode: Decoded, chosen: EngineInfo) -> Task[DiarizedEpisode]:
        options, prepared = self._options, episode.ready.prepared
        hints = SpeakerHints(options.speakers, options.min_speakers, options.max_speakers)

        def tell_apart(report: Report) -> DiarizedEpisode:
            diarizer = self._tools.engines.diarizer(chosen)
            found = diarizer.diarize(self._audio(episode).pcm, prepared.speech, hints, report)
            embeddings = found.embeddings if options.voice_memory and self._tools.memory is not None else {}
            return DiarizedEpisode(
                turns=found.turns, overlapping=found.overlapping, embeddings=embeddings, warnings=found.warnings
            )

        salt = () if options.voice_memory else ("no embeddings",)
        key = self._key("diarize", episode.key, chosen.model_dump_json(), repr(hints), *salt)
        step = Step("diarize", key, total=prepared.duration)
        return Task(
            step, DiarizedEpisode, tell_apart, "diarize", needs_bytes=memory_needed(chosen, prepared.duration), listens=True
        )

    def _recognise(
        self, episode: Decoded, engine: EngineInfo, diarization: Diarization, diarized: str
    ) -> Task[RecognisedVoices] | None:
        """Return the step that knows voices again; none where there is nothing to know, or it must not be remembered."""
        who, memory = self._publication.episode, self._tools.memory
        if not self._options.voice_memory or show_key(who.show) is None or not diarization.embeddings:
            return None
        recogniser = Recogniser(memory, self._tools.blobs, who, engine)
        step = Step("voices", self._key("voices", who.id, show_key(who.show), diarized))
        work = lambda _: recogniser.recognise(diarization, lambda: self._audio(episode).pcm)  # noqa: E731 - it belongs to the task
        return Task(step, RecognisedVoices, work, "diarize", listens=True)

    def _heard(
        self,
        episode: Decoded,
        beside: ChapterFiles,
        words: Words,
        voices: _Voices,
        *,
        compared: ReferenceCompared,
        transcriber: EngineChoice,
        diarizer: EngineChoice,
    ) -> Heard:
        assert transcriber.info is not None
        return Heard(
            publication=self._publication,
            fetched=episode.fetched,
            beside=beside,
            prepared=episode.ready.prepared,
            embedded=episode.ready.embedded,
            parts=words.parts,
            crossings=words.crossings,
            diarization=voices.diarization,
            voices=voices.known,
            language=words.language,
            transcriber=transcriber.info,
            diarizer=diarizer.info,
            options=self._options.model_dump(exclude_none=True),
            notes=self._request.notes,
            reference=compared.compared,
            warnings=(*transcriber.notices, *diarizer.notices, *episode.ready.warnings, *compared.warnings),
            version=VERSION,
        )

    def _assemble(self, heard: Heard, keys: tuple[str, ...]) -> Task[Transcript]:
        told = self._publication.model_dump_json(exclude={"bytes", "guid_is_permalink"})  # nothing of a transcript hangs on these
        printed = [told, *(note.html for note in heard.notes)]
        said = [notice.model_dump_json() for notice in heard.warnings]
        key = self._key("assemble", *keys, *printed, *said, repr(heard.options), VERSION)
        return Task(Step("assemble", key), Transcript, lambda _: self._assembled(heard), "cpu")

    def _assembled(self, heard: Heard) -> Transcript:
        return named(assemble(heard), (*heard.notes, *heard.publication.notes), self._tools.memory)

    # ------------------------------------------------------------------ around them

    def _key(self, name: str, *parts: str | float | None) -> str:
        salt = (self._request.salt,) if self._request.salt else ()
        return key_of(name, _FORMATS[name], *parts, *salt)

    @property
    def _decoder(self) -> Decoder:
        tools = self._tools
        return Decoder(tools.blobs, self._publication.episode, self._options.part_seconds, tools.decode_limits)

    def _audio(self, episode: Decoded) -> DecodedAudio:
        """Return the decoded audio, one for all steps, since parts may be transcribed side by side."""
        with self._opening:
            if episode.key not in self._opened:
                self._opened[episode.key] = DecodedAudio(self._decoder, episode.fetched, episode.ready)
            return self._opened[episode.key]


@dataclass(frozen=True)
class _Voices:
    """Who speaks when; nobody knows where there is no diarizer."""

    diarization: Diarization | None
    key: str
    known: dict[str, RecognisedVoice] = field(default_factory=dict)
    """What the show's memory says of them, by the diarizer's label."""


def memory_needed(engine: EngineInfo, seconds: float) -> int:
    """Return the bytes of memory that telling voices apart takes with this engine; 0 if it is modest."""
    base, a_second = _MEMORY.get(engine.name, (0, 0))
    return base + round(a_second * seconds)
