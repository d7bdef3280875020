"""The pages of work, as plain HTML: submitting, jobs, feeds, speakers, and how the service stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from service.show_voices import ShowVoices
from storage.documents import Episode, Speaker
from storage.records import ReadyStep
from storage.requests import NewJob
from tests import transcripts
from tests.apiserver import Api, open_api
from tests.commands import Item, feed_of
from tests.harmless import harmless, the
from tests.test_pages_frame import BROWSER
from tests.voices import Speakers, add
from tests.webserver import WebServer


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API of its own."""
    with open_api(tmp_path) as running:
        yield running


def look(api: Api, path: str, **more: Any) -> LexborHTMLParser:
    """Open a page, which is harmless."""
    answer = api.get(path, headers=BROWSER, **more)
    assert answer.status_code == 200, answer.text
    return harmless(answer)


def post(api: Api, path: str, **fields: Any) -> httpx.Response:
    """Send a form, as a browser does."""
    body = urlencode(fields, doseq=True, errors="replace").encode()
    headers = {**BROWSER, "Origin": api.url, "Content-Type": "application/x-www-form-urlencoded"}
    return api.client.post(path, content=body, headers=headers)


# ------------------------------------------------------------------ submitting


def test_an_address_is_submitted_by_a_form_and_leads_to_its_job(api: Api) -> None:
    """The newest episode, if nothing else is said."""
    with WebServer() as web:
        web.routes["/feed.xml"] = feed_of(*(Item(f"E{n}", f"https://a.example/{n}.mp3", f"g{n}") for n in range(3)))
        form = the(look(api, "/submit", params={"url": web.url("/feed.xml")}), "form[action='/submit']")
        assert the(form, "#url").attributes["value"] == web.url("/feed.xml")
        assert the(form, "[name=which][checked]").attributes["value"] == "newest"
        more = {"latest": "", "since": "", "episodes": "", "language": "de", "speakers": "2", "hotwords": "earmark"}
        answer = post(api, "/submit", url=web.url("/feed.xml"), which="latest", **{**more, "latest": "1"})
    (job,) = api.stores.requests.list().items
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job.id}")
    request = api.stores.ledger.standing(job.id).request or ""
    assert all(part in request for part in ('"language":"de"', '"speakers":2', '"hotwords":"earmark"', '"voice_memory":true'))
    assert the(look(api, f"/jobs/{job.id}"), "h1").text() == "E0"


@pytest.mark.parametrize(
    ("chosen", "titles"),
    [
        ({"which": "all"}, ["E2", "E1", "E0"]),
        ({"which": "latest", "latest": "2"}, ["E1", "E0"]),
        ({"which": "episodes", "episodes": "E2\r\n g1 \r\n\r\n"}, ["E2", "E1"]),
    ],
)
def test_several_episodes_lead_to_the_list_of_their_jobs(api: Api, chosen: dict[str, str], titles: list[str]) -> None:
    """And of no others."""
    api.add_job("other")
    with WebServer() as web:
        web.routes["/feed.xml"] = feed_of(*(Item(f"E{n}", f"https://a.example/{n}.mp3", f"g{n}") for n in range(3)))
        answer = post(api, "/submit", url=web.url("/feed.xml"), **chosen)
    assert answer.headers["location"].startswith("/jobs?submission=")
    page = look(api, answer.headers["location"])
    assert sorted(title.text() for title in page.css(".jobs h2")) == sorted(titles)


def test_what_is_wrong_with_a_form_is_said_beside_what_was_filled_in(api: Api) -> None:
    """Nothing has to be typed again."""
    answer = post(api, "/submit", url="ftp://a.example/<b>", which="latest", latest="many", language="x y", again="1")
    assert answer.status_code == 422
    page = harmless(answer)
    assert "body.url" in the(page, "[role=alert]").text() or "url" in the(page, "[role=alert]").text()
    assert the(page, "#url").attributes["value"] == "ftp://a.example/<b>"
    assert the(page, "[name=latest]").attributes["value"] == "many"
    assert "checked" in the(page, "[name=again]").attributes
    assert "open" in the(page, "details.options").attributes
    with WebServer() as web:
        refused = post(api, "/submit", url=web.url("/gone.mp3"))
        assert refused.status_code in {422, 502}
        assert the(harmless(refused), "[role=alert]").text().strip()
    assert api.stores.requests.list().items == ()


