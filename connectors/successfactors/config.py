"""Settings of a SuccessFactors connection."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from trivet.contract import Config


class EntityConfig(BaseModel):
    """How one entity of the tenant holds our reference."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    reference: str
    """Property that holds the reference: the external code of an MDF object, a custom text field of a goal."""
    key: str
    """Key property; where it is another than `reference` the tenant gives its value."""


_MDF = EntityConfig(reference="externalCode", key="externalCode")
_GOAL = EntityConfig(reference="trivetRef", key="id")


class SuccessFactorsConfig(Config):
    """One tenant's API user."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "login",
        "password": "password",
    }

    base_url: str
    """API server of the data centre, e.g. https://api44.sapsf.com."""
    login: str
    """`user@company`; with OAuth the client id (API key)."""
    password: SecretStr
    """Password of the API user; with OAuth the SAML assertion, base64."""
    auth: Literal["basic", "oauth_saml"] = "basic"
    """Basic is deprecated by SAP; `oauth_saml` sends the assertion to /oauth/token."""
    company: str | None = None
    """Company id; needed with OAuth only."""
    entities: dict[str, EntityConfig] = Field(
        default_factory=lambda: {
            "Goal_1": _GOAL,
            "Goal_101": _GOAL,
            "cust_TrainingRecommendation": _MDF,
            "cust_TalentPoolEntry": _MDF,
        }
    )
    """Entities that mappings may use, each with the property that holds the reference. A goal plan template needs one
    custom text field for it."""
    calls_per_second: float = Field(default=20.0, gt=0)
    """Calls a second that all processes of this machine share."""
    ca_file: str | None = None
    """PEM file of a private CA, where a proxy in the company ends TLS."""
