"""Words × turns → speakers."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.protocols import Diarization
from jobs.speakers import (
    assign_speakers,
    label_speakers,
    mark_overlaps,
    overlapping_most,
    renamed_speakers,
    talk_time,
)
from storage.documents import Turn, Word


def word(start: float, end: float, text: str = "word", speaker: str | None = None) -> Word:
    return Word(start=start, end=end, text=text, speaker=speaker)


def turn(start: float, end: float, speaker: str) -> Turn:
    return Turn(start=start, end=end, speaker=speaker)


def speakers(words: tuple[Word, ...]) -> str:
    return "".join(w.speaker or "-" for w in words)


def spans(most: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Make sorted spans on a grid of 10 ms, so that ties happen."""
    one = st.tuples(st.integers(0, 600), st.integers(0, 120)).map(lambda pair: (pair[0] / 100, (pair[0] + pair[1]) / 100))
    return st.lists(one, max_size=most).map(sorted)


def oracle(start: float, end: float, turns: list[tuple[float, float]], limit: float) -> int:
    """Say which turn a word belongs to by looking at every one."""
    shared = [min(end, e) - max(start, s) for s, e in turns]
    if shared and max(shared) > 0:
        return shared.index(max(shared))
    distance = [max(s - end, start - e, 0.0) for s, e in turns]
    return int(np.argmin(distance)) if distance and min(distance) <= limit else -1


@settings(max_examples=300, deadline=None)
@given(words=spans(12), turns=spans(10), limit=st.sampled_from([0.0, 0.3, 5.0]))
def test_the_sweep_finds_what_looking_at_every_turn_finds(
    words: list[tuple[float, float]], turns: list[tuple[float, float]], limit: float
) -> None:
    """Overlap and distance of the chosen turn equal those of a brute-force choice, overlapping and empty turns included."""
    w, t = np.array(words, dtype=float).reshape(-1, 2), np.array(turns, dtype=float).reshape(-1, 2)
    chosen = overlapping_most(w[:, 0], w[:, 1], t[:, 0], t[:, 1], max_distance=limit)
    for (start, end), mine in zip(words, chosen.tolist(), strict=True):
        true = oracle(start, end, turns, limit)
        assert (mine == -1) == (true == -1)
        if true >= 0:
            mine_shared, true_shared = (min(end, turns[i][1]) - max(start, turns[i][0]) for i in (mine, true))
            assert mine_shared == pytest.approx(true_shared)
            assert mine == true or true_shared <= 0


@settings(max_examples=200, deadline=None)
@given(words=spans(25), turns=spans(10), texts=st.lists(st.sampled_from(["a", "b.", "c?", "Dr."]), min_size=25, max_size=25))
def test_words_come_back_whole_and_in_order(
    words: list[tuple[float, float]], turns: list[tuple[float, float]], texts: list[str]
) -> None:
    """Nothing but the speaker changes, and every speaker is one of the turns' speakers."""
    given_words = [word(s, e, text) for (s, e), text in zip(words, texts, strict=False)]
    talk = [turn(s, e, "AB"[i % 2]) for i, (s, e) in enumerate(turns)]
    out = assign_speakers(given_words, talk)
    assert [replace(w, speaker=None) for w in out] == given_words
    assert {w.speaker for w in out} <= {t.speaker for t in talk} | {None}
    assert out == assign_speakers(given_words, talk[::-1])


def test_a_word_goes_to_the_turn_that_overlaps_it_most() -> None:
    """Pauses around each word leave the edges alone."""
    words = [word(0, 1), word(1.5, 2.5), word(3, 4)]
    assert speakers(assign_speakers(words, [turn(0, 1.9, "A"), turn(1.9, 4, "B")])) == "ABB"


def test_a_word_between_turns_takes_the_nearest_within_the_limit() -> None:
    """A long turn that ended late counts, though a shorter one began after it."""
    turns = [turn(0, 5, "A"), turn(1, 2, "B"), turn(9, 10, "C")]
    assert speakers(assign_speakers([word(5.5, 5.7)], turns)) == "A"
    assert speakers(assign_speakers([word(8.2, 8.4)], turns)) == "C"
    assert speakers(assign_speakers([word(6.5, 7.5)], turns)) == "-"
    assert speakers(assign_speakers([word(6.5, 7.5)], turns, max_distance=2)) == "A"


