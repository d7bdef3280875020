"""The search index, in SQLite and in PostgreSQL: what is put in is found, ranked, paged, and forgotten."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import storage.search.index
import storage.search.postgres
import storage.search.sqlite
from storage.database import connect, open_database, reading
from storage.documents import Transcript
from storage.errors import OptionError, QueryInvalid
from storage.search.index import SearchIndex, search
from storage.search.moments import Moment
from storage.search.passages import Entry, passages_of
from storage.search.postgres import PostgresIndex
from storage.search.query import Term, parse_query
from storage.search.sqlite import SqliteIndex
from storage.search.tokens import tokens_of
from tests.test_search_query import hostile
from tests.transcripts import chapter, segment, transcript, transcripts


@pytest.fixture
def index(ledger_url: str, tmp_path: Path) -> Iterator[SearchIndex]:
    """Lend an empty index in each of the databases."""
    if ledger_url.startswith("sqlite"):
        opened: SearchIndex = SqliteIndex(tmp_path / "search.db")
        yield opened
        opened.close()
        return
    engine = open_database(ledger_url)
    yield PostgresIndex(engine)
    engine.dispose()


def put(index: SearchIndex, name: str, made: Transcript, *, day: date = date(2024, 5, 1), digest: str = "1") -> Entry:
    """Index a transcript under a name; return what is kept of the episode."""
    entry = Entry(f"ep_{name}", made.episode.title, made.episode.show, day, 1.5e9, digest)
    index.put(entry, list(passages_of(made)))
    return entry


def found(index: SearchIndex, text: str, **more: Any) -> list[Moment]:
    """Return the first page."""
    return list(search(index, parse_query(text), **more).items)


def names(index: SearchIndex, text: str) -> list[str]:
    """Return the episodes on the first page, each once."""
    return list(dict.fromkeys(moment.episode_id for moment in found(index, text, limit=500)))


TALK = transcript(
    [
        segment("We talk about interest rates. And then of inflation, perhaps!", 0, speaker="Speaker 1"),
        segment("Indeed the rates of interest rise.", 10, speaker="Speaker 2"),
        segment("今日は東京都に行きました。", 20, speaker="Speaker 2"),
        segment("ขอบคุณครับ", 30, speaker="Speaker 1"),
    ],
    [chapter("Money matters", 0, 15, (0, 2)), chapter("旅行", 15, 40, (2, 4))],
)


@pytest.mark.parametrize(
    ("text", "sentence", "marked", "start"),
    [
        ("rates", "We talk about interest rates.", ["rates"], 1.4),
        ("RATES interest", "We talk about interest rates.", ["interest", "rates"], 1.05),
        ('"rates of interest"', "Indeed the rates of interest rise.", ["rates of interest"], 10.7),
        ("infla*", "And then of inflation, perhaps!", ["inflation"], 2.8),
        ("東京", "今日は東京都に行きました。", ["東京"], 20.0),
        ("京", "今日は東京都に行きました。", ["京"], 20.0),
        ("した", "今日は東京都に行きました。", ["した"], 20.0),
        ("ครับ", "ขอบคุณครับ", ["ครับ"], 30.0),
        ("speaker:ann rates", "We talk about interest rates.", ["rates"], 1.4),
        ('speaker:"speaker 2" rates', "Indeed the rates of interest rise.", ["rates"], 10.7),
        ("chapter:money rise", "Indeed the rates of interest rise.", ["rise"], 11.75),
        ("matters rise", "Indeed the rates of interest rise.", ["rise"], 11.75),
        ("show:show after:2024-05-01 before:2024-05-02 rise", "Indeed the rates of interest rise.", ["rise"], 11.75),
        ("money", "We talk about interest rates.", [], 0.0),
        ("旅行", "今日は東京都に行きました。", [], 15.0),
        ("speaker:other chapter:旅", "ขอบคุณครับ", [], 30.0),
        ("chapter:旅行", "今日は東京都に行きました。", [], 15.0),
    ],
)
def test_a_moment_is_the_sentence_with_its_hits_and_the_second_to_play_from(
    index: SearchIndex, text: str, sentence: str, marked: list[str], start: float
) -> None:
    """Of a title that was found, the start of its chapter."""
    put(index, "a", TALK)
    (moment,) = found(index, text)
    assert (moment.sentence, [moment.sentence[a:b] for a, b in moment.marks]) == (sentence, marked)
    assert moment.start == pytest.approx(start)
    assert (moment.title, moment.show, moment.episode_id) == ("A Talk", "The Show", "ep_a")
    assert moment.chapter == ("Money matters" if start < 15 else "旅行")


@pytest.mark.parametrize(
    "text",
    [
        "rat", '"interest of"', '"talk indeed"', "rates -inflation", "infla", "show:other rates", "speaker:ann rise",
        "speaker:bob", "chapter:rates", "after:2024-05-02 rates", "before:2024-05-01 rates", "大阪", "東都",
        "rates 東京", "words", "mc",
    ],
)  # fmt: skip
def test_what_does_not_hold_is_not_found(index: SearchIndex, text: str) -> None:
    """Every part of the query has to."""
    put(index, "a", TALK)
    assert found(index, text) == []


def test_a_title_or_a_name_is_found_once_and_not_with_every_passage(index: SearchIndex) -> None:
    """A chapter at its start, an episode and a show at theirs, speakers where somebody first speaks."""
    segments = [segment("so it goes on " * 30, 60.0 * n, speaker=f"Speaker {1 + n // 6}") for n in range(12)]
    put(index, "a", transcript(segments, [chapter("Opening", 0, 300, (0, 5)), chapter("Bridges", 300, 720, (5, 12))]))
    assert [(moment.chapter, moment.start) for moment in found(index, "bridges")] == [("Bridges", 300.0)]
    assert [moment.start for moment in found(index, "talk")] == [0.0]
    assert [moment.start for moment in found(index, "show:show")] == [0.0]
    assert [moment.start for moment in found(index, "ann")] == [0.0, 300.0]
    assert [moment.start for moment in found(index, '"speaker 2"')] == [360.0]
    assert len(found(index, "bridges goes")) == len(found(index, "chapter:bridges goes")) > 2


@pytest.mark.parametrize("count", [3, 210])
def test_a_title_is_not_found_where_what_is_to_be_left_out_is_said_or_titled(index: SearchIndex, count: int) -> None:
    """However many there are."""
    titles = [chapter("Volcano", 0, 5, (0, 1)), chapter("Volcano and glacier", 5, 10, (1, 2))]
    for number in range(count):
        said = "ash and snow" if number % 3 else "ash"
        put(index, f"{number:03d}", transcript([segment(said, 0), segment("ash", 5)], titles))
    assert len(found(index, "volcano", limit=500)) == 2 * count
    assert len(found(index, "volcano -glacier", limit=500)) == count
    assert names(index, "volcano -glacier -snow") == sorted((f"ep_{n:03d}" for n in range(0, count, 3)), reverse=True)
    index.remove([f"ep_{n:03d}" for n in range(count)])
    assert found(index, "volcano") == []


def test_titles_of_chapters_are_ranked_above_words(index: SearchIndex) -> None:
    """Then where it is said most often."""
    other = "on and on it goes " * 20
    put(index, "once", transcript([segment(f"volcano {other}")]))
    put(index, "often", transcript([segment(f"volcano volcano volcano {other}")]), day=date(2023, 1, 1))
    put(index, "titled", transcript([segment(other)], [chapter("Volcano", 0, 5, (0, 1))]), day=date(2022, 1, 1))
    put(index, "other", transcript([segment(other)]))
    assert names(index, "volcano") == ["ep_titled", "ep_often", "ep_once"]


def test_an_episode_that_is_put_again_replaces_what_was_there(index: SearchIndex) -> None:
    """Nothing of the old is found; one that is removed is forgotten."""
    put(index, "a", transcript([segment("The first version.")]))
    put(index, "b", transcript([segment("The first and other.")]))
    put(index, "a", transcript([segment("A second one.")]), digest="2", day=date(2023, 1, 1))
    assert names(index, "first") == ["ep_b"]
    assert names(index, "second") == ["ep_a"]
    assert index.digests() == {"ep_a": "2", "ep_b": "1"}
    assert index.digests("ep_a") == {"ep_a": "2"}
    index.remove(["ep_a", "ep_unknown"])
    assert names(index, "second") == []
    index.clear()
    assert (names(index, "first"), index.digests()) == ([], {})


def test_pages_hold_every_moment_once_and_what_comes_in_meanwhile_shifts_nothing(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where more matches than is ranked at once: then the newest come first, window by window."""
    for module in (storage.search.sqlite, storage.search.postgres, storage.search.index):
        monkeypatch.setattr(module, "WINDOW", 4)
    for number in range(11):
        put(index, str(number), transcript([segment(f"common {'common ' * (number % 3)} word")]), day=date(2024, 1, 1 + number))
    seen: list[str] = []
    after: str | None = None
    while True:
        page = search(index, parse_query("common"), after=after, limit=3)
        assert len(page.items) <= 3
        seen += [moment.episode_id for moment in page.items]
        after = page.next
        if after is None:
            break
        put(index, f"new {after}", transcript([segment("common")]), day=date(2025, 1, 1))
    assert sorted(seen) == sorted(f"ep_{number}" for number in range(11))
    assert set(seen[:4]) == {"ep_10", "ep_9", "ep_8", "ep_7"}
    assert set(seen[4:8]) == {"ep_6", "ep_5", "ep_4", "ep_3"}


