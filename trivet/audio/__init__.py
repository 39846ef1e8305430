"""Recordings as sound: decoded in a child process with limits, so that a hostile file takes no worker with it."""

from .sound import Limits, Sound, sound

__all__ = ["Limits", "Sound", "sound"]
