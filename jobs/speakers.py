"""Words × turns → who said each word.

Two rules. A word belongs to the turn that overlaps it most, or to the nearest turn within a limit: most words lie inside one
turn, and are decided at once. Then the edges of turns give way to those of phrases (`turn_edges`). Both are sweeps over sorted
times, not a table per word, and end in a label for each word; words are copied once, when their labels are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from jobs.engines.protocols import Diarization
from jobs.turn_edges import NOBODY, Indexes, Times, moved_to_phrase_edges
from storage.documents import Segment, Turn, Word
from storage.word_columns import with_columns

MAX_DISTANCE = 1.0
"""A word farther than this from every turn has no speaker, seconds."""
OVERLAPPED_SHARE = 0.5
"""A word lies in overlapped speech if at least this share of it does."""


def assign_speakers(words: Sequence[Word], turns: Sequence[Turn], *, max_distance: float = MAX_DISTANCE) -> tuple[Word, ...]:
    """Return the words with the speaker of each, as `speakers_of` tells; what they carried as speaker before is forgotten."""
    return with_columns(words, speaker=speakers_of(words, turns, max_distance=max_distance))


def speakers_of(words: Sequence[Word], turns: Sequence[Turn], *, max_distance: float = MAX_DISTANCE) -> list[str | None]:
    """Return the label of who says each word; none where no turn is within `max_distance` seconds.

    `words` are in order of time; `turns` may come in any order.
    """
    if not words or not turns:
        return [None] * len(words)
    turn_starts, turn_ends, turn_speakers, names = _in_order(turns)
    starts, ends = _times(words)
    owners = overlapping_most(starts, ends, turn_starts, turn_ends, max_distance=max_distance)
    changes, speakers = _changes(owners, turn_speakers)
    between = (turn_ends[owners[changes - 1]] + turn_starts[owners[changes]]) / 2
    changes, speakers = moved_to_phrase_edges(words, starts, ends, changes=changes, speakers=speakers, between=between)
    lengths = np.diff(changes, prepend=0, append=len(words))
    labels: list[str | None] = np.repeat(np.array([*names, None], dtype=object)[speakers], lengths).tolist()
    return labels


def _changes(owners: Indexes, turn_speakers: Indexes) -> tuple[Indexes, Indexes]:
    """Return the words with which another speaker begins, and who speaks before the first of them, from it on, and so on."""
    speakers = np.append(turn_speakers, NOBODY)
    turns = np.flatnonzero(owners[1:] != owners[:-1]) + 1
    changes = turns[speakers[owners[turns]] != speakers[owners[turns - 1]]]
    return changes, speakers[owners[np.append(0, changes)]]


def _in_order(turns: Sequence[Turn]) -> tuple[Times, Times, Indexes, Sequence[str]]:
    """Return when turns start and end and who speaks, as an index into the sorted names; sorted by these three."""
    labels = [turn.speaker for turn in turns]
    names = sorted(set(labels))
    number = {name: index for index, name in enumerate(names)}
    speakers = np.fromiter(map(number.__getitem__, labels), np.intp, len(turns))
    starts, ends = _times(turns)
    order = np.lexsort((speakers, ends, starts))
    return starts[order], ends[order], speakers[order], names


def overlapping_most(
    starts: Times, ends: Times, turn_starts: Times, turn_ends: Times, *, max_distance: float = MAX_DISTANCE
) -> Indexes:
    """Return for each word the index of the turn that overlaps it most (the earlier of equals), else of the nearest, else -1.

    Turns are sorted by start; they may overlap each other. Time is linear in words plus the pairs that touch.
    """
    if not len(turn_starts):
        return np.full(len(starts), NOBODY, dtype=np.intp)
    best = np.searchsorted(np.maximum.accumulate(turn_ends), starts, side="right")
    begins = np.append(turn_starts, [np.inf, np.inf])
    # most words touch one turn and no other
    rest = np.flatnonzero((begins.take(best) >= ends) | (begins[1:].take(best) < ends))
    best[rest] = _of_several(best[rest], starts[rest], ends[rest], begins, turn_ends)
    alone = rest[best[rest] == NOBODY]
    best[alone] = _nearest(starts[alone], ends[alone], turn_starts, turn_ends, max_distance)
    return best


def _of_several(first: Indexes, starts: Times, ends: Times, begins: Times, turn_ends: Times) -> Indexes:
    """Return the turn that overlaps each word most, of those from its `first` on that begin before it ends; -1 if none does."""
    best, longest = np.full(len(starts), NOBODY, dtype=np.intp), np.zeros(len(starts))
    rows = np.flatnonzero(begins[first] < ends)
    turn = first[rows]
    while len(rows):
        shared = np.minimum(ends[rows], turn_ends[turn]) - np.maximum(starts[rows], begins[turn])
        more = shared > longest[rows]
        longest[rows[more]], best[rows[more]] = shared[more], turn[more]
        touched = begins[turn + 1] < ends[rows]
        rows, turn = rows[touched], turn[touched] + 1
    return best


def _nearest(starts: Times, ends: Times, turn_starts: Times, turn_ends: Times, max_distance: float) -> Indexes:
    """Return the nearest turn of words that overlap none: the latest to end before, or the next to begin."""
    latest = np.maximum.accumulate(turn_ends)
    holder = np.maximum.accumulate(np.where(turn_ends == latest, np.arange(len(turn_ends)), 0))
    after = np.searchsorted(turn_starts, ends, side="left")
    before = after - 1
    to_before = np.where(before >= 0, np.maximum(0.0, starts - latest[before]), np.inf)
    to_after = np.where(after < len(turn_starts), turn_starts[np.minimum(after, len(turn_starts) - 1)] - ends, np.inf)
    nearest = np.where(to_before <= to_after, holder[before], after)
    return np.where(np.minimum(to_before, to_after) <= max_distance, nearest, NOBODY).astype(np.intp)


def _times(items: Sequence[Word] | Sequence[Turn]) -> tuple[Times, Times]:
    # comprehensions read slots in half the time that `attrgetter` takes
    starts = np.fromiter([item.start for item in items], float, len(items))
    return starts, np.fromiter([item.end for item in items], float, len(items))


# ------------------------------------------------------------------ labels, overlap, time


def label_speakers(words: Sequence[Word], diarization: Diarization) -> tuple[tuple[Word, ...], Diarization]:
    """Assign the words and number the speakers in order of their first word; speakers without a word come last."""
    said_by = speakers_of(words, diarization.turns)
    heard = [turn.speaker for turn in sorted((*diarization.turns, *diarization.overlapping), key=lambda turn: turn.start)]
    order = dict.fromkeys([*(label for label in said_by if label is not None), *heard, *diarization.embeddings])
    names = {label: f"Speaker {number}" for number, label in enumerate(order, start=1)}
    renamed = replace(
        diarization,
        turns=renamed_speakers(diarization.turns, names),
        overlapping=renamed_speakers(diarization.overlapping, names),
        embeddings={name: diarization.embeddings[label] for label, name in names.items() if label in diarization.embeddings},
    )
    return with_columns(words, speaker=[None if label is None else names[label] for label in said_by]), renamed


def renamed_speakers(turns: Sequence[Turn], names: Mapping[str, str]) -> tuple[Turn, ...]:
    """Return turns with their speakers' labels replaced; labels not in `names` stay."""
    return tuple(
        turn if names.get(turn.speaker, turn.speaker) == turn.speaker else replace(turn, speaker=names[turn.speaker])
        for turn in turns
    )


