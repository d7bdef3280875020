"""The voices that shows are known by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "voices",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("show", sa.String(255), nullable=False),
        sa.Column("show_title", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_voices"),
    )
    op.create_index("ix_voices_show", "voices", ["show"])
    op.create_table(
        "voice_samples",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("voice_id", sa.String(32), nullable=False),
        sa.Column("episode_id", sa.String(64), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("embedding", sa.LargeBinary(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("clips", sa.Text(), server_default="[]", nullable=False),
        sa.Column("heard", sa.Text()),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["voice_id"], ["voices.id"], name="fk_voice_samples_voice_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_voice_samples"),
        sa.UniqueConstraint("episode_id", "model", "label", name="uq_voice_samples_episode_id"),
    )
    op.create_index("ix_voice_samples_voice_id", "voice_samples", ["voice_id"])


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_voice_samples_voice_id", table_name="voice_samples")
    op.drop_table("voice_samples")
    op.drop_index("ix_voices_show", table_name="voices")
    op.drop_table("voices")
