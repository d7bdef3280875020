"""Time of giving 40,000 words to the speakers of 3,000 turns (about 4 hours of talk): python benchmarks/word_speakers.py."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from jobs.speakers import assign_speakers
from storage.documents import Turn, Word

WORDS, TURNS, GOAL = 40_000, 3_000, 0.2


def long_episode(words: int, turns: int, seed: int = 1) -> tuple[list[Word], list[Turn]]:
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


def main() -> int:
    """Print the median of five runs; fail above the goal."""
    words, turns = long_episode(WORDS, TURNS)
    seconds = []
    for _ in range(5):
        begin = perf_counter()
        assigned = assign_speakers(words, turns)
        seconds.append(perf_counter() - begin)
    right = sum(word.speaker is not None for word in assigned)
    print(f"{len(words):,} words × {len(turns):,} turns: {median(seconds):.3f} s (goal {GOAL} s); {right:,} words have a speaker")
    return 0 if median(seconds) <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
