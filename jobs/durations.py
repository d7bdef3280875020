"""Lengths of episodes as people and feeds write them, read into seconds."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 100 * 3600.0
"""Longer than any episode, in seconds; what claims more is taken for garbage (often milliseconds, or a byte count)."""

_PLAIN = re.compile(r"\d{1,7}(?:\.\d{1,9})?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)
_ISO = re.compile(
    r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4}(?:\.\d{1,9})?)H)?(?:(\d{1,6}(?:\.\d{1,9})?)M)?(?:(\d{1,7}(?:\.\d{1,9})?)S)?)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = r"(\d{1,7}(?:\.\d{1,9})?)"
_WORDS = re.compile(
    rf"(?:{_NUMBER}\s*(?:hours?|hrs?\.?|h\.?|std\.?|stunden?|heures?|horas?|ore|ora|時間|小时|小時|시간))?[\s,]*"
    rf"(?:{_NUMBER}\s*(?:minutes?|mins?\.?|m\.?|minuten?|minutos?|minuti|minuto|分钟|分鐘|分|분))?[\s,]*"
    rf"(?:{_NUMBER}\s*(?:seconds?|secs?\.?|s\.?|sekunden?|secondes?|segundos?|secondi|秒钟|秒鐘|秒|초))?",
    re.ASCII,
)


def parse_duration(text: str | None) -> float | None:
    """Return the length that `text` states, in seconds, or none for zero, negative, and unreadable values.

    Reads `itunes:duration` (seconds, `M:SS`, `H:MM:SS`, each with fractions; minutes above 59 are common without
    hours), ISO 8601 (`PT1H2M`), and listings (`38 分`, `1 時間 2 分`, `1 hr 2 min`, `1h 2m`).
    """
    if text is None or len(text) > 200:
        return None
    line = " ".join(unicodedata.normalize("NFKC", text).split()).lower()
    for read in (_plain, _clock, _iso, _words):
        seconds = read(line)
        if seconds is not None:
            return seconds if 0 < seconds <= LONGEST else None
    return None


def _plain(line: str) -> float | None:
    return float(line) if _PLAIN.fullmatch(line) else None


def _clock(line: str) -> float | None:
    match = _CLOCK.fullmatch(line)
    if match is None:
        return None
    hours, minutes, seconds = match[1], int(match[2]), float(match[3])
    if seconds >= 60 or (hours is not None and minutes >= 60):
        return None
    return int(hours or 0) * 3600 + minutes * 60 + seconds


def _iso(line: str) -> float | None:
    match = _ISO.fullmatch(line)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def _words(line: str) -> float | None:
    match = _WORDS.fullmatch(line)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
