"""Batches of fresh results beside the nights."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Tells them apart; a flow has one unfinished batch of each kind."""
    op.drop_index("batch_unfinished", "batch")
    with op.batch_alter_table("batch") as table:
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="night"))
        table.create_check_constraint("batch_kind", "kind IN ('night', 'event')")
    still_open = sa.text("closed_at IS NULL")
    op.create_index(
        "batch_unfinished", "batch", ["tenant", "flow", "kind"], unique=True,
        sqlite_where=still_open, postgresql_where=still_open,
    )  # fmt: skip
