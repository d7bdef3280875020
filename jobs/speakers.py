"""Words × turns → who said each word.

Two rules. A word belongs to the turn that overlaps it most, or to the nearest turn within a limit. Then the edges: a
diarizer places a change of speaker within some tenths of a second, while people change at the ends of phrases; so a change
that falls inside an uninterrupted phrase moves to the phrase's edge if that is near. Both are sweeps over sorted times, not
a table per word.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from operator import attrgetter
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from jobs.engines.protocols import Diarization
from storage.documents import Segment, Turn, Word

MAX_DISTANCE = 1.0
"""A word farther than this from every turn has no speaker, seconds."""
PHRASE_PAUSE = 0.15
"""Words nearer than this belong to one phrase unless a sentence ends between them, seconds."""
EDGE_REACH = 0.5
"""How far the edge of a turn may move to reach the edge of a phrase, seconds."""
FIRM_EDGE = 0.15
"""A sentence end with a pause is preferred to another edge that is this much nearer, seconds."""
OVERLAPPED_SHARE = 0.5
"""A word lies in overlapped speech if at least this share of it does."""
NOBODY = -1

Indexes: TypeAlias = npt.NDArray[np.intp]
Times: TypeAlias = npt.NDArray[np.float64]
Spoken = TypeVar("Spoken", Word, Turn, Segment)

_CLOSING = "\"'”’»)]}」』）"
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_ABBREVIATION = re.compile(r"(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|No|e\.g|i\.e)\.")


def assign_speakers(words: Sequence[Word], turns: Sequence[Turn], *, max_distance: float = MAX_DISTANCE) -> tuple[Word, ...]:
    """Return the words with the speaker of each; none where no turn is within `max_distance` seconds.

    `words` are in order of time; `turns` may come in any order. What the words carried as speaker before is forgotten.
    """
    if not words:
        return ()
    turns = sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
    starts, ends = _times(words)
    owners = overlapping_most(starts, ends, *_times(turns), max_distance=max_distance)
    names = sorted({turn.speaker for turn in turns})
    number = {name: index for index, name in enumerate(names)}
    speaker_of_turn = np.array([number[turn.speaker] for turn in turns] + [NOBODY], dtype=np.intp)
    speakers = _moved_to_phrase_edges(words, starts, ends, turns, owners, speaker_of_turn[owners])
    labels: list[str | None] = [*names, None]
    return _spoken(words, [labels[speaker] for speaker in speakers.tolist()])


def overlapping_most(
    starts: Times, ends: Times, turn_starts: Times, turn_ends: Times, *, max_distance: float = MAX_DISTANCE
) -> Indexes:
    """Return for each word the index of the turn that overlaps it most (the earlier of equals), else of the nearest, else -1.

    Turns are sorted by start; they may overlap each other. Time is linear in words plus the pairs that touch.
    """
    best = np.full(len(starts), NOBODY, dtype=np.intp)
    if not len(turn_starts):
        return best
    latest_end = np.maximum.accumulate(turn_ends)
    first = np.searchsorted(latest_end, starts, side="right")
    last = np.searchsorted(turn_starts, ends, side="left")
    longest = np.zeros(len(starts))
    rows, shift = np.flatnonzero(first < last), 0
    while len(rows):
        turn = first[rows] + shift
        shared = np.minimum(ends[rows], turn_ends[turn]) - np.maximum(starts[rows], turn_starts[turn])
        more = shared > longest[rows]
        longest[rows[more]], best[rows[more]] = shared[more], turn[more]
        shift += 1
        rows = rows[first[rows] + shift < last[rows]]
    alone = np.flatnonzero(best == NOBODY)
    best[alone] = _nearest(starts[alone], ends[alone], turn_starts, turn_ends, max_distance)
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
    starts, ends = (np.fromiter(map(attrgetter(name), items), float, len(items)) for name in ("start", "end"))
    return starts, ends


def _spoken(words: Sequence[Word], speakers: Sequence[str | None]) -> tuple[Word, ...]:
    """Return copies of words with other speakers.

    Does what `model_copy` does, for all words together rather than one by one, in about a quarter of the time; labels come from
    turns, which are validated.
    """
    copies = list(map(Word.__new__, repeat(Word, len(words))))
    state: dict[str, Iterable[object]] = {
        "__dict__": [{**word.__dict__, "speaker": speaker} for word, speaker in zip(words, speakers, strict=True)],
        "__pydantic_fields_set__": _fields_with_speaker(words),
        "__pydantic_extra__": repeat(None),
        "__pydantic_private__": repeat(None),
    }
    for name, values in state.items():
        deque(map(BaseModel.__dict__[name].__set__, copies, values), maxlen=0)
    return tuple(copies)


def _fields_with_speaker(words: Sequence[Word]) -> list[set[str]]:
    """Return the fields that the copies have set. Frozen words never change this set, so that words of one kind can share it."""
    before: set[str] | None = None
    fields: set[str] = set()
    result = []
    for word in words:
        given = word.__pydantic_fields_set__
        if given != before:
            before, fields = given, {*given, "speaker"}
        result.append(fields)
    return result


# ------------------------------------------------------------------ the edges of turns


def _moved_to_phrase_edges(  # noqa: PLR0917 - words and turns, each with its times
    words: Sequence[Word], starts: Times, ends: Times, turns: Sequence[Turn], owners: Indexes, speakers: Indexes
) -> Indexes:
    """Move changes of speaker that fall inside a phrase to the phrase's edge where it is near."""
    changes = (np.flatnonzero(speakers[1:] != speakers[:-1]) + 1).tolist()
    if not changes:
        return speakers
    edge_kind = _edge_kinds(words, starts, ends)
    moved = speakers.copy()
    limits = [0, *changes, len(words)]
    floor = 0
    for left, change, right in zip(limits[:-2], changes, limits[2:], strict=True):
        before, after = speakers[change - 1], speakers[change]
        target = change
        if NOBODY not in (before, after) and not edge_kind[change]:
            time = _time_of_change(turns[owners[change - 1]], turns[owners[change]], starts[change - 1], ends[change])
            target = _phrase_edge(starts, ends, edge_kind, change, time, max(left, floor), right)
            moved[change:target] = before
            moved[target:change] = after
        floor = max(target, change)
    return _without_splinters(starts, ends, edge_kind, moved)


