"""WebVTT transcripts: https://www.w3.org/TR/webvtt1/.

Decisions:

- `<v Name>` (also `<v.loud Name>`) is the speaker; a cue with several voices becomes several cues at its time. All other tags go.
- A time inside a cue (`<00:00:01.500>`, karaoke style) begins a cue of its own: word times are the best evidence there is.
- Cue settings, identifiers, `NOTE`, `STYLE` and `REGION` are not used. `X-TIMESTAMP-MAP` belongs to streaming and is not used
  either.
- The header may be missing; hours are optional, the fraction may follow a comma.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from jobs.transcript_files.captions import Block, read_blocks, unrolled
from jobs.transcript_files.names import with_names
from jobs.transcript_files.rows import TIME, Row, seconds_of

_TAG = re.compile(rf"<({TIME})>|</?([A-Za-z][^<>]*)>|</?>")
_COMMENT = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


def read_vtt(text: str) -> list[Row]:
    """Return the rows of a WebVTT text."""
    blocks = read_blocks(text, gap_ends=True, is_comment=lambda line: bool(_COMMENT.match(line)))
    rows = [row for block in unrolled(blocks, _without_tags) for row in _rows(block)]
    return rows if any(row.speaker for row in rows) else with_names(rows)


def _without_tags(line: str) -> str:
    return _TAG.sub("", line).strip()


def _rows(block: Block) -> Iterator[Row]:
    """Yield one row for each voice and each inner time of a cue."""
    text = "\n".join(block.lines)
    start, speaker, said, at = block.start, None, "", 0
    for tag in _TAG.finditer(text):
        said += text[at : tag.start()]
        at = tag.end()
        later, voice = _moment(tag[1], block), _voice(tag)
        if later is None and voice is None:
            continue
        if said.strip():
            yield Row(start, block.end if later is None else later, said, speaker)
            said = ""
        start, speaker = (start if later is None else later), (speaker if voice is None else voice or None)
    said += text[at:]
    if said.strip():
        yield Row(start, block.end, said, speaker)


def _voice(tag: re.Match[str]) -> str | None:
    """Return the name that a voice tag gives, empty where it ends; none for other tags."""
    inner = tag[2] or ""
    name, _, annotation = inner.partition(" ")
    if name.partition(".")[0] != "v":
        return None
    return "" if tag[0].startswith("</") else annotation.strip()


def _moment(written: str | None, block: Block) -> float | None:
    """Return the time that an inner time tag means, if it lies in its cue."""
    moment = seconds_of(written) if written else None
    if moment is None or block.start is None or not block.start <= moment:
        return None
    return moment if block.end is None or moment <= block.end else None
