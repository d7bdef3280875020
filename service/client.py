"""A client of the API in one file: `from service.client import Client`.

    with Client("http://127.0.0.1:8000", token="earmark_…") as earmark:
        (job, *_) = earmark.submit("https://example.com/feed.xml").jobs
        transcript = earmark.transcript(earmark.wait(job.id).episode_id)

Lists are iterators that fetch page after page. What the server refuses is raised as the error that the server met
(`storage.errors`), with its hint. A request is sent again only where that does no harm, after the time that the server asks
for. Nothing of the server is imported.
"""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from storage import errors
from storage.documents import Transcript
from storage.errors import EarmarkError, NetworkError, ServerError

State = Literal["queued", "running", "done", "failed", "cancelled"]
Format = Literal["json", "vtt", "srt", "podcast-json", "chapters-json", "psc", "markdown", "txt"]

HEARTBEAT_SECONDS = 45.0
"""A stream that is silent for longer is broken: the server says every 15 seconds that it is there."""

LONGEST_WAIT = 60.0
"""Seconds between two tries, at most."""

_BUSY = frozenset({429, 503})
_BY_STATUS: Mapping[int, type[EarmarkError]] = {
    401: errors.Forbidden, 403: errors.Forbidden, 404: errors.NotFound, 409: errors.Conflict, 413: errors.TooLarge,
    422: errors.OptionError, 429: errors.RateLimited, 502: errors.NetworkError, 503: ServerError, 504: errors.TooSlow,
}  # fmt: skip


