"""A show's voices as documents: the same for `earmark speakers --json` and for the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from storage.episodes import Episodes
from storage.person_names import name_of_voice
from storage.voices import KnownShow, Voice, VoiceSample


def show_view(show: KnownShow) -> dict[str, Any]:
    """Return a show of which voices are remembered."""
    return {"id": show.key, "title": show.title, "voices": show.voices, "episodes": show.episodes}


def voice_views(voices: Sequence[Voice], episodes: Episodes) -> list[dict[str, Any]]:
    """Return voices with their names, where these come from, and the episodes that each was heard in; no embeddings.

    The titles of all their episodes are asked for at once: a show's hosts are heard in thousands.
    """
    titles = episodes.titles({sample.episode_id for voice in voices for sample in voice.samples})
    return [_view(voice, titles) for voice in voices]


def voice_view(voice: Voice, episodes: Episodes) -> dict[str, Any]:
    """Return one of them."""
    return voice_views([voice], episodes)[0]


def _view(voice: Voice, titles: Mapping[str, str]) -> dict[str, Any]:
    name = name_of_voice(voice)
    return {
        "id": voice.id,
        "name": name.name if name is not None else None,
        "name_source": name.source if name is not None else None,
        "name_confidence": round(name.confidence, 4) if name is not None else None,
        "episode_count": len(voice.episodes),
        "seconds": round(sum(sample.seconds for sample in voice.samples), 1),
        "clips": sum(len(sample.clips) for sample in voice.samples),
        "models": sorted({sample.model for sample in voice.samples}),
        "episodes": [_heard_in(sample, titles) for sample in voice.samples],
    }


def _heard_in(sample: VoiceSample, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": sample.episode_id,
        "title": titles.get(sample.episode_id, ""),
        "score": None if sample.score is None else round(sample.score, 4),
        "seconds": round(sample.seconds, 1),
        "heard_name": sample.heard.name if sample.heard is not None else None,
    }
