"""Settings of the face expression: everything that has to be decided before it may look at anybody."""

from collections.abc import Mapping
from typing import ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from trivet.audio import Limits
from trivet.http import HttpSettings

from .regions import CODE, forbidden


class BaiduExpressionConfig(HttpSettings, Limits):
    """One application of Baidu's face detection, and the permission to use it."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "api_key",
        "password": "secret_key",
    }

    enabled: bool = False
    """Whether it may be used at all. Ask your counsel first."""
    purpose: str = Field(default="", max_length=500)
    """What it is for, in words that a candidate can read; kept with every result."""
    regions: tuple[str, ...] = ()
    """Regions of positions for which it is allowed, as ISO 3166 codes such as CN or US-TX; none of the EU or the EEA is taken."""
    api_key: str = Field(min_length=1)
    """API Key of the application."""
    secret_key: SecretStr
    """Secret Key of the application."""
    base_url: str = "https://aip.baidubce.com"
    """Address of the API."""
    pictures: int = Field(default=5, ge=1, le=20)
    """Pictures that are looked at, spread evenly over the recording."""
    price_per_picture: float = Field(default=0.0, ge=0)
    """Price of one call, in the currency of the flow's budget."""
    calls_per_second: float = Field(default=2.0, gt=0)
    """Calls a second that all processes of this machine share; two are free."""

    @field_validator("regions")
    @classmethod
    def _are_allowed(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        regions = tuple(region.strip().upper() for region in given)
        for region in regions:
            if forbidden(region):
                raise ValueError(
                    f"{region} belongs to the EU or the EEA, where this is refused whatever is configured"
                )
            if not CODE.fullmatch(region):
                raise ValueError(f"{region!r} is no ISO 3166 code such as CN or US-TX")
        return regions

    @model_validator(mode="after")
    def _is_decided(self) -> Self:
        if self.enabled and not (self.purpose.strip() and self.regions):
            raise ValueError(
                "enabled needs a `purpose` that a candidate can read, and the `regions` that allow it"
            )
        return self
