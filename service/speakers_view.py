"""A show's voices as documents: the same for `earmark speakers --json` and for the API."""

from __future__ import annotations

from typing import Any

from storage.voice_list import HeardIn, ListedVoice
from storage.voices import KnownShow


def show_view(show: KnownShow) -> dict[str, Any]:
    """Return a show of which voices are remembered."""
    return {"id": show.key, "title": show.title, "voices": show.voices, "episodes": show.episodes}


def voice_view(voice: ListedVoice) -> dict[str, Any]:
    """Return a voice with its name, where that comes from, and the episodes that it was heard in; no embeddings."""
    name = voice.name
    return {
        "id": voice.id,
        "name": name.name if name is not None else None,
        "name_source": name.source if name is not None else None,
        "name_confidence": round(name.confidence, 4) if name is not None else None,
        "episode_count": voice.episodes,
        "seconds": round(voice.seconds, 1),
        "clips": voice.clips,
        "models": list(voice.models),
        "episodes": [_heard_in(part) for part in voice.heard_in],
    }


def _heard_in(part: HeardIn) -> dict[str, Any]:
    return {
        "id": part.id,
        "title": part.title,
        "score": None if part.score is None else round(part.score, 4),
        "seconds": round(part.seconds, 1),
        "heard_name": part.heard_name,
    }
