"""Other names for speakers in what was exported before, without making it anew: each format has one place where a name stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from storage.export.markdown import markdown_text
from storage.export.srt import defused
from storage.export.webvtt import escaped

Renaming = Callable[[str, Mapping[str, str]], tuple[str, int]]
"""Given a file's text, and new names by old ones: the text with the new ones, and how many stand there."""


def _replaced(text: str, names: Mapping[str, str], written: Callable[[str], str], before: str, after: str) -> tuple[str, int]:
    """Replace names between what stands around them (patterns), as the format writes them; all at once, so that two can swap."""
    forms = {written(old): written(new) for old, new in names.items()}
    alternatives = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    pattern = re.compile(rf"({before})({alternatives})(?={after})", re.MULTILINE)
    return pattern.subn(lambda found: found[1] + forms[found[2]], text)


def _replaced_between(
    text: str, names: Mapping[str, str], written: Callable[[str], str], before: str, after: str
) -> tuple[str, int]:
    """Do the same where what stands around a name is always the same text; for a single name that takes no pattern."""
    forms = {written(old): written(new) for old, new in names.items()}
    if len(forms) != 1:
        return _replaced(text, names, written, re.escape(before), re.escape(after))
    ((old, new),) = forms.items()
    there = f"{before}{old}{after}"
    return text.replace(there, f"{before}{new}{after}"), text.count(there)


def _in_webvtt(text: str, names: Mapping[str, str]) -> tuple[str, int]:
    return _replaced_between(text, names, escaped, "<v ", ">")


def _in_srt(text: str, names: Mapping[str, str]) -> tuple[str, int]:
    return _replaced(text, names, defused, r"^\d+\n[\d:,]+ --> [\d:,]+\n", ": ")


def _in_podcast_json(text: str, names: Mapping[str, str]) -> tuple[str, int]:
    return _replaced_between(text, names, lambda name: json.dumps(name, ensure_ascii=False), '"speaker": ', ",")


def _in_markdown(text: str, names: Mapping[str, str]) -> tuple[str, int]:
    return _replaced(text, names, markdown_text, r"^\*\*", r"\*\* \(\d")


def _in_txt(text: str, names: Mapping[str, str]) -> tuple[str, int]:
    return _replaced(text, names, str, "^", r" \(\d[\d:]*\): ")


RENAMINGS: Mapping[str, Renaming] = MappingProxyType(
    {"vtt": _in_webvtt, "srt": _in_srt, "podcast-json": _in_podcast_json, "markdown": _in_markdown, "txt": _in_txt}
)
"""By format; the others hold no names of speakers, but for the transcript document itself (`storage.respoken`)."""


def is_ambiguous(document: bytes, names: Mapping[str, str]) -> bool:
    """Tell whether words of a transcript may look like a name before what is said (`Anna: `), which SubRip cannot tell apart."""
    return any(json.dumps(f"{name}:", ensure_ascii=False)[1:-1].encode() in document for name in names)
