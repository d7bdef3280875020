"""Words at the edges of turns, and the time it takes, beside whisperX's own function on the same words and turns.

    python -m benchmarks.turn_edges [--words 40000] [--seed 1] [--peer-python PATH …]

Conversations are made up with the mistakes that recognisers and diarizers make: words are timed up to 0.1 s wrong, turns begin
and end up to 0.3 s wrong, pauses inside a turn break it, a third of the back-channels is not heard as a turn, a sentence's end
is written in six of seven cases, and people are interrupted or speak at once (the recogniser hears one of them). A word is at
an edge if a change of speaker is within a second of it.

Time is that of one thread's processor, so that a busy machine counts less. Ours is that of `speakers_of`, which the pipeline
calls before it copies the words with the labels that they end up with (a row of its own); whisperX writes its labels into the
words that it is given. Of our 6 ms, 2.4 read times and speakers out of 38,628 words and 4,583 turns (a note below the table
tells that alone), since Python's values lie scattered in memory. The rest reads the texts next to changes of speaker, finds each
word's turn, moves changes and lists the labels. What looks cheaper was tried and gains less than can be told from noise: turns
looked up among the words, sorted turns not sorted again, fewer or smaller arrays, fewer texts.

whisperX (`assign_word_speakers`, with and without `fill_nearest`) is installed into a virtual environment of its own
(`benchmarks/peers.py`) with only what this function needs; `--peer-python` names another Python that has it, of another version
for example. Version 3.8 searches a sorted list of the turns; 3.4 made a table of all turns for each word (minutes for 40,000
words). Where it cannot be had there is only our row.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from time import thread_time
from typing import Any, TypeVar

import numpy as np

from benchmarks.peers import WHISPERX_ALONE, PeerMissing, installed
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.speakers import assign_speakers, speakers_of
from storage.documents import Turn, Word

Result = TypeVar("Result")

EDGE = 1.0
"""A word is at an edge if a change of speaker is within so many seconds of it."""
GOAL_FASTER = 50.0
_WORD_JITTER = 0.1
_TOGETHER = 0.05
"""Words nearer than this share the time at which one ends and the next begins, seconds."""
_TURN_JITTER = 0.3
_TEXT = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu")
_PEER = Path(__file__).with_name("whisperx_peer.py")


@dataclass(frozen=True)
class Talk:
    """Words as a recogniser times them, who said each in truth, and turns as a diarizer hears them."""

    words: tuple[Word, ...]
    said_by: tuple[str, ...]
    turns: tuple[Turn, ...]
    changes: tuple[float, ...]
    """When, in truth, somebody else begins to speak."""


class _Maker:
    """Makes up a conversation turn by turn."""

    def __init__(self, seed: int, speakers: int) -> None:
        self._draw = random.Random(seed)
        self._speakers = [f"S{number}" for number in range(speakers)]
        self.clock = 0.5
        self.said: list[tuple[float, float, str, str]] = []
        self.heard: list[Turn] = []
        self.changes: list[float] = []

    def turn(self, who: str, count: int) -> None:
        """Let somebody say so many words, in sentences, with pauses; the diarizer breaks the turn at long pauses."""
        draw, begin = self._draw, self.clock
        self.changes.append(begin)
        interrupted = draw.random() < 0.15
        for number in range(count):
            last = number == count - 1
            ends = (last and not interrupted) or draw.random() < 0.09
            length = draw.uniform(0.08, 0.45)
            text = draw.choice(_TEXT) + ("." if ends and draw.random() < 6 / 7 else "")
            self.said.append((self.clock, self.clock + length, text, who))
            self.clock += length
            pause = draw.uniform(0.15, 0.9) if ends else draw.uniform(0.1, 0.5) * (draw.random() < 0.12)
            if not last:
                if pause > 0.6:
                    self._hear(begin, self.clock, who)
                    begin = self.clock + pause
                self.clock += pause
        self._hear(begin, self.clock, who)

    def back_channel(self, who: str) -> None:
        """Let somebody say a word or two; in a third of the cases the diarizer does not hear who."""
        begin = self.clock
        self.changes.append(begin)
        for _ in range(self._draw.randint(1, 2)):
            length = self._draw.uniform(0.2, 0.4)
            self.said.append((self.clock, self.clock + length, self._draw.choice(["Yeah.", "Right.", "mm", "Okay"]), who))
            self.clock += length
        if self._draw.random() < 2 / 3:
            self._hear(begin, self.clock, who)

    def _hear(self, start: float, end: float, who: str) -> None:
        start, end = (time + self._draw.uniform(-_TURN_JITTER, _TURN_JITTER) for time in (start, end))
        if end - start > 0.1:
            self.heard.append(Turn(start=max(0.0, start), end=end, speaker=who))

    def talk(self, count: int) -> Talk:
        """Return a conversation of at least `count` words."""
        draw, who = self._draw, self._speakers[0]
        while len(self.said) < count:
            who = draw.choice([name for name in self._speakers if name != who])
            words = max(1, round(draw.expovariate(1 / 14)))
            if words > 6 and draw.random() < 0.25:
                first = draw.randint(2, words - 2)
                self.turn(who, first)
                self.clock += draw.uniform(0.02, 0.3)
                self.back_channel(draw.choice([name for name in self._speakers if name != who]))
                self.clock += draw.uniform(0.02, 0.3)
                words -= first
            self.turn(who, words)
            # people wait, come in at once, or begin before the other has ended
            self.clock += draw.choice([draw.uniform(0.1, 0.9), draw.uniform(0.0, 0.1), -draw.uniform(0.0, 0.6)])
        said = sorted(self._timed(), key=lambda item: item[0].start)
        turns = sorted(self.heard, key=lambda turn: (turn.start, turn.end))
        return Talk(tuple(w for w, _ in said), tuple(s for _, s in said), tuple(turns), tuple(sorted(self.changes)))

    def _timed(self) -> list[tuple[Word, str]]:
        heard = self.said[:1]
        for item in sorted(self.said):
            # a recogniser writes down one voice at a time
            if item[0] >= heard[-1][1]:
                heard.append(item)
        timed: list[tuple[Word, str]] = []
        end = 0.0
        for index, (start, stop, text, who) in enumerate(heard):
            together = index > 0 and start - heard[index - 1][1] < _TOGETHER
            first = end if together else max(0.0, start + self._draw.uniform(-_WORD_JITTER, _WORD_JITTER))
            end = max(first + 0.02, stop + self._draw.uniform(-_WORD_JITTER, _WORD_JITTER))
            timed.append((Word(start=round(first, 3), end=round(end, 3), text=text, probability=0.9), who))
        return timed


def made_up(words: int, seed: int, speakers: int = 3) -> Talk:
    """Return a conversation of so many words, drawn by a seed."""
    return _Maker(seed, speakers).talk(words)


def at_edges(talk: Talk) -> list[bool]:
    """Tell for each word whether a change of speaker is near."""
    changes = np.array(talk.changes)
    starts, ends = (np.array([getattr(word, name) for word in talk.words]) for name in ("start", "end"))
    near = np.searchsorted(changes, ends + EDGE) > np.searchsorted(changes, starts - EDGE)
    return [bool(value) for value in near]


def scored(name: str, talk: Talk, speakers: Sequence[str | None], seconds: Sequence[float]) -> Row:
    """Return a row of the table."""
    wrong = [given != said for given, said in zip(speakers, talk.said_by, strict=True)]
    edges = at_edges(talk)
    return {
        "by": name,
        "words": len(wrong),
        "turns": len(talk.turns),
        "at edges": sum(edges),
        "wrong at edges %": 100 * mean(bad for bad, edge in zip(wrong, edges, strict=True) if edge),
        "wrong elsewhere %": 100 * mean(bad for bad, edge in zip(wrong, edges, strict=True) if not edge),
        "wrong %": 100 * mean(wrong),
        "median s": median(seconds),
    }


def ours(talk: Talk, rounds: int) -> list[Row]:
    """Tell who says each word again and again; then with copies of all words that carry it, as transcripts have them."""
    labels, took = _again(lambda: speakers_of(talk.words, talk.turns), rounds)
    words, copying = _again(lambda: assign_speakers(talk.words, talk.turns), rounds)
    return [
        scored("earmark", talk, labels, took),
        scored("earmark, words copied", talk, [word.speaker for word in words], copying),
    ]


def reading(talk: Talk, rounds: int) -> float:
    """Return the median seconds that it takes to read start and end of words and turns and who speaks, and to do nothing else."""
    timed: list[Sequence[Turn | Word]] = [talk.turns, talk.words]

    def read() -> tuple[list[str], list[np.ndarray]]:
        labels = [turn.speaker for turn in talk.turns]
        starts = [np.fromiter([item.start for item in items], float, len(items)) for items in timed]
        return labels, [*starts, *(np.fromiter([item.end for item in items], float, len(items)) for items in timed)]

    return median(_again(read, rounds)[1])


def _again(do: Callable[[], Result], rounds: int) -> tuple[Result, list[float]]:
    """Return what is done and the seconds that it takes each time."""
    took = []
    for _ in range(rounds):
        begin = thread_time()
        done = do()
        took.append(thread_time() - begin)
    return done, took


def peers(talk: Talk, python: Path, rounds: int) -> list[Row]:
    """Let whisperX assign them in its own Python, words grouped into segments by sentence as its aligner does."""
    segments: list[list[dict[str, Any]]] = [[]]
    for word in talk.words:
        segments[-1].append({"word": word.text, "start": word.start, "end": word.end})
        if word.text.endswith("."):
            segments.append([])
    turns = [(turn.start, turn.end, turn.speaker) for turn in talk.turns]
    given = {"segments": [segment for segment in segments if segment], "turns": turns, "rounds": rounds}
    done = subprocess.run([python, _PEER], input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"whisperX does not run in {python}: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}")
    answer = json.loads(done.stdout)
    return [scored(f"whisperX {answer['version']}{o['how']}", talk, o["speakers"], o["seconds"]) for o in answer["outcomes"]]


def _installed() -> tuple[list[Path], list[str]]:
    """Return the Python that has whisperX, or none and why."""
    try:
        return [installed(WHISPERX_ALONE, alone=True).python], []
    except PeerMissing as missing:
        return [], [str(missing)]


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--words", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--peer-python", type=Path, action="append", default=[], help="a Python that has whisperX, instead; may be repeated"
    )
    given = parser.parse_args()
    pythons, left_out = (given.peer_python, []) if given.peer_python else _installed()
    talk = made_up(given.words, given.seed)
    mine, copied = ours(talk, given.rounds)
    rows, goals = [mine, copied], []
    for python in pythons:
        try:
            theirs = peers(talk, python, given.rounds)
        except (RuntimeError, OSError) as error:
            parser.error(str(error))
        rows += theirs
        best = min(theirs, key=lambda row: float(row["wrong at edges %"] or 0))
        wrong, seconds = (float(mine[name] or 0) for name in ("wrong at edges %", "median s"))
        goals.append(Goal(f"wrong at edges, of {best['by']}", wrong / float(best["wrong at edges %"] or 1), 1.0))
        faster = min(float(row["median s"] or 0) for row in theirs) / seconds
        goals.append(Goal(f"times faster than {str(best['by']).split(' (')[0]}", faster, GOAL_FASTER, "", "least"))
    notes = [f"Reading times and speakers out of words and turns, and no more, takes {reading(talk, given.rounds):.6f} s."]
    settings = {"words": given.words, "seed": given.seed}
    report = Report("Words at the edges of turns", rows, goals, notes, settings, left_out=left_out)
    return show(report, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
