"""Messages between a worker and its child."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from worker.lines import Lines


@pytest.fixture
def ends() -> Iterator[tuple[Lines, Lines]]:
    """Lend both ends of a connection."""
    near, far = socket.socketpair()
    lines = (Lines(near), Lines(far))
    yield lines
    for end in lines:
        end.close()


def test_messages_arrive_whole_and_in_order(ends: tuple[Lines, Lines]) -> None:
    """Whatever stands in them: a line's end, other scripts, much text."""
    texts = ["one\ntwo", "größer, 大", "x" * 1_000_000]
    sent: list[dict[str, Any]] = [*({"text": text} for text in texts), {"moved": 1.5, "total": None}]
    thread = threading.Thread(target=lambda: [ends[0].send(message) for message in sent])
    thread.start()
    assert [ends[1].receive() for _ in sent] == sent
    thread.join()


def test_messages_of_many_threads_do_not_mix(ends: tuple[Lines, Lines]) -> None:
    """One line is one message."""
    threads = [threading.Thread(target=lambda n=n: ends[0].send({"n": n, "text": str(n) * 9000})) for n in range(8)]
    for thread in threads:
        thread.start()
    got = [ends[1].receive() for _ in threads]
    assert sorted(message["n"] for message in got if message) == list(range(8))
    assert all(message and message["text"] == str(message["n"]) * 9000 for message in got)
    for thread in threads:
        thread.join()


def test_a_side_that_is_gone_is_noticed_on_the_other(ends: tuple[Lines, Lines]) -> None:
    """Nothing raises."""
    ends[0].close()
    assert ends[1].receive() is None
    assert not ends[1].send({"anybody": "there"})


def test_whoever_waits_is_told_when_the_other_side_hangs_up(ends: tuple[Lines, Lines]) -> None:
    """A thread that waits for a message does not wait for ever."""
    got: list[object] = []
    thread = threading.Thread(target=lambda: got.append(ends[1].receive()))
    thread.start()
    ends[0].close()
    thread.join(60)
    assert got == [None]


@pytest.mark.parametrize("data", [b'{"ended": "do', b"Segmentation fault\n", b"[1]\n", b"\xff\xfe\n"])
def test_what_is_no_message_counts_as_the_end(data: bytes) -> None:
    """A message that was cut off, or what native code prints where it should not."""
    near, far = socket.socketpair()
    lines = Lines(far)
    near.sendall(data)
    near.close()
    assert lines.receive() is None
    lines.close()
