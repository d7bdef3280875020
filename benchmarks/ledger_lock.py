"""How often the write lock of a SQLite ledger is taken: somebody else's look at it, many times a second."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Self

_EVERY = 0.02
_PATIENCE = 30.0


class LockWatch:
    """Asks for the lock again and again while the block runs, and gives it back at once."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="lock-watch")
        self._waits: list[float] = []
        self._taken = 0

    def __enter__(self) -> Self:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    @property
    def busy(self) -> float:
        """The share of looks at which somebody had the lock."""
        return self._taken / max(len(self._waits), 1)

    @property
    def waits(self) -> list[float]:
        """Seconds until the lock was free, at each look."""
        return self._waits

    def _watch(self) -> None:
        with closing(sqlite3.connect(self._ledger, timeout=0.0, isolation_level=None)) as ledger:
            while not self._ended.wait(_EVERY):
                begin = time.perf_counter()
                if not self._got(ledger):
                    self._taken += 1
                    while not self._got(ledger) and time.perf_counter() - begin < _PATIENCE:
                        time.sleep(0.001)
                self._waits.append(time.perf_counter() - begin)

    @staticmethod
    def _got(ledger: sqlite3.Connection) -> bool:
        """Take the lock and give it back; False if somebody has it."""
        try:
            ledger.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        ledger.execute("ROLLBACK")
        return True
