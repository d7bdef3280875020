"""When two titles name the same episode."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from rapidfuzz import fuzz, process

SAME_TITLE = 92.0
"""Similarity, 0 … 100, from which two titles count as the same; below are sequels and rewritten titles."""

CLEAR_LEAD = 4.0
"""How much more similar the best must be than the second, else nobody can tell which is meant."""

_SUFFIX = re.compile(r"\s+[|·•—–-]\s+|\s*[|]\s*")


def plain(title: str) -> str:
    """Return the letters and digits of a title, folded, with single spaces between words."""
    folded = unicodedata.normalize("NFKC", title).casefold().replace("’", "'").replace("'", "")
    return " ".join("".join(letter if letter.isalnum() else " " for letter in folded).split())


def _numbers(folded: str) -> list[str]:
    return re.findall(r"\d+", folded)


def best_title(wanted: str, titles: Sequence[str], *, threshold: float = SAME_TITLE) -> int | None:
    """Return the index of the one title that is nearly `wanted`, or none.

    Numbers must agree exactly: `Episode 12` and `Episode 13` are 90 % alike and never the same. Two candidates within
    `CLEAR_LEAD` of each other are none.
    """
    goal = plain(wanted)
    if len(goal) < 3:
        return None
    folded = [plain(title) for title in titles]
    exact = [index for index, title in enumerate(folded) if title == goal]
    if exact:
        return exact[0] if len(exact) == 1 else None
    scores = sorted(
        ((fuzz.ratio(goal, title), index) for index, title in enumerate(folded) if _numbers(title) == _numbers(goal)),
        reverse=True,
    )
    if not scores or scores[0][0] < threshold or (len(scores) > 1 and scores[0][0] - scores[1][0] < CLEAR_LEAD):
        return None
    return scores[0][1]


def closest_titles(wanted: str, titles: Sequence[str], *, count: int = 3) -> list[str]:
    """Return the titles most like `wanted`, best first, for an error to suggest."""
    found = process.extract(wanted, list(titles), scorer=fuzz.WRatio, processor=plain, limit=count, score_cutoff=40)
    return [title for title, _, _ in found]


def title_from_url(url: str) -> str:
    """Return a title for an episode that has none, from the name of its file."""
    stem = unquote(urlsplit(url).path.rsplit("/", 1)[-1]).rsplit(".", 1)[0]
    return " ".join(stem.replace("_", " ").split()) or "Untitled episode"


def without_show(title: str) -> tuple[str, ...]:
    """Return the title of a page as it is, and with a trailing or leading show name cut off (`Episode | Show`)."""
    pieces = _SUFFIX.split(title)
    if len(pieces) < 2:
        return (title,)
    cut_end = title[: title.rindex(pieces[-1])].rstrip(" |·•—–-") if pieces[-1] else title
    cut_start = title[title.index(pieces[0]) + len(pieces[0]) :].lstrip(" |·•—–-")
    return tuple(dict.fromkeys(text for text in (title, cut_end, cut_start) if text))
