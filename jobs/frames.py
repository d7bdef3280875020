"""Audio without a signature, known only by frames that follow one another: MPEG audio and ADTS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Framing = Literal["mpeg", "adts"]


def framing(head: bytes) -> Framing | None:
    """Find MPEG audio or ADTS frames, also behind zeros or junk: two in a row at the start, three after junk."""
    silence = len(head) - len(head.lstrip(b"\0"))
    at = head.find(b"\xff")
    while 0 <= at < len(head) - 4:
        for name, length_of in _LENGTHS.items():
            if _frames_follow(head, at, length_of, wanted=2 if at == silence else 3):
                return name
        at = head.find(b"\xff", at + 1)
    return None


def _frames_follow(head: bytes, at: int, length_of: Callable[[bytes], int | None], *, wanted: int) -> bool:
    """Check that frame follows frame, `wanted` of them or to the end of `head`; the last may be cut off."""
    found = 0
    while found < wanted:
        if found and at + 7 > len(head):
            return wanted == 2
        length = length_of(head[at : at + 7])
        if length is None:
            return False
        at, found = at + length, found + 1
    return True


# Kilobits a second by bitrate index, for MPEG-1 layers II and III and for MPEG-2/2.5: ISO/IEC 11172-3, 13818-3.
_BITRATES = {
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {0b11: (44100, 48000, 32000), 0b10: (22050, 24000, 16000), 0b00: (11025, 12000, 8000)}


def _mpeg_frame_length(header: bytes) -> int | None:
    """Return the length in bytes of an MPEG audio frame of layer II or III, or None if this is no such header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 0b11, 4 - (header[1] >> 1 & 0b11)
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 0b11, header[2] >> 1 & 1
    if version == 0b01 or layer not in {2, 3} or bitrate in {0, 15} or rate == 3:
        return None
    kilobits = _BITRATES[1 if version == 0b11 else 2, layer][bitrate - 1]
    samples = 576 if layer == 3 and version != 0b11 else 1152
    return samples // 8 * kilobits * 1000 // _RATES[version][rate] + padding


def _adts_frame_length(header: bytes) -> int | None:
    """Return the length in bytes of an ADTS frame (ISO/IEC 13818-7), or None if this is no such header."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0 or header[2] >> 2 & 0xF > 12:
        return None
    length = (header[3] & 0b11) << 11 | header[4] << 3 | header[5] >> 5
    return length if length > 7 else None


_LENGTHS: dict[Framing, Callable[[bytes], int | None]] = {"mpeg": _mpeg_frame_length, "adts": _adts_frame_length}
