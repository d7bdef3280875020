"""Who spoke when, in truth and as found: reading and scoring."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage.documents import Turn, Word


def read_rttm(path: Path, recording: str) -> list[Turn]:
    """Return the turns of one recording."""
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.startswith("SPEAKER")]
    return [Turn(start=float(r[3]), end=float(r[3]) + float(r[4]), speaker=r[7]) for r in rows if r[1] == recording]


def der(truth: Sequence[Turn], found: Sequence[Turn], duration: float, *, collar: float, overlap: bool = True) -> float:
    """Return the diarization error rate, percent; `collar` seconds on each side of an edge of the truth are not scored.

    Where two speak at once is scored only with `overlap`.
    """
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # pyannote's collar is the whole width that is left out around an edge
        metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=not overlap)
        scored = Timeline([Segment(0.0, duration)])
        return 100 * float(metric(_annotation(truth), _annotation(found), uem=scored))


def _annotation(turns: Sequence[Turn]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for number, turn in enumerate(turns):
        annotation[Segment(turn.start, turn.end), number] = turn.speaker
    return annotation


def words_right(truth: Sequence[Word], found: Sequence[Word], scored: Sequence[bool] | None = None) -> float:
    """Return the share of words with the right speaker, percent, under the best pairing of labels; only of those `scored`.

    The labels are paired over all words.
    """
    from scipy.optimize import linear_sum_assignment

    names = sorted({word.speaker or "" for word in truth})
    labels = sorted({word.speaker for word in found if word.speaker})
    table = np.zeros((len(names), len(labels)))
    pairs = [(names.index(word.speaker or ""), word.speaker) for word in truth]
    places = [labels.index(word.speaker) if word.speaker else -1 for word in found]
    for (name, _), label in zip(pairs, places, strict=True):
        if label >= 0:
            table[name, label] += 1
    partner = dict(zip(*(side.tolist() for side in linear_sum_assignment(-table)), strict=True))
    right = [partner.get(name) == label for (name, _), label in zip(pairs, places, strict=True)]
    counted: list[bool] = [ok for ok, score in zip(right, scored or [True] * len(right), strict=True) if score]
    return 100.0 * sum(counted) / max(1, len(counted))
