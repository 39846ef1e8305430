"""Tencent Meeting: recordings of meetings and their addresses."""

from .routes import TencentMeeting

__all__ = ["TencentMeeting"]
