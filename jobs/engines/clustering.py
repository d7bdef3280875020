"""How many voices a recording has, and what each sounds like, from embeddings of many short windows.

Nothing is given but the embeddings and when they were heard. Windows are first smoothed over their neighbours, which removes
most of what depends on the words; stretches of ten minutes are clustered on their own (average linkage), so that time and
memory grow linearly; the small clusters are then merged bottom up for as long as two of them cannot be told to be two
people. Two clusters are two people when

* their centroids differ (the centroids are means over many windows, so their noise does not grow with the recording's
  length),
* they are told apart over *time*: what a person says now and two seconds later carries the same label far more often than
  chance would have it, while halves of one voice (its vowels, say) alternate from window to window,
* and the smaller one speaks for some seconds, in turns, not only in short phrases that sound much like another voice.

What is then left may be a voice, or what two voices sound like at once: that lies between them and is no speaker.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import SpeakerHints

Matrix: TypeAlias = npt.NDArray[np.float32]
Times: TypeAlias = npt.NDArray[np.float64]
Labels: TypeAlias = npt.NDArray[np.intp]

SAME_VOICE = 0.91
"""Cosine of two centroids, each of many windows, from which they count as one voice however steadily they are told apart."""
NOISE = 0.6
"""How much less it may be, times the number of windows in the smaller cluster."""
INCOHERENCE = 0.1
"""How much less it may be per unit of missing coherence over time: two voices have 0.8 to 1, halves of one less than 0.7."""
OTHER_VOICE = 0.70
"""Cosine below which even a few windows are a voice of their own."""
LEAST_WINDOWS = 10
FEWEST_WINDOWS = 6
"""Windows a voice needs to be counted, and to be counted when it is unlike all others."""
LEAST_SHARE = 0.001
"""Share of all windows a voice needs to be counted in a very long recording."""
ODD_LIKENESS = 0.8
"""Cosine to another voice from which a cluster of short phrases is that voice at odd moments: laughing, or further away …"""
ODD_SHARE = 0.05
"""… if it has no more of all windows than this; who talks more is heard well enough to be told apart …"""
ODD_WINDOWS = 2.5
"""… and if so many windows follow each other in its stretches, on average: less than three seconds."""
COHERENCE_LAG = (1.6, 2.8)
"""Seconds between two windows whose labels are compared: they share no sound."""
CHANGE = 0.65
"""Cosine of the windows before and after a place below which a speaker change is surely near."""
CHANGE_SHARE = 0.25
"""Share of a recording's places that are never used to learn voices: those where the sound changes most."""
_REACH = 2
"""Neighbours on each side over which windows are smoothed."""
_BLOCK = 1500
"""Windows clustered at once: ten minutes of speech."""
_BLOCK_CLUSTERS = 30
"""Many, because a recording has odd moments, and each takes a cluster before two voices that are alike are parted."""
_MOST_CLUSTERS = 40
BLEND = 0.86
"""Cosine of a centroid with the plane of two others from which it is what is heard where these two speak at once …"""
BLEND_GAIN = 0.05
"""… if that is so much nearer than either of the two …"""
BLEND_SHARE = 0.25
"""… and either of the two is heard in it by this much."""


@dataclass(frozen=True)
class VoiceWindows:
    """Embeddings of windows in order of time."""

    embeddings: Matrix
    """Unit vectors, shape `(n, d)`."""
    times: Times
    """Centres of the windows, seconds, shape `(n,)`."""
    stretches: Labels
    """Which stretch of unbroken speech each window lies in, shape `(n,)`."""

    def __len__(self) -> int:
        return len(self.times)

    def at(self, rows: npt.NDArray[np.bool_]) -> VoiceWindows:
        """Return some of the windows."""
        return VoiceWindows(self.embeddings[rows], self.times[rows], self.stretches[rows])


def find_voices(windows: VoiceWindows, hints: SpeakerHints) -> Matrix:
    """Return one unit centroid per voice, shape `(k, d)`; empty for no windows.

    `hints` bound the number of voices; fewer come back only where there are too few windows to make as many.
    """
    if not len(windows):
        return windows.embeddings[:0]
    smooth = replace(windows, embeddings=_smoothed(windows))
    clean = _away_from_changes(windows)
    if clean.sum() >= max(FEWEST_WINDOWS, hints.exactly or 0, hints.at_least or 0):
        windows, smooth = windows.at(clean), smooth.at(clean)
    labels = _over_clustered(smooth.embeddings)
    labels = _merged(windows, smooth.embeddings, labels, hints)
    return centroids(smooth.embeddings, _settled(smooth.embeddings, labels, rounds=5))


def centroids(embeddings: Matrix, labels: Labels) -> Matrix:
    """Return the unit mean of each label that occurs, in order of label; label -1 is nobody."""
    return np.stack([_unit(embeddings[labels == label].mean(axis=0)) for label in _present(labels)])


