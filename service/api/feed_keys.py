"""Feed keys: players send no header, so a secret in the address opens feeds and what they link to, and nothing else.

A key may be for one show. Then it opens that show's feed, and the transcripts and sound of that show's episodes.
"""

from __future__ import annotations

import re

from service.api.context import Context
from service.api.problems import ProblemError, problem
from storage.errors import NotFound
from storage.show_list import NO_SHOW
from storage.shows import show_key


def opened_by(context: Context, key: str, shared: re.Match[str]) -> str:
    """Return the id of a key that opens a path, which `SHARED_PATH` matched; raises `ProblemError` if it does not."""
    known = context.tokens.check(key, scope="feeds")
    if known is None:
        hint = "`earmark token create NAME --feeds` on the server makes one; a token of the API is none."
        raise ProblemError(problem(401, "unauthorized", "The feed key is wrong or was revoked.", hint=hint), _CHALLENGE)
    if known.show is not None and _show_of(context, shared) != known.show:
        raise ProblemError(problem(403, "other-show", "This feed key is for another show.", hint="Ask for a key of this one."))
    return known.id


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="earmark"'}


def _show_of(context: Context, shared: re.Match[str]) -> str | None:
    """Return the key of the show that a path belongs to; none if it belongs to none."""
    episode = shared["episode"] or shared["embedded"]
    if episode is None:
        return shared["show"]
    try:
        return show_key(context.episodes.get(episode).show) or NO_SHOW
    except NotFound:
        return None
