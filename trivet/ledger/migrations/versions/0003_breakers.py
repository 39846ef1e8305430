"""Breakers, tickets of operations that a target works on later, and what too many refusals lead to."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds them."""
    op.create_table(
        "breaker",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
    )
    op.drop_index("operation_work", "operation")
    op.create_index("operation_work", "operation", ["batch_id", "target", "state", "seq"])
    op.add_column("operation", sa.Column("ticket", sa.String()))
    op.add_column("operation", sa.Column("planned_in", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE operation SET planned_in = batch_id")
    op.add_column("batch", sa.Column("too_many", sa.String(), nullable=False, server_default="hold"))
