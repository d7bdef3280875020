"""Character references of HTML (`&amp;`, `&#8211;`, `&eacute`) read as `html.unescape` reads them, whoever wrote them.

The standard library raises `ValueError` at a number of more than 4,300 digits, and takes several times as long for a page of
references, or of what only begins like one. So the different ones of a text are worked out together here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Set as AbstractSet
from functools import cache
from html import unescape
from html.entities import html5
from itertools import groupby

REPLACEMENT = "\ufffd"
"""What stands for a number that is no character."""
_LONG = 12
"""Characters of a reference by number that is too large, or has zeros in front."""
_ODD = frozenset((*range(0xA0), *range(0xD800, 0xE000), *range(0xFDD0, 0xFDF0))) | frozenset(
    plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF)
)
"""Numbers that do not mean the character of that number, or not always: `html.unescape` knows what they mean."""


def unescaped(text: str) -> str:
    """Return a text with its character references replaced by what they mean. Never raises; takes time linear in the length."""
    if "&" not in text:
        return text
    pieces = _references().split(text)
    meanings = _meanings(set(pieces[1::2]))
    pieces[1::2] = [meanings[reference] for reference in pieces[1::2]]
    return "".join(pieces)


@cache
def _references() -> re.Pattern[str]:
    """Return the pattern of what follows `&`: a number, a name with its semicolon, or one of the old names that need none."""
    return re.compile(rf"&(#[0-9]++;?|#[xX][0-9a-fA-F]++;?|[A-Za-z][A-Za-z0-9]{{1,31}};|{_old_names().pattern})")


@cache
def _old_names() -> re.Pattern[str]:
    """Return the pattern of the old names, the longest of those that begin alike first."""
    old = sorted((name for name in html5 if not name.endswith(";")), key=lambda name: (name[0], -len(name)))
    letters = groupby(old, lambda name: name[0])
    return re.compile("|".join(f"{letter}(?:{'|'.join(name[1:] for name in names)})" for letter, names in letters))


def _meanings(references: AbstractSet[str]) -> dict[str, str]:
    codes = {
        reference: int(reference.strip("#xX;"), 16 if reference[1] in "xX" else 10)
        for reference in references
        if reference[0] == "#" and len(reference) < _LONG
    }
    odd = {code: unescape(f"&#{code};") for code in _ODD.intersection(codes.values())}
    meanings = {
        reference: odd[code] if code in odd else chr(code) if code <= sys.maxunicode else REPLACEMENT
        for reference, code in codes.items()
    }
    for reference in references - meanings.keys():
        meanings[reference] = _long_number(reference) if reference[0] == "#" else html5.get(reference) or _unknown(reference)
    return meanings


def _long_number(reference: str) -> str:
    sign, digits = ("#x", reference[2:]) if reference[1] in "xX" else ("#", reference[1:])
    short = digits.rstrip(";").lstrip("0") or "0"
    return unescape(f"&{sign}{short};") if len(short) < _LONG else REPLACEMENT


def _unknown(name: str) -> str:
    """Return what a name means that HTML does not have: perhaps an old one that a word follows."""
    old = _old_names().match(name)
    return html5[old.group()] + name[old.end() :] if old else f"&{name}"
