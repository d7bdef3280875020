"""What was left lying: steps of workers that died, jobs that nobody planned on, words that did not arrive.

Everything here is decided by the ledger alone and can be done by any number of processes at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from storage.errors import LedgerUnavailable
from storage.records import Hint
from worker.desk import Desk

STALLED_AFTER = 10.0
"""Seconds after which an open job with nothing queued or running is planned anew: a planner needs less."""

QUIET_AFTER = 15.0
"""Seconds after which a step that waits in an empty queue of the broker is announced again: its message is lost."""

_log = logging.getLogger("earmark.sweeper")


def sweep(desk: Desk, depth: Callable[[str], int | None]) -> tuple[Hint, ...]:
    """Put everything that was left lying back on its way; return the steps that nobody hears of through the broker.

    `depth` tells how many messages wait in a queue, and none where the broker cannot be reached.
    """
    stores, now = desk.stores, time.time()
    lost = stores.queue.reclaim(is_gone=stores.presence.is_gone)
    if lost:
        _log.warning("%d steps were put back: their workers are gone.", lost)
    for job_id in stores.queue.stalled(before=now - STALLED_AFTER):
        try:
            desk.advance(job_id)
        except LedgerUnavailable:
            raise
        except Exception:  # noqa: BLE001 - one job that cannot be planned must not keep the others waiting
            _log.exception("job %s could not be planned", job_id)
    quiet = stores.queue.unannounced(since=now - QUIET_AFTER)
    depths = {queue: depth(queue) for queue in {hint.queue for hint in quiet}}
    unheard = tuple(hint for hint in quiet if not depths[hint.queue])
    desk.tell_again([hint for hint in unheard if depths[hint.queue] == 0])
    return unheard
