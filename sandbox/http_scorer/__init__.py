"""Three industry models and a recogniser of terms, as companies run them: each with its own manners."""

from .routes import IndustryModels

__all__ = ["IndustryModels"]
