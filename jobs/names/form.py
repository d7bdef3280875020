"""The forms in which people say who speaks: nothing else is read out of sentences.

In a form `{N}` stands for a name and `{L}` for one or several (`A, B and C`). Forms ignore case, names do not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Forms:
    """What is said and printed in one language."""

    weak: tuple[str, ...]
    """By the speaker of themself, but also of what they are: `I'm German`."""
    strong: tuple[str, ...]
    """By the speaker of themself, and of nothing else."""
    named_only: tuple[str, ...]
    """By the speaker of themself if it is a name that is printed: `this is Bob` may be anybody."""
    introduces: tuple[str, ...]
    """By a host, of a guest."""
    greets: tuple[str, ...]
    """To somebody who answers."""
    answers: tuple[str, ...]
    """How somebody begins who was greeted."""
    guest_says: tuple[str, ...]
    """What only a guest says."""
    host_says: tuple[str, ...]
    """What only a host says."""
    reports: tuple[str, ...]
    """Words before which `I` is somebody else, or nobody: reported speech, and what is merely imagined."""
    hosts: tuple[str, ...]
    """Printed: these are the hosts."""
    guests: tuple[str, ...]
    """Printed: these are guests."""
    meets: tuple[str, ...] = ()
    """Printed: the first is a host (`{N}`), the others (`{L}`) are guests."""
    joins: str = "and"
    """What stands before the last name of several, as alternatives."""
    capitals: bool = False
    """Whether nouns have a capital, so that one says nothing of a name."""
