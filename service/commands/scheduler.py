"""`earmark scheduler`: the clock by which watched feeds are read and webhooks told."""

from __future__ import annotations

import logging

from worker.settings import Settings


def scheduler() -> None:
    """Tick for watched feeds and webhooks, until it is told to stop; one is enough, and several do no harm."""
    from worker.app import run_scheduler

    logging.basicConfig(level="INFO", format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    run_scheduler(Settings())
