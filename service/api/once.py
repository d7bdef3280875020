"""A request with an `Idempotency-Key` is done once, however often it comes."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header

from service.api.context import Context
from service.api.problems import ProblemError, problem
from storage.errors import EarmarkError

WAIT_SECONDS = 20.0
"""How long a request waits for the answer to its twin."""

_LOOK_EVERY = 0.4

IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Makes repeating a request harmless: the same key with the same body gets the same answer, for seven days.",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ),
]


@dataclass(frozen=True)
class Answered:
    """An answer as it can be given again."""

    location: str
    body: str
    """JSON."""

    def written(self) -> str:
        """Return it as text."""
        return json.dumps([self.location, self.body])

    @classmethod
    def read(cls, text: str) -> Answered:
        """Return what was written."""
        location, body = json.loads(text)
        return cls(location, body)


async def once(context: Context, key: str | None, client: str, asked: str, work: Callable[[], Awaitable[Answered]]) -> Answered:
    """Do the work for the first request with this key of this client, and give its answer to the others."""
    if key is None:
        return await work()
    name = f"{client}:{_bare(key)}"
    known = await _take(context, name, hashlib.sha256(asked.encode()).hexdigest())
    if known is not None:
        return Answered.read(known)
    try:
        answered = await work()
        await context.in_ledger(lambda: context.submissions.answer(name, answered.written()))
    except BaseException:
        await asyncio.shield(_give_back(context, name))
        raise
    return answered


async def _take(context: Context, name: str, digest: str) -> str | None:
    """Return the answer to the same request, waiting for it a while; none if it is ours to make."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        state, known = await context.in_ledger(lambda: context.submissions.take(name, digest))
        if state != "busy":
            return known
        if time.monotonic() > until or context.stopping.is_set():
            text = "The same request, with the same Idempotency-Key, is still being worked on."
            raise ProblemError(problem(409, "still-at-work", text, hint="Send it again soon.", retry_after=10))
        await asyncio.sleep(_LOOK_EVERY)


async def _give_back(context: Context, name: str) -> None:
    try:
        await context.in_ledger(lambda: context.submissions.give_back(name))
    except EarmarkError:
        return  # the ledger is down; the key is free again after a while


def _bare(key: str) -> str:
    """Return a key without the quotes of a structured field (RFC 8941), which not every client writes."""
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', key)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else key
