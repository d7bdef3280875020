"""What the API tells: documents made of the ledger's records."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.api.progress import share_done
from storage.episodes import EpisodeRecord
from storage.records import JobRecord, JobState, StepRecord, StepState
from storage.search.moments import Moment as FoundMoment

JobId = Annotated[str, Field(examples=["5f3a9c0b7d1e2f48"])]
EpisodeId = Annotated[str, Field(examples=["ep_q7l2k5x3n4m6v2aa"])]


class View(BaseModel):
    """A document of the API."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class JobLinks(View):
    """Where to go from a job."""

    self: str = Field(examples=["/v1/jobs/5f3a9c0b7d1e2f48"])
    events: str = Field(examples=["/v1/jobs/5f3a9c0b7d1e2f48/events"])
    episode: str = Field(examples=["/v1/episodes/ep_q7l2k5x3n4m6v2aa"])
    transcript: str | None = Field(examples=["/v1/episodes/ep_q7l2k5x3n4m6v2aa/transcript"])
    """None before there is one."""


class Job(View):
    """One request to process one episode."""

    id: JobId
    episode_id: EpisodeId
    title: str
    show: str | None
    state: JobState
    reason: str
    """Why it failed or was cancelled; empty otherwise."""
    priority: int
    """Higher ones are done first."""
    created_at: datetime
    updated_at: datetime
    links: JobLinks


class Step(View):
    """One unit of work of a job."""

    name: str = Field(examples=["transcribe"])
    part: int
    """Which of `parts`, from 0."""
    parts: int
    state: StepState
    queue: str | None
    """Where it waits, or was claimed from; none if no worker may claim it."""
    attempts: int
    """Claims since it last came to an end."""
    failures: int
    """Times it failed for a reason that may pass."""
    done: float | None
    """How much of it is done, in `unit`."""
    total: float | None
    unit: str | None = Field(examples=["seconds"])
    error: str
    started_at: datetime | None
    finished_at: datetime | None


class JobDetail(Job):
    """A job with its steps."""

    progress: float = Field(ge=0, le=1)
    """Share of the whole that is done, estimated."""
    steps: list[Step]
    """In the order in which they were first claimed; those that cannot begin yet are not among them."""


class JobPage(View):
    """A page of jobs, the newest first."""

    items: list[Job]
    next: str | None = Field(examples=["/v1/jobs?limit=50&after=WzE3NjQw"])
    """Where the next page is; none at the end."""


class EpisodeLinks(View):
    """Where to go from an episode."""

    self: str = Field(examples=["/v1/episodes/ep_q7l2k5x3n4m6v2aa"])
    jobs: str = Field(examples=["/v1/jobs?episode=ep_q7l2k5x3n4m6v2aa"])
    transcript: str | None = Field(examples=["/v1/episodes/ep_q7l2k5x3n4m6v2aa/transcript"])
    """None before there is one."""


class Episode(View):
    """One episode that was asked for."""

    id: EpisodeId
    title: str
    show: str | None
    guid: str | None
    audio_url: str | None
    page_url: str | None
    feed_url: str | None
    published: datetime | None
    duration: float | None
    """As its publisher says, in seconds."""
    language: str | None
    transcript: str | None
    """Digest (sha256) of its newest transcript; none while there is none."""
    job_id: str | None
    """The job that made it."""
    first_seen: datetime
    transcribed_at: datetime | None
    links: EpisodeLinks


class EpisodePage(View):
    """A page of episodes, the last asked for first."""

    items: list[Episode]
    next: str | None = Field(examples=["/v1/episodes?limit=50&after=WzE3NjQw"])
    """Where the next page is; none at the end."""


