"""Baidu's face detection: a token, one picture a call, errors with status 200."""

from .routes import BaiduFace

__all__ = ["BaiduFace"]