@pytest.mark.parametrize("after", ["x", "WzEsICJhIl0", "Wy0xLCAiIl0", "WzFlOSwgIiJd", "WzAsICI5OTk5OTk5OTk5OTk5OTk5OTk5OTk5Il0"])
def test_a_place_that_no_page_named_is_refused(index: SearchIndex, after: str) -> None:
    """Whatever it holds."""
    with pytest.raises(OptionError, match="not the place of a page"):
        found(index, "word", after=after)


def test_what_a_speaker_says_is_looked_for_in_all_that_others_say(index: SearchIndex) -> None:
    """Passages that hold both are read until the page is full."""
    for number in range(30):
        who = "Speaker 1" if number % 10 == 0 else "Speaker 2"
        other = "Speaker 2" if number % 10 == 0 else "Speaker 1"
        put(index, str(number), transcript([segment("a rare thing", speaker=who), segment("well then", 9, speaker=other)]))
    assert len(found(index, "speaker:ann rare", limit=5)) == 3
    assert {moment.speaker for moment in found(index, "speaker:ann rare")} == {"Ann Other"}


def test_a_search_that_takes_too_long_is_given_up_and_says_what_to_do(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is what counts, whatever the query is."""
    words = " ".join(f"word{number}" for number in range(3000))
    for number in range(20):
        put(index, str(number), transcript([segment(words)]))
    assert found(index, "word1*")
    monkeypatch.setattr(storage.search.sqlite, "PATIENCE", 0.0)
    monkeypatch.setattr(storage.search.postgres, "_LONGEST", 0.001)
    asked = parse_query('word1* word2* word11* "word11 word12"')
    with pytest.raises(QueryInvalid, match="matches too much") as caught:  # noqa: PT012 - one of many may be fast
        for _ in range(50):
            search(index, asked)
    assert caught.value.hint
    monkeypatch.undo()
    assert found(index, "word77")


def test_an_index_of_another_version_is_dropped(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it can be made again; one of the same version stays."""
    path = tmp_path / "search.db"
    engine = connect(ledger_url)

    def opened() -> SearchIndex:
        return SqliteIndex(path) if ledger_url.startswith("sqlite") else PostgresIndex(engine)

    first = opened()
    put(first, "a", TALK)
    first.close()
    again = opened()
    assert set(again.digests()) == {"ep_a"}
    again.close()
    for module in (storage.search.sqlite, storage.search.postgres):
        monkeypatch.setattr(module, "VERSION", "another")
    newer = opened()
    assert newer.digests() == {}
    put(newer, "a", TALK)
    assert names(newer, "rates") == ["ep_a"]
    newer.close()
    engine.dispose()


def test_indexing_in_postgresql_does_not_wait_for_the_ledger(ledger_url: str) -> None:
    """Nor the ledger for it: they write no common table."""
    if ledger_url.startswith("sqlite"):
        pytest.skip("there the index is another file")
    engine = open_database(ledger_url)
    index = PostgresIndex(engine)
    with engine.begin():  # holds the lock of the one that writes to the ledger
        put(index, "a", TALK)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM search_passages").scalar() == 2
    engine.dispose()


# ------------------------------------------------------------------ whatever comes


@pytest.fixture(scope="module")
def archive() -> Iterator[SqliteIndex]:
    """One index with the talk in it."""
    with tempfile.TemporaryDirectory() as folder:
        index = SqliteIndex(Path(folder) / "search.db")
        put(index, "a", TALK)
        yield index
        index.close()


@given(hostile)
def test_any_text_is_answered_or_refused(archive: SqliteIndex, text: str) -> None:
    """No syntax of the database gets through."""
    try:
        query = parse_query(text)
    except QueryInvalid:
        return
    for moment in search(archive, query).items:
        assert moment.episode_id == "ep_a"


@pytest.mark.parametrize(
    "text", ['"', "(", "NEAR(a b)", "words:rates", "found MATCH 'x'", "'; DROP TABLE passages; --", "!a | b & c:*"]
)
def test_the_syntax_of_the_databases_means_nothing(index: SearchIndex, text: str) -> None:
    """It is words, or no query."""
    put(index, "a", TALK)
    try:
        query = parse_query(text)
    except QueryInvalid:
        return
    assert search(index, query).items == ()


letters = st.lists(st.sampled_from(["a", "b", "ab", "c", "東", "京東", "大"]), min_size=1, max_size=5).map(" ".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.lists(letters, min_size=1, max_size=6), letters, st.booleans(), st.booleans())
def test_exactly_the_passages_that_hold_a_phrase_are_found(
    index: SearchIndex, texts: Sequence[str], phrase: str, quoted: bool, excluded: bool
) -> None:
    """As plain looking for its tokens says, in both databases."""
    index.clear()
    for number, text in enumerate(texts):
        put(index, str(number), transcript([segment(text, speaker=None)], title="t", show=None, speakers=()))
    text = f'"{phrase}"' if quoted else phrase
    query = parse_query(f"{text} -c" if excluded else text)
    expected = {
        f"ep_{number}"
        for number, spoken in enumerate(texts)
        if all(holds(spoken, term) for term in query.terms) and not any(holds(spoken, term) for term in query.excluded)
    }
    page = search(index, query, limit=100)
    assert {moment.episode_id for moment in page.items} == expected
    assert all(moment.marks for moment in page.items)


def holds(text: str, term: Term) -> bool:
    """Tell whether the tokens of a term follow each other in those of a text."""
    tokens, size = [token.text for token in tokens_of(text)], len(term.tokens)
    for at in range(len(tokens) - size + 1):
        *exact, last = tokens[at : at + size]
        if exact == list(term.tokens[:-1]) and (last.startswith(term.tokens[-1]) if term.open_ended else last == term.tokens[-1]):
            return True
    return False


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
@given(transcripts(orderly=False))
def test_any_transcript_is_indexed_and_its_words_are_found(index: SearchIndex, made: Transcript) -> None:
    """However hostile its texts: each word leads to a moment whose marks lie inside the sentence."""
    index.clear()
    made = made.model_copy(update={"episode": made.episode.model_copy(update={"title": "t"})})
    put(index, "a", made)
    for spoken in [word.text for part in made.segments for word in part.words][:6]:
        try:
            query = parse_query(f'"{spoken.replace(chr(34), " ")}"')
        except QueryInvalid:
            continue
        for moment in search(index, query).items:
            assert all(0 <= begin < end <= len(moment.sentence) for begin, end in moment.marks)
            assert moment.start >= 0
    assert index.digests() == {"ep_a": "1"}
    index.remove(["ep_a"])
    assert found(index, "before:2100") == []