def test_no_turns_leave_words_without_speaker_and_old_labels_are_forgotten() -> None:
    """The result depends on the turns alone."""
    assert speakers(assign_speakers([word(0, 1, speaker="X")], [])) == "-"
    assert assign_speakers([], [turn(0, 1, "A")]) == ()


def test_the_last_word_of_a_sentence_is_not_given_to_the_next_speaker() -> None:
    """The turn's edge is 0.3 s early; the sentence's end is where people change."""
    words = [word(0, 0.4, "Who"), word(0.4, 0.8, "are"), word(0.8, 1.1, "you?"), word(1.1, 1.5, "I"), word(1.5, 2, "am.")]
    assert speakers(assign_speakers(words, [turn(0, 0.8, "A"), turn(0.8, 2, "B")])) == "AAABB"


def test_the_first_word_of_a_sentence_is_not_left_with_the_speaker_before() -> None:
    """The turn's edge is 0.4 s late."""
    words = [word(0, 0.4, "It"), word(0.4, 0.8, "is."), word(0.8, 1.2, "Then"), word(1.2, 1.6, "we"), word(1.6, 2, "go")]
    assert speakers(assign_speakers(words, [turn(0, 1.2, "A"), turn(1.2, 2, "B")])) == "AABBB"


def test_without_punctuation_a_pause_decides() -> None:
    """A pause of 0.3 s after the third word, the turn's edge after the second."""
    words = [word(0, 0.4), word(0.4, 0.8), word(0.8, 1.1), word(1.4, 1.8), word(1.8, 2.2)]
    assert speakers(assign_speakers(words, [turn(0, 0.8, "A"), turn(0.8, 2.2, "B")])) == "AAABB"


def test_a_change_far_from_any_phrase_edge_stays() -> None:
    """Somebody who interrupts in mid-sentence is believed."""
    words = [word(i * 0.4, (i + 1) * 0.4) for i in range(10)]
    assert speakers(assign_speakers(words, [turn(0, 2, "A"), turn(2, 4, "B")])) == "AAAAABBBBB"


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    """`Dr.` and a single initial carry a full stop inside a phrase."""
    words = [word(0, 0.4, "Ask"), word(0.4, 0.8, "Dr."), word(0.8, 1.2, "Strange."), word(1.2, 1.6, "Why"), word(1.6, 2, "him?")]
    assert speakers(assign_speakers(words, [turn(0, 0.8, "A"), turn(0.8, 2, "B")])) == "AAABB"


def test_a_back_channel_keeps_its_speaker() -> None:
    """A short word of its own, with pauses around it, is not swallowed by the speaker around it."""
    words = [word(0, 1, "So"), word(1, 2, "then."), word(2.3, 2.6, "Yeah."), word(2.9, 3.5, "We"), word(3.5, 4, "went.")]
    assert speakers(assign_speakers(words, [turn(0, 2.1, "A"), turn(2.2, 2.7, "B"), turn(2.8, 4, "A")])) == "AABAA"


def test_a_splinter_inside_a_phrase_goes_back_to_it() -> None:
    """One word in the middle of an unbroken phrase is a slip of the diarizer."""
    words = [word(i * 0.3, (i + 1) * 0.3) for i in range(9)]
    turns = [turn(0, 1.2, "A"), turn(1.2, 1.5, "B"), turn(1.5, 2.7, "A")]
    assert speakers(assign_speakers(words, turns)) == "AAAAAAAAA"


def noisy_dialogue(seed: int) -> tuple[list[Word], list[Turn]]:
    """Make 60 turns of whole sentences, and turns whose edges are off by up to 0.4 s."""
    rng = random.Random(seed)
    words: list[Word] = []
    turns: list[Turn] = []
    clock = 0.5
    for number in range(60):
        name, start = "AB"[number % 2], clock
        for _ in range(rng.randint(1, 3)):
            count = rng.randint(3, 12)
            for place in range(count):
                length = rng.uniform(0.12, 0.45)
                words.append(word(clock, clock + length, "end." if place == count - 1 else "word", name))
                clock += length
            clock += rng.uniform(0.05, 0.5)
        off = rng.uniform(-0.4, 0.4)
        turns.append(turn(max(0.0, turns[-1].end if turns else start), clock + off, name))
    return words, turns


