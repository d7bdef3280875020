"""The data model: frozen values, and the JSON contract of `transcript.json`.

Times are float seconds from the start of the downloaded file, named `start` and `end`; a time on the publisher's
clock is `published_start`. External names (`startTime`, `body`, …) stay inside the file that reads or writes that format.
`Transcript` is the product's output; its JSON Schema is generated from here (`storage.schema`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.dataclasses import dataclass

TRANSCRIPT_SCHEMA: Literal["earmark.transcript/1"] = "earmark.transcript/1"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False), PlainSerializer(lambda s: round(s, 3), return_type=float)]
"""A place in the downloaded file or a length, in seconds; written with milliseconds."""

Offset = Annotated[float, Field(allow_inf_nan=False), PlainSerializer(lambda s: round(s, 3), return_type=float)]
"""A signed difference of two times, in seconds; written with milliseconds."""

Share = Annotated[float, Field(ge=0, le=1), PlainSerializer(lambda p: round(p, 4), return_type=float)]
"""A probability or confidence, 0 … 1."""


class Document(BaseModel):
    """A frozen value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


_STRICT = ConfigDict(extra="forbid", use_attribute_docstrings=True)
"""For values of which an episode has thousands: dataclasses with slots, as a `Document` takes five to seven times the memory."""


class Notice(Document):
    """Something that a reader of the output should know; the output's `warnings` are made of these."""

    code: str
    """Stable snake_case name, e.g. `chapter_repaired`, `asr_fallback`, `preview`."""
    message: str


# ------------------------------------------------------------------ what the publisher printed


class Person(Document):
    """Somebody whom the publisher names (`podcast:person`)."""

    name: str
    role: str = "host"
    group: str = "cast"
    url: str | None = None
    image: str | None = None


class Link(Document):
    """A file that the publisher offers beside the audio: a chapters file, a transcript, a picture."""

    url: str
    media_type: str | None = None
    language: str | None = None
    rel: str | None = None


class Note(Document):
    """One field of show notes as published: hostile HTML until it is sanitised."""

    field: Literal["content:encoded", "description", "itunes:summary", "atom:content", "atom:summary", "file", "page"]
    html: str


class Episode(Document):
    """One episode as its publisher describes it.

    `id` is derived from feed URL and guid, else from the normalised audio URL or the file's content, so that
    the same episode asked twice is one.
    """

    id: str
    title: str
    show: str | None = None
    guid: str | None = None
    audio_url: str | None = None
    page_url: str | None = None
    feed_url: str | None = None
    published: datetime | None = None
    published_duration: Seconds | None = None
    language: str | None = None
    image: str | None = None
    persons: tuple[Person, ...] = ()


class ChapterMark(Document):
    """A chapter as one source printed it, on that source's clock."""

    start: Seconds
    title: str
    end: Seconds | None = None
    url: str | None = None
    image: str | None = None
    hidden: bool = False
    truncated: bool = False
    """The source broke off inside this title."""


SourceKind = Literal["file", "embedded", "podcast_json", "psc", "show_notes", "generated"]
"""Where chapters can come from; `file` is a chapter file that a person gave by hand."""


class ChapterSource(Document):
    """One place where chapters were looked for, and what was found there."""

    kind: SourceKind
    origin: str
    """The address, field, or tag that was read, e.g. `content:encoded` or a URL."""
    status: Literal["found", "none", "unknown"]
    """`none`: read and empty; `unknown`: could not be read, so nobody can tell."""
    marks: tuple[ChapterMark, ...] = ()
    chosen: bool = False
    reason: str = ""
    """Why it was chosen or passed over."""


class Publication(Document):
    """Everything that the publisher printed about one episode: the episode and the raw material around it."""

    episode: Episode
    media_type: str | None = None
    """Type of the enclosure as claimed; never trusted."""
    bytes: int | None = None
    """Length of the enclosure as claimed; never trusted."""
    guid_is_permalink: bool | None = None
    """Whether the feed says that the guid is the episode's page; none if it does not say, which RSS takes for yes."""
    notes: tuple[Note, ...] = ()
    chapters: tuple[ChapterSource, ...] = ()
    """Sources that the feed itself carries (inline `psc:chapters`)."""
    chapter_links: tuple[Link, ...] = ()
    """`podcast:chapters` and external Simple Chapters, to be fetched; `rel` is `podcast_json` or `psc`."""
    transcript_links: tuple[Link, ...] = ()
    warnings: tuple[Notice, ...] = ()


# ------------------------------------------------------------------ what was heard


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Span:
    """A stretch of time."""

    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Word:
    """One spoken word with its place in the file."""

    start: Seconds
    end: Seconds
    text: str
    """As written, punctuation attached, without surrounding space."""
    probability: Share | None = None
    speaker: str | None = None
    """Label of the speaker, see `Transcript.speakers`; none where nobody is near."""
    joined: bool = False
    """No space before this word (languages without spaces, and pieces of a hyphenated word)."""


