"""Assessments that were ordered in HR systems."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "assessment_order",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("package_id", sa.String(), nullable=False),
        sa.Column("application_id", sa.String()),
        sa.Column("subject_ref", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("payload_enc", sa.LargeBinary()),
        sa.Column("result_enc", sa.LargeBinary()),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String()),
        sa.Column("ordered_at", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.CheckConstraint("status IN ('open', 'completed', 'cancelled')", name="assessment_order_status"),
    )
    op.create_index("assessment_order_due", "assessment_order", ["connection", "status"])
    op.create_index("assessment_order_application", "assessment_order", ["application_id"])
    op.create_index("assessment_order_subject", "assessment_order", ["subject_ref"])
