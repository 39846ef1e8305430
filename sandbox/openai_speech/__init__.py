"""An OpenAI-compatible speech service."""

from .routes import OpenAiSpeech

__all__ = ["OpenAiSpeech"]
