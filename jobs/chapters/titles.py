"""Titles as the publisher worded them, without the time, the bullet and the separators around them.

Decisions:

- Only the edges are touched, and only by what a separator or a bullet can be; brackets, quotes, `#`, `&`, `+`, dots and numbers
  belong to the title (`왜? (Why?)`, `(Bonus) Outtakes`, `10 years`, `#metoo`, `...And Justice for All`).
- A title's own trailing marks stay (`Is this it?`, `Post training...`), save bullets and dashes that led on to the next row.
- A bracketed remark right after the time (`T 1:13:40(note)`) is the publisher's own word and stays, behind a space.
- A number in front of a title that is written before its time (`1. Intro (0:00)`) is numbering only if the whole list counts
  up.
"""

from __future__ import annotations

import re

MAX_TITLE = 500
"""Characters; nobody prints a longer chapter title, but a row of lost tags can carry a page."""

DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63"
BULLETS = (
    "*\u2022\u00b7\u25aa\u25ab\u25ba\u25b6\u25b8\u27a4\u2192\u25cf\u25cb\u25e6\u2023"
    "\u25c6\u25c7\u25a0\u25a1\u30fb\uff65\u27a1\u25fc\u25b7\u25bc\u25bd\u2013\u2014"
)
_SEPARATORS = (
    DASHES + BULLETS + "|\uff5c\u2503\u2502:\uff1a\u2236/\uff0f;,\uff0c\u3001>\u00bb\u203a=~\u301c\uff5e_\ufe0f\u2027\u00a6"
)
SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_LEADING = re.compile(rf"(?:[\s{re.escape(_SEPARATORS)}]+|\.(?=\s))*")
_AT_END = SPACES + DASHES + BULLETS + "|\uff5c\ufe0f"
_BEFORE_TIME = SPACES + _SEPARATORS + "@([\uff08\u3010\u2026"
_LEADS_ON = frozenset(_BEFORE_TIME)
_NUMBER = re.compile(r"(\d{1,3})\s?[.)\]\uff0e\u3001]\s?(?=\S)")
_UNIT = re.compile(
    r"\s?(?:mins?\.?|Min\.)(?=[\s:)\]\uff09\u2013\u2014]|$)"
    r"|\s?(?:[Mm]in|[Mm]in\.|minut\w{1,3}|Minut\w{1,3})(?=\s?[:)\]\uff09\u2013\u2014]|\s-)|h(?=[\s:)\]])"
)
_CLOSERS = {
    "(": ")",
    "[": "]",
    "\uff08": "\uff09",
    "\u3010": "\u3011",
    "<": ">",
    "\u300c": "\u300d",
    "{": "}",
    "\u3014": "\u3015",
    "\u300a": "\u300b",
}
_LAST_OPENER = re.compile(rf".*([{re.escape(''.join(_CLOSERS))}])", re.DOTALL)
_NOTE = re.compile(r"\s?(\([^()]{1,120}\)|\uff08[^\uff08\uff09]{1,120}\uff09|\[[^\[\]]{1,120}\])\s?\.?$")


def title_after(prefix: str, rest: str) -> str:
    """Return the title of a row whose time comes first, from what stands before and after the time."""
    unit = _UNIT.match(rest)
    rest = rest[unit.end() :] if unit else rest
    opener = _LAST_OPENER.match(prefix)
    if opener:
        rest = _without_closer(rest, _CLOSERS[opener.group(1)])
    if "**" in prefix or "__" in prefix or rest.startswith(("**", "__")):
        rest = rest.removeprefix("**").removeprefix("__").removesuffix("**").removesuffix("__")
    return _without_leading(rest).rstrip(_AT_END)


def title_before(text: str, rest: str) -> str | None:
    """Return the title of a row whose time comes last, from what stands before and after the time; none if it is no such row."""
    closer = _CLOSERS.get(text[-1:]) or _CLOSERS.get(text[-2:-1])
    if closer:
        rest = _without_closer(rest, closer)
    unit = _UNIT.match(rest)
    rest = rest[unit.end() :] if unit else rest
    note = _NOTE.match(rest) if rest else None
    if note is None and rest.strip(" .*_"):
        return None
    title = _without_leading(_without_separators(text))
    return f"{title} {note.group(1)}" if note else title


def is_separated(text: str) -> bool:
    """Whether what stands before a time ends in a separator or an opening bracket, not in a word."""
    text = text.rstrip(" ")
    return (text[-1:] in _LEADS_ON or text.endswith("..")) and not text.endswith((",", "/"))


def _without_leading(text: str) -> str:
    leading = _LEADING.match(text)
    return text[leading.end() :] if leading else text


def _without_separators(text: str) -> str:
    """Take off what leads on to a time behind; by hand, for a pattern that ends in `$` takes quadratic time on a row of dots."""
    while True:
        shorter = text.rstrip(_BEFORE_TIME)
        if shorter.endswith(".."):
            shorter = shorter.rstrip(".")
        if shorter == text:
            return text
        text = shorter


def leading_number(title: str) -> int | None:
    """Return the number that a title begins with as if it were numbering (`3. Title`), if it does."""
    match = _NUMBER.match(title)
    return int(match.group(1)) if match else None


def without_number(title: str) -> str:
    """Return the title without its leading number."""
    return _NUMBER.sub("", title, count=1)


def breaks_off(title: str) -> bool:
    """Whether the title ends in an ellipsis, as a field does that was cut to a length."""
    return title.endswith(("...", "\u2026"))


def _without_closer(rest: str, closer: str) -> str:
    """Drop the bracket that closes what was opened before the time: right after it, or around the whole row."""
    stripped = rest.lstrip(" ")
    if stripped.startswith(closer):
        return stripped[len(closer) :]
    unit = _UNIT.match(stripped)
    spaced = stripped[unit.end() if unit else 0 :].lstrip(" -\u2013~\u301c\uff5e\u2192")
    if spaced.startswith(closer):
        return spaced[len(closer) :]
    if rest.endswith(closer) and rest.count(closer) > sum(rest.count(mark) for mark, twin in _CLOSERS.items() if twin == closer):
        return rest[: -len(closer)]
    return rest
