"""iFlytek's transcription of recorded files."""

from .routes import IflytekSpeech

__all__ = ["IflytekSpeech"]