def mark_overlaps(words: Sequence[Word], overlapping: Sequence[Turn]) -> tuple[bool, ...]:
    """Return for each word whether at least half of it lies where two or more speakers talk at once."""
    places, crowded = _crowded_time(overlapping)
    if not words or not len(places):
        return (False,) * len(words)
    starts, ends = _times(words)
    shared = np.interp(ends, places, crowded) - np.interp(starts, places, crowded)
    length = ends - starts
    return tuple(((length > 0) & (shared >= OVERLAPPED_SHARE * length - 1e-9) & (shared > 0)).tolist())


def _crowded_time(turns: Sequence[Turn]) -> tuple[Times, Times]:
    """Return times in order and, for each, how many seconds before it had two or more speakers."""
    events = [(time, step) for start, end in _talk(turns) for time, step in ((start, 1), (end, -1))]
    if not events:
        return np.zeros(0), np.zeros(0)
    events.sort()
    times = np.array([time for time, _ in events])
    speakers = np.cumsum([step for _, step in events])
    crowded = np.diff(times) * (speakers[:-1] >= 2)
    return times, np.concatenate([[0.0], np.cumsum(crowded)])


def _talk(spoken: Iterable[Word | Turn | Segment], bridged: float = 0.0) -> list[tuple[float, float]]:
    """Return when each speaker talks, a speaker's own overlaps counted once."""
    return [stretch for stretches in _talk_by_speaker(spoken, bridged).values() for stretch in stretches]


def _talk_by_speaker(spoken: Iterable[Word | Turn | Segment], bridged: float) -> dict[str, list[tuple[float, float]]]:
    talk: dict[str, list[tuple[float, float]]] = {}
    for item in sorted(spoken, key=lambda item: item.start):
        if item.speaker is None:
            continue
        stretches = talk.setdefault(item.speaker, [])
        if stretches and item.start - stretches[-1][1] <= bridged:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], item.end))
        else:
            stretches.append((item.start, item.end))
    return talk


def talk_time(spoken: Iterable[Word | Turn | Segment], *, bridged: float = 0.0) -> dict[str, float]:
    """Return the seconds that each speaker talks, speakers in order of first appearance.

    Pauses up to `bridged` seconds between two items of one speaker count as talk: about 0.5 for words, 0 for turns.
    """
    return {speaker: sum(end - start for start, end in talk) for speaker, talk in _talk_by_speaker(spoken, bridged).items()}