SegmentFlag = Literal["repetition", "impossible_rate", "low_confidence", "overlap", "estimated_times", "no_speech_likely"]


class Segment(Document):
    """A stretch of text: what one speaker says without a long pause."""

    start: Seconds
    end: Seconds
    text: str
    speaker: str | None = None
    words: tuple[Word, ...] = ()
    flags: tuple[SegmentFlag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Turn:
    """A stretch of one speaker."""

    start: Seconds
    end: Seconds
    speaker: str


NameSource = Literal["people", "voice", "self_introduction", "introduction", "podcast_person", "title", "show_notes"]
"""Where a speaker's name comes from.

`people`: somebody gave it with `earmark speakers`; `voice`: a remembered voice of the show that has this name;
`self_introduction` and `introduction`: it was said, by the speaker or to them; the others: it was printed, and nobody else
can be meant.
"""


class NameCandidate(Document):
    """A name for which something speaks."""

    name: str
    source: NameSource
    confidence: Share


class Speaker(Document):
    """A voice of the episode."""

    label: str
    """`Speaker 1`, `Speaker 2`, … in order of first appearance."""
    name: str | None = None
    """None without evidence, and where evidence contradicts itself: `candidates` has it then."""
    name_source: NameSource | None = None
    name_confidence: Share | None = None
    """How sure the name is; none where there is none."""
    voice: str | None = None
    """The voice of the show (`earmark speakers`) that this is; none where voices are not remembered."""
    voice_sample: str | None = None
    """What the show remembers of this voice from this episode."""
    voice_score: Share | None = None
    """How sure it is that this voice was heard in other episodes; none if it was not."""
    candidates: tuple[NameCandidate, ...] = ()
    """Names that were not given, the surest first."""
    talk_time: Seconds = 0.0


CoverageKind = Literal["speech", "music", "silence", "unclear"]


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class Coverage:
    """What a stretch of the file is; together they tile the file without gap or overlap.

    `speech`: somebody speaks and the transcript has words; `music`: sound that is not speech (music or noise);
    `silence`: nothing to hear; `unclear`: speech was detected but no words came of it, or it could not be judged.
    """

    start: Seconds
    end: Seconds
    kind: CoverageKind
    inserted: bool = False
    """The publisher's transcript does not have this stretch: an ad, most likely, that was put into this file."""


# ------------------------------------------------------------------ the chapters of the transcript

AnchorMethod = Literal[
    "as_published", "snapped", "reference_audio", "publisher_transcript", "title_evidence", "embedded", "generated"
]


class Chapter(Document):
    """An index point of the episode, on the timeline of the downloaded file."""

    title: str
    start: Seconds
    end: Seconds
    published_start: Seconds | None
    """The time that the source printed; none for generated chapters."""
    offset: Offset
    """`start - published_start`."""
    method: AnchorMethod
    confidence: Share
    source: SourceKind
    url: str | None = None
    image: str | None = None
    hidden: bool = False
    truncated: bool = False
    segments: tuple[int, int] = (0, 0)
    """Half-open range of indexes into `Transcript.segments`."""
    talk_time: dict[str, Seconds] = {}
    """Seconds of speech per speaker label inside the chapter."""


# ------------------------------------------------------------------ how it was made


class EngineInfo(Document):
    """Which engine did a step, exactly."""

    name: str
    version: str
    model: str
    """Name or folder name of the model."""
    model_digest: str | None = None
    """Short sha256 over the model's weights, where they are files."""
    device: str = "cpu"
    compute_type: str | None = None
    fallback: bool = False
    """This engine ran in place of a better one; `warnings` says why."""


class Made(Document):
    """How the transcript was made."""

    earmark_version: str
    made_at: datetime
    transcriber: EngineInfo
    diarizer: EngineInfo | None = None
    options: dict[str, str | int | float | bool | None] = {}


class Loudness(Document):
    """Level of the whole file."""

    rms_dbfs: float | None
    """Root mean square level in dB relative to full scale; none for digital silence."""
    peak_dbfs: float | None
    speech_dbfs: float | None
    """Level of the speech alone; none where there is no speech."""


class Audio(Document):
    """The file that was downloaded."""

    sha256: str
    bytes: int
    media_type: str
    duration: Seconds
    """Measured by decoding, never taken from a header."""
    fetched_at: datetime
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    loudness: Loudness | None = None
    tags: dict[str, str] = {}


class Transcript(Document):
    """The product's output: one episode, heard, by chapter and speaker."""

    schema_: Literal["earmark.transcript/1"] = Field(default=TRANSCRIPT_SCHEMA, alias="schema")
    episode: Episode
    audio: Audio
    made: Made
    language: str | None
    """BCP 47 code of what was spoken; none where nothing was."""
    segments: tuple[Segment, ...]
    speakers: tuple[Speaker, ...]
    chapters: tuple[Chapter, ...]
    chapter_sources: tuple[ChapterSource, ...]
    coverage: tuple[Coverage, ...]
    warnings: tuple[Notice, ...]

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
