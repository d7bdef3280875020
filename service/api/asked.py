"""What a client may ask for: the bodies of requests, and what they mean.

A client reaches less than a person at the command line: only the web, never a path; only the names of models, never a
folder or a repository of the client's choice, which would be loaded here; only engines that are meant for real speech.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from jobs.addresses import Guard
from jobs.options import Options
from jobs.selection import Selection
from jobs.webhook import new_secret as webhook_secret
from storage.errors import AddressRefused
from worker.settings import Settings

_WEB_ADDRESS = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s\x00-\x20\x7f]+$"
_PRINTED = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_SHAPE_OF_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _is_address(url: str) -> str:
    """Judge what can be judged by the text; where the name leads is judged when it is fetched."""
    try:
        Guard(allow_private=True).check_url(url)
    except AddressRefused as error:
        raise ValueError(str(error)) from error
    return url


def _as_date(value: object) -> object:
    if isinstance(value, str) and _SHAPE_OF_DATE.fullmatch(value):
        return date.fromisoformat(value)
    if isinstance(value, date) or value is None:
        return value
    raise ValueError("a date is written like 2026-01-31")


def _is_webhook_secret(secret: str) -> str:
    try:
        length = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("the part after whsec_ is not base64") from error
    if not 24 <= length <= 64:
        raise ValueError("a secret holds 24 to 64 bytes, in base64 after whsec_")
    return secret


Address = Annotated[str, Field(max_length=2048, pattern=_WEB_ADDRESS), AfterValidator(_is_address)]
"""An http or https address."""

Day = Annotated[date, BeforeValidator(_as_date, json_schema_input_type=date)]
"""A date as ISO 8601 writes it, and nothing else."""

Text = Annotated[str, Field(max_length=500, min_length=1, pattern=_PRINTED)]
"""A short text without control characters."""

Language = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A BCP 47 code."""

Speakers = Annotated[int, Field(ge=1, le=50)]
"""A number of voices."""

Priority = Annotated[int, Field(ge=-100, le=100)]
"""Higher ones are done first."""


class Body(BaseModel):
    """A part of a request; it refuses fields that it does not know, and values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class SelectionBody(Body):
    """Which episodes of a feed; with nothing said, the newest one."""

    latest: int | None = Field(default=None, ge=1, le=100_000, examples=[3])
    """The newest so many."""
    since: Day | None = Field(default=None, examples=["2026-01-31"])
    """Those published since this day (UTC); together with `latest`, those that satisfy both."""
    episodes: list[Text] | None = Field(default=None, min_length=1, max_length=100, examples=[["1"]])
    """Each by title, guid, or number: 1 is the newest. Not together with the others."""
    all: bool = False
    """Every episode."""

    @model_validator(mode="after")
    def _makes_sense(self) -> SelectionBody:
        if self.episodes and (self.all or self.latest is not None or self.since is not None):
            raise ValueError("`episodes` does not go with `latest`, `since` or `all`")
        if self.all and self.latest is not None:
            raise ValueError("`all` and `latest` contradict each other")
        return self

    def selection(self) -> Selection:
        """Return what it means."""
        return Selection(latest=self.latest, since=self.since, episodes=tuple(self.episodes or ()), all=self.all)


class OptionsBody(Body):
    """How to transcribe; what is not said is as the server's settings say."""

    engine: Literal["auto", "whisper", "pocketsphinx"] | None = None
    """Speech engine; one asked for by name never falls back."""
    model: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", examples=["large-v3-turbo"])
    """Name of a Whisper model."""
    language: Language | None = Field(default=None, examples=["en"])
    """What is spoken; it is heard if not given."""
    prompt: Text | None = None
    """Text that sets the tone and spelling."""
    hotwords: Text | None = None
    """Names and jargon to listen for."""
    beam_size: int | None = Field(default=None, ge=1, le=20)
    """How many readings are followed."""
    diarizer: Literal["auto", "pyannote", "resemblyzer", "none"] | None = None
    """Who tells the speakers apart."""
    speakers: Speakers | None = None
    """How many speakers there are; not together with the next two."""
    min_speakers: Speakers | None = None
    """At least so many."""
    max_speakers: Speakers | None = None
    """At most so many."""
    generated_chapters: bool | None = None
    """Make chapters from the transcript where none were published."""

    @model_validator(mode="after")
    def _makes_sense(self) -> OptionsBody:
        if self.speakers is not None and (self.min_speakers is not None or self.max_speakers is not None):
            raise ValueError("`speakers` says the number exactly: leave out `min_speakers` and `max_speakers`")
        if self.min_speakers is not None and self.max_speakers is not None and self.min_speakers > self.max_speakers:
            raise ValueError("`min_speakers` is greater than `max_speakers`")
        return self

    def options(self, settings: Settings) -> Options:
        """Return the options of a job, the server's where nothing is said."""
        own = settings.engine if self.engine is None else self.engine
        # the server's model belongs to the server's engine: a script of sentences is no Whisper model
        model = settings.model if "scripted" not in {settings.engine, own} or own == settings.engine else None
        given = self.model_dump(exclude_none=True)
        defaults: dict[str, Any] = {
            "engine": own, "diarizer": settings.diarizer, "model": model, "threads": settings.threads,
            "workers": settings.workers, "batch_size": settings.batch_size, "part_seconds": settings.part_seconds,
            "generated_chapters": settings.generated_chapters,
        }  # fmt: skip
        return Options.model_validate({**defaults, **given})


class WebhookBody(Body):
    """Who is told of the end of a job, by a POST as Standard Webhooks describes it."""

    url: Address = Field(examples=["https://example.com/earmark"])
    secret: Annotated[str, AfterValidator(_is_webhook_secret)] | None = Field(
        default=None, max_length=120, pattern=r"^whsec_[A-Za-z0-9+/=]+$", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
    )
    """Signs the message: `whsec_` and 24 to 64 bytes in base64. If it is not given, one is made, and told in the answer."""

    def stored(self, made: str) -> str:
        """Return it as the ledger keeps it, with the secret that was made for it if it has none."""
        return json.dumps({"url": self.url, "secret": self.secret or made})


def new_secret(webhook: WebhookBody | None) -> str | None:
    """Return a secret for a webhook that has none; none where none is needed."""
    if webhook is None or webhook.secret is not None:
        return None
    return webhook_secret()


class JobBody(Body):
    """A request for transcripts."""

    url: Address = Field(examples=["https://example.com/feed.xml"])
    """Audio, a feed (RSS, Atom), the page of an episode or show, or an OPML list; told apart by what is there."""
    selection: SelectionBody = SelectionBody()
    """Which episodes, if the address stands for several."""
    options: OptionsBody = OptionsBody()
    """How to transcribe them."""
    chapters: Address | None = None
    """Chapters for the one episode that is chosen: JSON Chapters, Podlove Simple Chapters, or lines of show notes."""
    reference: Address | None = None
    """Of the publisher's clean audio, or of a second download: what the episode's file has besides is found by comparison."""
    notes: str | None = Field(default=None, max_length=500_000, pattern=_PRINTED)
    """Show notes for the one episode that is chosen; they come before the published ones."""
    priority: Priority | None = None
    """Higher ones are done first. If it is not said, single episodes come before those asked for in bulk."""
    webhook: WebhookBody | None = None
    """Who is told of the end of the jobs that this request makes or sets going again."""
    again: bool = False
    """Do everything again, and reuse nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"url": "https://example.com/episode.mp3"},
                {"url": "https://example.com/feed.xml", "selection": {"latest": 3}, "options": {"language": "en"}},
            ]
        }
    )
