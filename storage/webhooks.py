"""The webhooks of a job, as the ledger keeps them: one JSON object (`url` and `secret`) a line, and one for each address."""

from __future__ import annotations

import json


def each_webhook(kept: str | None) -> tuple[str, ...]:
    """Return the webhooks of a job, each as JSON."""
    return tuple(line for line in (kept or "").split("\n") if line)


def with_webhook(kept: str | None, new: str) -> str:
    """Return the webhooks of a job with one more; for an address that was there already, the secret that was told last holds."""
    address = json.loads(new)["url"]
    others = [webhook for webhook in each_webhook(kept) if json.loads(webhook)["url"] != address]
    return "\n".join([*others, json.dumps(json.loads(new))])
