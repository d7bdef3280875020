"""What a show is: its title, however that is written. The output folder, the index and the memory of voices agree on that."""

from __future__ import annotations

import unicodedata

LONGEST_KEY = 200


def show_key(title: str | None) -> str | None:
    """Return what a show is known by: the words of its title in lower case, joined by dashes; none if there are none.

    Accents stay, since titles differ by them; width, case, marks and spaces do not count.
    """
    plain = unicodedata.normalize("NFKC", title or "").casefold()
    kept = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in plain)
    return "-".join(kept.split())[:LONGEST_KEY] or None
