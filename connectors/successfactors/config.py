"""Settings of a SuccessFactors connection, and of one to its Learning."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from trivet.http import HttpSettings

_CLOSED = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class EntityConfig(BaseModel):
    """How one entity of the tenant holds our reference."""

    model_config = _CLOSED

    reference: str
    """Property that holds the reference: the external code of an MDF object, a custom text field of a goal."""
    key: str
    """Key property; where it is another than `reference` the tenant gives its value."""


class ListConfig(BaseModel):
    """One list that is read, from one entity or from several that look alike."""

    model_config = _CLOSED

    entities: tuple[str, ...] = Field(min_length=1)
    """Entities whose rows make the list."""
    key: str
    """Key property."""
    changed: str | None = None
    """Property with the time of the last change; without, the list is read whole every time."""
    select: tuple[str, ...] = ()
    """Properties to ask for; without, all that the API user may see."""
    filter: str = ""
    """Condition that every row has to meet, in the words of `$filter`."""
    snapshot: bool = True
    """Pages are cut from one snapshot, so that a row that changes in between hides no other (KBA 2723468); MDF objects
    cannot do that."""


_MDF = EntityConfig(reference="externalCode", key="externalCode")
_GOAL = EntityConfig(reference="trivetRef", key="id")
_LISTS: Mapping[str, ListConfig] = {
    "employees": ListConfig(
        entities=("User",), key="userId", changed="lastModifiedDateTime",
        select=(
            "userId", "defaultFullName", "firstName", "lastName", "email", "cellPhone", "status", "hireDate", "title",
            "department", "lastModifiedDateTime",
        ),
        # without a word on the status the tenant tells of active users only
        filter="status eq 't' or status eq 'f'",
    ),
    "goal_plans": ListConfig(entities=("GoalPlanTemplate",), key="id"),
    "competencies": ListConfig(entities=("CompetencyEntity",), key="externalCode", snapshot=False),
    "courses": ListConfig(entities=("cust_Course",), key="externalCode", snapshot=False),
    "goals": ListConfig(entities=("Goal_1", "Goal_101", "DevGoal_2001"), key="id", changed="lastModified"),
    "performance_results": ListConfig(
        entities=("FormHeader",), key="formDataId", changed="formLastModifiedDate", filter="formDataStatus eq 3"
    ),
}  # fmt: skip


class SuccessFactorsConfig(HttpSettings):
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
    """Password of the API user; with OAuth the SAML assertion, base64, or with `private_key_file` the passphrase of the
    key (empty where it has none)."""
    auth: Literal["basic", "oauth_saml"] = "basic"
    """Basic is deprecated by SAP; `oauth_saml` sends an assertion to /oauth/token."""
    company: str | None = None
    """Company id; needed with OAuth only."""
    private_key_file: str | None = None
    """PEM file of the private key whose certificate is registered with the OAuth client; assertions are then made and
    signed here. Without it the password is an assertion that somebody else made."""
    user_id: str | None = None
    """User in whose name calls are made; needed with `private_key_file` only. Goals of others need a user who may
    create them."""
    audience: str = "www.successfactors.com"
    """Audience of the assertions that are made here."""
    issuer: str | None = None
    """Issuer of the assertions that are made here; without, the client id."""
    entities: dict[str, EntityConfig] = Field(
        default_factory=lambda: {
            "Goal_1": _GOAL,
            "Goal_101": _GOAL,
            "DevGoal_2001": _GOAL,
            "cust_TrainingRecommendation": _MDF,
            "cust_TalentPoolEntry": _MDF,
            "cust_AssessmentRecord": _MDF,
        }
    )
    """Entities that mappings may use, each with the property that holds the reference. A goal plan template needs one
    custom text field for it; that development goals (DevGoal_…) take one as goals do is not confirmed."""
    lists: dict[str, ListConfig] = Field(default_factory=lambda: dict(_LISTS))
    """Lists that are read, by stream: employees; goal_plans, competencies, courses; goals, performance_results. A list
    that is named here is replaced, the others stay. Competencies, courses and results are the tenant's own to say."""
    page_size: int = Field(default=1000, ge=1, le=1000)
    """Rows in one page of a list."""

    @model_validator(mode="before")
    @classmethod
    def _lists_are_added(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("lists"), dict):
            return {**given, "lists": {**_LISTS, **given["lists"]}}
        return given

    @model_validator(mode="after")
    def _oauth_is_whole(self) -> Self:
        if self.auth == "oauth_saml" and not self.company:
            raise ValueError("auth oauth_saml needs `company`")
        if self.private_key_file and not self.user_id:
            raise ValueError("private_key_file needs `user_id`: an assertion says for whom it speaks")
        return self


class LearningConfig(HttpSettings):
    """One OAuth client of SuccessFactors Learning."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "client_id",
        "password": "client_secret",
    }

    base_url: str
    """Server of Learning, e.g. https://acme.plateau.com."""
    client_id: str
    """Client id of the tenant (OAuth token server of Learning)."""
    client_secret: SecretStr
    """Client secret of the same."""
    user_id: str
    """Administrator in whose name completions are told and read."""
    company: str
    """Company id."""
    completions_path: str = ""
    """Path of the OData V4 list of completions, such as /learning/odatav4/public/admin/…; SAP documents none for all
    people, so without it there is no such list."""
    completions_key: str = "id"
    """Property of that list with the id of a row."""
    completions_changed: str = "lastUpdatedTimestamp"
    """Property of that list with the time of change, by which it is filtered and ordered."""
    page_size: int = Field(default=499, ge=1, le=499)
    """New rows in one page of that list, of the 500 that Learning gives: pages overlap by one."""
    calls_per_second: float = Field(default=2.0, gt=0)
    """Calls a second that all processes of this machine share; Learning wants half a second between them (KBA 2516640)."""
