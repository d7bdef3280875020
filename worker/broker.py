"""Word to the workers through Celery on Redis: messages that carry ids, sent if they can be sent."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from storage.records import Hint

WORK = "earmark.work"
TICK = "earmark.tick"

ENOUGH = 50
"""Messages that may wait in a queue of the broker: more workers than that are hardly idle at once."""

_SILENT_SECONDS = 5.0
"""How long nothing is sent after the broker could not be reached, so that nobody waits for it again and again."""

_log = logging.getLogger("earmark.broker")


def queue_name(queue: str) -> str:
    """Return what a queue is called on the broker."""
    return f"earmark.{queue}"


class CeleryAnnouncer:
    """Sends a message for each hint, unless enough of them wait already.

    A message only wakes a worker, which then does what there is to do: a backlog of thousands of steps needs few. When the broker
    is away, nothing is lost, since the sweeper sends again.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._away_until = 0.0

    def __call__(self, hints: Iterable[Hint]) -> tuple[Hint, ...]:
        """Send what can be sent, and return that, with what needs no message of its own."""
        sent: list[Hint] = []
        if time.monotonic() < self._away_until:
            return ()
        try:
            with self._app.producer_pool.acquire(block=True, timeout=_SILENT_SECONDS) as producer:
                waiting: dict[str, int] = {}
                for hint in hints:
                    name = queue_name(hint.queue)
                    if name not in waiting:
                        waiting[name] = int(producer.channel.client.llen(name))
                    if waiting[name] < ENOUGH:
                        ids = (hint.queue, hint.job_id, hint.name, hint.part)
                        self._app.send_task(WORK, args=ids, queue=name, producer=producer, retry=False)
                        waiting[name] += 1
                    sent.append(hint)
        except Exception as error:  # noqa: BLE001 - a broker fails in the words of three libraries
            self._away_until = time.monotonic() + _SILENT_SECONDS
            _log.warning(
                "The broker cannot be reached (%s: %s); the ledger knows what there is to do.", type(error).__name__, error
            )
        return tuple(sent)

    def depth(self, queue: str) -> int | None:
        """Return how many messages wait in a queue; none if the broker cannot be reached."""
        try:
            with self._app.connection_for_write(connect_timeout=2.0) as connection:
                return int(connection.default_channel.client.llen(queue_name(queue)))
        except Exception:  # noqa: BLE001 - as above
            return None
