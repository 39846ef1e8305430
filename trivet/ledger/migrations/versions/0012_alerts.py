"""Alerts, and the messages about them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "alert",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("flow", sa.String()),
        sa.Column("system", sa.String()),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("over_at", sa.String()),
    )
    op.create_index("alert_since", "alert", ["since"])
    open_ones = sa.text("over_at IS NULL")
    op.create_index(
        "alert_open", "alert", ["key"], unique=True, sqlite_where=open_ones, postgresql_where=open_ones
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.CheckConstraint("what IN ('began', 'over', 'digest')", name="notice_what"),
        sa.CheckConstraint(
            "state IN ('due', 'sending', 'sent', 'unknown', 'refused', 'dropped')", name="notice_state"
        ),
    )
    op.create_index("notice_due", "notice", ["state", "due_at"])
    op.create_index("notice_about", "notice", ["about"])


def downgrade() -> None:
    """Takes them away; what was told is forgotten."""
    op.drop_table("notice")
    op.drop_table("alert")
