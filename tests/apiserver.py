"""The API on a real server, over real HTTP, with a ledger of its own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from jobs.addresses import Resolver, system_resolver
from jobs.fetch import Fetcher
from jobs.wire import FetchLimits
from service.api.access import Access
from service.api.app import make_context
from service.api.context import Context
from service.commands.serve import Server, listening
from storage.documents import Episode, Transcript
from storage.requests import NewJob
from tests import transcripts
from worker.app import open_desk
from worker.desk import Announcer
from worker.settings import Settings
from worker.stores import Stores


@dataclass(frozen=True)
class Api:
    """A running API."""

    url: str
    client: httpx.Client
    context: Context

    @property
    def stores(self) -> Stores:
        """What it keeps."""
        return self.context.desk.stores

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask for a path."""
        return self.client.get(path, **more)

    def submit(self, url: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """Ask for transcripts."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.client.post("/v1/jobs", json={"url": url, **more}, headers=headers)

    def add_job(self, name: str, **episode: Any) -> str:
        """Put a job straight into the ledger; return its id."""
        made = Episode(**{"id": f"ep_{name}", "title": f"Episode {name}", "show": "The Show", **episode})
        request = json.dumps({"publication": {"episode": made.model_dump(mode="json")}})
        return self.stores.requests.submit(NewJob(made, "options", request)).job.id

    def finish(self, job_id: str, transcript: Transcript | None = None) -> str:
        """Give a job its transcript, as its last step does; return the digest."""
        job = self.stores.requests.get(job_id)
        found = transcript or transcripts.transcript(
            [transcripts.segment("Hello there.")], [transcripts.chapter("Start", 0, 5)], id=job.episode_id
        )
        digest = self.stores.blobs.put(found.model_dump_json(by_alias=True).encode())
        self.stores.requests.done(job_id, digest)
        return digest


@contextmanager
def open_api(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    names: tuple[str, ...] = (),
    require_token: bool = False,
    announce: Announcer | None = None,
    resolver: Resolver = system_resolver,
    **settings: Any,
) -> Iterator[Api]:
    """Run the API on a free port; `host` is what it believes to be bound to."""
    told = Settings(
        **{"data_dir": folder / "data", "allow_private_networks": True, "broker_url": "redis://127.0.0.1:1/0", **settings}
    )
    with ExitStack() as stack:
        listener = stack.enter_context(listening("127.0.0.1", 0))
        desk = stack.enter_context(open_desk(told))
        desk = replace(desk, announce=announce or desk.announce)
        limits = FetchLimits(tries=1, document_seconds=5)
        fetcher = Fetcher(limits, allow_private=told.allow_private_networks, resolver=resolver)
        access = Access(host=host, names=names, require_token=require_token)
        context = make_context(desk, told, fetcher, access)
        server = Server(context)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="api")
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            _wait_until_started(server)
            client = stack.enter_context(httpx.Client(base_url=url, timeout=60, trust_env=False))
            yield Api(url, client, context)
        finally:
            server.should_exit = True
            thread.join(timeout=30)
            assert not thread.is_alive()


def _wait_until_started(server: Server) -> None:
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)


@dataclass(frozen=True)
class SentEvent:
    """One server-sent event."""

    kind: str
    data: dict[str, Any]
    id: int | None = None


def read_events(lines: Iterator[str]) -> Iterator[SentEvent]:
    """Read server-sent events from the lines of a stream."""
    fields: dict[str, str] = {}
    for line in lines:
        if line == "":
            if fields:
                yield SentEvent(fields["event"], json.loads(fields["data"]), int(fields["id"]) if "id" in fields else None)
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


def problem_of(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Return the problem that an answer tells, after making sure that it is one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["type"].startswith("urn:earmark:problem:")
    return told
