"""Ashby's public API, version 2026-01-01."""

from .routes import Ashby

__all__ = ["Ashby"]
