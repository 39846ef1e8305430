"""Beisen iTalent 北森: the recruiting API as far as it is read."""

from .routes import Beisen

__all__ = ["Beisen"]
