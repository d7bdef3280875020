"""The step `voices`: the speakers of an episode are compared with the show's voices, and remembered among them.

It is a step of its own so that it is done once: what it found is kept with the episode, and neither a second run nor later
episodes change it. What it reads and writes, the memory, is no part of its key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from jobs.clips import clip_wav
from jobs.engines.protocols import Diarization
from jobs.pcm import Pcm
from jobs.speakers import talk_time
from jobs.voices.matching import expected_of, match
from jobs.voices.profile import heard_by, model_key, profiles_of, unit
from storage.blobs import Blobs
from storage.documents import Document, EngineInfo, Episode, Share, Turn
from storage.shows import show_key
from storage.voices import NewSample, Placement, Voice, VoiceMemory, VoiceSample

LEAST_TALK = 5.0
"""Who speaks for less is neither compared nor remembered, seconds: so little says more about the words than about the voice."""

SAME_RECORDING = 0.9
"""Speakers who are so alike (cosine) in one recording, diarized twice, are the same: it is the very same speech."""

EVEN_ODDS = 1.0
"""A host of another show may come to this one or not: nobody knows."""

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

    key = show_key(episode.show)

    def place(voices: Sequence[Voice], speakers: Sequence[NewSample]) -> dict[str, Placement | None]:
        own = [voice for voice in voices if voice.show == key]
        found = placed(own, speakers, model, episode.id)
        return _known_elsewhere(found, own, [voice for voice in voices if voice.show != key], speakers, model)

    return memory.remember(episode.show, episode.id, model, samples, place)


def placed(voices: Sequence[Voice], speakers: Sequence[NewSample], model: str, episode_id: str) -> dict[str, Placement | None]:
    """Say for each speaker which voice of the show it is, or that it is a new one (None); those in doubt are left out.

    An episode that was remembered before, and is diarized anew, keeps its voices: a name that a person gave must not be lost
    because a match is missed this time.
    """
    others = match(heard_by(model, speakers), profiles_of(voices, model, without=episode_id), expected_of(model))
    before = _as_before(voices, speakers, model, episode_id)
    kept = {placement.voice_id for placement in before.values()}
    found: dict[str, Placement | None] = {}
    for speaker in speakers:
        known, own = others.placed.get(speaker.label), before.get(speaker.label)
        if own is not None:
            found[speaker.label] = known if known is not None and known.voice_id == own.voice_id else own
        elif known is not None and known.voice_id not in kept:
            found[speaker.label] = known
        elif known is None and speaker.label not in others.doubtful:
            found[speaker.label] = None
    return found


def _known_elsewhere(
    found: Mapping[str, Placement | None],
    own: Sequence[Voice],
    elsewhere: Sequence[Voice],
    speakers: Sequence[NewSample],
    model: str,
) -> dict[str, Placement | None]:
    """Return the placements with those who are new in the show, and a voice of another show that somebody asked for.

    Who is one of those that are known here already, but was not known again, is that voice of this show.
    """
    new = [speaker for speaker in speakers if speaker.label in found and found[speaker.label] is None]
    matches = match(heard_by(model, new), profiles_of(elsewhere, model), expected_of(model), most_odds=EVEN_ODDS)
    here = {voice.known_as.id: voice.id for voice in own if voice.known_as is not None}
    taken = {placement.voice_id for placement in found.values() if placement is not None}
    placements = {label: placement for label, placement in found.items() if label not in matches.doubtful}
    for label, placement in matches.placed.items():
        known = here.get(placement.voice_id)
        if known in taken:
            del placements[label]
        else:
            placements[label] = Placement(known or placement.voice_id, placement.score)
    return placements


def _as_before(voices: Sequence[Voice], speakers: Sequence[NewSample], model: str, episode_id: str) -> dict[str, Placement]:
    """Return which of its former speakers those of an episode are, the most alike first, one to one."""
    former = [s for voice in voices for s in voice.samples if (s.episode_id, s.model) == (episode_id, model)]
    if not former or not speakers:
        return {}
    alike = np.stack([s.embedding for s in speakers]) @ np.stack([s.embedding for s in former]).T
    found: dict[str, Placement] = {}
    while alike.max() >= SAME_RECORDING:
        row, column = divmod(int(alike.argmax()), alike.shape[1])
        found[speakers[row].label] = Placement(former[column].voice_id, former[column].score)
        alike[row], alike[:, column] = -1.0, -1.0
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
