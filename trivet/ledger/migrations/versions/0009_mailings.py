"""Reports that were mailed, and to whom."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "mailing",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("subject_ref", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('due', 'sending', 'sent', 'unknown', 'refused')", name="mailing_state"),
    )
    op.create_index("mailing_report", "mailing", ["tenant", "report"])
    op.create_index("mailing_due", "mailing", ["state"])
    op.create_index("mailing_subject", "mailing", ["subject_ref"])
