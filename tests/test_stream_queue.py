"""Streams of several parts in one queue, taken in batches by workers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError

import pytest

from jobs.engines.stream_queue import LEAST_TOGETHER, StreamQueue


class Ear:
    """Hears numbers, doubled, as soon as it may; keeps what it heard together."""

    def __init__(self, *, open_: bool = True) -> None:
        self.batches: list[list[int]] = []
        self.may = threading.Event()
        self.begun = threading.Semaphore(0)
        if open_:
            self.may.set()

    def __call__(self, batch: Sequence[int]) -> list[int]:
        """Hear a batch; nobody can hear a negative number."""
        self.batches.append(list(batch))
        self.begun.release()
        assert self.may.wait(60)
        if min(batch) < 0:
            raise ValueError(min(batch))
        return [2 * number for number in batch]


def test_every_question_gets_its_own_answer_by_whatever_worker() -> None:
    """And is heard once."""
    ear = Ear()
    queue = StreamQueue(3, ear)
    answers = [answer for first in range(0, 100, 10) for answer in queue.ask(range(first, first + 10), 4)]
    assert [answer.result(60) for answer in answers] == [2 * number for number in range(100)]
    assert sorted(number for batch in ear.batches for number in batch) == list(range(100))


def test_what_several_ask_is_heard_together_the_oldest_first() -> None:
    """No more at once than was allowed."""
    ear = Ear(open_=False)
    queue = StreamQueue(1, ear)
    answers = queue.ask([0], 3)
    assert ear.begun.acquire(timeout=60)
    answers += queue.ask([1, 2], 3) + queue.ask([3, 4, 5], 3)
    ear.may.set()
    assert [answer.result(60) for answer in answers] == [0, 2, 4, 6, 8, 10]
    assert ear.batches == [[0], [1, 2, 3], [4, 5]]


def test_workers_share_what_waits_but_in_no_batches_that_are_slow() -> None:
    """The first of two takes half, the next half of the rest if that is enough for a batch."""
    ear = Ear(open_=False)
    queue = StreamQueue(2, ear)
    answers = queue.ask(range(3 * LEAST_TOGETHER), 100)
    assert ear.begun.acquire(timeout=60)
    assert ear.begun.acquire(timeout=60)
    ear.may.set()
    assert len([answer.result(60) for answer in answers]) == 3 * LEAST_TOGETHER
    assert [len(batch) for batch in ear.batches][:2] == [1.5 * LEAST_TOGETHER, LEAST_TOGETHER]


def test_an_error_is_the_answer_to_all_that_were_heard_with_it() -> None:
    """Later questions are heard all the same."""
    ear = Ear()
    queue = StreamQueue(1, ear)
    for answer in queue.ask([1, -2, 3], 3):
        with pytest.raises(ValueError, match="-2"):
            answer.result(60)
    assert queue.ask([4], 3)[0].result(60) == 8


def test_what_is_cancelled_in_time_is_not_heard() -> None:
    """What is being heard already cannot be cancelled."""
    ear = Ear(open_=False)
    queue = StreamQueue(1, ear)
    first = queue.ask([1], 8)
    assert ear.begun.acquire(timeout=60)
    answers = queue.ask([2, 3, 4], 8)
    assert [answer.cancel() for answer in (*first, answers[1])] == [False, True]
    ear.may.set()
    assert [first[0].result(60), answers[0].result(60), answers[2].result(60)] == [2, 4, 8]
    with pytest.raises(CancelledError):
        answers[1].result(60)
    assert ear.batches == [[1], [2, 4]]