def _unit(vectors: Matrix) -> Matrix:
    unit: Matrix = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return unit


def _present(labels: Labels) -> Labels:
    return np.unique(labels[labels >= 0])


def _smoothed(windows: VoiceWindows) -> Matrix:
    """Return the unit mean of each window and its neighbours in the same stretch, as far as they sound alike."""
    total = windows.embeddings.copy()
    limit = _change_limit(windows)
    for direction in (-1, 1):
        alike = np.ones(len(windows), dtype=bool)
        for shift in range(1, _REACH + 1):
            likeness, inside = _likeness_between(windows, 0, direction * shift)
            alike &= inside & (likeness >= limit)
            total += windows.embeddings[_beside(windows, direction * shift)] * alike[:, None]
    return _unit(total)


def _away_from_changes(windows: VoiceWindows) -> npt.NDArray[np.bool_]:
    """Return which windows have the same voice before and after them."""
    likeness, inside = _likeness_between(windows, -_REACH, _REACH)
    return ~inside | (likeness >= _change_limit(windows))


def _change_limit(windows: VoiceWindows) -> float:
    """Return the cosine across a place below which a change of voice may be near: the recording's own lower part.

    Two voices on one telephone line differ less than one voice does elsewhere, so no fixed number serves all recordings.
    """
    likeness, inside = _likeness_between(windows, -_REACH, _REACH)
    return max(CHANGE, float(np.quantile(likeness[inside], CHANGE_SHARE))) if inside.any() else CHANGE


def _likeness_between(windows: VoiceWindows, left: int, right: int) -> tuple[Matrix, npt.NDArray[np.bool_]]:
    """Return for each window the cosine of two of its neighbours, and whether both are in its stretch."""
    before, after = _beside(windows, left), _beside(windows, right)
    likeness = np.einsum("nd,nd->n", windows.embeddings[before], windows.embeddings[after])
    inside = (windows.stretches[before] == windows.stretches) & (windows.stretches[after] == windows.stretches)
    rows = np.arange(len(windows))
    return likeness, inside & (before == rows + left) & (after == rows + right)


def _beside(windows: VoiceWindows, shift: int) -> Labels:
    return np.clip(np.arange(len(windows)) + shift, 0, len(windows) - 1)


def _over_clustered(embeddings: Matrix) -> Labels:
    """Return labels of clusters that are surely too many, by average linkage in blocks and then over the blocks' centroids."""
    labels = np.empty(len(embeddings), dtype=np.intp)
    blocks = max(1, round(len(embeddings) / _BLOCK))
    first = 0
    for rows in np.array_split(np.arange(len(embeddings)), blocks):
        labels[rows] = first + _linked(embeddings[rows], _BLOCK_CLUSTERS)
        first = int(labels[rows].max()) + 1
    if blocks > 1:
        labels = _joined_most_alike(embeddings, labels, _MOST_CLUSTERS)
    return _settled(embeddings, labels, rounds=3)


def _linked(embeddings: Matrix, most: int) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(embeddings) == 1:
        return np.zeros(1, dtype=np.intp)
    tree = linkage(embeddings, "average", metric="cosine")
    return np.asarray(fcluster(np.maximum(tree, 0.0), most, "maxclust"), dtype=np.intp) - 1


def _joined_most_alike(embeddings: Matrix, labels: Labels, most: int) -> Labels:
    """Merge the two most similar centroids until `most` clusters are left."""
    sums = np.stack([embeddings[labels == label].sum(axis=0) for label in range(labels.max() + 1)])
    names = np.arange(len(sums))
    alive = list(range(len(sums)))
    while len(alive) > most:
        unit = _unit(sums[alive])
        likeness = unit @ unit.T
        np.fill_diagonal(likeness, -1.0)
        a, b = (alive[i] for i in np.unravel_index(int(likeness.argmax()), likeness.shape))
        sums[a] += sums[b]
        names[names == b] = a
        alive.remove(b)
    return names[labels].astype(np.intp)


def _settled(embeddings: Matrix, labels: Labels, rounds: int) -> Labels:
    """Give each window to its nearest centroid, a few times over (spherical k-means)."""
    for _ in range(rounds):
        present = _present(labels)
        moved = present[(embeddings @ centroids(embeddings, labels).T).argmax(axis=1)]
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels


def _merged(windows: VoiceWindows, smooth: Matrix, labels: Labels, hints: SpeakerHints) -> Labels:
    """Merge clusters until all are different people and their number is within the hints."""
    least = hints.exactly or hints.at_least or 1
    most = hints.exactly or hints.at_most or _MOST_CLUSTERS
    while (count := len(_present(labels))) > max(least, 1):
        pair = (
            _one_voice(windows, smooth, labels)
            or _blend(smooth, labels)
            or (_most_alike(smooth, labels) if count > most else None)
        )
        if pair is None:
            break
        keep, drop = pair
        labels = np.where(labels == drop, keep, labels)
        labels = _settled(smooth, labels, rounds=2)
    return labels


