"""Greenhouse: Harvest v3."""

from .routes import Greenhouse

__all__ = ["Greenhouse"]
