"""The ledger's tables. Changing them takes a migration in `storage/migrations`, which a test holds against what stands here."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

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
    UniqueConstraint("episode_id", "options_key"),
)

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
    Index("ix_steps_key_state", "key", "state"),
)
