"""Jobs and steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("options_key", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("output", sa.String(64)),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("episode_id", "options_key", name="uq_jobs_episode_id"),
    )
    op.create_table(
        "steps",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("token", sa.Integer(), server_default="0", nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("expires_at", sa.Float()),
        sa.Column("output", sa.String(64)),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("finished_at", sa.Float()),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_steps_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "name", "part", name="pk_steps"),
    )
    op.create_index("ix_steps_key_state", "steps", ["key", "state"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_steps_key_state", table_name="steps")
    op.drop_table("steps")
    op.drop_table("jobs")
