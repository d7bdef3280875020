"""SubRip transcripts: `application/x-subrip`, `application/srt`, `text/srt`, and the `application/srr` that live feeds write.

Decisions: the fraction may follow a dot; numbers may be missing; an empty line inside a caption does not end it; font and style
tags go; the speaker is the name before a colon, as the podcast namespace has it (docs/examples/transcripts/transcripts.md).
"""

from __future__ import annotations

import re

from jobs.transcript_files.captions import read_blocks, unrolled
from jobs.transcript_files.names import with_names
from jobs.transcript_files.rows import Row

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|\{\\[^{}]*\}")


def read_srt(text: str) -> list[Row]:
    """Return the rows of an SRT text."""
    blocks = unrolled(read_blocks(text, gap_ends=False), _without_tags)
    return with_names([Row(block.start, block.end, _without_tags("\n".join(block.lines))) for block in blocks])


def _without_tags(text: str) -> str:
    return _TAG.sub("", text).strip()
