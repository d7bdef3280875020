"""Chapters made from the transcript, on episodes whose topics are known: how far the boundaries are from the truth.

    python -m benchmarks.topics [--episodes 10] [--minutes 60]

Each episode is a row of topics of 3 to 12 minutes with the times of speech and pauses; half of the changes of topic have a
longer pause. The topics are chapters of Python's own manual (`pydoc_data`), which all speak of one language and so are hard to
tell apart, or are made up of words of their own among common ones. Of every hundred words 0, 10 or 30 are misheard.

Pk and WindowDiff are the share of places at which two points half a topic apart are wrongly taken for one topic or for two: 0 is
the truth. Beside ours stand boundaries at equal distances, as many as there are in truth, and boundaries at every pause that is
longest, as many again. Exits with 1 if ours are not clearly better than equal distances, or eight hours take too long.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pydoc_data.topics import topics as manual
from statistics import mean
from time import thread_time

from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.chapters.generated import generated
from storage.documents import Word

GOAL_SHARE = 0.7
"""Of the Pk of equal distances, on words heard rightly."""
GOAL_SECONDS = 3.0
"""For eight hours."""
_STEP = 5.0
_WORDS_A_MINUTE = 150
_LEAST, _MOST = 3, 12


@dataclass(frozen=True)
class Episode:
    """What was said, and where the topics change."""

    words: tuple[Word, ...]
    changes: tuple[float, ...]
    duration: float


def manual_topics(draw: random.Random) -> Callable[[int], list[str]]:
    """Return a function that gives so many words of another chapter of the manual each time."""
    texts = [re.findall(r"[A-Za-z][\w'-]*[.,;:?!]?", text) for _, text in sorted(manual.items())]
    long = [words for words in texts if len(words) >= _LEAST * _WORDS_A_MINUTE]
    left: list[list[str]] = []

    def some(count: int) -> list[str]:
        if not left:
            left.extend(draw.sample(long, len(long)))
        return left.pop()[:count]

    return some


def made_up_topics(draw: random.Random) -> Callable[[int], list[str]]:
    """Return a function that gives so many words of a new topic: a quarter of its own, the others common to all."""
    common = [_made_up(draw) for _ in range(600)]

    def some(count: int) -> list[str]:
        own = [_made_up(draw) for _ in range(80)]
        words = [
            draw.choice(own[: 1 + int(80 * draw.random() ** 2)]) if draw.random() < 0.25 else draw.choice(common)
            for _ in range(count)
        ]
        return [word + "." if n % draw.randint(8, 20) == 0 else word for n, word in enumerate(words)]

    return some


def _made_up(draw: random.Random) -> str:
    return "".join(draw.choice("bdfgklmnprstvz") + draw.choice("aeiou") for _ in range(draw.randint(2, 4)))


def episode(some: Callable[[int], list[str]], draw: random.Random, *, minutes: float, misheard: float) -> Episode:
    """Say one topic after the other."""
    words: list[Word] = []
    changes: list[float] = []
    at = 0.0
    noise = [_made_up(draw) for _ in range(3_000)]
    while at < 60 * minutes:
        if words:
            at += draw.choice([0.4, 1.4])
            changes.append(at)
        for text in some(int(draw.uniform(_LEAST, _MOST) * _WORDS_A_MINUTE)):
            length = 60 / _WORDS_A_MINUTE * draw.uniform(0.6, 1.2)
            heard = draw.choice(noise) if draw.random() < misheard else text
            words.append(Word(start=at, end=at + length, text=heard))
            at += length + (draw.lognormvariate(-0.9, 0.5) if text[-1] in ".?!" else 0.0)
    return Episode(tuple(words), tuple(changes), at)


# ------------------------------------------------------------------ measures


def pk(truth: Sequence[float], ours: Sequence[float], duration: float) -> float:
    """Return the Pk of Beeferman and others (1999), on a grid of `_STEP` seconds."""
    return _windows(truth, ours, duration, lambda a, b: (a == 0) != (b == 0))


def window_diff(truth: Sequence[float], ours: Sequence[float], duration: float) -> float:
    """Return the WindowDiff of Pevzner and Hearst (2002), on the same grid."""
    return _windows(truth, ours, duration, lambda a, b: a != b)


def _windows(truth: Sequence[float], ours: Sequence[float], duration: float, differ: Callable[[int, int], bool]) -> float:
    width = duration / (len(truth) + 1) / 2
    places = [n * _STEP for n in range(max(1, int((duration - width) / _STEP)))]
    return mean(
        differ(*(sum(place < change <= place + width for change in changes) for changes in (truth, ours))) for place in places
    )


def at_equal_distances(one: Episode) -> list[float]:
    """Return as many boundaries as there are in truth, evenly."""
    count = len(one.changes) + 1
    return [n * one.duration / count for n in range(1, count)]


def at_longest_pauses(one: Episode) -> list[float]:
    """Return as many boundaries as there are in truth, at the longest pauses."""
    pauses = sorted(((b.start - a.end, b.start) for a, b in zip(one.words, one.words[1:], strict=False)), reverse=True)
    return sorted(start for _, start in pauses[: len(one.changes)])


def by_topic(one: Episode) -> list[float]:
    """Return the boundaries of the chapters that are made."""
    return [placed.start for placed in generated(one.words, (), (), one.duration)[1:]]


WAYS: dict[str, Callable[[Episode], list[float]]] = {
    "made from the transcript": by_topic, "equal distances": at_equal_distances, "longest pauses": at_longest_pauses,
}  # fmt: skip
SAYERS = {"manual": manual_topics, "made up": made_up_topics}


def measure(*, episodes: int, minutes: float, seed: int) -> Report:
    """Divide every episode in every way."""
    rows: list[Row] = []
    goals: list[Goal] = []
    for kind, sayer in SAYERS.items():
        for misheard in (0.0, 0.1, 0.3):
            draw = random.Random(f"{seed} {kind} {misheard}")
            some = sayer(draw)
            told = [episode(some, draw, minutes=minutes, misheard=misheard) for _ in range(episodes)]
            found = {way: [divide(one) for one in told] for way, divide in WAYS.items()}
            rows += [_row(kind, misheard, way, told, found[way]) for way in WAYS]
            ours, even = (
                mean(pk(one.changes, at, one.duration) for one, at in zip(told, found[way], strict=True))
                for way in list(WAYS)[:2]
            )
            if misheard == 0:
                goals.append(Goal(f"Pk over that of equal distances, {kind}", ours / even, GOAL_SHARE))
    goals.append(Goal("eight hours", _seconds_for_eight_hours(seed), GOAL_SECONDS, " s"))
    return Report("Topics of an episode", rows, goals, (), {"episodes": episodes, "minutes": minutes, "seed": seed})


def _row(kind: str, misheard: float, way: str, told: Sequence[Episode], found: Sequence[Sequence[float]]) -> Row:
    pairs = list(zip(told, found, strict=True))
    lengths = [b - a for one, at in pairs for a, b in zip([0.0, *at], [*at, one.duration], strict=True)]
    near = [any(abs(change - place) <= 10 for place in at) for one, at in pairs for change in one.changes]
    return {
        "topics": kind,
        "misheard": misheard,
        "boundaries": way,
        "Pk": mean(pk(one.changes, at, one.duration) for one, at in pairs),
        "WindowDiff": mean(window_diff(one.changes, at, one.duration) for one, at in pairs),
        "changes within 10 s": mean(near),
        "minutes each": mean(lengths) / 60,
        "shortest, s": min(lengths),
    }


def _seconds_for_eight_hours(seed: int) -> float:
    draw = random.Random(seed)
    long = episode(manual_topics(draw), draw, minutes=480, misheard=0.0)
    began = thread_time()
    by_topic(long)
    return thread_time() - began


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    return show(measure(episodes=given.episodes, minutes=given.minutes, seed=given.seed), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
