"""What people are told when nothing is at work: in which queue, since when, and what to start."""

from __future__ import annotations

from service.intervals import rough
from storage.standstill import Standstill, standstills
from worker.stores import Stores


def all_standing(stores: Stores) -> list[str]:
    """Return a sentence for each queue in which nothing moves."""
    return [standing(one) for one in standstills(stores.engine)]


def standing(one: Standstill) -> str:
    """Say that a queue does not move."""
    steps = "1 step waits" if one.waiting == 1 else f"{one.waiting} steps wait"
    return (
        f"Nothing is at work on the queue {one.queue}: {steps}, the foremost for {rough(one.seconds)}; "
        "start `earmark worker` or `earmark up`."
    )
