"""What somebody wants done that another person has to approve."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "wish",
        sa.Column("approval_id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String()),
        sa.Column("subject_ref", sa.String()),
        sa.Column("number_enc", sa.LargeBinary()),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("begun_at", sa.String()),
        sa.Column("done_at", sa.String()),
        sa.Column("outcome", sa.String()),
        sa.CheckConstraint("verb IN ('rollback', 'link', 'unlink')", name="wish_verb"),
    )
    op.create_index("wish_subject", "wish", ["tenant", "subject_ref"])