def _edge_kinds(words: Sequence[Word], starts: Times, ends: Times) -> npt.NDArray[np.int8]:
    """Return for each word whether a phrase begins with it: 0 no, 1 after a pause or a sentence's end, 2 after both."""
    kinds = np.zeros(len(words), dtype=np.int8)
    kinds[1:] += starts[1:] - ends[:-1] > PHRASE_PAUSE
    texts = [word.text for word in words[:-1]]
    ends_sentence = {text: _ends_sentence(text) for text in set(texts)}
    kinds[1:] += np.fromiter(map(ends_sentence.__getitem__, texts), dtype=bool, count=len(texts))
    return kinds


def _ends_sentence(text: str) -> bool:
    if text[-1:].isalnum():
        return False
    bare = text.rstrip(_CLOSING)
    return bare.endswith(_SENTENCE_ENDS) and not _ABBREVIATION.fullmatch(bare)


def _time_of_change(left: Turn, right: Turn, earliest: float, latest: float) -> float:
    return float(min(max((left.end + right.start) / 2, earliest), latest))


def _phrase_edge(  # noqa: PLR0917 - a place, its limits and the times around it
    starts: Times, ends: Times, kinds: npt.NDArray[np.int8], change: int, time: float, left: int, right: int
) -> int:
    """Return the word at which the phrase edge nearest to `time` lies, strictly between `left` and `right`; else `change`."""
    best, least = change, np.inf
    for step in (-1, 1):
        place = change + step
        while left < place < right:
            distance = max(starts[place] - time if step > 0 else 0.0, time - ends[place - 1] if step < 0 else 0.0, 0.0)
            gap = max(ends[place - 1] - time, time - starts[place], 0.0)
            if min(distance, gap) > EDGE_REACH:
                break
            if kinds[place]:
                cost = gap - FIRM_EDGE * (kinds[place] == 2)
                if gap <= EDGE_REACH and cost < least:
                    best, least = place, cost
                break
            place += step
    return best


def _without_splinters(starts: Times, ends: Times, kinds: npt.NDArray[np.int8], speakers: Indexes) -> Indexes:
    """Give a word or two in the middle of somebody else's phrase back to that phrase.

    A back-channel has a pause or a sentence's end on one of its sides; a splinter has neither.
    """
    changes = np.flatnonzero(speakers[1:] != speakers[:-1]) + 1
    whole = speakers.copy()
    for begin, end in zip(changes[:-1].tolist(), changes[1:].tolist(), strict=True):
        same = speakers[begin - 1] == speakers[end] != NOBODY
        if same and not kinds[begin] and not kinds[end] and ends[end - 1] - starts[begin] <= EDGE_REACH:
            whole[begin:end] = speakers[end]
    return whole


# ------------------------------------------------------------------ labels, overlap, time


def label_speakers(words: Sequence[Word], diarization: Diarization) -> tuple[tuple[Word, ...], Diarization]:
    """Assign the words and number the speakers in order of their first word; speakers without a word come last."""
    spoken = assign_speakers(words, diarization.turns)
    heard = [turn.speaker for turn in sorted((*diarization.turns, *diarization.overlapping), key=lambda turn: turn.start)]
    order = dict.fromkeys([*(word.speaker for word in spoken if word.speaker is not None), *heard, *diarization.embeddings])
    names = {label: f"Speaker {number}" for number, label in enumerate(order, start=1)}
    renamed = replace(
        diarization,
        turns=renamed_speakers(diarization.turns, names),
        overlapping=renamed_speakers(diarization.overlapping, names),
        embeddings={name: diarization.embeddings[label] for label, name in names.items() if label in diarization.embeddings},
    )
    return renamed_speakers(spoken, names), renamed


def renamed_speakers(items: Sequence[Spoken], names: Mapping[str, str]) -> tuple[Spoken, ...]:
    """Return words, turns or segments with their speakers' labels replaced; labels not in `names` stay."""
    return tuple(
        item
        if item.speaker is None or names.get(item.speaker, item.speaker) == item.speaker
        else item.model_copy(update={"speaker": names[item.speaker]})
        for item in items
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
