"""Settings of the speech facts."""

from pydantic import Field

from trivet.contract import Config


class SpeechFactsConfig(Config):
    """What counts as a pause."""

    pause_seconds: float = Field(default=0.5, ge=0.1, le=10)
    """Silence between words, or sentences where words have no times, that is counted from this length on."""
