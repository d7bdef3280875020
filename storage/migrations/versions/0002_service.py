"""What the service keeps: queues, events, episodes, watched feeds, webhooks, tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen jobs and steps, and make the tables beside them."""
    _widen_jobs()
    _widen_steps()
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("data", sa.Text(), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_events_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_job_id", "events", ["job_id", "id"])
    _make_episodes()
    _make_feeds()
    op.create_table(
        "submissions",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("body", sa.String(64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_submissions"),
    )
    _make_deliveries()
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
    )


def _widen_jobs() -> None:
    with op.batch_alter_table("jobs") as table:
        table.add_column(sa.Column("show", sa.Text()))
        table.add_column(sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("request", sa.Text()))
        table.add_column(sa.Column("webhook", sa.Text()))
        table.create_index("ix_jobs_state_created_at", ["state", "created_at"])
        table.create_index("ix_jobs_created_at", ["created_at", "id"])


def _widen_steps() -> None:
    with op.batch_alter_table("steps") as table:
        table.add_column(sa.Column("queue", sa.String(16)))
        table.add_column(sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("since", sa.Float(), server_default="0", nullable=False))
        table.add_column(sa.Column("parts", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("needs_bytes", sa.BigInteger(), server_default="0", nullable=False))
        table.add_column(sa.Column("failures", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("faults", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("not_before", sa.Float(), server_default="0", nullable=False))
        table.add_column(sa.Column("announced_at", sa.Float()))
        table.add_column(sa.Column("done", sa.Float()))
        table.add_column(sa.Column("total", sa.Float()))
        table.add_column(sa.Column("unit", sa.String(16)))
        table.create_index("ix_steps_queue", ["state", "queue", "priority", "since", "part"])


def _make_episodes() -> None:
    op.create_table(
        "episodes",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("show", sa.Text()),
        sa.Column("guid", sa.Text()),
        sa.Column("audio_url", sa.Text()),
        sa.Column("page_url", sa.Text()),
        sa.Column("feed_url", sa.Text()),
        sa.Column("published", sa.Float()),
        sa.Column("duration", sa.Float()),
        sa.Column("language", sa.String(35)),
        sa.Column("transcript", sa.String(64)),
        sa.Column("job_id", sa.String(32)),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("transcribed_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
    )
    op.create_index("ix_episodes_first_seen", "episodes", ["first_seen", "id"])
    op.create_index("ix_episodes_show", "episodes", ["show"])


def _make_feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("title", sa.Text()),
        sa.Column("every", sa.Float(), nullable=False),
        sa.Column("since", sa.Float()),
        sa.Column("options", sa.Text(), server_default="{}", nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("webhook", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("polled_at", sa.Float()),
        sa.Column("next_poll_at", sa.Float(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("url", name="uq_feeds_url"),
    )
    op.create_index("ix_feeds_next_poll_at", "feeds", ["next_poll_at"])
    op.create_table(
        "feed_items",
        sa.Column("feed_id", sa.String(32), nullable=False),
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("guid", sa.Text()),
        sa.Column("audio_url", sa.Text()),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("published", sa.Float()),
        sa.Column("duration", sa.Float()),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("job_id", sa.String(32)),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name="fk_feed_items_feed_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("feed_id", "episode_id", name="pk_feed_items"),
    )


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_at", sa.Float(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_deliveries_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state", "next_at"])


def downgrade() -> None:
    """Remove them."""
    for name in ("tokens", "deliveries", "submissions", "feed_items", "feeds", "episodes", "events"):
        op.drop_table(name)
    with op.batch_alter_table("steps") as table:
        table.drop_index("ix_steps_queue")
        for name in ("queue", "priority", "since", "parts", "needs_bytes", "failures", "faults", "not_before", "announced_at"):
            table.drop_column(name)
        for name in ("done", "total", "unit"):
            table.drop_column(name)
    with op.batch_alter_table("jobs") as table:
        table.drop_index("ix_jobs_created_at")
        table.drop_index("ix_jobs_state_created_at")
        for name in ("show", "priority", "request", "webhook"):
            table.drop_column(name)
