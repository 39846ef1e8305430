"""Settings of a connection to a system that is described and not programmed: address, login, calls, words of refusal."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from trivet.described.logins import Auth, NoLogin, address
from trivet.described.parts import Header, Part, Words
from trivet.described.places import Pointer
from trivet.described.proof import whole
from trivet.http import HttpSettings

from .calls import Entity
from .reads import Listing, RecordingCall
from .webhooks import Webhook

Stream = Literal[
    "jobs",
    "candidates",
    "applications",
    "interviews",
    "recordings",
    "employees",
    "courses",
    "competencies",
    "goal_plans",
    "organisations",
    "completions",
    "performance_results",
    "goals",
]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone; use a name such as Asia/Shanghai") from None
    return name


class Errors(Part):
    """How the system refuses a call as a whole, and what its words mean: HTTP statuses or error codes."""

    code: Pointer | None = None
    """Error code, in the answer."""
    message: Pointer | None = None
    """Error message, in the answer; what was sent is blotted out of it."""
    field: Pointer | None = None
    """Name of the field that is wrong, in the answer."""
    login_lost: Words = frozenset({"401"})
    """The login is wrong or over: one fresh login, then the connection stops. Status 403 always stops it."""
    too_many: Words = frozenset({"429"})
    """Too many calls; the pause is that of Retry-After, else 30 seconds."""
    refuses_before_work: bool = False
    """A write that is answered with a status of `too_many`, or with 503, has done nothing. Without, it is in doubt."""
    later: Words = frozenset()
    """Nothing was done, and the same call may be made again."""
    gone: Words = frozenset({"404", "410"})
    """The record is not there: fine for a delete, nothing for a find, a refusal for anything else."""
    duplicate: Words = frozenset({"409"})
    """A create met a record with our reference: the outcome is open, and asking tells."""


class Limit(Part):
    """Headers by which the system says how many calls it still takes, so that nobody calls it in vain."""

    left: Header = "X-RateLimit-Remaining"
    """Header of the number of calls that are left."""
    reset: Header = "X-RateLimit-Reset"
    """Header that says when it counts anew: in so many seconds, or at that second since 1970."""


class HttpJsonConfig(HttpSettings):
    """One system's address, login and calls."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "login",
        "password": "secret",
    }

    base_url: Annotated[str, AfterValidator(address)]
    """Address that every path goes on from."""
    auth: Auth = NoLogin()
    """How calls prove who makes them, by `kind`: none, basic, bearer, api_key (`where`, `name`),
    oauth2_client_credentials (`token_url`, `scope`, `client_in`), hmac (`header`, `algorithm`, `encoding`, `prefix`,
    `login_header`)."""
    login: str = ""
    """User or client id."""
    secret: SecretStr = SecretStr("")
    """Password, token, key or client secret, as `auth` needs it."""
    entities: dict[str, Entity] = Field(default_factory=dict)
    """Kinds of records that mappings may send, each with its calls `create`, `update`, `delete` and `find`."""
    streams: dict[Stream, Listing] = Field(default_factory=dict)
    """Lists that can be read, by the name of the stream. An HR system has jobs, candidates, applications, interviews and
    recordings; an ERP has employees; courses, competencies, goal_plans, organisations; completions, performance_results,
    goals."""
    recording: RecordingCall | None = None
    """The call that opens a recording by its reference."""
    max_recording_mb: int = Field(default=2048, ge=1)
    """A larger recording is refused."""
    webhook: Webhook | None = None
    """How the system's own calls to us are proven and read; without, and without `webhook_secret`, no event is taken."""
    webhook_secret: SecretStr | None = None
    """The secret that proves such a call: key of its signature, or bearer token."""
    errors: Errors = Errors()
    """How refusals look and what they mean."""
    limit: Limit | None = None
    """Headers of the system's own count of calls (`left`, `reset`); when none is left we wait."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Time zone of times of change that name none."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        whole(self.auth, self.login, self.secret.get_secret_value())
        return self
