"""The search page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.pages.search import Wanted
from storage.errors import QueryInvalid
from storage.search.query import parse_query
from tests import transcripts
from tests.apiserver import Api
from tests.finished import example_id, open_finished
from tests.harmless import harmless, the
from tests.test_pages_frame import BROWSER
from tests.transcripts import HOSTILE


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with the example, done and indexed."""
    with open_finished(tmp_path_factory.mktemp("search")) as running:
        running.stores.indexer.catch_up()
        yield running


def test_what_is_found_leads_to_its_second(api: Api) -> None:
    """With the hits marked."""
    page = harmless(api.get("/search", params={"q": '"open models"'}, headers=BROWSER))
    first = the(page, ".moments li")
    assert {mark.text().lower() for mark in first.css("mark")} == {"open models"}
    assert (the(first, "a").attributes["href"] or "").startswith(f"/episodes/{example_id()}#t=")


def test_filters_have_fields_and_do_what_they_do_in_a_query(api: Api) -> None:
    """What was filled in stays filled in, and the filters open."""
    filled = {"q": "models", "show": "The Open Models Show", "speaker": "clara", "after": "2026-01-01", "before": "2027-01-01"}
    page = harmless(api.get("/search", params=filled, headers=BROWSER))
    assert all("Clara" in moment.text() for moment in page.css(".moments .facts"))
    assert page.css(".moments li")
    assert {name: the(page, f"#{name}").attributes["value"] for name in filled} == filled
    assert "open" in the(page, ".search-form details").attributes
    assert [option.attributes["value"] for option in page.css("#shows option")] == ["The Open Models Show"]
    later = harmless(api.get("/search", params=filled | {"after": "2026-06-01"}, headers=BROWSER))
    assert "Nothing was found" in the(later, ".empty").text()


def test_a_query_that_is_none_is_explained_beside_its_field(api: Api) -> None:
    """With a hint, and the status of the API."""
    answer = api.get("/search", params={"q": "-no"}, headers=BROWSER)
    assert answer.status_code == 422
    page = harmless(answer)
    assert "leave out" in the(page, "[role=alert]").text()
    assert the(page, "#q").attributes["aria-describedby"] == "wrong"
    assert api.get("/search", params={"q": "a", "page": "nonsense"}, headers=BROWSER).status_code == 422


def test_without_a_query_the_page_says_how_to_ask(api: Api) -> None:
    """And offers no results."""
    assert "How to ask" in the(harmless(api.get("/search", headers=BROWSER)), "main").text()


def test_more_is_on_the_next_page_with_the_same_filters(api: Api) -> None:
    """As long as there is more."""
    for n in range(3):
        made = transcripts.long_transcript(1, 8000)
        api.finish(api.add_job(f"long{n}", show="A show & more"), made.model_copy(update={"speakers": ()}))
    api.stores.indexer.catch_up()
    page = harmless(api.get("/search", params={"q": "signal", "show": 'a "show"'}, headers=BROWSER))
    following = the(page, ".pages [rel=next]").attributes["href"] or ""
    assert "show=a+" in following
    assert harmless(api.get(following, headers=BROWSER)).css(".moments li")


def test_hostile_queries_and_what_they_find_are_text(api: Api) -> None:
    """In every field."""
    for number, text in enumerate(HOSTILE):
        if text.split():
            said = [transcripts.segment(f"needle {text[:300]}")]
            made = transcripts.transcript(said, [transcripts.chapter(text, 0, 5, (0, 1))], id=f"ep_{number}")
            api.finish(api.add_job(f"{number}", title=text, show=text.replace("\0", "")), made)
        for name in ("q", "show", "speaker", "chapter", "after", "before"):
            answer = api.get("/search", params={name: text}, headers=BROWSER)
            assert answer.status_code in {200, 422}
            harmless(answer)
    api.stores.indexer.catch_up()
    assert len(harmless(api.get("/search", params={"q": "needle"}, headers=BROWSER)).css(".moments li")) == 20


def test_a_name_with_quotation_marks_is_one_phrase() -> None:
    """It cannot begin another filter."""
    query = Wanted(q="tax", speaker='Ann" show:"x').query
    assert query == 'tax speaker:"Ann  show: x"'
    assert parse_query(query).shows == ()
    with pytest.raises(QueryInvalid):
        parse_query(Wanted(after="soon").query)
