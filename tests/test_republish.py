"""Shows given on as feeds: by the rules, and read back by other players' readers and by our own."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import podcastparser
import pytest
from lxml import etree

from jobs.chapters.choose import choose
from jobs.feed import Feed, read_feed
from jobs.fetch import Fetcher
from jobs.find_chapters import chapters_of_publication
from jobs.intake import read_chapter_links
from jobs.opml import read_opml
from jobs.places import read_place
from jobs.transcript_files.collect import collect_transcripts
from jobs.wire import FetchLimits
from storage.documents import Episode, Person, Speaker, Transcript
from storage.requests import NewJob
from tests import transcripts
from tests.apiserver import Api, open_api, problem_of
from tests.commands import Terminal
from tests.namespace_rules import ITUNES, PODCAST, PSC, complaints

FIRST_DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
OLDER_PODCAST = "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"
CAPTIONS = ("text/vtt", "application/x-subrip", "application/json")
FETCHER = Fetcher(FetchLimits(tries=1, document_seconds=5), allow_private=True)


def publish(api: Api, number: int, *, show: str = "The Show", hostile: str = "", **printed: Any) -> Transcript:
    """Put a transcribed episode into the ledger, as its feed printed it; return its transcript."""
    told = {
        "id": f"ep_{number}", "title": f"Episode {number}{hostile}", "show": show, "guid": f"tag:show.example,2024:{number}",
        "audio_url": f"https://cdn.example/{number}.mp3?a=1&b=(2)", "page_url": f"https://show.example/{number}",
        "published": FIRST_DAY + timedelta(days=number),
        "persons": (Person(name="Berta Item", role="guest", url="https://show.example/berta"),),
    }  # fmt: skip
    publication = {"bytes": 12345 + number, "media_type": "audio/mp4", "guid_is_permalink": False}
    episode = Episode.model_validate(told | {name: printed[name] for name in printed if name in Episode.model_fields})
    rest = {name: printed[name] for name in printed if name not in Episode.model_fields}
    request = json.dumps({"publication": {"episode": episode.model_dump(mode="json"), **publication, **rest}})
    job = api.stores.requests.submit(NewJob(episode, "options", request)).job
    said = [
        transcripts.segment(f"Welcome to number {number}.{hostile}", 0.0, speaker="Speaker 1"),
        transcripts.segment("Thanks for having me.", 10.0, speaker="Speaker 2"),
    ]
    chapters = [
        transcripts.chapter(f"Hello{hostile}", 0, 10, (0, 1), url="https://show.example/hello"),
        transcripts.chapter("Hidden", 9, 10, (1, 1), hidden=True),
        transcripts.chapter("All & about", 10, 62.5, (1, 2)),
    ]
    speakers = [Speaker(label="Speaker 1", name=f"Ann Other{hostile}"), Speaker(label="Speaker 2", name="Berta Item")]
    made = transcripts.transcript(said, chapters, speakers=speakers, **episode.model_dump())
    api.finish(job.id, made)
    return made


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API with a show of five transcribed episodes, one that waits, and another show."""
    with open_api(tmp_path_factory.mktemp("republish")) as running:
        for number in range(5):
            publish(running, number)
        running.add_job("waiting", show="The Show")
        publish(running, 9, show="Zoë's   *other* show")
        yield running


def read(api: Api, path: str = "/v1/shows/the-show/feed.xml", **params: Any) -> bytes:
    answer = api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.content


def own_reading(api: Api, data: bytes) -> Feed:
    return read_feed(data, url=f"{api.url}/v1/shows/the-show/feed.xml")


# ------------------------------------------------------------------ the rules


