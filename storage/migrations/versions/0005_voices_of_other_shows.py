"""The voices of other shows, where somebody asks for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    op.add_column("voices", sa.Column("known_as", sa.String(32)))
    op.create_table(
        "voice_sources",
        sa.Column("show", sa.String(255), nullable=False),
        sa.Column("other", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("show", "other", name="pk_voice_sources"),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("voice_sources")
    op.drop_column("voices", "known_as")
