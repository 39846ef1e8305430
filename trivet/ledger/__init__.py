"""What Trivet knows and did, in one SQL database of its own: SQLite in a file, or PostgreSQL by URL.

`open_ledger` gives a `Ledger`; a transaction from `begin()` or `read()` is handed to small stores of functions, one room
per table: batches, records, cursors, documents, people, recordings, scorings, operations, cases, set_asides, leases.
"""

from trivet.ledger.ledger import Ledger, Transaction, open_ledger

__all__ = ["Ledger", "Transaction", "open_ledger"]
