"""Messages that tell a person's server what became of a job, signed as in Standard Webhooks 1.0.0.

Each carries three headers: `webhook-id` (the same at every try, so that a receiver can drop what it had already),
`webhook-timestamp` (seconds since 1970, of this try), and `webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over
`id.timestamp.body`. A signature header may hold several, separated by spaces, while a secret is being changed for another.

The specification: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import ValidationError

from storage.documents import Document
from storage.errors import BadSignature, OptionError

TOLERANCE = 300.0
"""Seconds by which a message may be old, or ahead of the receiver's clock."""

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


class Webhook(Document):
    """Where to send messages, and the secret that signs them; kept as JSON in the ledger's column `webhook`."""

    url: str
    secret: str


def new_webhook(url: str, secret: str | None = None) -> Webhook:
    """Return a webhook with the secret that a person gave, or a new one; `OptionError` for an address or secret that is none."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise OptionError(f"{url!r} is not an address for a webhook.", hint="Give one that begins with https:// or http://.")
    if secret is not None:
        _key(secret)
    return Webhook(url=url.strip(), secret=secret or new_secret())


def read_webhook(text: str) -> Webhook:
    """Read a webhook as the ledger keeps it; `OptionError` if it is none."""
    try:
        webhook = Webhook.model_validate_json(text)
    except ValidationError as error:
        raise OptionError("The webhook is not kept as it should be.", hint="Set it again.") from error
    return new_webhook(webhook.url, webhook.secret)


def new_secret() -> str:
    """Return a new secret: `whsec_` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def signed_headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a message."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a message, with its version; `OptionError` for a secret that is none."""
    mac = hmac.new(_key(secret), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode("ascii")


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, now: float, tolerance: float = TOLERANCE) -> None:
    """Make sure that a message comes from who knows the secret, unchanged, and not long ago; raises `BadSignature` otherwise.

    `body` is the bytes as they came. Signatures are compared in constant time; those of other versions are passed over.
    """
    given = {name.lower(): value for name, value in headers.items()}
    missing = [name for name in ("webhook-id", "webhook-timestamp", "webhook-signature") if not given.get(name)]
    if missing:
        raise BadSignature(f"The message has no {', '.join(missing)}.", hint="It is not a webhook's.")
    text = given["webhook-timestamp"]
    if not (text.isascii() and text.isdecimal() and len(text) < 16):
        raise BadSignature("The message's time cannot be read.", hint="It is not a webhook's.")
    if abs(now - int(text)) > tolerance:
        raise BadSignature("The message is too old, or from the future.", hint="Check this machine's clock.")
    expected = sign(secret, given["webhook-id"], int(text), body).encode()
    offered = [part.encode() for part in given["webhook-signature"].split(" ") if part.startswith("v1,")]
    matches = [hmac.compare_digest(expected, signature) for signature in offered]
    if not any(matches):
        raise BadSignature("The signature does not fit the message.", hint="Check the secret, and sign the body as it came.")


def _key(secret: str) -> bytes:
    """Return the bytes of a secret."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _KEY_BYTES:
        raise OptionError(
            "The webhook's secret is not usable.",
            hint=f"It is {_PREFIX} and the base64 of 24 to 64 random bytes; leave it out to get one.",
        )
    return key
