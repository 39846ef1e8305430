"""What end-to-end tests share."""

from callers import door, open_door

__all__ = ["door", "open_door"]
