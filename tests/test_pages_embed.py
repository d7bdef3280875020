"""A chapter inside other sites' pages, and how these learn of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.pages.oembed import Named, named_by
from storage.documents import Speaker
from tests import transcripts
from tests.apiserver import Api, open_api, problem_of
from tests.finished import example_id, open_finished
from tests.harmless import POLICY, harmless, harmless_html, the
from tests.test_pages_frame import BROWSER


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with the example, done."""
    with open_finished(tmp_path_factory.mktemp("embed")) as running:
        yield running


def test_a_chapter_has_its_own_stretch_of_sound_and_words(api: Api) -> None:
    """Other sites may hold this page, and no other."""
    answer = api.get(f"/embed/{example_id()}", params={"chapter": 3}, headers=BROWSER)
    assert answer.headers["content-security-policy"] == POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    page = harmless_html(answer.text)
    episode = api.context.views.of(api.stores.episodes.get(example_id()).transcript or "")
    third = episode.chapters[2]
    assert the(page, "h1").text() == third.title
    fragment = f"#t={third.start:.2f},{third.end:.2f}"
    assert the(page, "audio").attributes["src"] == f"/v1/episodes/{example_id()}/audio{fragment}"
    said = [words.text() for words in page.css(".words")]
    assert said == [said.text for section in episode.sections if section.chapter is third for said in section.paragraphs]
    assert (the(page, ".hint a").attributes["href"] or "").endswith(f"/episodes/{example_id()}#t={third.start:.2f}")
    assert page.css("script, form, nav") == []
    for path in ("/", f"/episodes/{example_id()}", "/shows/the-open-models-show"):
        assert "frame-ancestors 'none'" in api.get(path, headers=BROWSER).headers["content-security-policy"]


def test_without_a_chapter_it_is_the_whole_episode(api: Api) -> None:
    """And a chapter that is not there is not found."""
    page = harmless_html(api.get(f"/embed/{example_id()}", headers=BROWSER).text)
    assert the(page, "h1").text() == "Twelve: Building open models with a small team"
    assert the(page, "audio").attributes["src"] == f"/v1/episodes/{example_id()}/audio"
    for query in ({"chapter": 8}, {"chapter": 10_000}):
        problem_of(api.get(f"/embed/{example_id()}", params=query), 404)
    problem_of(api.get(f"/embed/{example_id()}", params={"chapter": 0}), 422)
    problem_of(api.get("/embed/nothing"), 404)
    problem_of(api.get(f"/embed/{api.stores.requests.get(api.add_job('waits')).episode_id}"), 404)


def test_the_page_of_an_episode_tells_other_sites_of_its_frame(api: Api) -> None:
    """By a link in its head, whose answer leads to the page to embed."""
    page = harmless(api.get(f"/episodes/{example_id()}", headers=BROWSER))
    found = the(page, "link[type='application/json+oembed']").attributes["href"] or ""
    assert found.startswith(f"{api.url}/oembed?")
    told = api.client.get(found).json()
    assert (told["type"], told["version"], told["provider_name"]) == ("rich", "1.0", "earmark")
    assert told["title"] == "Twelve: Building open models with a small team"
    frame = the(LexborHTMLParser(told["html"]), "iframe").attributes
    assert frame["src"] == f"{api.url}/embed/{example_id()}"
    assert (frame["width"], frame["height"]) == (str(told["width"]), str(told["height"])) == ("640", "360")
    assert "allow-scripts" not in (frame["sandbox"] or "")
    assert api.client.get(frame["src"] or "").status_code == 200


@pytest.mark.parametrize(
    ("more", "chapter"),
    [
        ("?chapter=3", "3"),
        ("#t=0", "1"),
        ("", None),
        ("?chapter=x", None),
        ("#t=9999", "7"),
        ("?chapter=2#t=9999", "2"),
        ("#x", None),
    ],
)
def test_a_second_or_a_number_names_the_chapter(api: Api, more: str, chapter: str | None) -> None:
    """As links to a moment do."""
    told = api.get("/oembed", params={"url": f"{api.url}/episodes/{example_id()}{more}"}).json()
    src = the(LexborHTMLParser(told["html"]), "iframe").attributes["src"] or ""
    assert parse_qs(urlsplit(src).query).get("chapter", [None])[0] == chapter


