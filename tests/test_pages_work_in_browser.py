"""The pages of work in a browser: an episode is asked for, watched while it is done, and read; voices are named."""

from __future__ import annotations

import io
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from jobs.engines.protocols import SAMPLE_RATE
from storage.documents import Speaker
from tests import transcripts
from tests.apiserver import Api, open_api
from tests.browser import SCHEMES, WIDTHS, Scheme, visiting
from tests.commands import Item, feed_of
from tests.desks import open_test_desk
from tests.finished import example_id, open_finished
from tests.recordings import tone
from tests.voices import Speakers, add
from tests.webserver import WebServer
from tests.workshop import EXAMPLES, SCRIPT

pytestmark = pytest.mark.slow

SPEAKERS = "/shows/the-show/speakers"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API whose jobs are done by engines that know the example."""
    with open_api(tmp_path, engine="scripted", diarizer="scripted", model=str(SCRIPT), part_seconds=20) as running:
        yield running


@contextmanager
def working(folder: Path, go: threading.Event) -> Iterator[None]:
    """Do one step after another, each once `go` is set, until the end of the block."""
    stop = threading.Event()

    def work() -> None:
        with open_test_desk(folder / "data") as desk:
            while not stop.is_set():
                if not go.wait(0.05):
                    continue
                if not desk.work(steps=1):
                    stop.wait(0.05)
                stop.wait(0.2)  # so that there is something to watch

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_an_episode_is_submitted_watched_and_read(browser: Browser, api: Api, tmp_path: Path) -> None:
    """The page tells of each step as it happens, and is never loaded again."""
    go = threading.Event()
    with WebServer() as web, working(tmp_path, go), visiting(browser, api.url) as visit:
        web.routes["/episode.mp3"] = (EXAMPLES / "episode.mp3").read_bytes()
        web.routes["/feed.xml"] = feed_of(Item("Twelve", web.url("/episode.mp3"), "g12"), title="The Open Models Show")
        page = visit.go("/")
        page.get_by_role("navigation", name="Places").get_by_role("link", name="Submit").click()
        page.get_by_label("Address", exact=True).fill(web.url("/feed.xml"))
        page.get_by_role("button", name="Submit").click()
        expect(page.locator("h1")).to_have_text("Twelve")
        expect(page.locator(".state")).to_have_text("waiting")
        page.evaluate("() => { window.same = true; }")
        go.set()
        expect(page.locator(".state")).to_have_text("at work")
        page.wait_for_function(
            "() => { const value = document.querySelector('progress')?.value; return value > 0.1 && value < 1; }"
        )
        visit.take("job-at-work")
        expect(page.locator(".state")).to_have_text("done", timeout=60_000)
        expect(page.locator("#live-status")).to_have_text("Twelve: done")
        assert page.evaluate("() => window.same")
        page.get_by_role("link", name="Read the transcript").click()
        expect(page.locator("h1")).to_have_text("Twelve")
        assert page.locator(".said").count() > 20


def test_jobs_in_a_list_go_on_by_themselves_and_are_cancelled(browser: Browser, api: Api) -> None:
    """And set going again."""
    job, other = api.add_job("one", title="One"), api.add_job("two", title="Two")
    with visiting(browser, api.url) as visit:
        page = visit.go("/jobs")
        expect(page.locator(".jobs progress")).to_have_count(2)
        api.finish(other)
        expect(page.locator(f"#job-{other} .state")).to_have_text("done")
        expect(page.locator(".jobs progress")).to_have_count(1)
        expect(page.locator("a[href='/jobs?state=done']")).to_contain_text("0")  # what is not live stays as it was
        page.get_by_role("link", name="One", exact=True).click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".state")).to_have_text("cancelled")
        assert api.stores.requests.get(job).state == "cancelled"
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".state")).to_have_text("waiting")
        assert api.stores.requests.get(job).state == "queued"


def test_everything_works_without_scripts(browser: Browser, api: Api) -> None:
    """Progress is seen by loading the page again."""
    with visiting(browser, api.url, java_script_enabled=False) as visit, WebServer() as web:
        web.routes["/feed.xml"] = feed_of(
            Item("E1", "https://a.example/1.mp3", "g1"), Item("E2", "https://a.example/2.mp3", "g2")
        )
        page = visit.go("/submit")
        page.get_by_label("Address", exact=True).fill(web.url("/feed.xml"))
        page.get_by_label("All", exact=True).check()
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".jobs > li")).to_have_count(2)
        page.get_by_role("link", name="E1", exact=True).click()
        api.stores.requests.cancel(api.stores.requests.list(query="E1").items[0].id)
        page.reload()
        expect(page.locator(".state")).to_have_text("cancelled")
        page = visit.go("/feeds")
        page.get_by_label("Address of the feed").fill(web.url("/feed.xml"))
        page.get_by_role("button", name="Watch").click()
        expect(page.locator(".feeds > li")).to_have_count(1)
        page.get_by_role("button", name="Unwatch").click()
        expect(page.locator(".empty")).to_have_text("No feed is watched.")


def _recording() -> bytes:
    """Return two seconds of a tone, as recordings of voices are kept."""
    samples = (tone(2.0, SAMPLE_RATE) * 32_000).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def _remembered(api: Api) -> None:
    """Put two episodes of a show in, with a host whose voice is recorded and a guest each."""
    people = Speakers()
    for number in (1, 2):
        kept = add(api.stores.memory, number, people.episode("Ann", f"guest {number}"))
        told = [
            Speaker(label=f"Speaker {n}", talk_time=60, voice=sample.voice_id, voice_sample=sample.id)
            for n, sample in enumerate(kept.values(), start=1)
        ]
        said = [transcripts.segment("Hello there.", speaker="Speaker 1"), transcripts.segment("Hi.", 5, speaker="Speaker 2")]
        made = transcripts.transcript(said, speakers=told, id=f"ep_{number}", title=f"Number {number}")
        api.finish(api.add_job(str(number), title=f"Number {number}"), made)
    host = api.stores.memory.of_show("the-show")[0]
    api.stores.memory.add_clip(host.samples[0].id, api.stores.blobs.put(_recording()))


def test_a_speaker_is_named_and_has_that_name_everywhere(browser: Browser, api: Api) -> None:
    """After the voice was heard."""
    _remembered(api)
    with visiting(browser, api.url) as visit:
        page = visit.go("/shows/the-show")
        page.get_by_role("link", name="Speakers").click()
        host = page.locator(".voice-card").first
        sound = host.locator("audio").first
        sound.evaluate("(audio) => { audio.muted = true; return audio.play(); }")
        page.wait_for_function("() => document.querySelector('audio').currentTime > 0")
        host.get_by_label("Name").fill("Nathan Lambert")
        host.get_by_role("button", name="Save").click()
        expect(page.locator(".voice-card h2").first).to_have_text("Nathan Lambert")
        for number in (1, 2):
            page = visit.go(f"/episodes/ep_{number}")
            expect(page.locator(".said .name").first).to_have_text("Nathan Lambert")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_of_work_shuts_anybody_out(browser: Browser, api: Api, width: int, scheme: Scheme) -> None:
    """By axe's rules, at both widths, light and dark; and none is wider than the window."""
    _remembered(api)
    failed = api.add_job("broken", title="Broken")
    api.stores.requests.failed(failed, "no sound in it")
    waiting = api.add_job(
        "waiting", title="Waiting for its turn, with quite a long title that has to be broken into lines somewhere"
    )
    api.stores.feeds.add("https://a.example/" + "long/" * 30 + "feed.xml", every=3600.0)
    paths = {
        "jobs": "/jobs",
        "jobs-failed": "/jobs?state=failed",
        "job": f"/jobs/{waiting}",
        "job-failed": f"/jobs/{failed}",
        "submit": "/submit?url=https://a.example/",
        "feeds": "/feeds",
        "speakers": SPEAKERS,
        "system": "/system",
        "embed": "/embed/ep_1",
    }
    with visiting(browser, api.url, width=width, scheme=scheme) as visit:
        for name, path in paths.items():
            page = visit.go(path)
            for summary in page.locator("details > summary").all():
                summary.click()
            assert visit.violations() == "", name
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
            visit.take(f"{name}-{width}-{scheme}")
        page = visit.go("/submit")
        page.get_by_label("Address", exact=True).fill("http://127.0.0.1:1/nothing.mp3")
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert visit.violations() == ""
        # a form that was refused is an error to the console of the browser alone
        visit.complaints[:] = [text for text in visit.complaints if "502" not in text]