class Told(BaseModel):
    """Something that the API tells; fields of later versions are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Job(Told):
    """One request to process one episode."""

    id: str
    episode_id: str
    title: str
    show: str | None
    state: State
    reason: str
    """Why it failed or was cancelled."""
    priority: int
    created_at: datetime
    updated_at: datetime

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {"done", "failed", "cancelled"}


class Step(Told):
    """One unit of work of a job."""

    name: str
    part: int
    parts: int
    state: str
    done: float | None
    total: float | None
    unit: str | None
    error: str


class JobDetail(Job):
    """A job with its steps."""

    progress: float
    """Share of the whole that is done, 0 … 1, estimated."""
    steps: tuple[Step, ...]


class Notice(Told):
    """Something to know about a submission."""

    code: str
    message: str


class SourceFailure(Told):
    """A feed of a list that cannot be used."""

    source: str
    detail: str
    hint: str


class Submission(Told):
    """What became of a request for transcripts."""

    jobs: tuple[Job, ...]
    fresh: tuple[str, ...]
    """Ids of the jobs that it made or set going again."""
    webhook_secret: str | None
    notices: tuple[Notice, ...]
    failures: tuple[SourceFailure, ...]


class Event(Told):
    """Something that happened to a job: `job.queued`, `step.started`, `progress`, `job.done` and so on."""

    kind: str
    data: dict[str, Any]
    id: int | None = None
    """By which a stream goes on after it; none for `progress`."""


class Episode(Told):
    """One episode that was asked for."""

    id: str
    title: str
    show: str | None
    guid: str | None
    audio_url: str | None
    page_url: str | None
    feed_url: str | None
    published: datetime | None
    duration: float | None
    language: str | None
    transcript: str | None
    """Digest of its newest transcript; none while there is none."""
    first_seen: datetime
    transcribed_at: datetime | None


class Moment(Told):
    """Where something is said: an episode, a chapter, a speaker, and the second to play from."""

    episode_id: str
    title: str
    show: str | None
    published: datetime | None
    chapter: str | None
    chapter_start: float | None
    speaker: str | None
    sentence: str
    start: float


class Show(Told):
    """A show of which voices are remembered."""

    id: str
    title: str
    voices: int
    episodes: int


class Speaker(Told):
    """A voice of a show."""

    id: str
    name: str | None
    name_source: str | None
    name_confidence: float | None
    episode_count: int
    seconds: float
    clips: int


class Feed(Told):
    """One watched feed."""

    id: str
    url: str
    title: str | None
    every: float
    polled_at: datetime | None
    next_poll_at: datetime
    error: str
    items: int


_Told = TypeVar("_Told", bound=Told)


class Client:
    """Asks one server; a context manager that closes its connections. Not for several threads at once."""

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        timeout: float = 60.0,
        tries: int = 4,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`tries` is how often a harmless request is sent at most; `sleep` waits between two tries."""
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout)
        self._tries = tries
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    # ---------------------------------------------------------------- jobs

    def submit(
        self,
        url: str,
        *,
        latest: int | None = None,
        since: date | None = None,
        episodes: Sequence[str] = (),
        all: bool = False,  # noqa: A002 - the API's name
        options: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Submission:
        """Ask for transcripts of an episode, a feed, a page or a list; of several episodes the newest, or those that are chosen.

        `options` are those of the API (`language`, `speakers`, …), `more` its other fields (`chapters`, `notes`, `reference`,
        `priority`, `webhook`, `again`).
        """
        chosen = {"latest": latest, "since": since.isoformat() if since else None, "episodes": list(episodes) or None}
        selection = {name: value for name, value in chosen.items() if value is not None} | ({"all": True} if all else {})
        body = {"url": url, "selection": selection, "options": dict(options or {}), **more}
        key = {"Idempotency-Key": uuid.uuid4().hex}  # makes sending it again harmless
        return _read(Submission, self._ask("POST", "/v1/jobs", json=body, headers=key, harmless=True))

    def jobs(
        self, *, state: Sequence[State] = (), episode: str | None = None, query: str | None = None, limit: int = 200
    ) -> Iterator[Job]:
        """Yield jobs, the newest first; `query` is a piece of the title or show, `limit` how many are fetched at once."""
        return self._list(Job, "/v1/jobs", state=list(state) or None, episode=episode, q=query, limit=limit)

    def job(self, job_id: str) -> JobDetail:
        """Return a job with its steps."""
        return _read(JobDetail, self._ask("GET", _path("v1", "jobs", job_id)))

    def cancel(self, job_id: str) -> JobDetail:
        """Cancel a job; one that has ended stays as it is."""
        return _read(JobDetail, self._ask("DELETE", _path("v1", "jobs", job_id)))

    def retry(self, job_id: str) -> JobDetail:
        """Set a failed or cancelled job going again; any other stays as it is."""
        return _read(JobDetail, self._ask("POST", _path("v1", "jobs", job_id, "retry"), harmless=True))

    def follow(self, job_id: str, *, after: int | None = None) -> Iterator[Event]:
        """Yield what happens to a job from its beginning, or after an event, until it has ended.

        A broken stream is taken up where it broke: no event of the ledger is missed or comes twice.
        """
        failures = 0
        while True:
            began = after
            try:
                with self._stream(job_id, after) as answer:
                    if answer.status_code == httpx.codes.NO_CONTENT:
                        return
                    for event in _parsed(answer.iter_lines()):
                        after, failures = event.id if event.id is not None else after, 0
                        yield event
            except (httpx.TransportError, errors.TransientError) as error:
                failures += 1
                if failures >= self._tries:
                    raise _explained(error) from error
                self._sleep(_pause(failures, error))
                continue
            if after == began:  # a stream that ends without a word is not asked for at once again
                self._sleep(_pause(1, None))

    def wait(self, job_id: str, told: Callable[[Event], None] = lambda _: None) -> JobDetail:
        """Wait until a job is done and return it; raises `JobFailed` and `Cancelled`. `told` hears of everything meanwhile."""
        for event in self.follow(job_id):
            told(event)
        job = self.job(job_id)
        if job.state == "cancelled":
            raise errors.Cancelled(f"The job {job_id} was cancelled: {job.reason}", hint="`retry` sets it going again.")
        if job.state == "failed":
            raise errors.JobFailed(f"The job {job_id} failed: {job.reason}", hint="`retry` sets it going again.")
        return job

    # ---------------------------------------------------------------- episodes, transcripts, search

    def episodes(
        self, *, show: str | None = None, query: str | None = None, transcribed: bool | None = None, limit: int = 200
    ) -> Iterator[Episode]:
        """Yield episodes, the last asked for first; `show` is a whole title, `query` a piece of the episode's."""
        return self._list(Episode, "/v1/episodes", show=show, q=query, transcribed=transcribed, limit=limit)

    def episode(self, episode_id: str) -> Episode:
        """Return what is known about an episode."""
        return _read(Episode, self._ask("GET", _path("v1", "episodes", episode_id)))

    def transcript(self, episode_id: str) -> Transcript:
        """Return the newest transcript of an episode; `NotFound` before there is one."""
        return _read(Transcript, self._ask("GET", _path("v1", "episodes", episode_id, "transcript"), params={"format": "json"}))

    def transcript_as(self, episode_id: str, form: Format) -> str:
        """Return the newest transcript of an episode in a format: `vtt`, `srt`, `markdown`."""
        return self._ask("GET", _path("v1", "episodes", episode_id, "transcript"), params={"format": form}).content.decode(
            "utf-8"
        )

    def search(self, query: str, *, limit: int = 50) -> Iterator[Moment]:
        """Yield moments in all transcripts, the best first; the README has the language of queries."""
        return self._list(Moment, "/v1/search", q=query, limit=limit)

    # ---------------------------------------------------------------- shows, their speakers, and feeds

    def shows(self) -> Iterator[Show]:
        """Yield the shows of which voices are remembered."""
        return self._list(Show, "/v1/shows")

    def speakers(self, show: str, *, query: str | None = None, limit: int = 50) -> Iterator[Speaker]:
        """Yield the voices of a show, given by its id, those in most episodes first; `query` is a piece of a name."""
        return self._list(Speaker, _path("v1", "shows", show, "speakers"), q=query, limit=limit)

    def rename(self, show: str, voice: str, name: str) -> Speaker:
        """Name a voice, in every transcript of the show."""
        answer = self._ask("PATCH", _path("v1", "shows", show, "speakers", voice), json={"name": name}, harmless=True)
        return _read(Speaker, answer, "speaker")

    def merge(self, show: str, voice: str, others: Sequence[str]) -> Speaker:
        """Take other voices for this one."""
        answer = self._ask("POST", _path("v1", "shows", show, "speakers", voice, "merge"), json={"others": list(others)})
        return _read(Speaker, answer, "speaker")

    def split(self, show: str, voice: str, episodes: Sequence[str]) -> Speaker:
        """Make a new voice, which is returned, of what some episodes contributed to one."""
        answer = self._ask("POST", _path("v1", "shows", show, "speakers", voice, "split"), json={"episodes": list(episodes)})
        return _read(Speaker, answer, "speaker")

    def forget(self, show: str, voice: str) -> None:
        """Delete a voice: embeddings, recordings, and what links transcripts to them."""
        self._ask("DELETE", _path("v1", "shows", show, "speakers", voice), harmless=False)  # a second time it is not found

    def feeds(self) -> Iterator[Feed]:
        """Yield the feeds that are watched."""
        return self._list(Feed, "/v1/feeds", limit=200)

    def watch(self, url: str, **more: Any) -> Feed:
        """Watch a feed; `more` are the API's other fields (`every`, `since`, `options`, …). Watching it again changes that."""
        return _read(Feed, self._ask("POST", "/v1/feeds", json={"url": url, **more}, harmless=True))

    def unwatch(self, feed_id: str) -> None:
        """Watch a feed no longer."""
        self._ask("DELETE", _path("v1", "feeds", feed_id), harmless=False)

    # ---------------------------------------------------------------- how it asks

    def _ask(self, method: str, path: str, *, harmless: bool | None = None, **more: Any) -> httpx.Response:
        """Send a request, again where that is `harmless` (for GET and DELETE unless told otherwise), and return the answer.

        One that never reached the server is sent again in any case.
        """
        again = method in {"GET", "DELETE"} if harmless is None else harmless
        for attempt in range(1, self._tries + 1):
            try:
                answer = self._http.request(method, path, **more)
            except httpx.TransportError as error:
                unsent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if attempt == self._tries or not (again or unsent):
                    raise _explained(error) from error
                self._sleep(_pause(attempt, error))
                continue
            if answer.is_success:
                return answer
            refused = _error(answer)
            if answer.status_code not in _BUSY or not again or attempt == self._tries:
                raise refused
            self._sleep(_pause(attempt, refused))
        raise AssertionError  # the last try returns or raises

    def _list(self, kind: type[_Told], path: str, **params: Any) -> Iterator[_Told]:
        given = {name: value for name, value in params.items() if value is not None}
        following: str | None = path
        while following is not None:
            page = _json(self._ask("GET", following, params=given or None))
            for item in page["items"]:
                yield _valid(kind, item)
            following, given = page.get("next"), {}  # `next` carries the filters
            if following is not None and not following.startswith("/v1/"):
                raise errors.SourceError(f"The list {path} leads elsewhere.", hint="Is this the address of an earmark server?")

    @contextmanager
    def _stream(self, job_id: str, after: int | None) -> Iterator[httpx.Response]:
        headers = {"Last-Event-ID": str(after)} if after is not None else {}
        patience = httpx.Timeout(self._http.timeout.connect, read=HEARTBEAT_SECONDS)
        with self._http.stream("GET", _path("v1", "jobs", job_id, "events"), headers=headers, timeout=patience) as answer:
            if not answer.is_success:
                answer.read()
                raise _error(answer)
            yield answer


def _parsed(lines: Iterator[str]) -> Iterator[Event]:
    """Read server-sent events (the HTML standard, 9.2.6); one that is cut off is left out."""
    fields: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line and name:
            fields.setdefault(name, []).append(value.removeprefix(" "))
        elif not line:
            if "data" in fields:
                number = fields["id"][-1] if "id" in fields else ""
                kind = fields.get("event", ["message"])[-1]
                yield Event(kind=kind, data=json.loads("\n".join(fields["data"])), id=int(number) if number.isdecimal() else None)
            fields = {}


def _error(answer: httpx.Response) -> EarmarkError:
    """Return the error that a problem (RFC 9457) tells of: the one that the server met, if it is one of ours."""
    told: dict[str, Any] = {}
    with suppress(ValueError):
        found = answer.json()
        told = found if isinstance(found, dict) else {}
    named = _KINDS.get(str(told.get("type", "")).rpartition(":")[2])
    general = ServerError if answer.is_server_error else errors.Forbidden
    kind = named or _BY_STATUS.get(answer.status_code, general)
    text = str(told.get("detail") or f"{answer.request.url.host} answered {answer.status_code} {answer.reason_phrase}.")
    hint = str(told.get("hint") or ("" if told else "Is this the address of an earmark server?"))
    if issubclass(kind, errors.TransientError):
        return kind(text, hint=hint, retry_after=_seconds(told.get("retry_after"), answer.headers.get("Retry-After")))
    return kind(text, hint=hint)


def _seconds(*claims: object) -> float | None:
    for claim in claims:
        with suppress(TypeError, ValueError):
            return max(0.0, float(claim))  # type: ignore[arg-type] # what is no number raises
    return None


def _explained(error: Exception) -> EarmarkError:
    if isinstance(error, EarmarkError):
        return error
    return NetworkError(f"The server did not answer: {error or type(error).__name__}.", hint="Is it running, at this address?")


def _pause(attempt: int, error: Exception | None) -> float:
    """Return how long to wait: as the server asks, else longer each time, and not all clients at once."""
    asked = error.retry_after if isinstance(error, errors.TransientError) else None
    longest = 0.5 * 2**attempt
    return min(LONGEST_WAIT, random.uniform(longest / 2, longest) if asked is None else asked)  # noqa: S311 - not a secret


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise _no_earmark(answer) from error


def _read(kind: type[_Model], answer: httpx.Response, part: str | None = None) -> _Model:
    found = _json(answer)
    return _valid(kind, found[part] if part is not None else found)


def _valid(kind: type[_Model], found: object) -> _Model:
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        hint = "Use the client that belongs to the server's version."
        raise errors.SourceError(
            f"The server's {kind.__name__} cannot be read: {error.errors()[0]['msg']}.", hint=hint
        ) from error


def _no_earmark(answer: httpx.Response) -> EarmarkError:
    text = f"{answer.request.url.host} answered something that is no JSON."
    return errors.SourceError(text, hint="Is this the address of an earmark server?")


_Model = TypeVar("_Model", bound=BaseModel)


def _kinds(root: type[EarmarkError]) -> Iterator[tuple[str, type[EarmarkError]]]:
    for kind in root.__subclasses__():
        yield re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower(), kind
        yield from _kinds(kind)


_KINDS = dict(_kinds(EarmarkError))
"""Our errors by the name under which the API tells of them."""
