"""Pages in a real browser: Debian's Chromium, driven by Playwright.

A visit fails if the browser complained of anything, or asked anybody but the server for anything.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

WIDTHS = (390, 1280)
"""Pixels: a phone, and a laptop."""

HEARD_FROM = """() => {
  const sound = document.querySelector('#sound');
  const heard = Array.from({ length: sound.played.length }, (_, n) => [sound.played.start(n), sound.played.end(n)]);
  return heard.find(([start, end]) => start <= sound.currentTime && sound.currentTime <= end + 0.5 && end > start)?.[0];
}"""
"""Where the stretch began that is heard now: however long a busy machine takes to ask, it says the same."""

IS_HEARD = f"() => ({HEARD_FROM})() !== undefined"

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def find_chromium() -> str | None:
    """Return the program; none if there is none on PATH."""
    return next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


expect.set_options(timeout=60_000)  # a busy machine is not a fault of the page


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Run Chromium; skip where there is none."""
    program = find_chromium()
    if program is None:
        pytest.skip("there is no Chromium on PATH: apt-get install chromium")
    options = ["--autoplay-policy=no-user-gesture-required", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visit:
    """A page in a browser, and what it said and asked for."""

    page: Page
    url: str
    """Of the server."""
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """Addresses that were asked for."""

    def go(self, path: str) -> Page:
        """Open a page of the server."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def foreign(self) -> list[str]:
        """Return what was asked of others than the server."""
        host = urlsplit(self.url).netloc
        return [url for url in self.asked if urlsplit(url).netloc != host and not url.startswith(("data:", "blob:"))]

    def violations(self) -> str:
        """Return what axe finds wrong with the page as it is now, in words; empty if nothing."""
        found = Axe().run(self.page, options={"preload": False, "runOnly": {"type": "tag", "values": _RULES}})
        return found.generate_report() if found.violations_count else ""

    def take(self, name: str) -> None:
        """Keep a picture of the page, if `EARMARK_TEST_SHOTS` names a folder."""
        folder = os.environ.get("EARMARK_TEST_SHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"))


@contextmanager
def visiting(browser: Browser, url: str, *, width: int = 1280, scheme: Scheme = "light", **more: Any) -> Iterator[Visit]:
    """Lend a page of its own; at the end nothing may have been complained of, and nobody else asked."""
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, **more)
    page = context.new_page()
    page.set_default_timeout(120_000)
    visit = Visit(page, url)

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            visit.complaints.append(f"{message.type}: {message.text}")

    def note(request: Request) -> None:
        visit.asked.append(request.url)

    page.on("console", complain)
    page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
    page.on("request", note)
    try:
        yield visit
        assert visit.complaints == [], visit.complaints
        assert visit.foreign() == [], visit.foreign()
    finally:
        context.close()