def test_the_frame_is_as_small_as_it_has_to_be(api: Api) -> None:
    """But not so small that nothing could be read."""
    url = f"{api.url}/embed/{example_id()}"
    for most, width, height in (((300, 200), 300, 200), ((10, 10), 240, 160), ((5000, 5000), 640, 360)):
        told = api.get("/oembed", params={"url": url, "maxwidth": most[0], "maxheight": most[1]}).json()
        assert (told["width"], told["height"]) == (width, height)


def test_other_addresses_are_not_ours(api: Api) -> None:
    """Nor is another format offered."""
    ours = f"{api.url}/episodes/{example_id()}"
    other = (
        "https://a.example/episodes/x",
        "nonsense",
        "http://[",
        f"{api.url}/jobs/x",
        f"ftp{ours[4:]}",
        f"{api.url}/episodes/none",
    )
    for url in other:
        problem_of(api.get("/oembed", params={"url": url}), 404)
    problem_of(api.get("/oembed", params={"url": ours, "format": "xml"}), 501)
    problem_of(api.get("/oembed"), 422)


def test_a_key_opens_what_is_embedded_and_is_handed_on(tmp_path: Path) -> None:
    """A frame in another site's page sends no cookie and no header."""
    with open_finished(tmp_path, require_token=True) as strict:
        _, key = strict.context.tokens.create("blog", scope="feeds")
        path = f"/embed/{example_id()}"
        problem_of(strict.get(path), 401)
        page = harmless_html(strict.get(path, params={"key": key, "chapter": 1}, headers=BROWSER).text)
        sound = (the(page, "audio").attributes["src"] or "").partition("#")[0]
        assert strict.client.head(sound).status_code == 200
        told = strict.get("/oembed", params={"url": f"{strict.url}/episodes/{example_id()}", "key": key}).json()
        frame = the(LexborHTMLParser(told["html"]), "iframe").attributes["src"] or ""
        assert strict.client.get(frame, headers=BROWSER).status_code == 200
        _, other = strict.context.tokens.create("blog", scope="feeds", show="another")
        problem_of(strict.get(path, params={"key": other}), 403)
        problem_of(strict.get(f"/episodes/{example_id()}", params={"key": key}), 401)


@pytest.mark.parametrize("hostile", transcripts.HOSTILE)
def test_hostile_strings_are_inert_in_the_frame_and_around_it(tmp_path: Path, hostile: str) -> None:
    """In the title of the frame, too, which other sites put into their pages as it is."""
    with open_api(tmp_path) as own:
        said = transcripts.segment(f"Hello {hostile}") if hostile.strip() else transcripts.segment("Hello")
        made = transcripts.transcript(
            [said],
            [transcripts.chapter(f"C{hostile}", 0, 5, (0, 1))],
            speakers=[Speaker(label="Speaker 1", name=f"N{hostile}")],
            id="ep_1",
            title=f"T{hostile}",
            show=f"S{hostile}",
        )
        own.finish(own.add_job("1", title=f"T{hostile}", show=f"S{hostile}"), made)
        for chapter in ({}, {"chapter": 1}):
            harmless_html(own.get("/embed/ep_1", params=chapter, headers=BROWSER).text)
        told = own.get("/oembed", params={"url": f"{own.url}/episodes/ep_1?chapter=1"}).json()
    tree = LexborHTMLParser(told["html"])
    (frame,) = tree.css("body *")
    assert frame.tag == "iframe"
    assert set(frame.attributes) == {"src", "width", "height", "title", "loading", "frameborder", "allow", "sandbox"}
    assert urlsplit(frame.attributes["src"] or "").netloc == urlsplit(own.url).netloc


def test_what_an_address_names_is_read_from_all_of_it() -> None:
    """Behind a path of a proxy, too."""
    base = "https://e.example/podcasts"
    assert named_by(f"{base}/episodes/ep_1?chapter=4#t=12.5", base) == Named("ep_1", 4, 12.5)
    assert named_by("https://E.example/podcasts/embed/ep_1", base) == Named("ep_1")
    assert named_by("https://e.example:8443/podcasts/embed/ep_1", base) is None
    assert named_by(f"{base}/episodes/ep_1?{'&'.join(f'a{n}=1' for n in range(99))}", base) is None
