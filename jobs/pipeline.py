"""The steps of an episode and their order; `process` runs them all in one process, and knows no broker.

    chapters ──────────────────────────────────────────┐
    fetch → prepare ─┬→ language → transcribe[0 … n) ──┬→ assemble
                     └→ diarize ───────────────────────┘

Each step's key says what its result depends on, so that whatever was done before is found again, by this job or another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from jobs.assemble import Heard, assemble
from jobs.audio import DecodeLimits
from jobs.bridges import bridges
from jobs.decoded import DecodedAudio, Decoder, PreparedEpisode
from jobs.engines.protocols import Diarization, Diarizer, SpeakerHints, SpeechOptions, Transcriber
from jobs.events import EpisodeBegan, Listener
from jobs.fetch import Fetcher
from jobs.intake import ChapterFiles, Fetched, Given, content_of, fetch_audio, read_chapter_files
from jobs.language import places, read_clips
from jobs.options import Options, key_of
from jobs.seams import part_audio
from jobs.split import PartSpan
from jobs.steps import Report, Step, StepRunner
from jobs.transcribe import PartTranscript, transcribe_part
from storage.blobs import FolderBlobs
from storage.documents import Document, Note, Notice, Publication, Share, Transcript, Turn
from storage.errors import BrokenAudio, Cancelled, EarmarkError, LeaseLost, NotFound, StepBusy
from storage.ledger import Ledger
from storage.presence import Presence

VERSION = "0.1.0"

_FORMATS = {"fetch": 1, "chapters": 1, "prepare": 1, "language": 1, "transcribe": 2, "diarize": 1, "assemble": 1}
"""Counted up when a step's result changes its meaning, so that older results are done again."""


class Language(Document):
    """What the episode is spoken in."""

    language: str
    probability: Share


class DiarizedEpisode(Document):
    """Who speaks when, as kept in the blob store."""

    turns: tuple[Turn, ...]
    overlapping: tuple[Turn, ...]
    embeddings: dict[str, tuple[float, ...]]
    warnings: tuple[Notice, ...]


@dataclass(frozen=True)
class Workshop:
    """Everything that `process` works with."""

    ledger: Ledger
    blobs: FolderBlobs
    presence: Presence
    fetcher: Fetcher
    transcriber: Transcriber
    diarizer: Diarizer | None
    notices: tuple[Notice, ...] = ()
    """What the choice of engines has to say; it goes into every transcript."""
    decode_limits: DecodeLimits = field(default_factory=DecodeLimits)
    keep_decoded: bool = False


@dataclass(frozen=True)
class Outcome:
    """A finished episode."""

    transcript: Transcript
    worked: bool
    """False if everything was done before."""


def process(
    publication: Publication,
    options: Options,
    shop: Workshop,
    *,
    listener: Listener,
    given: Given | None = None,
    force: bool = False,
) -> Outcome:
    """Turn one published episode into a transcript, doing only what has not been done yet.

    Raises an `EarmarkError` that says what is wrong with the episode; what was finished is kept, and the next call goes on
    from there.
    """
    episode = publication.episode
    listener(EpisodeBegan(episode))
    job = shop.ledger.open_job(episode.id, options.key(), episode.title)
    if force:
        shop.ledger.reset_attempts(job.id)
    runner = StepRunner(shop.ledger, shop.blobs, shop.presence, job.id, listener, force=force)
    asked = given or Given()
    work = _Work(publication, options, shop, runner, asked, _given_notes(asked.notes))
    shop.ledger.set_job(job.id, "running")
    try:
        transcript, key = work.all_steps()
    except Cancelled as error:
        shop.ledger.set_job(job.id, "cancelled", reason=str(error))
        raise
    except (StepBusy, LeaseLost):
        raise  # the job is another process's, and so is its state
    except EarmarkError as error:
        shop.ledger.set_job(job.id, "failed", reason=str(error))
        raise
    except KeyboardInterrupt:
        shop.ledger.release_all(job.id, shop.presence.owner)
        shop.ledger.set_job(job.id, "queued", reason="interrupted")
        raise
    except BaseException as error:
        shop.ledger.set_job(job.id, "failed", reason=repr(error))
        raise
    shop.ledger.set_job(job.id, "done", output=shop.ledger.finished(key))
    return Outcome(transcript, runner.worked)


