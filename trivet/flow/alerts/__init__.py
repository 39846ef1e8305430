"""Alerts: what happens in the ledger, who is told, in which words."""
