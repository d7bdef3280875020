"""A listener in a thread beside the decoder: both spend their time in native code that releases the interpreter."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

_AHEAD = 4
"""Blocks that may wait; enough to smooth, few enough to bound memory."""


@contextlib.contextmanager
def beside(listener: Callable[[T], None]) -> Iterator[Callable[[T], None]]:
    """Give a function that passes items to `listener`, in order, in another thread.

    When the block ends, everything passed has been heard. An error of the listener is raised at the next item or at the
    end; after an error in the block, what still waits is dropped.
    """
    waiting: queue.Queue[T | None] = queue.Queue(_AHEAD)
    failure: list[BaseException] = []
    dropped = threading.Event()

    def run() -> None:
        while (item := waiting.get()) is not None:
            if failure or dropped.is_set():
                continue  # keep emptying, so that nobody waits for room for ever
            try:
                listener(item)
            except BaseException as error:  # noqa: BLE001 -- handed to the thread that asked
                failure.append(error)

    def put(item: T) -> None:
        if failure:
            raise failure[0]
        waiting.put(item)

    thread = threading.Thread(target=run, name="beside", daemon=True)
    thread.start()
    try:
        yield put
    except BaseException:
        dropped.set()
        raise
    finally:
        waiting.put(None)
        thread.join()
    if failure:
        raise failure[0]
