"""Changes of speaker at the ends of phrases."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.turn_edges import made_up
from jobs.speakers import overlapping_most, speakers_of
from jobs.turn_edges import EDGE_REACH, FIRM_EDGE, PHRASE_PAUSE
from storage.documents import Turn, Word

Label = str | None


def plain(words: list[Word], turns: list[Turn]) -> list[Label]:
    """Say who says each word by the same rules, one change after the other and word by word."""
    turns = sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
    times = (np.array([getattr(item, name) for item in items]) for items in (words, turns) for name in ("start", "end"))
    owners = [turns[at] if at >= 0 else None for at in overlapping_most(*times).tolist()]
    speakers: list[Label] = [owner and owner.speaker for owner in owners]
    kinds = [0, *(_kind(a, b) for a, b in pairwise(words))]
    return _without_splinters(words, kinds, _moved(words, kinds, owners, speakers))


def _kind(before: Word, word: Word) -> int:
    return (word.start - before.end > PHRASE_PAUSE) + (before.text in {"b.", "c?"})


def _moved(words: list[Word], kinds: list[int], owners: list[Turn | None], speakers: list[Label]) -> list[Label]:
    changes = [at for at in range(1, len(words)) if speakers[at] != speakers[at - 1]]
    moved, floor = list(speakers), 0
    for left, change, right in zip([0, *changes], changes, [*changes[1:], len(words)], strict=False):
        before, after = owners[change - 1], owners[change]
        target = change
        if before and after and not kinds[change]:
            middle = (before.end + after.start) / 2
            time = min(max(middle, words[change - 1].start), words[change].end)
            target = _edge(words, kinds, change, time, max(left, floor), right)
        for at in range(min(change, target), max(change, target)):
            moved[at] = speakers[change - 1] if target > change else speakers[change]
        floor = max(target, change)
    return moved


def _edge(words: list[Word], kinds: list[int], change: int, time: float, left: int, right: int) -> int:  # noqa: PLR0917 - a place and its limits
    """Walk from a change to both sides, as far as the reach goes, up to the first edge of a phrase."""
    best, least = change, float("inf")
    for step in (-1, 1):
        at = change + step
        while left < at < right:
            away = words[at].start - time if step > 0 else time - words[at - 1].end
            gap = max(words[at - 1].end - time, time - words[at].start, 0.0)
            if min(max(away, 0.0), gap) > EDGE_REACH:
                break
            if kinds[at]:
                cost = gap - FIRM_EDGE * (kinds[at] == 2)
                if gap <= EDGE_REACH and cost < least:
                    best, least = at, cost
                break
            at += step
    return best


def _without_splinters(words: list[Word], kinds: list[int], speakers: list[Label]) -> list[Label]:
    whole = list(speakers)
    changes = [at for at in range(1, len(words)) if speakers[at] != speakers[at - 1]]
    for begin, end in pairwise(changes):
        same = speakers[begin - 1] == speakers[end] is not None
        if same and not kinds[begin] and not kinds[end] and words[end - 1].end - words[begin].start <= EDGE_REACH:
            whole[begin:end] = [speakers[end]] * (end - begin)
    return whole


@st.composite
def talks(draw: st.DrawFn) -> tuple[list[Word], list[Turn]]:
    """Draw words that follow each other, touch or overlap, on a grid of 50 ms, and turns that do as they like."""
    words: list[Word] = []
    at = 0
    for step, length, text in draw(
        st.lists(st.tuples(st.integers(-2, 4), st.integers(0, 10), st.sampled_from(["a", "b.", "c?", "Dr."])), max_size=25)
    ):
        start = max(at + step, round(words[-1].start * 20) if words else 0)
        words.append(Word(start=start / 20, end=(start + length) / 20, text=text))
        at = start + length
    one = st.tuples(st.integers(0, 120), st.integers(0, 40), st.sampled_from("ABC"))
    turns = [Turn(start=s / 20, end=(s + n) / 20, speaker=who) for s, n, who in draw(st.lists(one, min_size=1, max_size=10))]
    return words, turns


@settings(max_examples=500, deadline=None)
@given(talks())
def test_all_changes_at_once_come_to_the_same_as_one_after_the_other(talk: tuple[list[Word], list[Turn]]) -> None:
    """Looking at words near changes alone changes nothing."""
    words, turns = talk
    assert speakers_of(words, turns) == plain(words, turns)


def test_a_long_conversation_comes_to_the_same() -> None:
    """Words and turns with the mistakes of recognisers and diarizers."""
    talk = made_up(4000, seed=3)
    words = [replace(word, text="b." if word.text.endswith(".") else "a") for word in talk.words]
    assert speakers_of(words, talk.turns) == plain(words, list(talk.turns))
