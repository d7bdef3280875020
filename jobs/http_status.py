"""What the status of an HTTP answer means for a fetch, in words that help."""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime

from storage.errors import EarmarkError, Forbidden, NotFound, RateLimited, ServerError

_REFUSALS: dict[int, tuple[type[EarmarkError], str, str]] = {
    401: (Forbidden, "needs a login", "Use the address from your private feed, which carries its own key."),
    404: (NotFound, "was not found", "Check the address; the publisher may have moved it."),
    410: (NotFound, "is gone: its publisher took it away", "Look in the show's feed for a new address."),
    451: (Forbidden, "is withheld for legal reasons", "It may be available from another country or address."),
}
_UNKNOWN_PROGRAM = (
    "Some hosts refuse programs that they do not know: try another user agent in the settings. "
    "If the address opens in a browser only after a login, take the one from your private feed."
)


def failure(what: str, status: int, headers: Mapping[str, str]) -> EarmarkError:
    """Return the error that an answer without the wanted content means; header names are in lower case."""
    wait = retry_after(headers.get("retry-after"))
    if status == 429:
        when = f"in {wait:.0f} s" if wait is not None else "later"
        return RateLimited(f"{what} was asked for too often (429).", hint=f"Try again {when}.", retry_after=wait)
    if 400 <= status < 500:
        kind, happened, hint = _REFUSALS.get(status, (Forbidden, "was refused by its server", _UNKNOWN_PROGRAM))
        return kind(f"{what} {happened} ({status}).", hint=hint)
    return ServerError(f"{what}: the server failed ({status}).", hint="Try again later.", retry_after=wait)


def retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date (RFC 9110, 10.2.3); None if unreadable."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:12])
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