def test_what_should_be_known_of_a_list_is_told(api: Api) -> None:
    """Feeds of it that cannot be used do not hold up the others."""
    with WebServer() as web:
        web.routes["/feed.xml"] = feed_of(Item("One", "https://a.example/1.mp3"))
        outlines = "".join(f'<outline type="rss" xmlUrl="{web.url(path)}"/>' for path in ("/feed.xml", "/gone.xml"))
        web.routes["/list.opml"] = f'<?xml version="1.0"?><opml version="2.0"><body>{outlines}</body></opml>'.encode()
        answer = post(api, "/submit", url=web.url("/list.opml"))
        page = harmless(answer)
    (job,) = api.stores.requests.list().items
    assert the(page, ".lede a").attributes["href"] == f"/jobs/{job.id}"
    assert "/gone.xml" in the(page, "main ul.plain").text()


# ------------------------------------------------------------------ jobs


def test_jobs_are_listed_by_state_and_piece_of_the_title(api: Api) -> None:
    """With how many there are of each."""
    waiting, failed = api.add_job("waiting", title="Noise"), api.add_job("broken", title="Signal")
    done = api.add_job("done", title="More noise")
    api.finish(done)
    api.stores.requests.failed(failed, "no <b>sound</b> in it")
    page = look(api, "/jobs")
    assert [title.text() for title in page.css(".jobs h2")] == ["More noise", "Signal", "Noise"]
    assert [job.attributes.get("data-events") for job in page.css(".jobs > li")] == [None, None, f"/v1/jobs/{waiting}/events"]
    assert "no <b>sound</b> in it" in the(page, ".jobs .wrong").text()
    assert the(page, "a[href='/jobs?state=failed'] .hint").text() == "1"
    assert [title.text() for title in look(api, "/jobs?state=done").css(".jobs h2")] == ["More noise"]
    assert [title.text() for title in look(api, "/jobs?q=NOISE").css(".jobs h2")] == ["More noise", "Noise"]
    assert [title.text() for title in look(api, "/jobs?episode=ep_broken").css(".jobs h2")] == ["Signal"]
    assert the(look(api, "/episodes/ep_waiting"), ".empty a").attributes["href"] == "/jobs?episode=ep_waiting"
    assert "No job is like that" in the(look(api, "/jobs?q=nothing"), ".empty").text()


def test_the_list_of_jobs_has_pages(api: Api) -> None:
    """With the filters of the first."""
    for number in range(53):
        api.add_job(f"{number}", title=f"Number {number}")
    first = look(api, "/jobs?q=number")
    second = look(api, the(first, "a[rel=next]").attributes["href"] or "")
    titles = [title.text() for page in (first, second) for title in page.css(".jobs h2")]
    assert titles == [f"Number {n}" for n in range(52, -1, -1)]
    assert second.css("a[rel=next]") == []


def _begin(api: Api, job: str) -> None:
    """Do one part of three, and half of the second."""
    parts = [ReadyStep("transcribe", n, f"key {job} {n}", "asr", parts=3, total=100.0, unit="seconds") for n in range(3)]
    api.stores.queue.enqueue(job, parts)
    for half in (False, True):
        claim = api.stores.queue.claim_next(["asr"], "a worker")
        assert claim is not None
        if half:
            api.stores.ledger.renew(claim.lease, done=50.0)
        else:
            api.stores.ledger.commit(claim.lease, "0" * 64)


