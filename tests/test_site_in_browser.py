"""A folder of pages in a browser, opened from the disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from service.site.index import SHARDS, shard_of
from storage.documents import Word
from storage.search.tokens import tokens_of
from tests import transcripts
from tests.browser import HEARD_FROM, IS_HEARD, SCHEMES, WIDTHS, Scheme, visiting
from tests.commands import Terminal
from tests.finished import example_id, open_finished
from tests.transcripts import HOSTILE

pytestmark = pytest.mark.slow

TEXTS = (
    *HOSTILE[:-2],
    "Straße, ÉCOLE and naïve façades: ΟΔΟΣ Οδός",
    "東京都に行く。 カタカナ ｶﾀｶﾅ ＡＢＣ１２３",
    "ภาษาไทย สวัสดี",
    "한국어는 Korean",
    "𠮷野家 x東y",
    "don't re-open 3,000.5 ﬁne",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a site with the example, and of episodes in other scripts, on disk."""
    folder = tmp_path_factory.mktemp("archive")
    with open_finished(folder) as api:
        spoken = tuple(Word(start=n, end=n + 1, text=c, joined=n > 0) for n, c in enumerate("東京は大きい町です"))
        said = transcripts.segment("x").model_copy(update={"words": spoken, "text": "東京は大きい町です"})
        made = transcripts.transcript([said], [transcripts.chapter("町", 0, 9, (0, 1))], id="ep_tokyo", title="<b>東京</b>")
        api.finish(api.add_job("tokyo", title="<b>東京</b>"), made)
        api.finish(api.add_job("long", title="A long talk"), transcripts.long_transcript(1, 9000))
        done = Terminal(folder).earmark("site", folder / "site", "--audio", "--json")
    return Path(json.loads(done.out)["index"]).parent.as_uri()


def _search(page: Page, query: str) -> Page:
    page.get_by_role("searchbox").fill(query)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#site-status")).not_to_have_text("Looking…")
    expect(page.locator("#site-status")).not_to_be_empty()
    return page


def test_an_episode_is_heard_from_the_disk(browser: Browser, site: str) -> None:
    """From the list of shows to the third chapter."""
    with visiting(browser, site) as visit:
        page = visit.go("/index.html")
        page.get_by_role("link", name="The Open Models Show").click()
        page.get_by_role("link", name="Twelve").click()
        page.wait_for_function("() => document.querySelector('#sound')?.readyState >= 1")
        third = page.locator(".chapters a.chapter").nth(2)
        start = float(third.get_attribute("data-at") or "")
        third.click()
        page.wait_for_function(IS_HEARD)
        assert page.evaluate(HEARD_FROM) == pytest.approx(start, abs=0.3)


def test_a_search_finds_without_a_server_and_leads_to_the_second(browser: Browser, site: str) -> None:
    """Words, phrases, beginnings, words to leave out, names and dates."""
    with visiting(browser, site) as visit:
        page = visit.go("/search.html")
        _search(page, '"open models"')
        expect(page.locator("#site-found li").first).to_contain_text("Twelve")
        assert {text.lower() for text in page.locator("#site-found mark").all_text_contents()} == {"open models"}
        count = page.locator("#site-found li").count()
        assert _search(page, "open models speaker:clara").locator("#site-found li").count() < count
        assert _search(page, 'pretrain* after:2026 show:"open models"').locator("#site-found li").count() > 0
        expect(_search(page, "pretrain* before:2026").locator("#site-status")).to_have_text("Nothing was found.")
        expect(_search(page, "open -open").locator("#site-status")).to_have_text("Nothing was found.")
        expect(_search(page, "-open").locator("#site-status")).to_contain_text("no word to look for")
        expect(_search(page, "after:soon").locator("#site-status")).to_contain_text("needs a date")
        _search(page, "weeks").locator("#site-found a").first.click()
        assert f"/episodes/{example_id()}.html#t=" in page.url
        page.wait_for_function("() => document.querySelector('#sound').currentTime > 10")


def test_any_piece_of_a_text_without_spaces_is_found_with_its_second(browser: Browser, site: str) -> None:
    """A single character, too; a title that looks like markup is text."""
    with visiting(browser, site) as visit:
        page = visit.go("/search.html")
        for query, second in (("大きい", "t=3"), ("町", "t=6"), ("京は", "t=1")):
            link = _search(page, query).locator("#site-found a")
            expect(link).to_have_count(1)
            assert (link.get_attribute("href") or "").endswith(second)
            expect(link).to_contain_text("<b>東京</b>")


def test_what_is_frequent_is_shown_in_pages(browser: Browser, site: str) -> None:
    """As far as one asks for it."""
    with visiting(browser, site) as visit:
        page = _search(visit.go("/search.html"), "signal")
        expect(page.locator("#site-status")).to_have_text("50 or more places")
        page.get_by_role("button", name="More").click()
        expect(page.locator("#site-found li")).not_to_have_count(50)


def test_words_are_made_in_the_browser_as_they_are_made_for_the_index(browser: Browser, site: str) -> None:
    """In every script, and they are looked for in the file where they are."""
    with visiting(browser, site) as visit:
        page = visit.go("/search.html")
        for text in TEXTS:
            printable = text.encode("utf-8", "ignore").decode()
            found = page.evaluate("(text) => earmarkSearch.tokensOf(text).map(({ text, kind }) => [text, kind])", printable)
            assert [tuple(token) for token in found] == [(token.text, token.kind) for token in tokens_of(printable)]
            words = [token.text for token in tokens_of(printable)]
            shards = page.evaluate(f"(words) => words.map((word) => earmarkSearch.shardOf(word, {SHARDS}))", words)
            assert shards == [shard_of(word) for word in words]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_of_a_folder_shuts_anybody_out(browser: Browser, site: str, width: int, scheme: Scheme) -> None:
    """By axe's rules."""
    with visiting(browser, site, width=width, scheme=scheme) as visit:
        for path in ("/index.html", "/search.html?q=models", f"/episodes/{example_id()}.html", "/episodes/ep_tokyo.html"):
            page = visit.go(path)
            page.wait_for_timeout(300)
            assert visit.violations() == "", path
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path
            visit.take(f"site{path.partition('?')[0].replace('/', '-')}-{width}-{scheme}")