def test_a_republished_feed_keeps_to_the_rules_of_every_namespace(api: Api) -> None:
    """Attributes that are required, types that are allowed, one of what there may be one of."""
    feed = read(api)
    assert complaints(feed) == []
    channel = etree.fromstring(feed)[0]
    assert len(channel.findall("item")) == 5
    assert channel.findtext(f"{{{ITUNES}}}block") == "Yes"
    assert channel.findtext(f"{{{PODCAST}}}locked") == "yes"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'type="text/vtt"', b'type="text/html5"', "podcast:transcript of type"),
        (b' type="application/json+chapters"', b"", "chapters has no type"),
        (b'isPermaLink="false"', b'isPermaLink="true"', "is no permanent link"),
        (b'role="guest"', b'role="boss"', "podcast:person as boss"),
        (b'length="12345"', b'length="many"', "enclosure of many bytes"),
        (b"<description>The Show", b"<x>The Show", ""),
        (b"https://show.example/berta", b"javascript:alert(1)", "person leads to"),
        (b'start="00:00:10.000"', b'start="soon"', "psc:chapter at soon"),
        (b'rel="captions"', b'rel="words"', "podcast:transcript in"),
    ],
)
def test_the_rules_notice_what_is_against_them(api: Api, old: bytes, new: bytes, said: str) -> None:
    """So that the test above says something."""
    feed = read(api)
    assert old in feed
    if said:
        assert any(said in complaint for complaint in complaints(feed.replace(old, new)))
    else:
        with pytest.raises(etree.XMLSyntaxError):
            complaints(feed.replace(old, new))


def test_an_item_tells_what_its_publisher_printed(api: Api) -> None:
    """Guid, page, date, and the file with its length and type."""
    item = etree.fromstring(read(api)).findall("channel/item")[0]
    guid, enclosure = item.find("guid"), item.find("enclosure")
    assert guid is not None
    assert enclosure is not None
    assert (guid.text, guid.get("isPermaLink")) == ("tag:show.example,2024:4", "false")
    assert dict(enclosure.items()) == {"url": "https://cdn.example/4.mp3?a=1&b=(2)", "length": "12349", "type": "audio/mp4"}
    assert item.findtext("link") == "https://show.example/4"
    assert item.findtext("pubDate") == "Sun, 05 May 2024 12:00:00 +0000"
    assert item.findtext(f"{{{ITUNES}}}duration") == "3726"  # measured, where the feed did not say


def test_a_guid_is_a_permanent_link_where_the_feed_meant_so(tmp_path: Any) -> None:
    """Also where it said nothing; what is no address is none, whatever a feed says."""
    page = "https://show.example/1"
    with open_api(tmp_path) as own:
        publish(own, 1, guid=page, guid_is_permalink=True)
        publish(own, 2, guid=f"{page}?2", guid_is_permalink=None)
        publish(own, 3, guid=f"{page}?3", guid_is_permalink=False)
        publish(own, 4, guid="four", guid_is_permalink=True)
        publish(own, 5, guid=None)
        items = etree.fromstring(read(own)).findall("channel/item/guid")
    assert [(guid.text, guid.get("isPermaLink")) for guid in items[::-1]] == [
        (page, "true"), (f"{page}?2", "true"), (f"{page}?3", "false"), ("four", "false"), ("ep_5", "false"),
    ]  # fmt: skip


def test_a_file_of_this_machine_is_offered_from_here(tmp_path: Any) -> None:
    """Nobody else could read its path, which is nobody's business either."""
    with open_api(tmp_path) as own:
        publish(own, 1, audio_url="file:///home/ann/talk.mp3")
        feed = read(own)
    assert b"/home/ann" not in feed
    enclosure = etree.fromstring(feed).find("channel/item/enclosure")
    assert enclosure is not None
    assert dict(enclosure.items()) == {"url": f"{own.url}/v1/episodes/ep_1/audio", "length": "10", "type": "audio/mpeg"}


# ------------------------------------------------------------------ reading back