def test_a_job_shows_how_far_it_is_and_can_be_cancelled_and_tried_again(api: Api) -> None:
    """All by forms."""
    job = api.add_job("one")
    _begin(api, job)
    page = look(api, f"/jobs/{job}")
    assert the(page, ".state").text() == "at work"
    assert 0 < float(the(page, "progress").attributes["value"] or "") < 1
    row = [cell.text() for cell in page.css("tbody tr")[0].css("th, td")]
    assert row == ["transcribe", "at work", "1 of 3", "50 %", ""]
    assert page.css("form[action$='/retry']") == []
    answer = post(api, the(page, "form[action$='/cancel']").attributes["action"] or "")
    assert answer.headers["location"] == f"/jobs/{job}"
    page = look(api, f"/jobs/{job}")
    assert (the(page, ".state").text(), page.css("[data-events]")) == ("cancelled", [])
    assert "by a person" in the(page, ".wrong").text()
    post(api, the(page, "form[action$='/retry']").attributes["action"] or "")
    assert api.stores.requests.get(job).state == "queued"
    api.finish(job)
    page = look(api, f"/jobs/{job}")
    assert the(page, "a.button").attributes["href"] == "/episodes/ep_one"
    assert page.css("form[action$='/retry'], form[action$='/cancel']") == []


def test_a_job_that_was_run_by_hand_is_not_tried_again_from_here(api: Api) -> None:
    """Its files may be where only that person is."""
    job = api.stores.ledger.open_job("ep_by_hand", "options", "By hand")
    api.stores.ledger.set_job(job.id, "failed", reason="no room")
    assert look(api, f"/jobs/{job.id}").css("form[action$='/retry']") == []
    assert post(api, f"/jobs/{job.id}/retry").status_code == 409
    assert api.get("/jobs/nothing", headers=BROWSER).status_code == 404


# ------------------------------------------------------------------ feeds


def test_feeds_are_watched_and_no_longer_watched(api: Api) -> None:
    """By forms."""
    assert "No feed is watched" in the(look(api, "/feeds"), ".empty").text()
    answer = post(api, "/feeds", url="https://example.com/feed.xml", every="3600", since="2024-05-01")
    assert (answer.status_code, answer.headers["location"]) == (303, "/feeds")
    (feed,) = api.stores.feeds.list().items
    assert (feed.url, feed.every, feed.since) == ("https://example.com/feed.xml", 3600.0, 1714521600.0)
    page = look(api, "/feeds")
    told = the(page, ".feeds").text()
    assert all(part in told for part in ("Every 1h", "read never", "next now", "wanted since 1 May 2024"))
    post(api, the(page, "form[action$='/unwatch']").attributes["action"] or "")
    assert api.stores.feeds.list().items == ()
    assert post(api, f"/feeds/{feed.id}/unwatch").status_code == 404


@pytest.mark.parametrize(
    "fields", [{"url": "x"}, {"url": "https://a.example/", "every": "1"}, {"url": "https://a.example/", "since": "x"}]
)
def test_a_feed_that_cannot_be_watched_is_said(api: Api, fields: dict[str, str]) -> None:
    """Beside what was filled in."""
    answer = post(api, "/feeds", **{"every": "900", **fields})
    assert answer.status_code == 422
    page = harmless(answer)
    assert the(page, "[role=alert]").text().strip()
    assert the(page, "#url").attributes["value"] == fields["url"]
    assert api.stores.feeds.list().items == ()


# ------------------------------------------------------------------ speakers


@pytest.fixture
def voices(api: Api) -> Api:
    """An API with three episodes of a show that has a host and three guests; the host's voice is recorded."""
    people = Speakers()
    for number in (1, 2, 3):
        kept = add(api.stores.memory, number, people.episode("Ann", f"guest {number}"))
        told = [
            Speaker(label=f"Speaker {n}", talk_time=60, voice=sample.voice_id, voice_sample=sample.id)
            for n, sample in enumerate(kept.values(), start=1)
        ]
        said = [transcripts.segment("Hello there.")]
        api.finish(api.add_job(str(number)), transcripts.transcript(said, speakers=told, id=f"ep_{number}"))
    return api