@dataclass(frozen=True)
class _Work:
    """The steps of one job."""

    publication: Publication
    options: Options
    shop: Workshop
    runner: StepRunner
    given: Given
    notes: tuple[Note, ...]
    """Show notes given by hand."""

    def all_steps(self) -> tuple[Transcript, str]:
        """Run every step; return the transcript and the key under which it is known."""
        beside, chapters_key = self._chapters()
        fetched = self._fetch()
        ready, prepare_key = self._prepare(fetched)
        with DecodedAudio(self._decoder, fetched, ready) as audio:
            language, language_key = self._language(ready, prepare_key, audio)
            parts, part_keys = self._transcribe(ready, prepare_key, language, audio)
            diarized, diarize_key = self._diarize(ready, prepare_key, audio)
        keys = (chapters_key, prepare_key, language_key, *part_keys, diarize_key)
        heard = self._heard(fetched=fetched, beside=beside, ready=ready, language=language, parts=parts, diarization=diarized)
        transcript, key = self._assemble(heard, keys)
        self._clean_up(ready)
        return transcript, key

    # ------------------------------------------------------------------ the steps

    def _chapters(self) -> tuple[ChapterFiles, str]:
        """Read the chapter files first: a wrong one that a person gave is said before an hour of audio is fetched."""
        links, given = self.publication.chapter_links, self.given.chapters
        if not links and given is None:
            return ChapterFiles(), ""
        printed = [f"{link.rel} {link.url}" for link in links]
        key = self._key("chapters", given, given and content_of(given), *printed)
        step = Step("chapters", key)
        found = self.runner.run(
            step, ChapterFiles, lambda _: read_chapter_files(links, given, self.shop.fetcher), usable=lambda known: known.settled
        )
        return found, key_of(found.model_dump_json())

    def _fetch(self) -> Fetched:
        publication = self.publication
        step = Step("fetch", self._fetch_key(), unit="bytes")
        return self.runner.run(
            step,
            Fetched,
            lambda report: fetch_audio(publication, self.shop.fetcher, self.shop.blobs, report),
            usable=lambda known: self.shop.blobs.has(known.audio),
        )

    def _fetch_key(self) -> str:
        # not the address: publishers move and sign them, and the episode is the same
        return self._key("fetch", self.publication.episode.id)

    def _prepare(self, fetched: Fetched) -> tuple[PreparedEpisode, str]:
        key = self._key("prepare", fetched.audio, self.options.part_seconds)
        step = Step("prepare", key, total=self.publication.episode.published_duration)
        try:
            return self.runner.run(step, PreparedEpisode, lambda report: self._decoder.decode(fetched, report)), key
        except BrokenAudio:
            self.shop.ledger.forget(self._fetch_key())  # it may have been cut off on its way: the next run fetches it again
            raise

    @property
    def _decoder(self) -> Decoder:
        return Decoder(self.shop.blobs, self.publication.episode, self.options.part_seconds, self.shop.decode_limits)

    def _language(self, ready: PreparedEpisode, prepare_key: str, audio: DecodedAudio) -> tuple[str | None, str]:
        if self.options.language is not None or not ready.prepared.speech:
            return self.options.language, ""
        self.shop.transcriber.expect(len(ready.prepared.parts))  # before it is loaded
        key = self._key("language", prepare_key, self.shop.transcriber.info.model_dump_json())
        prepared = ready.prepared

        def listen(_: Report) -> Language:
            clips = read_clips(audio.pcm, places(prepared.speech, prepared.duration))
            guess = self.shop.transcriber.detect_language(clips)
            return Language(language=guess.language, probability=guess.probability)

        return self.runner.run(Step("language", key), Language, listen).language, key

    def _transcribe(
        self, ready: PreparedEpisode, prepare_key: str, language: str | None, audio: DecodedAudio
    ) -> tuple[tuple[PartTranscript, ...], list[str]]:
        parts, transcriber, info = ready.prepared.parts, self.shop.transcriber, self.shop.transcriber.info
        asked = SpeechOptions(
            language=language,
            prompt=self.options.prompt,
            hotwords=self.options.hotwords,
            beam_size=self.options.beam_size,
            batch_size=self.options.batch_size or (8 if info.device == "cuda" else 1),
        )

        def task(part: PartSpan) -> tuple[Step, Callable[[Report], PartTranscript]]:
            def listen(report: Report) -> PartTranscript:
                speech = ready.prepared.speech
                samples, crossing = part_audio(audio.pcm, part, speech), bridges(audio.pcm, part, speech)
                return transcribe_part(part.index, samples, transcriber, asked, report, bridges=crossing)

            key = self._key("transcribe", prepare_key, part.index, info.model_dump_json(), repr(asked))
            length, whole = part.end - part.start, ready.prepared.duration
            return Step("transcribe", key, part.index, len(parts), total=length, whole=whole), listen

        tasks = [task(part) for part in parts]
        heard = self.runner.run_all(tasks, PartTranscript, at_once=transcriber.expect(len(parts)))
        return heard, [step.key for step, _ in tasks]

    def _diarize(self, ready: PreparedEpisode, prepare_key: str, audio: DecodedAudio) -> tuple[Diarization | None, str]:
        diarizer, options = self.shop.diarizer, self.options
        if diarizer is None or not ready.prepared.speech:
            return None, ""
        hints = SpeakerHints(options.speakers, options.min_speakers, options.max_speakers)
        key = self._key("diarize", prepare_key, diarizer.info.model_dump_json(), repr(hints))

        def tell_apart(report: Report) -> DiarizedEpisode:
            found = diarizer.diarize(audio.pcm, ready.prepared.speech, hints, report)
            return DiarizedEpisode(
                turns=found.turns, overlapping=found.overlapping, embeddings=found.embeddings, warnings=found.warnings
            )

        kept = self.runner.run(Step("diarize", key, total=ready.prepared.duration), DiarizedEpisode, tell_apart)
        return Diarization(kept.turns, kept.overlapping, kept.embeddings, kept.warnings), key

    def _heard(
        self,
        *,
        fetched: Fetched,
        beside: ChapterFiles,
        ready: PreparedEpisode,
        language: str | None,
        parts: tuple[PartTranscript, ...],
        diarization: Diarization | None,
    ) -> Heard:
        return Heard(
            publication=self.publication,
            fetched=fetched,
            beside=beside,
            prepared=ready.prepared,
            embedded=ready.embedded,
            parts=parts,
            diarization=diarization,
            language=language,
            transcriber=self.shop.transcriber.info,
            diarizer=self.shop.diarizer.info if self.shop.diarizer else None,
            options=self.options.model_dump(exclude_none=True),
            notes=self.notes,
            warnings=(*self.shop.notices, *ready.warnings),
            version=VERSION,
        )

    def _assemble(self, heard: Heard, keys: tuple[str, ...]) -> tuple[Transcript, str]:
        printed = [self.publication.model_dump_json(), *(note.html for note in heard.notes)]
        said = [notice.model_dump_json() for notice in heard.warnings]
        key = self._key("assemble", *keys, *printed, *said, repr(heard.options), VERSION)
        return self.runner.run(Step("assemble", key), Transcript, lambda _: assemble(heard)), key

    # ------------------------------------------------------------------ around them

    def _key(self, name: str, *parts: str | float | None) -> str:
        return key_of(name, _FORMATS[name], *parts)

    def _clean_up(self, ready: PreparedEpisode) -> None:
        """Remove the decoded audio, which is large and can be made again, unless another job of the episode may be using it."""
        episode, mine = self.publication.episode.id, self.runner.job_id
        others = [job for job in self.shop.ledger.unfinished_jobs() if job.episode_id == episode and job.id != mine]
        if not (self.shop.keep_decoded or others):
            self.shop.blobs.remove(ready.pcm)


def _given_notes(path: Path | None) -> tuple[Note, ...]:
    if path is None:
        return ()
    try:
        return (Note(field="file", html=path.read_text("utf-8", errors="replace")),)
    except OSError as error:
        raise NotFound(f"The show notes {path} cannot be read: {error.strerror}.", hint="Check the path.") from error
