"""The page of an episode, as plain HTML."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jobs.request import JobRequest
from service.pages.episode_view import COLOURS
from storage.documents import Coverage, Episode, Note, Publication, Speaker
from storage.export import FORMATS
from storage.requests import NewJob
from tests import transcripts
from tests.apiserver import Api
from tests.finished import example_id, open_finished
from tests.harmless import harmless, the
from tests.test_pages_frame import BROWSER
from tests.transcripts import HOSTILE


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with the example, done."""
    with open_finished(tmp_path_factory.mktemp("pages")) as running:
        yield running


def test_an_episode_is_led_to_from_its_show(api: Api) -> None:
    """And back."""
    shows = harmless(api.get("/", headers=BROWSER))
    show = harmless(api.get(the(shows, ".card a").attributes["href"] or "", headers=BROWSER))
    episode = the(show, ".episodes a").attributes["href"]
    assert episode == f"/episodes/{example_id()}"
    page = harmless(api.get(episode, headers=BROWSER))
    assert the(page, "h1").text() == "Twelve: Building open models with a small team"
    assert [link.attributes["href"] for link in page.css(".trail a")] == ["/", "/shows/the-open-models-show"]


def test_chapters_tell_where_their_start_comes_from_to_eye_and_ear(api: Api) -> None:
    """The button that shows it is described by it, so that no pointer is needed."""
    page = harmless(api.get(f"/episodes/{example_id()}", headers=BROWSER))
    chapters = page.css(".chapters li")
    assert len(chapters) == 7
    third = chapters[2]
    assert "Pretraining" in the(third, "a.chapter").text()
    told = the(third, "button").attributes["aria-describedby"]
    assert "Published at" in the(page, f"#{told}").text()
    assert the(page, f"#{told}").attributes["role"] == "tooltip"


def test_every_link_to_a_second_of_the_page_leads_to_something(api: Api) -> None:
    """So that they work without scripts."""
    page = harmless(api.get(f"/episodes/{example_id()}", headers=BROWSER))
    ids = [node.attributes["id"] for node in page.css("[id]")]
    assert len(ids) == len(set(ids))
    links = [link.attributes["href"] or "" for link in page.css("a[data-at]")]
    assert len(links) > 30
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_speakers_have_names_and_colours_and_the_picture_has_words(api: Api) -> None:
    """Never the colour alone."""
    page = harmless(api.get(f"/episodes/{example_id()}", headers=BROWSER))
    assert {the(said, ".name").text() for said in page.css(".said")} == {"Ben", "Clara", "Speaker 3"}
    assert "voice-1" in (the(page, ".said").attributes["class"] or "")
    picture = the(page, "#picture")
    named = [the(page, f"#{name}").text() for name in (picture.attributes["aria-labelledby"] or "").split()]
    assert "Who speaks when" in named[0]
    assert "1:09 Pretraining" in named[1]
    assert "Ben speaks for" in named[1]


def test_all_formats_are_offered(api: Api) -> None:
    """And each link leads to a file."""
    page = harmless(api.get(f"/episodes/{example_id()}", headers=BROWSER))
    links = [link.attributes["href"] or "" for link in page.css(".downloads a")]
    assert {link.rpartition("=")[2] for link in links} == set(FORMATS)
    assert all(api.get(link).status_code == 200 for link in links)
    sound = the(page, "audio").attributes["src"] or ""
    assert api.client.head(sound).headers["content-type"] == "audio/mpeg"


def test_a_phrase_is_found_without_scripts(api: Api) -> None:
    """Its places are marked and listed, with links to their seconds."""
    page = harmless(api.get(f"/episodes/{example_id()}", params={"q": "open MODELS"}, headers=BROWSER))
    assert {mark.text().lower() for mark in page.css("mark")} == {"open models"}
    assert len(page.css("mark")) == len(page.css(".found-places a"))
    nothing = harmless(api.get(f"/episodes/{example_id()}", params={"q": "<script>alert(1)</script>"}, headers=BROWSER))
    assert "Not said" in the(nothing, "#find-status").text()


