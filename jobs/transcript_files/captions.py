"""The blocks that WebVTT and SRT have in common: a line with `start --> end`, and the lines of text below it.

Decisions:

- A line with an arrow begins a cue wherever it stands, also without an empty line before it; a line of digits just above it is
  the cue's number.
- A line with `-->` but without two readable times is a broken cue: its text has no place, is dropped and counted. A missing end
  alone is forgiven.
- Roll-up captions, as live captioning and a large video site make them, say each line two or three times. Where most cues begin
  with the line that the cue before ended with, those lines are taken once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from jobs.transcript_files.rows import TIME, seconds_of

_TIMING = re.compile(rf"\s*({TIME})\s*-{{1,3}}>\s*({TIME})?")
_NUMBER = re.compile(r"\s*\d{1,9}\s*")
_ROLLING_SHARE = 0.5
_ROLLING_GAP = 0.1
"""Seconds within which one roll-up cue follows the other."""


@dataclass
class Block:
    """One caption as written; the start is none where its timing could not be read."""

    start: float | None
    end: float | None
    lines: list[str] = field(default_factory=list)


def read_blocks(text: str, *, gap_ends: bool, is_comment: Callable[[str], bool] = lambda _: False) -> list[Block]:
    """Return the captions of a text.

    `gap_ends`: text below an empty line belongs to no caption (WebVTT); `is_comment` tells lines that begin a passage to
    be skipped up to the next empty line.
    """
    blocks: list[Block] = []
    open_block: Block | None = None
    skipping = False
    for line in text.splitlines():
        timing = _timing(line)
        if timing is not None:
            _drop_number(open_block)
            open_block, skipping = timing, False
            blocks.append(timing)
        elif not line.strip():
            skipping = False
            open_block = None if gap_ends else open_block
        elif not skipping and (open_block is None or not open_block.lines) and is_comment(line):
            skipping = True
        elif open_block is not None and not skipping:
            open_block.lines.append(line.strip())
    return blocks


def unrolled(blocks: list[Block], plain: Callable[[str], str]) -> list[Block]:
    """Return the blocks with what roll-up captions repeat taken once, if they are such; `plain` takes tags off a line."""
    lines = [[plain(line) for line in block.lines] for block in blocks]
    repeats = [0] + [_repeated(blocks[i - 1], blocks[i], lines[i - 1], lines[i]) for i in range(1, len(blocks))]
    if len(blocks) < 4 or sum(map(bool, repeats)) < _ROLLING_SHARE * (len(blocks) - 1):
        return blocks
    return [Block(block.start, block.end, block.lines[count:]) for block, count in zip(blocks, repeats, strict=True)]


def _repeated(before: Block, here: Block, said: list[str], says: list[str]) -> int:
    """Return how many lines at the beginning of a block stood at the end of the one before it."""
    if before.start is None or here.start is None or here.start > (before.end or before.start) + _ROLLING_GAP:
        return 0
    most = min(len(said), len(says), 4)
    return next((count for count in range(most, 0, -1) if said[-count:] == says[:count]), 0)


def _timing(line: str) -> Block | None:
    if "->" not in line:
        return None
    found = _TIMING.match(line)
    if found is not None:
        return Block(seconds_of(found[1]), seconds_of(found[2]) if found[2] else None)
    return Block(None, None) if "-->" in line else None


def _drop_number(block: Block | None) -> None:
    """Take the number of the next cue off a block's text."""
    if block is not None and block.lines and _NUMBER.fullmatch(block.lines[-1]):
        block.lines.pop()
