"""A key of its own for each person, tombstones, erasures and legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "subject_key",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("subject_ref", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary()),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("erased_at", sa.String()),
    )
    op.create_index("subject_key_subject", "subject_key", ["subject_ref"])
    op.create_table(
        "tombstone",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject_ref", sa.String(), nullable=False),
        sa.Column("erased_at", sa.String(), nullable=False),
    )
    op.create_index("tombstone_subject", "tombstone", ["subject_ref"])
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("subject_ref", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("changed_at", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('due', 'confirmed', 'listed', 'case', 'held')", name="erasure_state"),
    )
    op.create_index("erasure_subject", "erasure", ["subject_ref"])
    op.create_table(
        "legal_hold",
        sa.Column("tenant", sa.String(), primary_key=True),
        sa.Column("subject_ref", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
    )
