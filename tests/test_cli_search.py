"""`earmark search`, after `earmark run`."""

from __future__ import annotations

import json
import re

import pytest

from tests.commands import AUDIO, Terminal, script_of_two_sentences


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A command line over an archive of one episode, which `earmark run` made."""
    folder = tmp_path_factory.mktemp("search")
    made = Terminal(folder)
    script = script_of_two_sentences(folder / "script.json")
    ran = made.earmark("run", AUDIO, "--engine", "scripted", "--model", script, "--diarizer", "none", "--language", "en")
    assert ran.status == 0, ran.err
    return made


def spoken(terminal: Terminal) -> list[str]:
    """Return the words of the episode."""
    (path,) = terminal.output.glob("*/*.transcript.json")
    return [word["text"] for part in json.loads(path.read_text("utf-8"))["segments"] for word in part["words"]]


def test_what_was_run_is_found_with_the_second_to_play_from(terminal: Terminal) -> None:
    """At once, without any service; hits are between stars where there is no terminal."""
    word = spoken(terminal)[2].strip(".,")
    listed = terminal.earmark("search", word)
    assert listed.status == 0, listed.err
    assert f"*{word}*" in listed.out
    assert re.match(r" +\d+:\d\d  ", listed.out)
    document = json.loads(terminal.earmark("search", word, "--json").out)
    assert (document["query"], document["not_indexed"], document["next"]) == (word, 0, None)
    moment = document["moments"][0]
    begin, end = moment["marks"][0]
    assert moment["sentence"][begin:end].lower() == word.lower()
    assert moment["start"] > 0


def test_nothing_found_and_no_query_are_told_apart(terminal: Terminal) -> None:
    """With what to do."""
    nothing = terminal.earmark("search", "volcano")
    assert (nothing.status, nothing.out) == (0, "Nothing was found.\n")
    empty = terminal.earmark("search")
    assert (empty.status, "There is nothing to look for." in empty.err) == (1, True)
    wrong = terminal.earmark("search", "after:soon tax")
    assert (wrong.status, "after: needs a date." in wrong.err, "Write after:" in wrong.err) == (1, True, True)
    assert "is not the place of a page" in terminal.earmark("search", "the", "--after", "nowhere").err


def test_a_lost_or_damaged_index_is_made_anew(terminal: Terminal) -> None:
    """A lost one by the next search, a damaged one by `--reindex`."""
    word = spoken(terminal)[2].strip(".,")
    for path in terminal.data.glob("search.db*"):
        path.unlink()
    assert f"*{word}*" in terminal.earmark("search", word).out
    for path in terminal.data.glob("search.db-*"):
        path.unlink()
    (terminal.data / "search.db").write_bytes(b"This is no database at all. " * 500)
    damaged = terminal.earmark("search", word)
    assert (damaged.status, "earmark search --reindex" in damaged.err) == (1, True)
    again = terminal.earmark("search", word, "--reindex")
    assert again.status == 0, again.err
    assert "The index has 1 episode." in again.err
    assert f"*{word}*" in again.out
