"""What pages look for among hundreds of thousands of deliveries and events is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the indexes."""
    op.create_index("operation_planned", "operation", ["seq", "id"])
    op.create_index("operation_target", "operation", ["target", "seq", "id"])
    unsettled = sa.text(
        "state IN ('waiting_identity', 'intent', 'accepted', 'unknown', 'rejected', 'stuck', 'comp_planned', "
        "'comp_intent', 'comp_unknown')"
    )
    op.create_index(
        "operation_unsettled",
        "operation",
        ["state", "seq", "id"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
    op.create_index("event_at", "event", ["at", "chain", "n"])
    op.create_index("event_code", "event", ["code", "at", "chain", "n"])
    people = sa.text("actor <> 'trivet'")
    op.create_index("event_actor", "event", ["actor", "at", "chain", "n"], sqlite_where=people, postgresql_where=people)
    op.create_index("batch_of_flow", "batch", ["flow", "kind", "opened_at"])
