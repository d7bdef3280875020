"""API tokens, and the command that makes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from storage.database import open_database, reading, sqlite_url
from storage.tables import tokens as table
from storage.tokens import Tokens
from tests.commands import Terminal
from tests.test_ledger import Clock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A ledger of its own."""
    opened = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield opened
    opened.dispose()


def test_a_token_is_known_by_its_secret_until_it_is_revoked(engine: Engine) -> None:
    """And by nothing else."""
    tokens = Tokens(engine)
    record, token = tokens.create("laptop")
    known = tokens.check(token)
    assert known is not None
    assert (known.id, known.name) == (record.id, "laptop")
    assert tokens.revoke(record.id)
    assert tokens.check(token) is None
    assert not tokens.revoke(record.id)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t.upper(), lambda t: t[8:], lambda t: ""])
def test_what_is_nearly_a_token_is_none(engine: Engine, change: object) -> None:
    """Neither shorter nor longer nor in capitals."""
    assert callable(change)
    _, token = Tokens(engine).create("laptop")
    assert Tokens(engine).check(change(token)) is None


def test_the_id_of_one_token_does_not_go_with_the_secret_of_another(engine: Engine) -> None:
    """The row is found by the id, and opened by the secret."""
    tokens = Tokens(engine)
    (one, _), (_, other) = tokens.create("one"), tokens.create("other")
    assert tokens.check(f"earmark_{one.id}_{other.rpartition('_')[2]}") is None
    assert tokens.check(f"earmark_{'0' * 12}_{other.rpartition('_')[2]}") is None


def test_the_secret_is_nowhere_in_the_ledger(engine: Engine, tmp_path: Path) -> None:
    """Whoever reads the file cannot use the API."""
    _, token = Tokens(engine).create("laptop")
    secret = token.rpartition("_")[2]
    with reading(engine) as connection:
        assert secret not in repr(connection.execute(select(table)).all())
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_use_is_noted_once_a_minute(engine: Engine) -> None:
    """A busy client does not cost a write at each request."""
    clock = Clock()
    tokens = Tokens(engine, clock=clock)
    _, token = tokens.create("laptop")
    used = []
    for _ in range(4):
        tokens.check(token)
        used.append(tokens.list().items[0].used_at)
        clock.now += 25
    assert used == [1000.0, 1000.0, 1000.0, 1075.0]


def test_tokens_are_paged(engine: Engine) -> None:
    """The newest first."""
    clock = Clock()
    tokens = Tokens(engine, clock=clock)
    for name in "abc":
        tokens.create(name)
        clock.now += 1
    first = tokens.list(limit=2)
    assert [token.name for token in first.items] == ["c", "b"]
    assert [token.name for token in tokens.list(after=first.next, limit=2).items] == ["a"]


def test_the_command_shows_a_secret_once(tmp_path: Path) -> None:
    """On standard output alone, so that it can be piped."""
    terminal = Terminal(tmp_path)
    made = terminal.earmark("token", "create", "my laptop")
    assert made.status == 0
    token = made.out.strip()
    assert token.startswith("earmark_")
    listed = terminal.earmark("token", "list", "--json")
    (row,) = json.loads(listed.out)["tokens"]
    assert row["name"] == "my laptop"
    assert token.rpartition("_")[2] not in listed.out
    assert "my laptop" in terminal.earmark("token", "list").out
    assert terminal.earmark("token", "revoke", row["id"]).status == 0
    assert json.loads(terminal.earmark("token", "list", "--json").out) == {"tokens": []}
    gone = terminal.earmark("token", "revoke", row["id"])
    assert (gone.status, "no token" in gone.err) == (1, True)
    assert terminal.earmark("token", "create", "  ").status == 1
