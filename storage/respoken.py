"""Changing who the speakers of a written transcript are, and nothing else in it: not one byte.

A transcript of an hour has more than a megabyte, and of a show there may be hundreds. So documents are not read as a whole: the
list of speakers is found in the text and another put in its place. Where that is not possible (a program has laid the file
out anew), the document is read and written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import TypeAdapter, ValidationError

from storage.documents import Speaker, Transcript
from storage.errors import SourceError
from storage.person_names import name_of_voice
from storage.plain import one_line
from storage.voices import Voice, VoiceSample

Change = Callable[[tuple[Speaker, ...]], tuple[Speaker, ...]]

_SPEAKERS = TypeAdapter(tuple[Speaker, ...])
_LAID_OUT = b'\n "speakers": ['
_COMPACT = b',"speakers":['
_BEGINNING = b"{\n"
"""The list as earmark writes it. Text cannot look so: in JSON neither a line's end nor a quotation mark stands bare in a string;
and no other list has this name. It stands behind the words, so it is looked for from the end. How a document begins tells which
of the two it is: to look through a megabyte for the other would take longer than all the rest."""


@dataclass(frozen=True)
class Respoken:
    """A document with other speakers."""

    document: bytes
    before: tuple[Speaker, ...]
    after: tuple[Speaker, ...]

    @property
    def changes(self) -> bool:
        """Whether anything is other than it was."""
        return self.after != self.before

    @cached_property
    def renamed(self) -> dict[str, str]:
        """What is shown of speakers in place of what, where that changed."""
        pairs = [(shown(old), shown(new)) for old, new in zip(self.before, self.after, strict=True)]
        return {old: new for old, new in pairs if old != new}

    @cached_property
    def is_plain(self) -> bool:
        """Whether each name that is shown stands for one speaker before and after, so that it can be replaced as text."""
        return all(len({shown(s) for s in speakers}) == len(speakers) for speakers in (self.before, self.after))


def respoken(document: bytes, change: Change) -> Respoken:
    """Return a transcript's document with its speakers changed; raises `SourceError` for what is no transcript."""
    mark, layout = (_LAID_OUT, 1) if document.startswith(_BEGINNING) else (_COMPACT, None)
    start = document.rfind(mark) + len(mark) - 1
    if start >= len(mark):
        tail = document[start:].decode("utf-8")
        try:
            _, length = json.JSONDecoder().raw_decode(tail)
            before = _SPEAKERS.validate_json(tail[:length])
        except (ValueError, ValidationError) as error:
            raise SourceError(
                f"The transcript's speakers cannot be read: {error}.", hint="Transcribe the episode again."
            ) from error
        after = change(before)
        if after == before:
            return Respoken(document, before, before)
        written = _SPEAKERS.dump_json(after, indent=layout).replace(b"\n", b"\n ")
        rest = tail[length:].encode("utf-8")
        return Respoken(b"".join((memoryview(document)[:start], written, rest)), before, after)
    return _read_and_written(document, change)


def _read_and_written(document: bytes, change: Change) -> Respoken:
    try:
        transcript = Transcript.model_validate_json(document)
    except ValidationError as error:
        raise SourceError("That is not a transcript that this earmark reads.", hint="Transcribe the episode again.") from error
    after = change(transcript.speakers)
    if after == transcript.speakers:
        return Respoken(document, after, after)
    made = transcript.model_copy(update={"speakers": after}).model_dump_json(by_alias=True, indent=1)
    return Respoken(f"{made}\n".encode(), transcript.speakers, after)


def shown(speaker: Speaker) -> str:
    """Return what a speaker is called on paper."""
    return one_line(speaker.name or "") or one_line(speaker.label)


# ------------------------------------------------------------------ what the memory of voices says


def as_remembered(voices: Mapping[str, Voice], forgotten: frozenset[str] = frozenset()) -> Change:
    """Return the change that brings speakers in line with a show's memory; `voices` are by their samples' ids.

    Names that people gave are given, and taken back where they are no longer meant; a name that came with a voice goes where a
    person parted the two. Other names stay as they are: what later episodes have taught is not told to
    earlier ones. Of `forgotten` samples the links are cut. Doing it twice is doing it once.
    """

    def change(speakers: tuple[Speaker, ...]) -> tuple[Speaker, ...]:
        return tuple(_as_remembered(speaker, voices, forgotten) for speaker in speakers)

    return change


def _as_remembered(speaker: Speaker, voices: Mapping[str, Voice], forgotten: frozenset[str]) -> Speaker:
    if speaker.voice_sample in forgotten:
        return speaker.model_copy(update={"voice": None, "voice_sample": None, "voice_score": None})
    voice = voices.get(speaker.voice_sample or "")
    if voice is None:
        return speaker
    sample = next(found for found in voice.samples if found.id == speaker.voice_sample)
    linked = speaker.model_copy(update={"voice": voice.id, "voice_score": sample.score})
    parted = speaker.voice != voice.id
    if voice.name is None and not (speaker.name_source == "people" or (parted and speaker.name_source in {"voice", None})):
        return linked
    return _named(linked, voice, sample)


def _named(speaker: Speaker, voice: Voice, sample: VoiceSample) -> Speaker:
    """Return a speaker under the name of their voice, else the one for which the episode itself speaks, else none."""
    name = name_of_voice(voice, without=sample.episode_id) or sample.heard
    if name is None:
        return speaker.model_copy(update={"name": None, "name_source": None, "name_confidence": None})
    sure = name.confidence * (1.0 if sample.score is None else sample.score)
    return speaker.model_copy(update={"name": name.name, "name_source": name.source, "name_confidence": sure})
