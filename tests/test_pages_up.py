"""The whole story in a browser, with the service as people run it: from an address to a name that is right everywhere."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import HEARD_FROM, IS_HEARD, Visit, visiting
from tests.commands import Item, Terminal, feed_of
from tests.webserver import Reply, WebServer
from tests.workshop import EXAMPLES, SCRIPT
from tests.yard import free_port

pytestmark = pytest.mark.slow

LONG = 240_000
"""Milliseconds that the work may take on a busy machine."""


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Run `earmark up`; its engine reads the example from a script, at a pace that can be watched, and voices are told apart."""
    script = folder / "script.json"
    script.write_text(json.dumps({**json.loads(SCRIPT.read_text("utf-8")), "pace": 0.03}), "utf-8")
    chosen = {"ENGINE": "scripted", "MODEL": str(script), "DIARIZER": "resemblyzer", "PART_SECONDS": "20"}
    terminal = Terminal(folder, {f"EARMARK_{name}": value for name, value in chosen.items()})
    port = free_port()
    with terminal.start("up", "--port", str(port), "--asr", "1") as head:
        assert head.stdout is not None
        assert head.stderr is not None
        threading.Thread(target=head.stderr.read, daemon=True).start()  # what the processes say
        try:
            assert head.stdout.readline().startswith("ready: ")
            yield f"http://127.0.0.1:{port}"
        finally:
            head.send_signal(signal.SIGINT)
            head.wait(120)


def test_a_person_asks_for_an_episode_hears_it_and_names_who_speaks(browser: Browser, tmp_path: Path) -> None:
    """And calls off another one."""
    with WebServer() as web, service(tmp_path) as url, visiting(browser, url) as visit:
        web.routes["/episode.mp3"] = (EXAMPLES / "episode.mp3").read_bytes()
        web.routes["/feed.xml"] = feed_of(Item("Twelve", web.url("/episode.mp3"), "g12"), title="The Open Models Show")
        web.routes["/slow.mp3"] = Reply((EXAMPLES / "episode.mp3").read_bytes(), drip=(4096, 0.2))
        _submit(visit, web.url("/feed.xml"))
        expect(visit.page.locator(".state")).to_have_text("done", timeout=LONG)
        visit.page.get_by_role("link", name="Read the transcript").click()
        episode = visit.page.url
        _hear(visit.page)
        _search(visit.page)
        _name(visit, episode)
        _submit(visit, web.url("/slow.mp3"))
        expect(visit.page.locator(".state")).to_have_text("at work", timeout=LONG)
        visit.page.get_by_role("button", name="Cancel").click()
        expect(visit.page.locator(".state")).to_have_text("cancelled")


def _submit(visit: Visit, address: str) -> None:
    page = visit.go("/submit")
    page.get_by_label("Address", exact=True).fill(address)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".state")).to_be_visible(timeout=LONG)


def _hear(page: Page) -> None:
    """Hear the third chapter from its start, and a word."""
    page.wait_for_function("() => document.querySelector('#sound')?.readyState >= 1")
    third = page.locator(".chapters a.chapter").nth(2)
    start = float(third.get_attribute("data-at") or "")
    third.click()
    page.wait_for_function(IS_HEARD)
    assert page.evaluate(HEARD_FROM) == pytest.approx(start, abs=0.3)
    page.get_by_role("button", name="Pause").click()
    word = page.locator(".words", has_text="welcome back").first
    word.click(position={"x": 4, "y": 12})
    page.wait_for_function(f"() => document.querySelector('#sound').currentTime < {start} - 10")
    page.get_by_role("button", name="Pause").click()


def _search(page: Page) -> None:
    """Find a phrase in all that was said, and go to its second."""
    page.get_by_role("navigation").get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill('"train the large model"')
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".moments mark").first).to_be_visible()
    page.locator(".moments a").first.click()
    page.wait_for_function("() => document.querySelector('#sound')?.currentTime > 60")


def _name(visit: Visit, episode: str) -> None:
    """Give the first voice of the show a name, and see it in the transcript, in an export, and in what is found."""
    page = visit.go("/shows/the-open-models-show/speakers")
    first = page.locator(".voice-card").first
    first.get_by_label("Name").fill("Benjamin Hall")
    first.get_by_role("button", name="Save").click()
    expect(page.locator(".voice-card h2", has_text="Benjamin Hall")).to_be_visible()
    page.goto(episode)
    expect(page.locator(".said .name", has_text="Benjamin Hall").first).to_be_visible()
    expect(page.locator(".legend")).to_contain_text("Benjamin Hall")
    assert "Benjamin Hall" in page.request.get(page.locator(".downloads a").first.evaluate("(link) => link.href")).text()
    page = visit.go("/search?q=the&speaker=benjamin")
    expect(page.locator(".moments li").first).to_contain_text("Benjamin Hall")
