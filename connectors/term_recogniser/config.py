"""Settings of the term recogniser."""

import re

from pydantic import Field, field_validator

from trivet.contract import Config


class TermRecogniserConfig(Config):
    """Which dictionaries to count by."""

    dictionaries: tuple[str, ...] = Field(min_length=1)
    """Names of files below mappings/terms/, without .yaml."""

    @field_validator("dictionaries")
    @classmethod
    def _below_terms(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not re.fullmatch(r"[\w-]+", name):
                raise ValueError(f"{name!r} is not the name of a dictionary")
        return names