def test_our_own_reader_reads_the_same_chapters_and_transcripts(api: Api) -> None:
    """From the addresses in the feed, over HTTP; each format of the transcript says the same words."""
    feed = own_reading(api, read(api))
    assert feed.title == "The Show"
    assert [p.episode.title for p in feed.publications] == [f"Episode {n}" for n in (4, 3, 2, 1, 0)]
    publication = feed.publications[0]
    (printed,) = publication.chapters
    linked = read_chapter_links(publication.chapter_links, FETCHER)
    assert linked.warnings == ()
    (json_chapters,) = linked.sources
    assert [(m.start, m.title) for m in printed.marks] == [(0, "Hello"), (10, "All & about")]
    assert [(m.start, m.title, m.hidden) for m in json_chapters.marks] == [
        (0, "Hello", False), (9, "Hidden", True), (10, "All & about", False),
    ]  # fmt: skip
    chosen = choose([json_chapters, printed], duration=3725.5)
    assert [chapter.title for chapter in chosen.marks] == ["Hello", "Hidden", "All & about"]
    assert [link.media_type for link in publication.transcript_links] == list(CAPTIONS)
    for link in publication.transcript_links:
        offered = collect_transcripts([link], "en", FETCHER)
        assert offered.warnings == (), link.url
        cues = offered.transcripts[0].cues
        assert [cue.text.removeprefix("Ann Other: ").removeprefix("Berta Item: ") for cue in cues] == [
            "Welcome to number 4.", "Thanks for having me.",
        ], link.url  # fmt: skip
        assert [round(cue.start) for cue in cues] == [0, 10]
    people = {(person.name, person.role) for person in publication.episode.persons}
    assert people == {("Berta Item", "guest"), ("Ann Other", "host")}  # whose role nobody knows is read as a host's


def test_our_own_chapters_command_finds_them_in_the_feed(api: Api) -> None:
    """As it would in any other."""
    found = chapters_of_publication(own_reading(api, read(api)).publications[0], FETCHER, with_audio=False)
    assert [source.kind for source in found.choice.sources if source.marks] == ["podcast_json", "psc"]
    assert [chapter.title for chapter in found.choice.marks] == ["Hello", "Hidden", "All & about"]


def test_feedparser_reads_it_back(api: Api) -> None:
    """Which most programs in Python use; it keeps the last of several transcripts."""
    parsed = feedparser.parse(io.BytesIO(read(api)))
    assert not parsed.bozo
    newest = parsed.entries[0]
    assert (newest.id, newest.title, newest.itunes_duration) == ("tag:show.example,2024:4", "Episode 4", "3726")
    assert newest.enclosures[0].href == "https://cdn.example/4.mp3?a=1&b=(2)"
    assert [chapter["title"] for chapter in newest.psc_chapters.chapters] == ["Hello", "All & about"]
    assert api.client.get(newest.podcast_chapters["url"]).json()["chapters"][2]["startTime"] == 10
    last = api.client.get(newest.podcast_transcript["url"])
    assert last.json()["segments"][1] == {
        "speaker": "Berta Item", "startTime": 10.0, "endTime": 11.35, "body": "Thanks for having me.",
    }  # fmt: skip


def test_podcastparser_reads_it_back(api: Api) -> None:
    """Which gPodder uses. Of the namespace's two addresses, which mean the same, it knows only the older one."""
    feed = read(api).replace(PODCAST.encode(), OLDER_PODCAST.encode())
    parsed = podcastparser.parse(f"{api.url}/v1/shows/the-show/feed.xml", io.BytesIO(feed))
    newest = parsed["episodes"][0]
    assert (parsed["title"], newest["title"], newest["guid"]) == ("The Show", "Episode 4", "tag:show.example,2024:4")
    assert (newest["total_time"], newest["link"]) == (3726, "https://show.example/4")
    assert newest["enclosures"][0]["file_size"] == 12349
    assert [(chapter["start"], chapter["title"]) for chapter in newest["chapters"]] == [(0, "Hello"), (10, "All & about")]
    assert api.client.get(newest["chapters_json_url"]).json()["chapters"][0]["title"] == "Hello"
    assert [person["name"] for person in newest["persons"]] == ["Berta Item", "Ann Other"]
    assert "Welcome" in api.client.get(newest["transcript_url"]).text


# ------------------------------------------------------------------ pages, and what is known already


