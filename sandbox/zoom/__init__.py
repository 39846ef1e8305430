"""Zoom: meetings of the past and their recordings in the cloud."""

from .routes import Zoom

__all__ = ["Zoom"]
