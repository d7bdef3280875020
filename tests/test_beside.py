"""A listener in another thread hears everything, in order, and its errors come home."""

from __future__ import annotations

import threading
import time

import pytest

from jobs.beside import beside


def test_everything_is_heard_in_order_before_the_block_ends() -> None:
    """In a thread of its own."""
    heard: list[tuple[int, bool]] = []

    def listen(item: int) -> None:
        time.sleep(0.001)
        heard.append((item, threading.current_thread() is threading.main_thread()))

    with beside(listen) as put:
        for item in range(50):
            put(item)
    assert heard == [(item, False) for item in range(50)]


def test_an_error_of_the_listener_stops_the_sender() -> None:
    """It does not wait for room for ever."""

    def listen(item: int) -> None:
        raise ValueError(f"cannot hear {item}")

    sent: list[int] = []

    def send() -> None:
        with beside(listen) as put:
            for item in range(1000):
                put(item)
                sent.append(item)
                time.sleep(0.001)

    with pytest.raises(ValueError, match="cannot hear 0"):
        send()
    assert len(sent) < 1000


def test_an_error_at_the_last_item_is_not_lost() -> None:
    """It comes at the end of the block."""

    def listen(item: int) -> None:
        raise ValueError(f"cannot hear {item}")

    with pytest.raises(ValueError, match="cannot hear 1"), beside(listen) as put:
        put(1)


def test_an_error_of_the_sender_drops_what_waits() -> None:
    """And ends the thread."""
    heard: list[int] = []

    def listen(item: int) -> None:
        time.sleep(0.05)
        heard.append(item)

    def send() -> None:
        with beside(listen) as put:
            for item in range(4):
                put(item)
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        send()
    assert len(heard) < 4
    assert threading.active_count() == before
