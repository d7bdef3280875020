"""The ledger's tables. Changing them takes a migration in `storage/migrations`, which a test holds against what stands here."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
"""Constraints have names of their own, so that later migrations can change them."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("episode_id", String(64), nullable=False),
    Column("options_key", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("output", String(64)),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("show", Text),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("request", Text),
    Column("webhook", Text),
    UniqueConstraint("episode_id", "options_key"),
    Index("ix_jobs_state_created_at", "state", "created_at"),
    Index("ix_jobs_created_at", "created_at", "id"),
)
"""`request` is what workers need to do the job (JSON); jobs of `earmark run` have none, and no worker touches them.

`webhook` holds what `storage.webhooks` reads: all that are told of its end.
"""

steps = Table(
    "steps",
    metadata,
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("token", Integer, nullable=False, server_default="0"),
    Column("owner", String(64)),
    Column("expires_at", Float),
    Column("output", String(64)),
    Column("error", Text, nullable=False, server_default=""),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("queue", String(16)),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("since", Float, nullable=False, server_default="0"),
    Column("parts", Integer, nullable=False, server_default="1"),
    Column("needs_bytes", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("faults", Integer, nullable=False, server_default="0"),
    Column("not_before", Float, nullable=False, server_default="0"),
    Column("announced_at", Float),
    Column("done", Float),
    Column("total", Float),
    Column("unit", String(16)),
    Index("ix_steps_key_state", "key", "state"),
    Index("ix_steps_queue", "state", "queue", "priority", "since", "part"),
)
"""A step that workers may claim has a `queue`; `priority` (negated) and `since` are its job's, so that
one index holds the order in which they are claimed.

`attempts` counts claims, `faults` those of them that ended its process, `failures` those that ended for a reason that may pass.
"""

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),
    Index("ix_events_job_id", "job_id", "id"),
    sqlite_autoincrement=True,  # an id that a reader has seen is never given again
)

episodes = Table(
    "episodes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", Text, nullable=False),
    Column("show", Text),
    Column("guid", Text),
    Column("audio_url", Text),
    Column("page_url", Text),
    Column("feed_url", Text),
    Column("published", Float),
    Column("duration", Float),
    Column("language", String(35)),
    Column("transcript", String(64)),
    Column("job_id", String(32)),
    Column("first_seen", Float, nullable=False),
    Column("transcribed_at", Float),
    Index("ix_episodes_first_seen", "first_seen", "id"),
    Index("ix_episodes_show", "show"),
)
"""Every episode that was ever asked for; `transcript` is the digest of its newest transcript, made by `job_id`."""

feeds = Table(
    "feeds",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("title", Text),
    Column("every", Float, nullable=False),
    Column("since", Float),
    Column("options", Text, nullable=False, server_default="{}"),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("webhook", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("created_at", Float, nullable=False),
    Column("polled_at", Float),
    Column("next_poll_at", Float, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Index("ix_feeds_next_poll_at", "next_poll_at"),
)

feed_items = Table(
    "feed_items",
    metadata,
    Column("feed_id", String(32), ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True),
    Column("episode_id", String(64), primary_key=True),
    Column("guid", Text),
    Column("audio_url", Text),
    Column("title", Text, nullable=False),
    Column("published", Float),
    Column("duration", Float),
    Column("seen_at", Float, nullable=False),
    Column("job_id", String(32)),
)
"""What a watched feed has listed so far, so that an item whose guid or address changes is known again."""

submissions = Table(
    "submissions",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("body", String(64), nullable=False),
    Column("answer", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)
"""Answers to requests that carried an `Idempotency-Key`; `body` is the digest of what was asked."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("job_id", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("webhook", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_at", Float, nullable=False),
    Column("error", Text, nullable=False, server_default=""),
    Column("created_at", Float, nullable=False),
    Index("ix_deliveries_state", "state", "next_at"),
)
"""Messages to webhooks, written in the transaction that ends their job, so that none is forgotten and none made up."""

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("used_at", Float),
    Column("scope", String(16), nullable=False, server_default="api"),
    Column("show", String(255)),
)
"""Tokens of the API, and keys of feeds (`scope` is `feeds`, `show` the one show that a key opens); only digests are kept."""

voices = Table(
    "voices",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("show", String(255), nullable=False),
    Column("show_title", Text, nullable=False),
    Column("name", Text),
    Column("created_at", Float, nullable=False),
    Column("known_as", String(32)),
    Index("ix_voices_show", "show"),
)
"""The voices of each show; `show` is its title as `storage.shows.show_key` reduces it, `name` is what a person called it.

`known_as` is the voice of another show that it was recognised as, which happens only if somebody asked for it.
"""

voice_sources = Table(
    "voice_sources",
    metadata,
    Column("show", String(255), primary_key=True),
    Column("other", String(255), primary_key=True),
)
"""With the voices of which other shows the speakers of a show are compared, too, because somebody asked for it."""

voice_samples = Table(
    "voice_samples",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("voice_id", String(32), ForeignKey("voices.id", ondelete="CASCADE"), nullable=False),
    Column("episode_id", String(64), nullable=False),
    Column("model", String(255), nullable=False),
    Column("label", String(64), nullable=False),
    Column("embedding", LargeBinary, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("score", Float),
    Column("clips", Text, nullable=False, server_default="[]"),
    Column("heard", Text),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("episode_id", "model", "label"),
    Index("ix_voice_samples_voice_id", "voice_id"),
)
"""What one episode contributed to a voice. All else that is known of a voice is computed from these rows, so that episodes which
are done at the same time lose nothing of each other, and what is removed leaves no trace.

`model` names whose `embedding` (float32, little-endian) it is, `label` is the diarizer's, `clips` (JSON) are digests of
recordings, `heard` (JSON) is the name for which the episode itself speaks.
"""