PATH = "/shows/the-show/speakers"


def test_a_voice_is_named_and_has_the_name_in_every_transcript(voices: Api) -> None:
    """And on the page."""
    page = look(voices, PATH)
    host = page.css(".voice-card")[0]
    assert "3 episodes" in host.text()
    answer = post(voices, the(host, "form[action$='/rename']").attributes["action"] or "", name="Ann Lee")
    assert answer.headers["location"].startswith(f"{PATH}#voice-")
    assert the(look(voices, PATH).css(".voice-card")[0], "h2").text() == "Ann Lee"
    for number in (1, 2, 3):
        assert "Ann Lee" in voices.get(f"/v1/episodes/ep_{number}/transcript?format=vtt").text
    assert post(voices, the(host, "form[action$='/rename']").attributes["action"] or "", name=" ").status_code == 422


def test_voices_are_joined_parted_and_forgotten(voices: Api) -> None:
    """Given by their ids or names, or by ticking where they were heard."""
    page = look(voices, PATH)
    host, guest, *_ = page.css(".voice-card")
    joining = the(host, "form[action$='/merge']").attributes["action"] or ""
    everybody = [option.attributes["value"] or "" for option in page.css("#everybody option")]
    assert len(everybody) == 4
    post(voices, the(guest, "form[action$='/rename']").attributes["action"] or "", name="Bob Guest")
    post(voices, joining, other="Bob Guest")
    post(voices, joining, other=everybody[2])
    page = look(voices, PATH)
    assert len(page.css(".voice-card")) == 2
    splitting = the(page, "form[action$='/split']")
    assert len(splitting.css("[name=episode]")) == 3
    answer = post(voices, splitting.attributes["action"] or "", episode=["ep_1", "ep_2"])
    assert len(the(look(voices, answer.headers["location"]), ".voice-card").css("[name=episode]")) == 2
    assert len(look(voices, PATH).css(".voice-card")) == 3
    for other in ("nobody", host.attributes["id"] or "", (host.attributes["id"] or "").removeprefix("voice-")):
        assert post(voices, joining, other=other).status_code in {404, 422}
    for card in look(voices, PATH).css(".voice-card"):
        assert post(voices, the(card, "form[action$='/forget']").attributes["action"] or "").headers["location"] == PATH
    assert "No voices" in the(look(voices, PATH), ".empty").text()
    assert post(voices, joining, other=everybody[3]).status_code == 404


def hidden(card: LexborNode, verb: str) -> dict[str, str]:
    """Return what a form of a voice sends besides what is filled in."""
    boxes = the(card, f"form[action$='/{verb}']").css("input[type=hidden]")
    return {box.attributes["name"] or "": box.attributes["value"] or "" for box in boxes}


def test_many_voices_come_in_pages(api: Api) -> None:
    """And each can be joined with any other."""
    people = Speakers()
    for number in range(26):
        add(api.stores.memory, number, people.episode(f"guest {number}", f"other {number}"))
    first = look(api, PATH)
    second = look(api, the(first, "a[rel=next]").attributes["href"] or "")
    assert [len(page.css(".voice-card")) for page in (first, second)] == [50, 2]
    assert [len(page.css("#everybody option")) for page in (first, second)] == [50, 2]
    late = second.css(".voice-card")[1]
    early = (first.css(".voice-card")[0].attributes["id"] or "").removeprefix("voice-")
    joined = post(api, the(late, "form[action$='/merge']").attributes["action"] or "", **hidden(late, "merge"), other=early)
    assert joined.headers["location"].startswith(f"{PATH}?after=")
    assert look(api, joined.headers["location"]).css(".voice-card")


