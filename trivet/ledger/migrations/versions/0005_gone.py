"""Records that a vendor no longer has, and when a stream was last read whole."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds them."""
    op.add_column("cursor", sa.Column("whole_at", sa.String()))
    with op.batch_alter_table("record") as table:
        table.drop_constraint("record_state", type_="check")
        table.create_check_constraint("record_state", "state IN ('new', 'translated', 'set_aside', 'gone')")
