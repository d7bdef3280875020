"""Sending one message to a webhook: a try, and what it means for the next one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

from jobs.post import Posted
from jobs.redirects import REDIRECTS
from jobs.webhook import read_webhook, signed_headers
from storage.deliveries import Deliveries, DeliveryRecord
from storage.errors import EarmarkError, OptionError


class Poster(Protocol):
    """The guarded way to post; `jobs.fetch.Fetcher` is one."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send a message once."""


def deliver(delivery_id: str, deliveries: Deliveries, poster: Poster, *, clock: Callable[[], float] = time.time) -> bool:
    """Claim a message and try to send it; False if it was not there to be claimed, or the try failed.

    A 2xx is success, a 410 the end of it; after anything else it is tried again by the schedule of `storage.deliveries`.
    """
    claimed = deliveries.claim(delivery_id)
    if claimed is None:
        return False
    try:
        answer = _send(claimed, poster, int(clock()))
    except OptionError as error:
        deliveries.failed(claimed, str(error), final=True)
        return False
    except EarmarkError as error:
        deliveries.failed(claimed, str(error))
        return False
    if 200 <= answer.status < 300:
        deliveries.done(claimed)
        return True
    deliveries.failed(claimed, _meaning(answer.status), retry_after=answer.retry_after, final=answer.status == 410)
    return False


def _send(claimed: DeliveryRecord, poster: Poster, timestamp: int) -> Posted:
    webhook = read_webhook(claimed.webhook)
    body = claimed.payload.encode()
    headers = {"Content-Type": "application/json", **signed_headers(webhook.secret, claimed.id, timestamp, body)}
    return poster.post(webhook.url, body, headers)


def _meaning(status: int) -> str:
    if status == 410:
        return "The receiver wants no more messages (410)."
    if status in REDIRECTS:
        return (
            f"The receiver redirects ({status}), which a signed message must not follow. Give the address that it redirects to."
        )
    return f"The receiver answered {status}."