def test_a_voice_is_found_by_its_name_among_many(api: Api) -> None:
    """And whoever names it is led back to what was found."""
    people = Speakers()
    for number in range(26):
        add(api.stores.memory, number, people.episode(f"guest {number}", f"other {number}"))
    last = api.stores.memory.of_show("the-show")[-1]
    ShowVoices(api.stores).rename(last, "Zoë Stone")
    found = look(api, f"{PATH}?q=zoe")
    (card,) = found.css(".voice-card")
    assert the(card, "h2").text() == "Zoë Stone"
    answer = post(api, f"{PATH}/{last.id}/rename", **hidden(card, "rename"), name="Zoe Stein")
    assert answer.headers["location"] == f"{PATH}?q=zoe#voice-{last.id}"
    assert "No voice" in the(look(api, f"{PATH}?q=nobody"), ".empty").text()


def test_the_list_tells_the_latest_episodes_of_a_voice_and_its_own_page_all(api: Api) -> None:
    """So that one can be parted wherever it was heard."""
    people = Speakers()
    for number in range(203):
        add(api.stores.memory, number, people.episode("Ann"))
    card = the(look(api, PATH), ".voice-card")
    assert [box.attributes["value"] for box in card.css("[name=episode]")] == [f"ep_{at}" for at in (202, 201, 200, 199, 198)]
    alone = the(card, ".stack p a[href*='/speakers/']").attributes["href"] or ""
    first = look(api, alone)
    second = look(api, the(first, "a[rel=next]").attributes["href"] or "")
    assert [len(page.css("[name=episode]")) for page in (first, second)] == [200, 3]
    answer = post(api, f"{alone}/split", episode=["ep_0", "ep_1"])
    assert len(look(api, answer.headers["location"]).css("[name=episode]")) == 2
    assert "201 episodes" in the(look(api, alone), ".facts").text()
    named = post(api, f"{alone}/rename", **hidden(the(first, ".voice-card"), "rename"), name="Ann Lee")
    assert named.headers["location"] == alone
    assert api.get(f"{alone.replace('the-show', 'another')}", headers=BROWSER).status_code == 404


def test_many_shows_come_in_pages(api: Api) -> None:
    """The head counts all of them; one is found by a piece of its title."""
    for number in range(52):
        api.add_job(f"of_{number}", show=f"Show {number:02}")
    first = look(api, "/")
    second = look(api, the(first, "a[rel=next]").attributes["href"] or "")
    assert [len(page.css(".card")) for page in (first, second)] == [50, 2]
    assert all("52 episodes" in the(page, ".lede").text() for page in (first, second))
    assert [card.text().strip() for card in look(api, "/?q=show+07").css(".card h2")] == ["Show 07"]
    assert "No show" in the(look(api, "/?q=nobody"), ".empty").text()


def test_nothing_that_was_chosen_is_said(voices: Api) -> None:
    """Rather than nothing done."""
    (host, *_) = look(voices, PATH).css(".voice-card")
    for kind in ("merge", "split"):
        answer = post(voices, the(host, f"form[action$='/{kind}']").attributes["action"] or "")
        assert answer.status_code == 422
        assert "was chosen" in the(harmless(answer), "main").text()


def test_recordings_of_a_voice_are_heard_from_its_show_alone(voices: Api) -> None:
    """In ranges, as players ask for them."""
    voice = voices.stores.memory.of_show("the-show")[0]
    digest = voices.stores.blobs.put(b"RIFF" + bytes(200))
    voices.stores.memory.add_clip(voice.samples[0].id, digest)
    sound = the(look(voices, PATH), "audio").attributes["src"] or ""
    whole = voices.get(sound)
    assert (whole.headers["content-type"], whole.content[:4]) == ("audio/wav", b"RIFF")
    assert voices.get(sound, headers={"Range": "bytes=0-3"}).content == b"RIFF"
    assert voices.get(sound.replace("/clips/0", "/clips/1")).status_code == 404
    assert voices.get(sound.replace("the-show", "another")).status_code == 404


# ------------------------------------------------------------------ the system