class Mark(View):
    """A hit: characters of the sentence, from `start` up to but without `end`."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)


class MomentLinks(View):
    """Where to go from a moment."""

    episode: str = Field(examples=["/v1/episodes/ep_q7l2k5x3n4m6v2aa"])
    transcript: str = Field(examples=["/v1/episodes/ep_q7l2k5x3n4m6v2aa/transcript"])


class Moment(View):
    """Where in an episode something is, and what is said there."""

    episode_id: EpisodeId
    title: str
    show: str | None
    published: datetime | None
    chapter: str | None
    """None before the first chapter."""
    chapter_start: float | None
    """Seconds."""
    speaker: str | None
    """A name where it is known, else a label."""
    sentence: str
    """What is said; empty where nothing is."""
    marks: list[Mark]
    """The hits in the sentence; none where a title or a name was found."""
    start: float = Field(ge=0, examples=[754.2])
    """The second to play from: of the first hit, or of the chapter whose title was found."""
    links: MomentLinks


class MomentPage(View):
    """A page of moments, the best first."""

    items: list[Moment]
    next: str | None = Field(examples=["/v1/search?q=tax&limit=20&after=WzIwLjAs"])
    """Where the next page is; none at the end. A page of a search by speaker may have less than `limit` items and yet a next."""


class Notice(View):
    """Something to know about a submission."""

    code: str = Field(examples=["newest_chosen"])
    message: str


class SourceFailure(View):
    """A feed of a list that cannot be used."""

    source: str
    detail: str
    hint: str


class Submission(View):
    """What became of a request for jobs."""

    jobs: list[Job]
    """Every job that the request stands for."""
    fresh: list[str]
    """Ids of those that it made or set going again; the others were open or done before, and stay as they are."""
    webhook_secret: str | None
    """The secret that was made for a webhook without one; it is told this once."""
    notices: list[Notice]
    failures: list[SourceFailure]
    """Feeds of a list that could not be used, beside those that could."""


class Standing(View):
    """Whether the service can take requests."""

    ready: bool
    ledger: Literal["ok", "unavailable", "not migrated"]
    broker: Literal["ok", "unavailable"]
    """Without it requests are taken all the same, and done once it is back."""


class Alive(View):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Entrance(View):
    """Where everything is."""

    version: str
    jobs: str
    episodes: str
    feeds: str
    search: str
    description: str
    """The OpenAPI document."""


def job_view(job: JobRecord) -> Job:
    """Return a job in short."""
    return Job(**_job_fields(job))


def job_detail(job: JobRecord, steps: tuple[StepRecord, ...]) -> JobDetail:
    """Return a job with its steps."""
    return JobDetail(**_job_fields(job), progress=share_done(job, steps), steps=[step_view(step) for step in steps])


def _job_fields(job: JobRecord) -> dict[str, Any]:
    here, episode = f"/v1/jobs/{job.id}", f"/v1/episodes/{job.episode_id}"
    links = JobLinks(
        self=here,
        events=f"{here}/events",
        episode=episode,
        transcript=f"{episode}/transcript" if job.output is not None else None,
    )
    return {
        "id": job.id, "episode_id": job.episode_id, "title": job.title, "show": job.show, "state": job.state,
        "reason": job.reason, "priority": job.priority, "created_at": moment(job.created_at),
        "updated_at": moment(job.updated_at), "links": links,
    }  # fmt: skip


def step_view(step: StepRecord) -> Step:
    """Return a step."""
    fields = {name: getattr(step, name) for name in Step.model_fields}
    times = {name: maybe_moment(fields[name]) for name in ("started_at", "finished_at")}
    return Step(**{**fields, **times})


def episode_view(episode: EpisodeRecord) -> Episode:
    """Return an episode."""
    here = f"/v1/episodes/{episode.id}"
    links = EpisodeLinks(
        self=here,
        jobs=f"/v1/jobs?episode={episode.id}",
        transcript=f"{here}/transcript" if episode.transcript is not None else None,
    )
    fields = {name: getattr(episode, name) for name in Episode.model_fields if name != "links"}
    times = {name: maybe_moment(fields[name]) for name in ("published", "transcribed_at", "first_seen")}
    return Episode(**{**fields, **times, "links": links})


def moment_view(found: FoundMoment) -> Moment:
    """Return a moment that was found."""
    episode = f"/v1/episodes/{found.episode_id}"
    plain = ("episode_id", "title", "show", "chapter", "chapter_start", "speaker", "sentence", "start")
    return Moment(
        **{name: getattr(found, name) for name in plain},
        published=maybe_moment(found.published),
        marks=[Mark(start=begin, end=end) for begin, end in found.marks],
        links=MomentLinks(episode=episode, transcript=f"{episode}/transcript"),
    )


def moment(stamp: float) -> datetime:
    """Return a time of the ledger."""
    return datetime.fromtimestamp(stamp, UTC)


def maybe_moment(stamp: float | None) -> datetime | None:
    """Return a time of the ledger, if there is one."""
    return None if stamp is None else moment(stamp)
