"""The step `assemble`: parts, turns and chapters become the transcript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.bridges import Crossing
from jobs.chapters.anchor import OffsetMap
from jobs.chapters.anchoring import Episode, anchor
from jobs.chapters.beside_rows import beside_rows
from jobs.chapters.choose import Choice, choose
from jobs.chapters.generated import or_generated
from jobs.chapters.place import Placed, chapters_of, find_starts
from jobs.chapters.reference_audio import Compared
from jobs.chapters.show_notes import read_show_notes
from jobs.coverage import with_inserted, with_words
from jobs.engines.protocols import Diarization
from jobs.intake import ChapterFiles, Fetched
from jobs.onsets import refine_onsets
from jobs.prepare import Prepared
from jobs.seams import join_parts
from jobs.segments import regroup
from jobs.speakers import label_speakers, mark_overlaps, talk_time
from jobs.transcribe import PartTranscript
from jobs.voices.remember import RecognisedVoice
from storage.documents import (
    Audio,
    ChapterSource,
    EngineInfo,
    Made,
    Note,
    Notice,
    Publication,
    Segment,
    Speaker,
    Transcript,
    Word,
)

PREVIEW_SHARE = 0.85
"""A file that is shorter than this share of its published duration is a preview, or was cut."""

LONGER_SECONDS = 20.0
"""A file that is longer than published by more than this holds inserted stretches, or the published duration is stale."""


@dataclass(frozen=True)
class Heard:
    """Everything that the steps before brought."""

    publication: Publication
    fetched: Fetched
    beside: ChapterFiles
    prepared: Prepared
    embedded: ChapterSource
    parts: tuple[PartTranscript, ...]
    crossings: tuple[Crossing, ...]
    diarization: Diarization | None
    voices: Mapping[str, RecognisedVoice]
    """What the show's memory says of the speakers, by the diarizer's label."""
    language: str | None
    transcriber: EngineInfo
    diarizer: EngineInfo | None
    options: dict[str, str | int | float | bool | None]
    notes: tuple[Note, ...]
    """Show notes given by hand; they come before the published ones."""
    warnings: tuple[Notice, ...]
    version: str
    reference: Compared | None = None
    """What audio that was given for comparison says of this file."""


def assemble(heard: Heard) -> Transcript:
    """Return the transcript of one episode."""
    prepared = heard.prepared
    segments = refine_onsets(join_parts(prepared.parts, heard.parts, heard.crossings), prepared.speech)
    words, overlapped, diarization = _with_speakers(segments, heard.diarization)
    choice, notes_warnings = _choice(heard)
    episode = _episode(heard, words, diarization)
    anchoring = anchor(
        choice.marks,
        choice.kind,
        episode,
        embedded=heard.embedded.marks,
        transcripts=heard.beside.transcripts,
        reference=heard.reference,
        beside=_beside(heard, choice),
    )
    placed, placing = _place(choice, episode, anchoring.offsets)
    choice, placed = or_generated(
        choice,
        placed,
        words,
        episode.turns,
        episode.coverage,
        duration=prepared.duration,
        wanted=bool(heard.options.get("generated_chapters", True)),
    )
    starts = [chapter.start for chapter in placed if not chapter.mark.hidden]
    segments = regroup(segments, words, starts, overlapped=overlapped)
    chapters = chapters_of(
        placed, choice.kind or "generated", segments=segments, duration=prepared.duration, offsets=anchoring.offsets
    )
    coverage = with_inserted(with_words(prepared.coverage, segments), anchoring.inserted)
    return Transcript(
        episode=heard.publication.episode,
        audio=_audio(heard),
        made=_made(heard),
        language=heard.language if segments else None,
        segments=segments,
        speakers=_speakers(segments, _known_voices(heard, diarization)),
        chapters=chapters,
        chapter_sources=choice.sources,
        coverage=coverage,
        warnings=_once(
            [
                *heard.warnings,
                *heard.publication.warnings,
                *heard.beside.warnings,
                *prepared.warnings,
                *_duration_notices(heard, explained=bool(anchoring.inserted)),
                *(notice for part in heard.parts for notice in part.warnings),
                *(heard.diarization.warnings if heard.diarization else ()),
                *notes_warnings,
                *choice.warnings,
                *anchoring.notices,
                *placing,
                *_speech_notices(segments),
            ]
        ),
    )


def _with_speakers(
    segments: Sequence[Segment], diarization: Diarization | None
) -> tuple[tuple[Word, ...], frozenset[int], Diarization | None]:
    """Return the words with speakers, which of them lie in overlapped speech, and the turns under the same labels."""
    words = tuple(word for segment in segments for word in segment.words)
    if diarization is None:
        return words, frozenset(), None
    labelled, diarization = label_speakers(words, diarization)
    overlapped = mark_overlaps(words, diarization.overlapping)
    return labelled, frozenset(index for index, crowded in enumerate(overlapped) if crowded), diarization


def _choice(heard: Heard) -> tuple[Choice, tuple[Notice, ...]]:
    """Choose among everything that was found; show notes are read now that the duration is known."""
    publication = heard.publication
    published = publication.episode.published_duration
    length = published or heard.prepared.duration
    by_hand, hand_warnings = read_show_notes(heard.notes, duration=length) if heard.notes else ((), ())
    by_notes, notes_warnings = read_show_notes(publication.notes, duration=length)
    given = [source for source in heard.beside.sources if source.kind == "file"]
    linked = [source for source in heard.beside.sources if source.kind != "file"]
    sources = [*given, heard.embedded, *linked, *publication.chapters, *by_hand, *by_notes]
    return choose(sources, duration=heard.prepared.duration), (*hand_warnings, *notes_warnings)


def _beside(heard: Heard, choice: Choice) -> dict[float, str]:
    """Return what the show notes say of the chosen chapters besides their titles."""
    length = heard.publication.episode.published_duration or heard.prepared.duration
    by_hand = beside_rows(choice.marks, heard.notes, duration=length)
    return by_hand or beside_rows(choice.marks, heard.publication.notes, duration=length)


def _episode(heard: Heard, words: Sequence[Word], diarization: Diarization | None) -> Episode:
    """Return what chapters are placed by."""
    return Episode(
        words=words,
        turns=diarization.turns if diarization else (),
        coverage=heard.prepared.coverage,
        duration=heard.prepared.duration,
        published_duration=heard.publication.episode.published_duration,
    )


def _place(choice: Choice, episode: Episode, offsets: OffsetMap) -> tuple[tuple[Placed, ...], tuple[Notice, ...]]:
    if choice.kind is None:
        return (), ()
    return find_starts(
        choice.marks,
        choice.kind,
        words=episode.words,
        turns=episode.turns,
        coverage=episode.coverage,
        duration=episode.duration,
        offsets=offsets,
    )


def _known_voices(heard: Heard, numbered: Diarization | None) -> dict[str, RecognisedVoice]:
    """Return what is known of the voices by the labels that the transcript gives the speakers; turns keep their order."""
    if heard.diarization is None or numbered is None:
        return {}
    labels = {old.speaker: new.speaker for old, new in zip(heard.diarization.turns, numbered.turns, strict=True)}
    return {labels[label]: voice for label, voice in heard.voices.items() if label in labels}


def _speakers(segments: Sequence[Segment], known: Mapping[str, RecognisedVoice]) -> tuple[Speaker, ...]:
    """Return the speakers in order of their first word, with the time they talk."""
    labels = dict.fromkeys(segment.speaker for segment in segments if segment.speaker is not None)
    talk = talk_time(segments)
    return tuple(_speaker(label, talk.get(label, 0.0), known.get(label)) for label in labels)


def _speaker(label: str, seconds: float, voice: RecognisedVoice | None) -> Speaker:
    if voice is None:
        return Speaker(label=label, talk_time=seconds)
    return Speaker(label=label, talk_time=seconds, voice=voice.voice, voice_sample=voice.sample, voice_score=voice.score)


def _audio(heard: Heard) -> Audio:
    fetched, prepared = heard.fetched, heard.prepared
    return Audio(
        sha256=fetched.audio,
        bytes=fetched.bytes,
        media_type=fetched.media_type,
        duration=prepared.duration,
        fetched_at=fetched.fetched_at,
        codec=prepared.codec,
        sample_rate=prepared.sample_rate,
        channels=prepared.channels,
        loudness=prepared.loudness,
        tags=prepared.tags,
    )


def _made(heard: Heard) -> Made:
    return Made(
        earmark_version=heard.version,
        made_at=datetime.now(UTC),
        transcriber=heard.transcriber,
        diarizer=heard.diarizer,
        options=heard.options,
    )


def _duration_notices(heard: Heard, *, explained: bool) -> list[Notice]:
    """Say when the file is not as long as the publisher says, unless what was inserted has been found."""
    published, measured = heard.publication.episode.published_duration, heard.prepared.duration
    if published is None or not measured:
        return []
    if measured < PREVIEW_SHARE * published and published - measured > LONGER_SECONDS:
        text = f"The file lasts {measured:.0f} s, but {published:.0f} s were published: a preview, or a wrong duration."
        return [Notice(code="shorter_than_published", message=text)]
    if measured - published > LONGER_SECONDS and not explained:
        text = f"The file lasts {measured:.0f} s, but {published:.0f} s were published: something may have been inserted."
        return [Notice(code="longer_than_published", message=text)]
    return []


def _speech_notices(segments: Sequence[Segment]) -> list[Notice]:
    if segments:
        return []
    return [Notice(code="no_speech", message="No words were heard in this file.")]


def _once(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    return tuple(dict.fromkeys(notices))
