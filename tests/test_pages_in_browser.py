"""The pages in a browser: what is clicked is heard, what is heard is marked, and nothing is out of anybody's reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from storage.documents import Coverage, Speaker
from tests import transcripts
from tests.apiserver import Api
from tests.browser import HEARD_FROM, IS_HEARD, SCHEMES, WIDTHS, Scheme, visiting
from tests.finished import example_id, open_finished
from tests.transcripts import HOSTILE
from tests.webserver import Reply, WebServer

pytestmark = pytest.mark.slow

EPISODE = f"/episodes/{example_id()}"

PLACE = "() => document.querySelector('#sound').currentTime"
MARKED = "() => [...(CSS.highlights.get('playing') ?? [])].map((range) => range.toString())"
CLICK_AT = """([paragraph, word]) => {
  const text = document.querySelectorAll('.words')[paragraph].firstChild;
  const range = new Range();
  range.setStart(text, text.data.indexOf(word));
  range.setEnd(text, text.data.indexOf(word) + word.length);
  range.startContainer.parentElement.scrollIntoView({ block: 'center' });
  const box = range.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with the example, done and indexed."""
    with open_finished(tmp_path_factory.mktemp("browser")) as running:
        running.stores.indexer.catch_up()
        running.add_job("waiting", title="Not done yet")
        yield running


def _ready(page: Page) -> None:
    """Wait until the sound is known."""
    page.wait_for_function("() => document.querySelector('#sound')?.readyState >= 1")


def _starts(page: Page) -> list[float]:
    return [float(link.get_attribute("data-at") or "") for link in page.locator(".chapters a.chapter").all()]


def test_a_click_on_a_chapter_is_heard_from_its_start(browser: Browser, api: Api) -> None:
    """Within 0.3 seconds; the address names the second, and the chapter is the current one."""
    with visiting(browser, api.url) as visit:
        page = visit.go("/")
        page.get_by_role("link", name="The Open Models Show").click()
        page.get_by_role("link", name="Twelve").click()
        _ready(page)
        third = page.locator(".chapters a.chapter").nth(2)
        start = _starts(page)[2]
        third.click()
        page.wait_for_function(IS_HEARD)
        assert page.evaluate(HEARD_FROM) == pytest.approx(start, abs=0.3)
        expect(third).to_have_attribute("aria-current", "true")
        expect(page.locator("#now")).to_have_text("Pretraining")
        assert page.url.endswith(f"#t={round(start, 2):g}")
        page.get_by_role("button", name="Pause").click()
        visit.take("playing")


def test_a_click_on_a_word_is_heard_and_the_word_that_is_heard_is_marked(browser: Browser, api: Api) -> None:
    """Also while it goes on."""
    with visiting(browser, api.url) as visit:
        page = visit.go(EPISODE)
        _ready(page)
        transcript = api.get(f"/v1/episodes/{example_id()}/transcript").json()
        word = next(word for segment in transcript["segments"] for word in segment["words"] if word["text"].startswith("Clara"))
        paragraph = next(n for n, words in enumerate(page.locator(".words").all_text_contents()) if "Clara" in words)
        page.mouse.click(*page.evaluate(CLICK_AT, [paragraph, "Clara"]))
        page.wait_for_function(IS_HEARD)
        assert page.evaluate(HEARD_FROM) == pytest.approx(word["start"], abs=0.3)
        page.keyboard.press("Space")
        assert page.evaluate("() => document.querySelector('#sound').paused")
        page.evaluate("(at) => { document.querySelector('#sound').currentTime = at; }", word["start"] + 0.02)
        page.wait_for_function("() => [...CSS.highlights.get('playing')].length === 1")
        page.wait_for_timeout(200)
        assert page.evaluate(MARKED) == [word["text"]]
        page.keyboard.press("Space")
        page.wait_for_function(f"() => ({MARKED})()[0] !== '{word['text']}'")


def test_a_link_to_a_second_is_there_when_the_page_is(browser: Browser, api: Api) -> None:
    """In any of the ways in which a media fragment names it."""
    for fragment, seconds in (("#t=70.5", 70.5), ("#t=1:10", 70.0), ("#t=npt:0:01:10,80", 70.0)):
        with visiting(browser, api.url) as visit:
            page = visit.go(f"{EPISODE}{fragment}")
            _ready(page)
            page.wait_for_function(f"() => Math.abs(document.querySelector('#sound').currentTime - {seconds}) < 0.1")
            expect(page.locator(".said.now")).to_be_in_viewport()
            expect(page.locator("#at")).to_have_text("1:10")


def test_keys_play_and_step_and_can_be_put_out_of_use(browser: Browser, api: Api) -> None:
    """Not where somebody types, and not at all if somebody does not want them (WCAG 2.1.4)."""
    with visiting(browser, api.url) as visit:
        page = visit.go(EPISODE)
        _ready(page)
        page.locator("body").press("n")
        assert page.evaluate(PLACE) == pytest.approx(_starts(page)[1], abs=0.01)
        page.keyboard.press("ArrowRight")
        assert page.evaluate(PLACE) == pytest.approx(_starts(page)[1] + 5, abs=0.01)
        page.keyboard.press("j")
        expect(page.locator(".said.now")).to_be_in_viewport()
        assert page.evaluate(PLACE) > _starts(page)[1] + 5
        page.keyboard.press("/")
        before = page.evaluate(PLACE)
        page.keyboard.type("nj k")
        assert page.evaluate(PLACE) == before
        expect(page.locator("#find")).to_have_value("nj k")
        page.locator(".keys summary").click()
        page.get_by_label("Use these keys").uncheck()
        page.locator("h1").click()
        page.keyboard.press("n")
        assert page.evaluate(PLACE) == before
        page.reload()
        expect(page.get_by_label("Use these keys", exact=False)).not_to_be_checked()


def test_a_phrase_is_searched_in_the_episode_and_in_all_of_them(browser: Browser, api: Api) -> None:
    """What is found is marked, one after the other; a moment of the search page opens at its second."""
    with visiting(browser, api.url) as visit:
        page = visit.go(EPISODE)
        page.get_by_label("Search in this episode").fill("open model")
        expect(page.locator("#find-status")).to_contain_text("places")
        page.keyboard.press("Enter")
        expect(page.locator("#find-status")).to_contain_text("1 of")
        page.get_by_role("button", name="Next place").click()
        expect(page.locator("#find-status")).to_contain_text("2 of")
        assert page.evaluate("() => CSS.highlights.get('found').size") > 1
        visit.take("found")
        page.get_by_role("link", name="Search").click()
        page.get_by_role("searchbox").fill('"large model"')
        page.get_by_role("button", name="Search").click()
        page.locator(".moments a").first.click()
        _ready(page)
        assert page.evaluate(PLACE) > 0


def test_the_reason_for_a_chapters_start_is_shown_to_pointer_and_keyboard(browser: Browser, api: Api) -> None:
    """And goes away with Escape (WCAG 1.4.13)."""
    with visiting(browser, api.url) as visit:
        page = visit.go(EPISODE)
        tip = page.locator(".tip").nth(2)
        expect(tip).to_be_hidden()
        page.locator(".why-button").nth(2).hover()
        expect(tip).to_be_visible()
        page.mouse.move(0, 0)
        expect(tip).to_be_hidden()
        page.locator(".why-button").nth(2).focus()
        expect(tip).to_be_visible()
        visit.take("why")
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()


def test_everything_but_playing_works_without_scripts(browser: Browser, api: Api) -> None:
    """The browser's own controls play; chapters, words and search are there."""
    with visiting(browser, api.url, java_script_enabled=False) as visit:
        page = visit.go(EPISODE)
        expect(page.locator("audio")).to_be_visible()
        expect(page.locator(".bar-of-player")).to_be_hidden()
        page.locator(".chapters a.chapter").nth(5).click()
        expect(page.locator(".opens").nth(5)).to_be_in_viewport()
        page.get_by_label("Search in this episode").fill("open models")
        page.get_by_role("button", name="Find").click()
        expect(page.locator("mark").first).to_be_visible()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_shuts_anybody_out(browser: Browser, api: Api, width: int, scheme: Scheme) -> None:
    """By axe's rules, at both widths, light and dark; and none is wider than the window."""
    paths = {
        "shows": "/",
        "show": "/shows/the-open-models-show",
        "episode": EPISODE,
        "episode-found": f"{EPISODE}?q=model",
        "waiting": "/episodes/ep_waiting",
        "search": "/search",
        "search-found": "/search?q=model&speaker=clara",
        "search-wrong": "/search?q=-no",
        "not-found": "/nowhere",
    }
    with visiting(browser, api.url, width=width, scheme=scheme) as visit:
        for name, path in paths.items():
            page = visit.go(path)
            assert visit.violations() == "", name
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
            visit.take(f"{name}-{width}-{scheme}")
        page = visit.go(EPISODE)
        page.locator(".notes summary").click()
        if width > 400:  # a phone has no keys
            page.locator(".keys summary").click()
        assert visit.violations() == "", "opened"
        page.locator(".why-button").nth(3).focus()
        assert visit.violations() == "", "asked why"
        visit.take(f"episode-opened-{width}-{scheme}")
        # a page that is not there, or a query that is none, is an error to the console of the browser alone
        visit.complaints[:] = [text for text in visit.complaints if "404" not in text and "422" not in text]


def test_signing_in_leads_to_the_second_that_was_wanted(browser: Browser, tmp_path: Path) -> None:
    """The fragment survives; whoever is signed in and comes from another site goes on by one click."""
    with open_finished(tmp_path, require_token=True) as guarded:
        token = guarded.context.tokens.create("browser")[1]
        with visiting(browser, guarded.url) as visit:
            page = visit.go(f"{EPISODE}#t=70.5")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            assert visit.violations() == ""
            visit.take("sign-in")
            page.get_by_label("Token").fill("earmark_wrong")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_contain_text("wrong")
            assert visit.violations() == ""
            visit.complaints[:] = [text for text in visit.complaints if "401" not in text]
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Sign in").click()
            _ready(page)
            page.wait_for_function("() => Math.abs(document.querySelector('#sound').currentTime - 70.5) < 0.1")
            assert page.evaluate("() => document.cookie") == ""
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            page.goto(f"{guarded.url}/")
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_link_of_another_site_leads_on_by_one_click(browser: Browser, tmp_path: Path, webserver: WebServer) -> None:
    """Its browser keeps the cookie back at first."""
    with open_finished(tmp_path, require_token=True) as guarded:
        token = guarded.context.tokens.create("browser")[1]
        link = f'<!doctype html><title>Other</title><a href="{guarded.url}{EPISODE}#t=70.5">there</a>'
        webserver.routes["/other"] = Reply(link.encode(), headers={"Content-Type": "text/html"})
        other = webserver.url("/other", host="localhost")
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{guarded.url}/sign-in")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Shows")).to_be_visible()
        page.goto(other)
        page.get_by_role("link", name="there").click()
        page.get_by_role("link", name="go on").click()
        _ready(page)
        page.wait_for_function("() => Math.abs(document.querySelector('#sound').currentTime - 70.5) < 0.1")
        context.close()


