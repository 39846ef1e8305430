"""Trivet: the connector hub between HR systems, AI interview scorers and ERPs."""

__version__ = "0.1.0"
