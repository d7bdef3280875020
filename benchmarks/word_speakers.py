"""Time of giving the words of a long episode to its speakers: 40,000 words × 3,000 turns, about four hours of talk.

    python -m benchmarks.word_speakers [--words 40000] [--turns 3000] [--rounds 5]

Exits with 1 if the median is over the goal.
"""

from __future__ import annotations

import random
import sys
from statistics import median
from time import perf_counter

from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.speakers import assign_speakers
from storage.documents import Turn, Word

GOAL = 0.2
"""Seconds."""


def long_episode(words: int, turns: int, seed: int) -> tuple[list[Word], list[Turn]]:
    """Return words with pauses and punctuation, and turns whose edges are a little off the words."""
    rng = random.Random(seed)
    clock, spoken, talk = 0.0, list[Word](), list[Turn]()
    per_turn = words / turns
    for turn in range(turns):
        start = clock
        count = round(per_turn * (turn + 1)) - round(per_turn * turn)
        for number in range(count):
            length = rng.uniform(0.1, 0.5)
            ends = number == count - 1 or rng.random() < 0.1
            spoken.append(Word(start=clock, end=clock + length, text="word." if ends else "word", probability=0.9))
            clock += length + (rng.uniform(0.2, 0.8) if ends else rng.uniform(0.0, 0.05))
        talk.append(
            Turn(
                start=max(0.0, start + rng.uniform(-0.3, 0.3)),
                end=clock + rng.uniform(-0.3, 0.3),
                speaker=f"Speaker {turn % 3 + 1}",
            )
        )
    return spoken, talk


def measure(words: int, turns: int, *, rounds: int, seed: int) -> Report:
    """Assign the words of a made-up episode again and again."""
    spoken, talk = long_episode(words, turns, seed)
    seconds = []
    for _ in range(rounds):
        begin = perf_counter()
        assigned = assign_speakers(spoken, talk)
        seconds.append(perf_counter() - begin)
    named = sum(word.speaker is not None for word in assigned)
    middle = median(seconds)
    row: Row = {
        "words": len(spoken),
        "turns": len(talk),
        "median s": middle,
        "fastest s": min(seconds),
        "slowest s": max(seconds),
        "words with a speaker %": 100 * named / len(spoken),
    }
    goals = [Goal("median", middle, GOAL, " s"), Goal("words with a speaker", 100 * named / len(spoken), 99.0, " %", "least")]
    return Report("Words to speakers", [row], goals, (), {"rounds": rounds, "seed": seed})


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--words", type=int, default=40_000)
    parser.add_argument("--turns", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    return show(measure(given.words, given.turns, rounds=given.rounds, seed=given.seed), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