def test_a_chapter_is_heard_inside_a_page_of_another_site(browser: Browser, tmp_path: Path) -> None:
    """From its start to its end; that page may hold it, and nothing else of ours."""
    with open_finished(tmp_path) as done, WebServer() as web, visiting(browser, web.url("")) as visit:
        told = done.get("/oembed", params={"url": f"{done.url}/episodes/{example_id()}?chapter=3"}).json()
        other = f'<iframe src="{done.url}/jobs" title="Jobs"></iframe>'
        web.routes["/"] = f"<!doctype html><title>Blog</title><h1>Blog</h1>{told['html']}{other}".encode()
        web.routes["/favicon.ico"] = b""
        page = visit.go("/")
        inside = page.frame_locator("iframe[title=Pretraining]")
        expect(inside.locator("h1")).to_have_text("Pretraining")
        expect(inside.locator(".words").first).to_be_visible()
        expect(page.frame_locator("iframe[title=Jobs]").locator("h1")).not_to_have_text("Jobs")
        assert any("frame-ancestors" in text for text in visit.complaints)
        sound = inside.locator("audio")
        third = done.context.views.of(done.stores.episodes.get(example_id()).transcript or "").chapters[2]
        box = sound.bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + 24, box["y"] + box["height"] / 2)  # the browser's own button: there are no scripts in there
        expect(sound).to_have_js_property("paused", value=False)
        expect(sound).not_to_have_js_property("currentTime", 0)
        assert third.start - 0.05 <= sound.evaluate("(audio) => audio.currentTime") < third.start + 2
        visit.take("embedded")
        visit.complaints.clear()
        visit.asked[:] = [url for url in visit.asked if not url.startswith(done.url)]
