"""Settings of the term recogniser."""

from pydantic import Field

from trivet.contract import Config


class TermRecogniserConfig(Config):
    """Which dictionaries to count by."""

    dictionaries: tuple[str, ...] = Field(min_length=1)
    """Names of files below mappings/terms/, without .yaml."""
