"""Feishu: meetings by number, their recordings, and minutes."""

from .routes import FeishuMinutes

__all__ = ["FeishuMinutes"]
