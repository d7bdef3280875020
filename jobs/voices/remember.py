"""The step `voices`: the speakers of an episode are compared with the show's voices, and remembered among them.

It is a step of its own so that it is done once: what it found is kept with the episode, and neither a second run nor later
episodes change it. What it reads and writes, the memory, is no part of its key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from jobs.clips import clip_wav
from jobs.engines.protocols import Diarization
from jobs.pcm import Pcm
from jobs.speakers import talk_time
from jobs.voices.matching import expected_of, match
from jobs.voices.profile import model_key, profiles_of, unit
from storage.blobs import Blobs
from storage.documents import Document, EngineInfo, Episode, Share, Turn
from storage.voices import NewSample, Placement, Voice, VoiceMemory, VoiceSample

LEAST_TALK = 5.0
"""Who speaks for less is neither compared nor remembered, seconds: so little says more about the words than about the voice."""

CLIP_SECONDS = 6.0
CLIPS_OF_A_VOICE = 3
"""Recordings of a voice that are kept for people to listen to, one from each of the first episodes."""

_FIRST_SECOND_LEFT_OUT = 4.0
"""From a turn that is so much longer than a clip, its first second is left out: turns begin with what is not yet a voice."""


class RecognisedVoice(Document):
    """What the show's memory says of a speaker."""

    sample: str
    voice: str
    score: Share | None


class RecognisedVoices(Document):
    """What the step made: by the diarizer's label, the speakers that are remembered."""

    voices: dict[str, RecognisedVoice] = Field(default_factory=dict)


@dataclass(frozen=True)
class Recogniser:
    """Compares and remembers the speakers of one episode."""

    memory: VoiceMemory | None
    blobs: Blobs
    episode: Episode
    engine: EngineInfo

    def recognise(self, diarization: Diarization, audio: Callable[[], Pcm]) -> RecognisedVoices:
        """Return which voices of the show the speakers are, known ones and new ones; all are remembered from now on.

        Without a memory nobody is. `audio` is opened only if something is to be cut from it.
        """
        if self.memory is None:
            return RecognisedVoices()
        kept = remember(self.memory, self.episode, model_key(self.engine), diarization)
        for sample in kept:
            self._keep_clip(self.memory, sample, diarization.turns, audio)
        return RecognisedVoices(
            voices={sample.label: RecognisedVoice(sample=sample.id, voice=sample.voice_id, score=sample.score) for sample in kept}
        )

    def _keep_clip(self, memory: VoiceMemory, sample: VoiceSample, turns: Sequence[Turn], audio: Callable[[], Pcm]) -> None:
        """Cut a recording of a voice unless there are enough of it."""
        voice = memory.get(sample.voice_id)
        with_clips = sum(bool(other.clips) for other in voice.samples)
        place = clip_place(turns, sample.label)
        if sample.clips or with_clips >= CLIPS_OF_A_VOICE or place is None:
            return
        memory.add_clip(sample.id, self.blobs.put(clip_wav(audio(), *place)))


def remember(memory: VoiceMemory, episode: Episode, model: str, diarization: Diarization) -> tuple[VoiceSample, ...]:
    """Remember who speaks in an episode under a model; return what is kept, without those who cannot be told apart."""
    talk = talk_time(diarization.turns)
    samples = [
        NewSample(label, unit(np.array(embedding, dtype=np.float32)), talk.get(label, 0.0))
        for label, embedding in diarization.embeddings.items()
        if talk.get(label, 0.0) >= LEAST_TALK
    ]
    if episode.show is None or not samples:
        return ()

    def place(voices: Sequence[Voice], speakers: Sequence[NewSample]) -> dict[str, Placement | None]:
        return placed(voices, speakers, model, episode.id)

    return memory.remember(episode.show, episode.id, model, samples, place)


def placed(voices: Sequence[Voice], speakers: Sequence[NewSample], model: str, episode_id: str) -> dict[str, Placement | None]:
    """Say for each speaker which voice it is, or that it is a new one (None); those in doubt are left out.

    What this episode itself contributed before, diarized otherwise, tells which of its voices are the same, and no more;
    but a voice that a person has named stays that voice.
    """
    expected = expected_of(model)
    others = match(speakers, profiles_of(voices, model, without=episode_id), expected)
    before = match(speakers, [p for p in profiles_of(voices, model) if p.episodes == {episode_id}], expected)
    named = {voice.id for voice in voices if voice.name is not None}
    found: dict[str, Placement | None] = {}
    for speaker in speakers:
        known, own = others.placed.get(speaker.label), before.placed.get(speaker.label)
        if own is not None and own.voice_id in named:
            known = Placement(own.voice_id, None)
        if known is not None:
            found[speaker.label] = known
        elif speaker.label not in others.doubtful:
            found[speaker.label] = Placement(own.voice_id, None) if own is not None else None
    return found


def clip_place(turns: Sequence[Turn], label: str) -> tuple[float, float] | None:
    """Return from when to when a speaker can be heard alone: in the longest turn; none if there is no turn."""
    mine = [turn for turn in turns if turn.speaker == label]
    if not mine:
        return None
    longest = max(mine, key=lambda turn: turn.end - turn.start)
    length = longest.end - longest.start
    start = longest.start + (1.0 if length > CLIP_SECONDS + _FIRST_SECOND_LEFT_OUT else 0.0)
    return start, min(longest.end, start + CLIP_SECONDS)
