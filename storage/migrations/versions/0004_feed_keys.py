"""Keys that open feeds alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tell tokens from keys."""
    with op.batch_alter_table("tokens") as table:
        table.add_column(sa.Column("scope", sa.String(16), server_default="api", nullable=False))
        table.add_column(sa.Column("show", sa.String(255)))


def downgrade() -> None:
    """Remove the keys, which would be tokens otherwise."""
    op.execute("DELETE FROM tokens WHERE scope <> 'api'")
    with op.batch_alter_table("tokens") as table:
        table.drop_column("show")
        table.drop_column("scope")
