"""Naming the speakers of a transcript: by its own evidence, and by what the show's memory knows of their voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.names.decide import Decision, Roles, decide
from jobs.names.forms import forms_of
from jobs.names.printed import PrintedNames, read_printed
from jobs.names.spoken import Claim, Utterance, claims_in, says, utterances_of
from storage.documents import NameCandidate, Note, Speaker, Transcript
from storage.person_names import name_of_voice
from storage.voices import Voice, VoiceMemory

MAIN_SECONDS = 15.0
"""Who talks for less has no part in the episode: a caller, a clip, a mistake of the diarizer's."""

HOST_EPISODES = 3
HOST_SHARE = 0.3
"""A voice that was heard in so many episodes, and in this share of all, is a host's."""


@dataclass(frozen=True)
class Remembered:
    """What the show's memory knows of a speaker."""

    name: NameCandidate | None
    is_host: bool


@dataclass(frozen=True)
class Naming:
    """The speakers with their names, and the names for which the episode itself speaks, by label."""

    speakers: tuple[Speaker, ...]
    heard: Mapping[str, NameCandidate | None]


def named(transcript: Transcript, notes: Sequence[Note], memory: VoiceMemory | None) -> Transcript:
    """Return a transcript with the speakers named, and note in the show's memory what its own evidence says."""
    samples = {speaker.voice_sample: speaker.label for speaker in transcript.speakers if speaker.voice_sample is not None}
    known: dict[str, Remembered] = {}
    if memory is not None and samples:
        voices = memory.by_sample(samples.keys())
        total = memory.episodes_of(transcript.episode.show or "")
        known = {samples[sample]: _remembered(voice, sample, total) for sample, voice in voices.items()}
    naming = give_names(transcript, notes, known)
    if memory is not None:
        memory.note_heard({sample: naming.heard.get(label) for sample, label in samples.items()})
    return transcript.model_copy(update={"speakers": naming.speakers})


def give_names(transcript: Transcript, notes: Sequence[Note], known: Mapping[str, Remembered]) -> Naming:
    """Return the speakers of a transcript with their names; `known` is what is remembered of them, by label."""
    utterances = utterances_of(transcript.segments, transcript.coverage)
    printed = read_printed(transcript.episode, notes, transcript.language)
    claims, roles = _evidence(transcript, utterances, printed)
    alone = decide(claims, printed, roles, {})
    hosts = frozenset(label for label, remembered in known.items() if remembered.is_host)
    names = {label: remembered.name for label, remembered in known.items() if remembered.name is not None}
    roles = Roles(roles.main, roles.hosts | hosts, roles.guests - hosts)
    together = decide(claims, printed, roles, names)
    speakers = tuple(_with_name(speaker, together.get(speaker.label, Decision())) for speaker in transcript.speakers)
    return Naming(speakers, {label: decision.name for label, decision in alone.items()})


def _remembered(voice: Voice, sample: str, episodes: int) -> Remembered:
    """Return what is known of a voice but for what this episode says of it; a name is as sure as the match."""
    mine = next(found for found in voice.samples if found.id == sample)
    name = name_of_voice(voice, without=mine.episode_id)
    sure = 1.0 if mine.score is None else mine.score
    if name is not None:
        name = name.model_copy(update={"confidence": name.confidence * sure})
    heard = len(voice.episodes)
    return Remembered(name, heard >= HOST_EPISODES and heard >= HOST_SHARE * episodes)


def _evidence(transcript: Transcript, utterances: Sequence[Utterance], printed: PrintedNames) -> tuple[tuple[Claim, ...], Roles]:
    main = tuple(speaker.label for speaker in transcript.speakers if speaker.talk_time >= MAIN_SECONDS)
    main = main or tuple(speaker.label for speaker in transcript.speakers)
    forms = forms_of(transcript.language)
    if forms is None:
        return (), Roles(main)
    hosts, guests = says(utterances, forms.host_says), says(utterances, forms.guest_says)
    return claims_in(utterances, forms, printed, main), Roles(main, hosts - guests, guests - hosts)


def _with_name(speaker: Speaker, decision: Decision) -> Speaker:
    name = decision.name
    given = {
        "name": name.name if name is not None else None,
        "name_source": name.source if name is not None else None,
        "name_confidence": name.confidence if name is not None else None,
        "candidates": decision.candidates,
    }
    return speaker.model_copy(update=given)
