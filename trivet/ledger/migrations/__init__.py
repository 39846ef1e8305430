"""The ledger's schema, step by step (Alembic); additive within a minor version, so that old workers go on."""
