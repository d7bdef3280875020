"""Spoken words as terms that can be compared: what a stretch of talk is about, in any language.

Decisions:

- A long word counts by its first `_STEM` letters: a crude stem, but the same for all languages, and `harvest`, `harvested`,
  `harvesting` are one.
- Where a script has no spaces, recognisers give pieces of words of any length; pairs of neighbouring characters are the terms.
- What is heard in more than `_EVERYWHERE` of all blocks, and in more than a topic has, is grammar or the show itself, and says
  nothing about a topic; what is heard in a single block binds nothing together. Neither is a term.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

from jobs.chapters.cues import plain
from jobs.chapters.topic_starts import is_function_word
from storage.documents import Word
from storage.words import is_unspaced

_STEM = 6
_SHORTEST = 3
"""Letters of a word that can be a term, in scripts with spaces."""
_EVERYWHERE = 0.25
_OF_ONE_TOPIC = 20
"""Blocks: in so many a word of one topic alone may be heard, in a short episode too."""


def terms_of(words: Sequence[Word]) -> list[list[str]]:
    """Return the terms of each word; a character that makes a pair with the next word belongs to the next."""
    found: list[list[str]] = []
    last = ""
    for word in words:
        bare = plain(word.text)
        if bare and is_unspaced(bare[0]):
            run = (last if word.joined else "") + bare
            found.append(["".join(pair) for pair in itertools.pairwise(run)])
            last = bare[-1]
        else:
            found.append([bare[:_STEM]] if len(bare) >= _SHORTEST and not (bare.isdigit() or is_function_word(bare)) else [])
            last = ""
    return found


def telling(blocks: Sequence[Iterable[str]]) -> list[list[str]]:
    """Return the blocks with those terms alone that tell one topic from another."""
    listed = [list(block) for block in blocks]
    heard = Counter(term for block in listed for term in set(block))
    most = max(_OF_ONE_TOPIC, _EVERYWHERE * len(listed))
    return [[term for term in block if 2 <= heard[term] <= most] for block in listed]
