"""Runs the steps in the transaction that `database.migrate` opened."""

from alembic import context

from trivet.ledger.database import VERSION_TABLE
from trivet.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
