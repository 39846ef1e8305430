"""Operations on records that somebody else made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the column."""
    op.add_column(
        "operation", sa.Column("adopted", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
