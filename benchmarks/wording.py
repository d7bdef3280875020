"""Words compared with the truth: word error rate, and for every word what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.recordings import SaidWord


@dataclass(frozen=True)
class Comparison:
    """What was heard, against what was said."""

    errors: int
    said: int
    missed: frozenset[int]
    """Indexes of said words for which nothing was heard."""
    added: frozenset[int]
    """Indexes of heard words that stand for nothing said."""
    right: frozenset[int] = frozenset()
    """Indexes of said words that were heard as they were said."""

    @property
    def wer(self) -> float:
        """Word error rate, percent."""
        return 100 * self.errors / max(self.said, 1)


def normalised(text: str) -> str:
    """Return a word in small letters without punctuation."""
    return "".join(c for c in text.casefold() if c.isalnum())


def spoken(words: Sequence[SaidWord]) -> list[SaidWord]:
    """Return the words that hold a letter or digit, normalised."""
    kept = [SaidWord(normalised(word.text), word.start, word.end) for word in words]
    return [word for word in kept if word.text]


def compare(said: Sequence[SaidWord], heard: Sequence[SaidWord]) -> Comparison:
    """Align two lists of `spoken` words by least edits (jiwer)."""
    import jiwer

    if not said or not heard:
        return Comparison(max(len(said), len(heard)), len(said), frozenset(range(len(said))), frozenset(range(len(heard))))
    out = jiwer.process_words(" ".join(word.text for word in said), " ".join(word.text for word in heard))
    missed = {i for c in out.alignments[0] if c.type == "delete" for i in range(c.ref_start_idx, c.ref_end_idx)}
    added = {i for c in out.alignments[0] if c.type == "insert" for i in range(c.hyp_start_idx, c.hyp_end_idx)}
    right = {i for c in out.alignments[0] if c.type == "equal" for i in range(c.ref_start_idx, c.ref_end_idx)}
    errors = out.substitutions + out.deletions + out.insertions
    return Comparison(errors, len(said), frozenset(missed), frozenset(added), frozenset(right))
