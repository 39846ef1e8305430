"""Baidu's recognition of short speech."""

from .routes import BaiduSpeech

__all__ = ["BaiduSpeech"]
