"""Events that vendors told us; records in the order in which they are worked on."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Adds the table, and the id to the index."""
    op.create_table(
        "inbound",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload_enc", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String()),
    )
    op.drop_index("record_work", "record")
    op.create_index("record_work", "record", ["batch_id", "state", "stream", "id"])
    op.create_index("inbound_waiting", "inbound", ["connection", "batch_id"])