def test_what_is_gone_or_not_there_yet_is_said(api: Api) -> None:
    """The audio, the transcript, the episode."""
    job = api.add_job("later")
    assert "no transcript" in the(harmless(api.get("/episodes/ep_later", headers=BROWSER)), "main").text()
    api.finish(job)
    page = harmless(api.get("/episodes/ep_later", headers=BROWSER))
    assert "not kept here any more" in the(page, "#no-sound").text()
    assert page.css_first("audio") is None
    assert api.get("/episodes/ep_nobody", headers=BROWSER).status_code == 404


def test_an_episode_without_words_says_so(api: Api) -> None:
    """Nor does it have chapters or speakers."""
    api.finish(api.add_job("silent"), transcripts.transcript(id="ep_silent", speakers=()))
    assert "No speech was found" in the(harmless(api.get("/episodes/ep_silent", headers=BROWSER)), ".transcript").text()


def test_hostile_strings_are_text_and_nothing_else_in_every_page(api: Api) -> None:
    """As titles, shows, speakers, chapters, links, words, reasons and phrases."""
    for number, text in enumerate(HOSTILE):
        made = transcripts.transcript(
            [transcripts.segment(text, 10.0 * n) for n in range(2) if text.split()],
            [transcripts.chapter(text, 0, 5, (0, 1), url=text, image=text)],
            speakers=[Speaker(label="Speaker 1", name=text, talk_time=5)],
            coverage=[Coverage(start=0, end=3, kind="music", inserted=True)],
            id=f"ep_hostile{number}", title=text, show=text, page_url=text,
        )  # fmt: skip
        made = made.model_copy(update={"language": text or None})
        api.finish(api.add_job(f"hostile{number}", title=text, show=text.replace("\0", "")), made)
        page = harmless(api.get(f"/episodes/ep_hostile{number}", params={"q": text[:200]}, headers=BROWSER))
        assert "alert(1)" not in "".join(node.text() for node in page.css("script"))
        show = api.get(page.css(".trail a")[1].attributes["href"] or "", headers=BROWSER)
        assert show.status_code == 200
        harmless(show)
    harmless(api.get("/", headers=BROWSER))


def test_show_notes_are_lines_with_links_to_the_web(api: Api) -> None:
    """Hostile ones, too."""
    page = harmless(api.get(f"/episodes/{example_id()}", headers=BROWSER))
    assert "Ben talks with Clara" in the(page, ".notes").text()
    for number, text in enumerate(HOSTILE):
        episode = Episode(id=f"ep_notes{number}", title="Notes", show="Notes")
        html = f'<p style="color:red" onclick="alert(1)">{text}</p><a href="{text}">one</a><a href="https://a.example/{text}">two</a>'
        asked = JobRequest(publication=Publication(episode=episode, notes=(Note(field="description", html=html),)))
        job = api.stores.requests.submit(NewJob(episode, "options", asked.model_dump_json())).job
        api.finish(job.id)
        page = harmless(api.get(f"/episodes/ep_notes{number}", headers=BROWSER))
        assert "one" in the(page, ".notes").text()


def test_more_voices_than_colours_share_them(api: Api) -> None:
    """Names tell them apart."""
    people = [Speaker(label=f"Speaker {n}", talk_time=1) for n in range(1, COLOURS + 3)]
    said = [transcripts.segment("Hello.", float(n), speaker=f"Speaker {n}") for n in range(1, COLOURS + 3)]
    api.finish(api.add_job("crowd"), transcripts.transcript(said, speakers=people, id="ep_crowd"))
    page = harmless(api.get("/episodes/ep_crowd", headers=BROWSER))
    classes = [said.attributes["class"] or "" for said in page.css(".said")]
    assert classes[0].split() == classes[COLOURS].split() == ["said", "voice-1"]


def test_a_page_of_three_hours_has_text_and_times_and_no_element_for_each_word(api: Api) -> None:
    """So it stays small; how fast it is made is measured in benchmarks."""
    api.finish(api.add_job("long"), transcripts.long_transcript(3, 30_000))  # which says that it is of another episode
    answer = api.get("/episodes/ep_long", headers=BROWSER)
    assert len(answer.content) < 700_000
    page = harmless(answer)
    assert len(page.css(".transcript *")) < 4000
    assert "/ep_long/" in (the(page, ".downloads a").attributes["href"] or "")
    assert sum(len((said.attributes["data-t"] or "").split(",")) for said in page.css(".said")) == 30_000
