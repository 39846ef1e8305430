"""Which steps of a batch's run came to their end: what a failed one left undone is the next night's."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Adds the column; batches from before count as through."""
    op.add_column("batch", sa.Column("through", sa.String(), nullable=False, server_default="all"))
