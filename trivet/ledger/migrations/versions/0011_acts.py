"""Flows and systems on hold; approvals, what waits for them, and the passkeys that sign them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "hold",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('flow', 'system')", name="hold_kind"),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("flow", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("causes", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("passkey", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.String(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.Column("remind_at", sa.String()),
        sa.Column("escalate_at", sa.String()),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", sa.String()),
        sa.Column("how", sa.String()),
        sa.Column("note", sa.String()),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'rejected', 'expired', 'replaced')", name="approval_state"
        ),
    )
    op.create_index("approval_batch", "approval", ["batch_id", "state"])
    op.create_index("approval_state_asked", "approval", ["state", "asked_at"])
    op.create_table(
        "gate",
        sa.Column("operation_id", sa.String(), primary_key=True),
        sa.Column("causes", sa.String(), nullable=False),
        sa.Column("approval_id", sa.String()),
        sa.Column("approved_by", sa.String()),
        sa.Column("approved_at", sa.String()),
    )
    op.create_index("gate_approval", "gate", ["approval_id"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("registered_at", sa.String(), nullable=False),
        sa.Column("used_at", sa.String()),
    )
    op.create_index("passkey_person", "passkey", ["person"])
    op.create_table(
        "challenge",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("used_at", sa.String()),
    )
