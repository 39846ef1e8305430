"""Lever: the v1 data API."""

from .routes import Lever

__all__ = ["Lever"]