def test_what_is_heard_stays_in_sight_unless_somebody_looks_elsewhere(browser: Browser, api: Api) -> None:
    """Or does not want to be led."""
    with visiting(browser, api.url, width=390) as visit:
        page = visit.go(EPISODE)
        _ready(page)
        page.evaluate("() => { document.querySelector('#sound').currentTime = 150; }")
        page.get_by_role("button", name="Play", exact=True).click()
        expect(page.locator(".said.now")).to_be_in_viewport()
        page.get_by_role("button", name="Follow").click()
        page.evaluate("() => scrollTo(0, 0)")
        page.evaluate("() => { document.querySelector('#sound').currentTime = 20; }")
        page.wait_for_function("() => document.querySelector('#sound').currentTime > 21")
        expect(page.locator(".said.now")).not_to_be_in_viewport()
        assert page.evaluate("() => scrollY") < 50


def test_hostile_strings_run_nowhere_and_make_no_page_wider(browser: Browser, api: Api) -> None:
    """In the pages of an episode and its show, in what is found, and in what is told of a problem."""
    ran: list[str] = []
    with visiting(browser, api.url, width=390) as visit:
        visit.page.on("dialog", lambda dialog: ran.append(dialog.message))
        for number, text in enumerate(HOSTILE):
            made = transcripts.transcript(
                [transcripts.segment(f"needle {text}", 10.0 * n) for n in range(2)],
                [transcripts.chapter(text, 0, 5, (0, 1), url=text)],
                speakers=[Speaker(label="Speaker 1", name=text, talk_time=5)],
                coverage=[Coverage(start=0, end=900, kind="music", inserted=True), Coverage(start=900, end=1500, kind="unclear")],
                id=f"ep_hostile{number}", title=text, show=text, page_url=text,
            )  # fmt: skip
            api.finish(api.add_job(f"hostile{number}", title=text, show=text.replace("\0", "")), made)
            page = visit.go(f"/episodes/ep_hostile{number}")
            page.get_by_label("Search in this episode").fill(text[:200])
            page.keyboard.press("Enter")
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), text[:80]
            if number == 0:
                visit.take("hostile")
            page.locator(".trail a").nth(1).click()
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), text[:80]
        api.stores.indexer.catch_up()
        visit.go("/search?q=needle")
        visit.go(f"/search?{urlencode({'q': HOSTILE[0], 'show': HOSTILE[17]})}")
        visit.go("/")
    assert ran == []