def _likeness(smooth: Matrix, labels: Labels) -> npt.NDArray[np.float32]:
    means = centroids(smooth, labels)
    likeness = means @ means.T
    np.fill_diagonal(likeness, -1.0)
    return likeness


def _most_alike(smooth: Matrix, labels: Labels) -> tuple[int, int]:
    likeness, present = _likeness(smooth, labels), _present(labels)
    a, b = np.unravel_index(int(likeness.argmax()), likeness.shape)
    return int(present[a]), int(present[b])


def _one_voice(windows: VoiceWindows, smooth: Matrix, labels: Labels) -> tuple[int, int] | None:
    """Return two clusters that are one voice, the most alike first, or that cannot be told to be two; larger one first."""
    likeness, present = _likeness(smooth, labels), _present(labels)
    sizes = np.array([(labels == label).sum() for label in present])
    nearest = likeness.argmax(axis=1)
    needed = max(LEAST_WINDOWS, round(LEAST_SHARE * len(labels)))
    for a in np.argsort(-likeness.max(axis=1), kind="stable"):
        b = nearest[a]
        alike, fewest = likeness[a, b], min(sizes[a], sizes[b])
        larger, smaller = (a, b) if sizes[a] >= sizes[b] else (b, a)
        coherence = _coherence(windows, smooth, labels, int(present[a]), int(present[b]))
        if (
            fewest < FEWEST_WINDOWS
            or (fewest < needed and alike > OTHER_VOICE)
            or alike >= same_voice(coherence, int(fewest))
            or (alike >= ODD_LIKENESS and _is_odd_moments(windows, labels, int(present[smaller])))
        ):
            return int(present[larger]), int(present[smaller])
    return None


def _is_odd_moments(windows: VoiceWindows, labels: Labels, label: int) -> bool:
    """Tell whether a cluster is little, and all of it short phrases."""
    mine = labels == label
    if mine.sum() > ODD_SHARE * len(labels):
        return False
    follows = mine[1:] & mine[:-1] & (windows.stretches[1:] == windows.stretches[:-1])
    return bool(mine.sum() <= ODD_WINDOWS * (mine.sum() - follows.sum()))


def _blend(smooth: Matrix, labels: Labels) -> tuple[int, int] | None:
    """Return the larger of two voices and a smaller cluster that is no more than both of them heard at once."""
    means, present = centroids(smooth, labels).astype(np.float64), _present(labels)
    sizes = [int((labels == label).sum()) for label in present]
    for mixed in np.argsort(sizes, kind="stable").tolist():
        larger = [other for other in range(len(present)) if sizes[other] > sizes[mixed]]
        for pair in itertools.combinations(larger, 2):
            parents = means[list(pair)]
            shares = np.linalg.lstsq(parents.T, means[mixed], rcond=None)[0]
            if shares.min() >= BLEND_SHARE:
                likeness = float(means[mixed] @ _unit(shares @ parents))
                if likeness >= max(BLEND, float((parents @ means[mixed]).max()) + BLEND_GAIN):
                    return int(present[max(pair, key=lambda parent: sizes[parent])]), int(present[mixed])
    return None


def same_voice(coherence: float, windows: int) -> float:
    """Return the cosine of two centroids from which they are one voice.

    It falls with less coherence over time, and with few windows in the smaller cluster, whose centroid is noisy. Measured on
    12 readers: centroids of two voices are up to 0.88 alike, and halves of one voice down to 0.84, but then these alternate.
    """
    return SAME_VOICE - NOISE / windows - INCOHERENCE * (1.0 - max(coherence, -1.0))


def _coherence(windows: VoiceWindows, smooth: Matrix, labels: Labels, a: int, b: int) -> float:
    """Return how far labels two seconds apart agree: 0 as by chance, 1 always (Cohen's kappa of lagged labels).

    Labels are taken from the windows as heard, not from the smoothed ones, which share sound.
    1 where there are too few pairs to say.
    """
    rows = (labels == a) | (labels == b)
    pair = np.stack([_unit(smooth[labels == label].mean(axis=0)) for label in (a, b)])
    scores = windows.embeddings[rows] @ pair.T
    first, times = scores[:, 0] > scores[:, 1], windows.times[rows]
    later = np.searchsorted(times, times + COHERENCE_LAG[0])
    valid = later < len(times)
    later = np.minimum(later, len(times) - 1)
    valid &= times[later] - times <= COHERENCE_LAG[1]
    if valid.sum() < FEWEST_WINDOWS:
        return 1.0
    share = first.mean()
    chance = share**2 + (1 - share) ** 2
    return float(((first == first[later])[valid].mean() - chance) / max(1 - chance, 1e-9))
