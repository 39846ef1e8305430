"""What a row's state may be is said as alternatives: SQLite builds a table of a list's values anew for every row that it writes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_OPERATION = (
    "waiting_identity", "planned", "intent", "accepted", "unknown", "confirmed", "rejected", "stuck", "superseded",
    "cancelled", "comp_planned", "comp_intent", "comp_unknown", "compensated", "written_off",
)  # fmt: skip
_UNSETTLED = (
    "waiting_identity", "intent", "accepted", "unknown", "rejected", "stuck", "comp_planned", "comp_intent", "comp_unknown",
)  # fmt: skip
# the tables of which a night writes a row a person or more
_CHECKS: dict[str, dict[str, tuple[str, ...]]] = {
    "operation": {"operation_state": _OPERATION, "operation_kind": ("create", "update", "delete")},
    "record": {"record_state": ("new", "translated", "set_aside", "gone")},
    "recording": {"recording_state": ("fetched", "refused", "erased")},
    "scoring": {"scoring_state": ("done", "pending", "refused")},
}


def upgrade() -> None:
    """Rewrites the conditions; no row changes."""
    op.drop_index("operation_unsettled", "operation")
    for name, checks in _CHECKS.items():
        with op.batch_alter_table(name) as table:
            for check, values in checks.items():
                table.drop_constraint(check, type_="check")
                table.create_check_constraint(check, _alternatives(check.rpartition("_")[2], values))
    unsettled = sa.text(_alternatives("state", _UNSETTLED))
    op.create_index(
        "operation_unsettled",
        "operation",
        ["state", "seq", "id"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )


def _alternatives(column: str, values: tuple[str, ...]) -> str:
    return " OR ".join(f"{column} = '{value}'" for value in values)
