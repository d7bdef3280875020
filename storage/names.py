"""File names that a person can read and every file system can hold."""

from __future__ import annotations

import re
import unicodedata

from storage.plain import one_line

LONGEST_NAME = 120
"""Bytes of UTF-8 of a whole file or folder name; file systems allow 255, but encrypted and archived ones less."""

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(?=\.|$)", re.IGNORECASE)
"""Devices on Windows, with any extension (learn.microsoft.com, "Naming Files, Paths, and Namespaces")."""

_COLON = re.compile(r"\s*:\s+")
_DASHED = re.compile(r"[/\\|:]")
_DROPPED = re.compile(r"[?*<>\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff]")
"""Forbidden on Windows, or invisible: marks of direction can make a name look like another."""


def file_name(text: str, *, instead: str, longest: int = LONGEST_NAME) -> str:
    """Return `text` as a name without folder and ending: NFC, readable, at most `longest` bytes; `instead` if nothing is left.

    No separators, controls, leading dots or dashes, trailing dots or spaces, and no name that Windows reserves.
    """
    name = one_line(unicodedata.normalize("NFC", text)).replace('"', "'")
    name = _DASHED.sub("-", _COLON.sub(" - ", name))
    name = _trimmed(" ".join(_DROPPED.sub("", name).split()))
    name = _RESERVED.sub(r"\1_", name) if _RESERVED.match(name) else name
    return _trimmed(shortened(name, longest)) or instead


def shortened(name: str, longest: int) -> str:
    """Cut a text to at most `longest` bytes of UTF-8, at a word if one ends nearby, and never inside a character with marks."""
    if len(name.encode("utf-8")) <= longest:
        return name
    kept = name.encode("utf-8")[:longest].decode("utf-8", errors="ignore")
    while kept and _clings(name[len(kept)], kept[-1]):
        kept = kept[:-1]
    word = kept.rfind(" ")
    if name[len(kept)] != " " and word >= len(kept) * 2 // 3:
        kept = kept[:word]
    return kept


def _clings(character: str, before: str) -> bool:
    """Whether a character is drawn together with the one before it: a mark, a skin tone, or a half of a joined emoji."""
    joiner = "\u200d"
    return unicodedata.combining(character) > 0 or character in f"{joiner}\ufe0f" or before == joiner or "🏻" <= character <= "🏿"


def _trimmed(name: str) -> str:
    return name.lstrip(".-~ ").rstrip(". ")