def test_how_the_service_stands_is_told_in_words(api: Api) -> None:
    """The same as for programs."""
    job = api.add_job("one")
    _begin(api, job)
    api.finish(api.add_job("two"))
    page = look(api, "/system")
    told = {the(part, "dt").text(): the(part, "dd").text() for part in page.css(".told > div")}
    assert (told["Ledger"], told["Search index"]) == ("works", "0 of 1 transcript")
    assert "does not answer" in told["Broker"]  # there is none
    assert (told["Jobs at work"], told["Jobs done"], told["Feeds watched"]) == ("1", "1", "0")
    row = next(row for row in page.css("tbody tr") if the(row, "th").text() == "asr")
    waiting, since, busy, workers = [cell.text() for cell in row.css("td")][1:]
    assert (waiting, busy, workers) == ("1", "1", "1")
    assert since.endswith("s")


# ------------------------------------------------------------------ who may, and hostile strings


def test_forms_of_other_sites_change_nothing(voices: Api) -> None:
    """Whatever they are for."""
    job = voices.add_job("target")
    voice = voices.stores.memory.of_show("the-show")[0].id
    feed = voices.stores.feeds.add("https://example.com/feed.xml", every=3600.0)
    paths = [
        "/submit", f"/jobs/{job}/cancel", f"/jobs/{job}/retry", "/feeds", f"/feeds/{feed.id}/unwatch",
        *(f"{PATH}/{voice}/{verb}" for verb in ("rename", "merge", "split", "forget")),
    ]  # fmt: skip
    for path in paths:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert voices.client.post(path, data={"url": "https://a.example/", "name": "x"}, headers=headers).status_code == 403
        assert voices.get(path, headers=BROWSER).status_code in {200, 405}
    assert voices.stores.requests.get(job).state == "queued"
    assert len(voices.stores.memory.of_show("the-show")) == 4


def test_pages_of_work_ask_for_a_token_where_one_is_needed(tmp_path: Path) -> None:
    """And lead to where it is shown."""
    with open_api(tmp_path, require_token=True) as strict:
        for path in ("/submit", "/jobs", "/feeds", "/system", PATH):
            answer = strict.get(path, headers=BROWSER)
            assert (answer.status_code, answer.headers["location"][:14]) == (303, "/sign-in?next=")
        assert strict.client.post("/submit", data={"url": "https://a.example/"}, headers=BROWSER).status_code == 401


@pytest.mark.parametrize("hostile", transcripts.HOSTILE)
def test_hostile_strings_are_inert_in_every_page_of_work(tmp_path: Path, hostile: str) -> None:
    """Titles, shows, reasons, names, addresses, and what was typed."""
    with open_api(tmp_path) as own:
        episode = Episode(id="ep_1", title=f"T{hostile}", show=f"S{hostile}")
        failed = own.stores.requests.submit(NewJob(episode, "options", "{}")).job.id
        own.stores.requests.failed(failed, f"R{hostile}")
        api_feed = own.stores.feeds.add(f"https://a.example/{hostile.strip()[:100] or 'x'}", every=3600.0)
        own.stores.feeds.add("https://b.example/", every=3600.0)
        kept = add(own.stores.memory, 1, Speakers().episode("Ann", "Bob"), show="The Show")
        one = next(iter(kept.values()))
        own.client.patch(f"/v1/shows/the-show/speakers/{one.voice_id}", json={"name": f"N{hostile}"[:200]})
        assert api_feed.id
        for path in ("/jobs", f"/jobs/{failed}", "/feeds", PATH, "/system", "/"):
            look(own, path)
        look(own, "/submit", params={"url": hostile[:2000]})
        harmless(post(own, "/submit", url=hostile[:2000], which=hostile[:50], language=hostile[:50], episodes=hostile))
        harmless(post(own, "/feeds", url=hostile[:2000], every=hostile[:50], since=hostile[:50]))
        answer = own.get("/jobs", params={"q": hostile.replace("\0", "")[:200] or "x"}, headers=BROWSER)
        harmless(answer)
