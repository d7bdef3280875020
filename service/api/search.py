"""`/v1/search`: moments in all transcripts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.context import Here
from service.api.lists import After, next_link
from service.api.models import MomentPage, moment_view
from service.api.problems import documented
from storage.search.index import search
from storage.search.query import LONGEST_QUERY, parse_query

router = APIRouter(prefix="/search", tags=["search"])

_GRAMMAR = """
What to look for. Words must all be there, near each other, in any order; `"words in quotation marks"` one after the other;
`transcrib*` begins so; `-word` is not there. `show:`, `speaker:` and `chapter:` want a word or a `"phrase"` of a name, `after:`
and `before:` a day, month or year: `after:2024-05` begins with the first of May, `before:2025` ends with 2024.
"""

Wanted = Annotated[
    str,
    Query(
        alias="q",
        description=_GRAMMAR,
        min_length=1,
        max_length=LONGEST_QUERY,
        examples=['"interest rates" speaker:ann after:2024-05'],
    ),
]
Limit = Annotated[int, Query(description="Most moments of the page.", ge=1, le=100)]


@router.get("", summary="Search in all transcripts", responses=documented())
def search_moments(request: Request, here: Here, *, q: Wanted, after: After = None, limit: Limit = 20) -> MomentPage:
    """Find moments by words, titles of chapters and episodes, names of shows and speakers, and dates.

    The newest thousand passages that match are ranked among themselves, titles above words; then come the next thousand.
    """
    page = search(here.search_index, parse_query(q), after=after, limit=limit)
    return MomentPage(items=[moment_view(found) for found in page.items], next=next_link(request, page))
