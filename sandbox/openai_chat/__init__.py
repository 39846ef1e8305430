"""An OpenAI-compatible chat endpoint whose model is a handful of rules."""

from .routes import OpenAiChat

__all__ = ["OpenAiChat"]