def test_edges_by_phrases_get_fewer_words_wrong_than_overlap_alone() -> None:
    """Over ten dialogues with edges off by up to 0.4 s, at most a fifth of the words that plain overlap gets wrong stay wrong."""
    plain = moved = 0
    for seed in range(10):
        words, turns = noisy_dialogue(seed)
        owners = overlapping_most(
            *(np.array([getattr(i, k) for i in group]) for group in (words, turns) for k in ("start", "end"))
        )
        plain += sum(turns[o].speaker != w.speaker for w, o in zip(words, owners.tolist(), strict=True))
        moved += sum(a.speaker != w.speaker for w, a in zip(words, assign_speakers(words, turns), strict=True))
    assert plain > 200
    assert moved <= plain / 5


def test_speakers_are_numbered_by_their_first_word() -> None:
    """A voice heard before it says a word comes later; one that never says a word comes last."""
    diarization = Diarization(
        turns=(turn(0, 1, "x"), turn(2, 4, "z"), turn(5, 6, "y")),
        overlapping=(turn(0, 1, "x"), turn(2, 4, "z"), turn(5, 6, "y")),
        embeddings={"x": (1.0, 0.0), "y": (0.0, 1.0), "z": (0.6, 0.8)},
    )
    words, renamed = label_speakers([word(2.5, 3), word(5.2, 5.8)], diarization)
    assert [w.speaker for w in words] == ["Speaker 1", "Speaker 2"]
    assert [t.speaker for t in renamed.turns] == ["Speaker 3", "Speaker 1", "Speaker 2"]
    assert renamed.embeddings == {"Speaker 1": (0.6, 0.8), "Speaker 2": (0.0, 1.0), "Speaker 3": (1.0, 0.0)}


def test_labels_without_a_new_name_stay() -> None:
    """Swapping two labels is one step, not two."""
    items = (turn(0, 1, "a"), turn(1, 2, "b"), turn(2, 3, "c"))
    assert [t.speaker for t in renamed_speakers(items, {"a": "b", "b": "a"})] == ["b", "a", "c"]


def test_words_are_marked_where_two_people_talk_at_once() -> None:
    """Half of the word is enough; one person's overlapping turns are not two people."""
    turns = [turn(0, 5, "A"), turn(1, 4, "A"), turn(4.5, 8, "B")]
    words = [word(1, 2), word(4, 4.9), word(4.4, 4.6), word(4.5, 5), word(6, 7), word(9, 10)]
    assert mark_overlaps(words, turns) == (False, False, True, True, False, False)
    assert mark_overlaps(words, []) == (False,) * 6


@settings(max_examples=150, deadline=None)
@given(words=spans(10), turns=spans(10))
def test_overlap_marks_agree_with_a_count_on_a_fine_grid(
    words: list[tuple[float, float]], turns: list[tuple[float, float]]
) -> None:
    """Centre points every 10 ms, looked at one by one."""
    talk = [turn(s, e, "ABC"[i % 3]) for i, (s, e) in enumerate(turns)]
    marks = mark_overlaps([word(s, e) for s, e in words], talk)
    for (start, end), mark in zip(words, marks, strict=True):
        points = np.arange(round(start * 100), round(end * 100)) / 100 + 0.005
        crowded = [len({t.speaker for t in talk if t.start < p < t.end}) >= 2 for p in points]
        assert mark == (bool(crowded) and sum(crowded) >= len(crowded) / 2 and any(crowded))


def test_talk_time_counts_a_second_once_and_bridges_short_pauses() -> None:
    """Seconds per speaker, in order of first appearance."""
    assert talk_time([turn(3, 4, "B"), turn(0, 2, "A"), turn(1, 3, "A")]) == {"A": 3.0, "B": 1.0}
    words = [word(0, 1, speaker="A"), word(1.2, 2, speaker="A"), word(3, 4, speaker="A"), word(5, 6)]
    assert talk_time(words) == {"A": pytest.approx(2.8)}
    assert talk_time(words, bridged=0.5) == {"A": pytest.approx(3.0)}