def test_a_long_feed_comes_in_pages(api: Api) -> None:
    """RFC 5005: each names the next and the first; together they have every episode once."""
    address, titles, pages = f"{api.url}/v1/shows/the-show/feed.xml?limit=2", list[str](), 0
    first = address
    while address:
        data = api.client.get(address).content
        assert complaints(data) == []
        links = {link.get("rel"): link.get("href") for link in etree.fromstring(data)[0].iterfind("{*}link") if link.get("rel")}
        assert links["self"] == address
        assert links["first"] == first
        titles += [title.text or "" for title in etree.fromstring(data).iterfind("channel/item/title")]
        address, pages = links.get("next") or "", pages + 1
    assert (titles, pages) == ([f"Episode {n}" for n in (4, 3, 2, 1, 0)], 3)


def test_a_feed_that_is_known_is_not_sent_again(api: Api) -> None:
    """By its tag, or by its date; the tag goes before."""
    path = "/v1/shows/the-show/feed.xml"
    answer = api.get(path)
    tag, built = answer.headers["etag"], answer.headers["last-modified"]
    assert answer.headers["content-type"].startswith("application/rss+xml")
    head = api.client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    for known in ({"If-None-Match": tag}, {"If-None-Match": f"W/{tag}"}, {"If-Modified-Since": built}):
        again = api.get(path, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for other in (
        {"If-None-Match": '"other"', "If-Modified-Since": built},
        {"If-Modified-Since": "Wed, 01 May 2024 12:00:00 GMT"},
        {"If-Modified-Since": "yesterday"},
    ):
        assert api.get(path, headers=other).status_code == 200


def test_a_new_transcript_changes_the_feed(tmp_path: Any) -> None:
    """And its tag."""
    with open_api(tmp_path) as own:
        publish(own, 1)
        tag = own.get("/v1/shows/the-show/feed.xml").headers["etag"]
        publish(own, 2)
        answer = own.get("/v1/shows/the-show/feed.xml", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["etag"] != tag


def test_a_transcript_that_is_gone_leaves_the_others(tmp_path: Any) -> None:
    """A feed with a hole is better than none."""
    with open_api(tmp_path) as own:
        publish(own, 1)
        publish(own, 2)
        own.stores.blobs.path(own.stores.episodes.get("ep_1").transcript or "").unlink()
        titles = [title.text for title in etree.fromstring(read(own)).iterfind("channel/item/title")]
    assert titles == ["Episode 2"]


def test_a_show_without_transcripts_has_no_feed(api: Api) -> None:
    """Nor has one that nobody asked for."""
    api.add_job("lonely", show="Lonely")
    assert "has a transcript yet" in problem_of(api.get("/v1/shows/lonely/feed.xml"), 404)["detail"]
    assert "no such show" in problem_of(api.get("/v1/shows/nothing/feed.xml"), 404)["detail"]
    problem_of(api.get("/v1/shows/the-show/feed.xml", params={"after": "nonsense"}), 422)
    problem_of(api.get("/v1/shows/the-show/feed.xml", params={"limit": 100_000}), 422)


# ------------------------------------------------------------------ hostile strings


@pytest.mark.parametrize("hostile", transcripts.HOSTILE)
def test_hostile_strings_are_text_and_nothing_else(tmp_path: Any, hostile: str) -> None:
    """In titles, chapters, names and notes: the feed is whole, by the rules, and read back."""
    bad = {
        "image": hostile,
        "page_url": hostile,
        "guid": f"g{hostile}",
        "notes": ({"field": "description", "html": f"N{hostile}"},),
    }
    with open_api(tmp_path) as own:
        publish(own, 1, show="The Show", hostile=hostile, **bad)
        feed = read(own)
    assert complaints(feed) == []
    (publication,) = own_reading(own, feed).publications
    assert publication.episode.title.startswith("Episode 1")
    (item,) = etree.fromstring(feed).iterfind("channel/item")
    assert {etree.QName(element).localname for element in item.iter()} <= {
        "item", "title", "guid", "pubDate", "enclosure", "duration", "transcript", "chapters", "chapter", "person", "description",
    }  # fmt: skip
    marks = [chapter.get("title", "") for chapter in item.iterfind(f"{{{PSC}}}chapters/{{{PSC}}}chapter")]
    assert marks[0].startswith("Hello")
    html = etree.fromstring(f"<p>{item.findtext('description') or ''}</p>", etree.HTMLParser())
    inside = [element for element in html.iter() if isinstance(element.tag, str)]
    assert not {element.tag for element in inside} & {"script", "img", "iframe", "style", "object", "form", "svg"}
    assert all(str(value).partition(":")[0] in {"http", "https"} for e in inside for name, value in e.items() if name == "href")
    assert not any(str(name).startswith("on") or name == "style" for element in inside for name, _ in element.items())


def test_show_notes_keep_their_text_links_and_lists(tmp_path: Any) -> None:
    """The fullest field of them."""
    notes = (
        {"field": "description", "html": "Short."},
        {"field": "content:encoded", "html": "<p onclick='x()'>See <a href='https://a.example/'>this</a><img src='https://t.example/'>"
         "<a href='javascript:x()'>that</a><script>y()</script></p><ul><li>one</li></ul>"},
    )  # fmt: skip
    with open_api(tmp_path) as own:
        publish(own, 1, notes=notes)
        found = etree.fromstring(read(own)).findtext("channel/item/description")
    link = '<a href="https://a.example/" rel="nofollow noopener noreferrer">this</a>'
    assert found == f'<p>See {link}<a rel="nofollow noopener noreferrer">that</a></p><ul><li>one</li></ul>'


# ------------------------------------------------------------------ keys, and the addresses in a feed


def test_players_that_send_no_header_come_in_by_a_key_in_the_address(tmp_path: Any) -> None:
    """Every link of the feed carries it, and opens; nothing else does."""
    with open_api(tmp_path, require_token=True) as strict:
        publish(strict, 1)
        _, key = strict.context.tokens.create("player", scope="feeds")
        path = "/v1/shows/the-show/feed.xml"
        problem_of(strict.get(path), 401)
        feed = etree.fromstring(read(strict, path, key=key))
        links = [
            element.get("url") or "" for element in feed.iterfind("channel/item/{*}*") if element.get("url", "")[:4] == "http"
        ]
        ours = [link for link in links if link.startswith(strict.url)]
        assert len(ours) == 4
        assert all(strict.client.get(link).status_code == 200 for link in ours)
        assert strict.get("/v1/shows.opml", params={"key": key}).status_code == 200
        for other in ("/v1/episodes", "/v1/jobs", "/v1/episodes/ep_1", "/v1/shows", "/v1/feeds", "/openapi.json"):
            problem_of(strict.get(other, params={"key": key}), 401)
        for method in ("POST", "DELETE", "PUT"):
            assert strict.client.request(method, path, params={"key": key}).status_code == 401
        problem_of(strict.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"}), 401)


def test_a_token_of_the_api_is_no_feed_key(tmp_path: Any) -> None:
    """It belongs in no address, where logs and others would see it."""
    with open_api(tmp_path, require_token=True) as strict:
        publish(strict, 1)
        record, token = strict.context.tokens.create("laptop")
        told = problem_of(strict.get("/v1/shows/the-show/feed.xml", params={"key": token}), 401)
        assert "a token of the API is none" in told["hint"]
        assert strict.get("/v1/shows/the-show/feed.xml", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        key_record, key = strict.context.tokens.create("player", scope="feeds")
        assert record.scope == "api"
        strict.context.tokens.revoke(key_record.id)
        problem_of(strict.get("/v1/shows/the-show/feed.xml", params={"key": key}), 401)
        forged = token.replace("earmark_", "earmarkfeed_")
        problem_of(strict.get("/v1/shows/the-show/feed.xml", params={"key": forged}), 401)
        problem_of(strict.get("/v1/jobs", headers={"Authorization": f"Bearer {key.replace('earmarkfeed_', 'earmark_')}"}), 401)


def test_a_key_for_one_show_opens_that_show_alone(tmp_path: Any) -> None:
    """Its feed, its transcripts; neither another's, nor the list of all."""
    with open_api(tmp_path, require_token=True) as strict:
        publish(strict, 1)
        publish(strict, 2, show="Another")
        _, key = strict.context.tokens.create("player", scope="feeds", show="the-show")

        def status(path: str) -> int:
            return strict.get(path, params={"key": key}).status_code

        assert status("/v1/shows/the-show/feed.xml") == status("/v1/episodes/ep_1/transcript") == 200
        refused = ("/v1/shows/another/feed.xml", "/v1/episodes/ep_2/transcript", "/v1/shows.opml", "/v1/episodes/ep_9/transcript")
        assert [status(path) for path in refused] == [403, 403, 403, 403]


def test_links_begin_as_the_request_did(tmp_path: Any) -> None:
    """With the name that a proxy has, by TLS; or as the settings say. What is no name of a host is not repeated."""
    with open_api(tmp_path / "proxy", names=("pods.example.com",), host="0.0.0.0") as offered:
        publish(offered, 1)
        _, key = offered.context.tokens.create("player", scope="feeds")

        def base(host: str) -> str:
            answer = offered.get("/v1/shows/the-show/feed.xml", params={"key": key}, headers={"Host": host})
            link = etree.fromstring(answer.content).find("channel/item/{*}transcript")
            assert link is not None
            return (link.get("url") or "").partition("/v1/")[0]

        assert base("pods.example.com") == "https://pods.example.com"
        assert base("192.0.2.1:8000") == "http://192.0.2.1:8000"
        assert base('evil"><script>') == ""
    with open_api(tmp_path / "told", public_url="https://example.org/earmark/") as told:
        publish(told, 1)
        assert b'url="https://example.org/earmark/v1/episodes/ep_1/transcript?format=vtt"' in read(told)


# ------------------------------------------------------------------ all shows, and the command


def test_all_shows_are_an_opml_list(api: Api) -> None:
    """That our own reader subscribes to."""
    data = read(api, "/v1/shows.opml")
    assert etree.fromstring(data).get("version") == "2.0"
    found = read_opml(data)
    assert [(feed.title, feed.url.removeprefix(api.url)) for feed in found] == [
        ("The Show", "/v1/shows/the-show/feed.xml"),
        ("Zoë's *other* show", "/v1/shows/zo%C3%AB-s-other-show/feed.xml"),
    ]
    for feed in found:
        assert complaints(read_place(feed.url, FETCHER, accept="*/*", max_bytes=1 << 20)) == []
    tag = api.get("/v1/shows.opml").headers["etag"]
    assert api.get("/v1/shows.opml", headers={"If-None-Match": tag}).status_code == 304


def test_the_command_writes_the_same_feed(tmp_path: Any) -> None:
    """For a web server of one's own; it has to be told where the API is."""
    with open_api(tmp_path) as own:
        publish(own, 1)
        offered = read(own, limit=1000)
        terminal = Terminal(tmp_path)
        printed = terminal.earmark("feed", "The SHOW", "--base", own.url)
        assert (printed.status, printed.out.encode()) == (0, offered)
        target = tmp_path / "feed.xml"
        assert terminal.earmark("feed", "the show", "--base", own.url, "-o", target).status == 0
        assert target.read_bytes() == offered
        assert "xmlUrl" in terminal.earmark("feed", "--base", own.url, "--key", "k").out
        assert "EARMARK_PUBLIC_URL" in terminal.earmark("feed", "The Show").err
        assert "no such show" in terminal.earmark("feed", "Nothing", "--base", own.url).err


def test_the_command_makes_feed_keys(tmp_path: Any) -> None:
    """For all shows, or for one that is there."""
    with open_api(tmp_path) as own:
        publish(own, 1)
        terminal = Terminal(tmp_path)
        made = terminal.earmark("token", "create", "player", "--feeds", "--show", "the show")
        assert "opens the feed of the-show" in " ".join(made.err.split())
        known = own.context.tokens.check(made.out.strip(), scope="feeds")
        assert known is not None
        assert (known.name, known.show) == ("player", "the-show")
        assert "all feeds" in terminal.earmark("token", "create", "player", "--feeds").err
        assert {row["scope"] for row in json.loads(terminal.earmark("token", "list", "--json").out)["tokens"]} == {"feeds"}
        assert "--feeds" in terminal.earmark("token", "create", "x", "--show", "The Show").err
        assert terminal.earmark("token", "create", "x", "--feeds", "--show", "Nope").status == 1
