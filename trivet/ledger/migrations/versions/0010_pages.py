"""What pages look for among hundreds of thousands of deliveries and events is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0013"


def upgrade() -> None:
    """Adds the indexes."""
    op.create_index("operation_planned", "operation", ["seq", "id"])
    op.create_index("operation_target", "operation", ["target", "seq", "id"])
    trouble = sa.text("state IN ('rejected', 'stuck', 'unknown', 'comp_unknown', 'waiting_identity')")
    op.create_index(
        "operation_trouble", "operation", ["state", "seq"], sqlite_where=trouble, postgresql_where=trouble
    )
    op.create_index("event_at", "event", ["at", "chain", "n"])
    op.create_index("batch_of_flow", "batch", ["flow", "kind", "opened_at"])
