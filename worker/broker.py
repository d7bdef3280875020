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

_FULL_SECONDS = 0.5
"""How long a queue of the broker is taken to be full; its messages are worth at least so much work."""

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
        self._full_until: dict[str, float] = {}

    def __call__(self, hints: Iterable[Hint]) -> tuple[Hint, ...]:
        """Send what can be sent, and return that, with what needs no message of its own."""
        sent: list[Hint] = []
        if time.monotonic() < self._away_until:
            return ()
        try:
            with self._app.producer_pool.acquire(block=True, timeout=_SILENT_SECONDS) as producer:
                room: dict[str, int] = {}
                for hint in hints:
                    name = queue_name(hint.queue)
                    if name not in room:
                        room[name] = self._room(name, producer)
                    if room[name] > 0:
                        ids = (hint.queue, hint.job_id, hint.name, hint.part)
                        self._app.send_task(WORK, args=ids, queue=name, producer=producer, retry=False)
                        room[name] -= 1
                    sent.append(hint)
        except Exception as error:  # noqa: BLE001 - a broker fails in the words of three libraries
            self._away_until = time.monotonic() + _SILENT_SECONDS
            _log.warning(
                "The broker cannot be reached (%s: %s); the ledger knows what there is to do.", type(error).__name__, error
            )
        return tuple(sent)

    def _room(self, name: str, producer: Any) -> int:
        """Return how many messages a queue of the broker lacks; one that was full is not looked at again for a moment."""
        if time.monotonic() < self._full_until.get(name, 0.0):
            return 0
        room = ENOUGH - int(producer.channel.client.llen(name))
        if room <= 0:
            self._full_until[name] = time.monotonic() + _FULL_SECONDS
        return room

    def depth(self, queue: str) -> int | None:
        """Return how many messages wait in a queue; none if the broker cannot be reached."""
        try:
            with self._app.connection_for_write(connect_timeout=2.0) as connection:
                return int(connection.default_channel.client.llen(queue_name(queue)))
        except Exception:  # noqa: BLE001 - as above
            return None
