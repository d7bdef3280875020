"""A whole archive as a folder of pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from service.site.index import SHARDS, shard_of
from service.site.links import SiteLinks, show_path
from storage.documents import Episode, Speaker
from storage.export import FORMATS
from tests import transcripts
from tests.apiserver import Api, open_api
from tests.commands import Terminal
from tests.finished import example_id, open_finished
from tests.transcripts import HOSTILE


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, Terminal]]:
    """A ledger with the example and hostile episodes, and a terminal at it."""
    folder = tmp_path_factory.mktemp("archive")
    with open_finished(folder) as api:
        for number, text in enumerate(HOSTILE):
            made = transcripts.transcript(
                [transcripts.segment(text)] if text.split() else [],
                [transcripts.chapter(text, 0, 5, (0, 1), url=text)],
                speakers=[Speaker(label="Speaker 1", name=text, talk_time=5)],
                id=f"ep_hostile{number}", title=text, show=text, page_url=text,
            )  # fmt: skip
            api.finish(api.add_job(f"hostile{number}", title=text, show=text.replace("\0", "")), made)
        yield api, Terminal(folder)


@pytest.fixture(scope="module")
def made(archive: tuple[Api, Terminal], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of it, with audio."""
    out = tmp_path_factory.mktemp("out") / "site"
    done = archive[1].earmark("site", out, "--audio", "--json")
    told = json.loads(done.out)
    assert (told["episodes"], told["unreadable"], told["removed"]) == (1 + len(HOSTILE), [], 0)
    assert len(told["silent"]) == len(HOSTILE)
    return out


def _addresses(page: Path) -> Iterator[tuple[str, str]]:
    for node in LexborHTMLParser(page.read_text("utf-8")).css("[href], [src], [action]"):
        for name in ("href", "src", "action"):
            if value := node.attributes.get(name):
                yield node.tag or "", value


def test_every_link_leads_to_a_file_of_the_folder_or_to_the_web_by_a_click(made: Path) -> None:
    """Nothing is loaded from elsewhere, and nothing begins at a root."""
    pages = sorted(made.rglob("*.html"))
    assert len(pages) > len(HOSTILE)
    for page in pages:
        ids = {node.attributes["id"] for node in LexborHTMLParser(page.read_text("utf-8")).css("[id]")}
        for tag, address in _addresses(page):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                assert tag == "a"
                assert parts.scheme in {"http", "https"}
                continue
            assert not address.startswith("/")
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), (page, address)
            assert parts.path or parts.fragment in ids or not parts.fragment, (page, address)


def test_hostile_strings_are_text_in_every_page(made: Path) -> None:
    """And no code in any script."""
    for page in made.rglob("*.html"):
        tree = LexborHTMLParser(page.read_text("utf-8"))
        for node in tree.css("*"):
            assert node.tag not in {"iframe", "object", "embed", "base", "style", "img"}
            assert not any(name.startswith("on") or name in {"style", "srcdoc"} for name in node.attributes)
            assert node.tag != "script" or not node.text().strip()
    shape = re.compile(r'earmarkSearch\.take\("[a-z0-9-]+",(.*)\);\n', re.DOTALL)
    for script in (made / "search").iterdir():
        found = shape.fullmatch(script.read_text("ascii"))
        assert found is not None
        json.loads(found[1])
        assert "<" not in found[1]


def test_an_episode_comes_with_its_sound_and_all_its_files(made: Path) -> None:
    """One without sound says so."""
    episode = made / "episodes" / f"{example_id()}.html"
    tree = LexborHTMLParser(episode.read_text("utf-8"))
    sound = tree.css_first("audio")
    assert sound is not None
    assert (episode.parent / (sound.attributes["src"] or "")).resolve().stat().st_size > 100_000
    assert {path.name for path in (made / "episodes").glob(f"{example_id()}*")} == {
        f"{example_id()}{suffix}" for suffix in (".html", *(entry.suffix for entry in FORMATS.values()))
    }
    silent = LexborHTMLParser((made / "episodes" / "ep_hostile0.html").read_text("utf-8"))
    assert silent.css_first("audio") is None
    assert silent.css_first("#no-sound") is not None


def test_a_site_done_again_writes_what_has_changed_and_removes_what_is_gone(
    archive: tuple[Api, Terminal], tmp_path: Path
) -> None:
    """And touches nothing that somebody else put there."""
    out = tmp_path / "site"
    first = json.loads(archive[1].earmark("site", out, "--json").out)
    again = json.loads(archive[1].earmark("site", out, "--json").out)
    assert (again["files"], again["changed"], again["removed"]) == (first["files"], 0, 0)
    (out / "mine.txt").write_text("mine", "utf-8")
    fewer = json.loads(archive[1].earmark("site", out, "--show", "the open models show", "--json").out)
    assert (fewer["episodes"], fewer["removed"] > len(HOSTILE)) == (1, True)
    assert (out / "mine.txt").is_file()
    assert not (out / "episodes" / "ep_hostile0.html").exists()


def test_a_folder_that_is_no_site_is_left_alone(archive: tuple[Api, Terminal], tmp_path: Path) -> None:
    """Also one whose list leads out of it."""
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    refused = archive[1].earmark("site", tmp_path)
    assert refused.status == 1
    assert "no site of earmark" in refused.err
    (tmp_path / "site.json").write_text(json.dumps({"schema": "earmark.site/1", "files": ["../../etc/passwd"]}), "utf-8")
    assert archive[1].earmark("site", tmp_path).status == 1
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["mine.txt", "site.json"]


def test_an_unknown_show_and_an_empty_archive_are_said(archive: tuple[Api, Terminal], tmp_path: Path) -> None:
    """With what to do."""
    assert "no such show" in archive[1].earmark("site", tmp_path / "a", "--show", "nobody's").err
    assert "No episode has a transcript" in Terminal(tmp_path).earmark("site", tmp_path / "b").err
    assert not (tmp_path / "a").exists()


def test_a_transcript_that_is_damaged_is_left_out_and_named(archive: tuple[Api, Terminal], tmp_path: Path) -> None:
    """The others are there."""
    with open_api(tmp_path) as api:
        for name in ("good", "bad"):
            digest = api.finish(api.add_job(name), transcripts.transcript([transcripts.segment(name)], id=f"ep_{name}"))
        api.stores.blobs.remove(digest)
        api.stores.episodes.remember(Episode(id="ep_asked", title="Asked"))
        done = Terminal(tmp_path).earmark("site", tmp_path / "site")
    assert "Left out, because their transcripts cannot be read: ep_bad." in done.err
    assert (tmp_path / "site" / "episodes" / "ep_good.html").is_file()


def test_files_have_names_that_every_file_system_takes() -> None:
    """Whatever a show is called; and words lie in few files, found by how they begin."""
    for key in (None, "the-show", "東京", "x" * 300, "con", "ß"):
        assert re.fullmatch(r"shows/[a-z0-9_-]{1,90}\.html", show_path(key))
    assert show_path("the-show", "2") == "shows/the-show_2.html"
    assert SiteLinks(1).show("con").startswith("../shows/show_"), "a device on Windows"
    assert shard_of("transcribe") == shard_of("transcription") == shard_of("tr")
    assert shard_of("東京") == shard_of("東")
    assert {shard_of(f"{a}{b}") for a in "abcdefghij" for b in "abcdefghij"} <= set(range(SHARDS))
