"""One queue for the streams of all parts at work, which workers take in batches.

Windows in a batch share the reading of the weights, so a batch should be large; and at the end no worker should wait while
another has a large batch to do. So each takes its share of what waits, but neither more than fits, nor so little that it is slow.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import ceil
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Heard = TypeVar("Heard")

LEAST_TOGETHER = 4
"""Streams of a batch, if so many wait: on a CPU, four by four take a sixteenth longer than eight by eight, alone a quarter."""


@dataclass(frozen=True)
class _Waiting(Generic[Asked, Heard]):
    asked: Asked
    most: int
    answer: Future[Heard] = field(default_factory=Future)


class StreamQueue(Generic[Asked, Heard]):
    """`workers` threads that answer what is asked, several questions at once by one call of `hear`, the oldest first.

    An error of that call is the answer to all that were asked in it.
    """

    def __init__(self, workers: int, hear: Callable[[Sequence[Asked]], Sequence[Heard]]) -> None:
        self._workers = workers
        self._hear = hear
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="earmark-whisper")
        self._waiting: deque[_Waiting[Asked, Heard]] = deque()
        self._taking = threading.Lock()

    def ask(self, questions: Sequence[Asked], most: int) -> list[Future[Heard]]:
        """Ask, and return the answers to come; at most `most` are worked on in one call. Those still waiting can be cancelled."""
        asked: list[_Waiting[Asked, Heard]] = [_Waiting(question, most) for question in questions]
        with self._taking:
            self._waiting.extend(asked)
        for _ in asked:  # whoever comes when others have taken all goes away again
            self._pool.submit(self._work)
        return [one.answer for one in asked]

    def _work(self) -> None:
        batch = self._take()
        if not batch:
            return
        try:
            heard = self._hear([one.asked for one in batch])
        except BaseException as error:  # noqa: BLE001 - raised where the answers are waited for
            for one in batch:
                one.answer.set_exception(error)
            return
        for one, answer in zip(batch, heard, strict=True):
            one.answer.set_result(answer)

    def _take(self) -> list[_Waiting[Asked, Heard]]:
        with self._taking:
            share = max(ceil(len(self._waiting) / self._workers), LEAST_TOGETHER)
            taken: list[_Waiting[Asked, Heard]] = []
            while self._waiting and len(taken) < min(share, self._waiting[0].most):
                one = self._waiting.popleft()
                if one.answer.set_running_or_notify_cancel():
                    taken.append(one)
            return taken
