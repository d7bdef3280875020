"""Random show notes until something breaks or takes long: mutated real lists, random tokens, and texts made to be slow.

What was slow is mutated further, so that the search climbs. Time is that of one thread's processor; a text over the goal is read
again, the slowest once more at the end, and the fastest reading counts, for other programs on the machine make every reading
slower and none faster. What was kept can be read again when the machine is quiet.
"""

from __future__ import annotations

import heapq
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.notes_labelled import SETS, labelled
from benchmarks.table import Goal, Report, Row
from jobs.chapters.show_notes import MAX_CHAPTERS, read_notes_text
from jobs.chapters.titles import MAX_TITLE

SIZE = 100_000
"""Characters of the longest texts; the goal is for as many."""
_POOL = 40
_AGAIN = 4
"""Further readings of a text that was over the goal, or is among the slowest in the end."""
_SHOWN = 10

TOKENS = (
    *("0:00", "1:02:03", "12:34", "75:10", "00:00", "4:75", "9:30", "1h02", "12m30s", "３：２１", "٠٥:١٢", "12分30秒"),
    *("00:00:", "1:1:1:1", "-", "–", "—", "|", ":", "•", "*", "▶", "➤", "(", ")", "[", "]", "【", "】", "…", "...", ".", ","),
    *("~", "->", "to", "bis", "<p>", "</p>", "<br>", "<li>", "</li>", "<ul>", "<div hidden>", "</div>", "<!--", "-->"),
    *("<a href='https://x.example/?t=1'>", "</a>", "<", ">", "&amp;", "&#58;", "&nbsp;", "&", "<table><tr><td>", "</td><td>"),
    *("<script>", "</script>", "<b>", "</b>", "<pre>", "\n", "\n", "\n", " ", " ", "\t", "\u2028", "\u00a0", "\u200b"),
    *("\ufe0f", "\x00", "\r", "Intro", "a", "Chapters", "Timestamps:", "Kapitel", "John 3:16", "Top 10:2025", "16:9"),
    *("2022–2023", "от", "왜? (Why?)", "第一章", "1.", "01.", "10)", "/", "=", "#", "@", "👋", "🎙️", "é", "ß", "ﬁ", "\U000e0041"),
    *("ا", "?", "!", "'", '"', "  ", "Uhr", "pm", "min"),
)


@dataclass(order=True)
class _Slow:
    """A text and the milliseconds that reading it takes."""

    milliseconds: float
    text: str = field(compare=False)


@dataclass
class _Search:
    """What was tried so far."""

    random: random.Random
    seeds: list[str]
    slowest: list[_Slow] = field(default_factory=list)
    tried: int = 0
    over: int = 0

    def text(self) -> str:
        """Return the next text."""
        makers: list[Callable[[], str]] = [self._mutated_note, self._tokens, self._repeated, self._climbed, self._climbed]
        return self.random.choice(makers)()[:SIZE]

    def take(self, text: str, milliseconds: float) -> None:
        """Take note of how long a text took."""
        self.tried += 1
        if len(self.slowest) < _POOL:
            heapq.heappush(self.slowest, _Slow(milliseconds, text))
        elif milliseconds > self.slowest[0].milliseconds and all(one.text != text for one in self.slowest):
            heapq.heapreplace(self.slowest, _Slow(milliseconds, text))

    def _mutated_note(self) -> str:
        text = self.random.choice(self.seeds)
        for _ in range(self.random.randint(1, 6)):
            text = self._mutated(text)
        return text * self.random.choice([1, 1, 1, SIZE // max(1, len(text)) + 1])

    def _tokens(self) -> str:
        few = self.random.sample(TOKENS, self.random.randint(1, 12))
        return "".join(self.random.choices(few, k=self.random.choice([30, 300, 3_000, 30_000])))

    def _repeated(self) -> str:
        parts = ["".join(self.random.choices(TOKENS, k=self.random.randint(1, 4))) for _ in range(self.random.randint(1, 3))]
        room = SIZE // len(parts)
        return "".join(part * (room // len(part)) for part in parts)

    def _climbed(self) -> str:
        if not self.slowest:
            return self._repeated()
        text = self._mutated(self.random.choice(self.slowest).text)
        return text + self._mutated(text) if len(text) < SIZE else text

    def _mutated(self, text: str) -> str:
        at, until = sorted(self.random.randint(0, len(text)) for _ in range(2))
        piece = text[at:until]
        token = self.random.choice(TOKENS)
        return self.random.choice(
            (
                text[:at] + token + text[at:],
                text[:at] + text[until:],
                text[:at] + token * self.random.randint(2, 2_000) + text[until:],
                text[:at] + piece * self.random.randint(2, 4) + text[until:],
                text.replace(self.random.choice(TOKENS), token),
                text[until:] + text[:at],
            )
        )


def fuzz(minutes: float, *, goal: float, seed: int, keep: Path | None) -> Report:
    """Read random texts for some minutes; `keep` is where the slowest and any that breaks the reader are written.

    Raises whatever the reader raises, once its text is written.
    """
    search = _Search(random.Random(seed), [note["html"] for note in labelled(*(n for names in SETS.values() for n in names))])
    until = time.monotonic() + 60 * minutes
    while time.monotonic() < until:
        text = search.text()
        try:
            milliseconds = _read(text)
            if milliseconds > goal:
                milliseconds = min(milliseconds, _fastest(text))
        except Exception:
            _keep(keep, "broken.txt", text)
            raise
        search.over += milliseconds > goal
        search.take(text, milliseconds)
    worst = [_Slow(min(one.milliseconds, _fastest(one.text)), one.text) for one in search.slowest]
    worst = sorted(worst, reverse=True)[:_SHOWN]
    for number, one in enumerate(worst):
        _keep(keep, f"slow-{number}.txt", one.text)
    notes = (f"{search.tried} texts, {search.over} of them over the goal; none raised anything",)
    return _report(worst, goal, notes, {"minutes": minutes, "seed": seed})


def read_again(folder: Path, *, goal: float) -> Report:
    """Read the texts that were kept in a folder once more; a text of fewer than `SIZE` characters counts as it is."""
    texts = [path.read_text("utf-8", errors="surrogatepass")[:SIZE] for path in sorted(folder.glob("*.txt"))]
    worst = sorted((_Slow(_fastest(text), text) for text in texts), reverse=True)
    return _report(worst, goal, (f"{len(texts)} texts from {folder}",), {})


def _report(worst: list[_Slow], goal: float, notes: tuple[str, ...], settings: dict[str, Any]) -> Report:
    rows: list[Row] = [{"ms": one.milliseconds, "size": len(one.text), "begins": repr(one.text[:80])} for one in worst[:_SHOWN]]
    slowest = worst[0].milliseconds if worst else math.nan
    return Report("Random show notes", rows, [Goal("slowest text", slowest, goal, " ms")], notes, settings)


def _fastest(text: str) -> float:
    return min(_read(text) for _ in range(_AGAIN))


def _read(text: str) -> float:
    """Return the milliseconds of processor time that a text of at most `SIZE` characters takes."""
    began = time.thread_time()
    source, _ = read_notes_text(text, "file")
    milliseconds = 1000 * (time.thread_time() - began)
    starts = [mark.start for mark in source.marks]
    assert starts == sorted(starts), "out of order"
    assert all(0 < len(mark.title) <= MAX_TITLE for mark in source.marks), "an impossible title"
    assert len(starts) <= MAX_CHAPTERS, "too many chapters"
    assert (source.status == "found") == bool(starts), "a wrong status"
    return milliseconds


def _keep(folder: Path | None, name: str, text: str) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", errors="surrogatepass")
