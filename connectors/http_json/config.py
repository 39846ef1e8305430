"""Settings of a connection to a system that is described and not programmed: address, login, calls, words of refusal."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from trivet.http import HttpSettings

from .calls import Entity, Header, Listing, Part, Word
from .places import Pointer

Stream = Literal[
    "employees",
    "courses",
    "competencies",
    "goal_plans",
    "organisations",
    "completions",
    "performance_results",
    "goals",
]


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        fine = False
    if not fine or parts.query or parts.fragment:
        raise ValueError("an address is http(s)://host, maybe with a path, without login, ? and #")
    return text.rstrip("/")


def _token_address(text: str) -> str:
    return text if text.startswith("/") and not text.startswith("//") else _address(text)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("no such time zone; use a name such as Asia/Shanghai") from None
    return name


class NoLogin(Part):
    """The network lets in."""

    kind: Literal["none"] = "none"
    """`none`."""


class Basic(Part):
    """`login` and `secret` with every call (RFC 7617)."""

    kind: Literal["basic"]
    """`basic`."""


class Bearer(Part):
    """`secret` is a token that does not expire (RFC 6750)."""

    kind: Literal["bearer"]
    """`bearer`."""


class ApiKey(Part):
    """`secret` is a key."""

    kind: Literal["api_key"]
    """`api_key`."""
    where: Literal["header", "query"] = "header"
    """Where the key goes; a query is seen in the logs of every server on the way."""
    name: Header = "X-Api-Key"
    """Name of the header or of the query parameter."""


class ClientCredentials(Part):
    """A token for `login` (client id) and `secret` (client secret); fetched anew when it is refused (RFC 6749, 4.4)."""

    kind: Literal["oauth2_client_credentials"]
    """`oauth2_client_credentials`."""
    token_url: Annotated[str, AfterValidator(_token_address)]
    """Path below base_url, or the full address of another server."""
    scope: str = ""
    """Scope to ask for."""
    client_in: Literal["header", "body"] = "header"
    """Whether the client is named by HTTP Basic or in the form."""


class Signature(Part):
    """An HMAC of the body under `secret`; a call without a body signs nothing at all, the empty text."""

    kind: Literal["hmac"]
    """`hmac`."""
    header: Header = "X-Signature"
    """Header of the signature."""
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = "sha256"
    """Hash under the HMAC."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written."""
    prefix: str = Field(default="", pattern=r"^[\x21-\x7e]*$")
    """What stands before it, such as sha256=."""
    login_header: Header | None = None
    """Header that carries `login`, so that the system knows whose key it is."""


Auth = Annotated[
    NoLogin | Basic | Bearer | ApiKey | ClientCredentials | Signature, Field(discriminator="kind")
]


class Errors(Part):
    """How the system refuses a call as a whole, and what its words mean: HTTP statuses or error codes."""

    code: Pointer | None = None
    """Error code, in the answer."""
    message: Pointer | None = None
    """Error message, in the answer; what was sent is blotted out of it."""
    field: Pointer | None = None
    """Name of the field that is wrong, in the answer."""
    login_lost: frozenset[Word] = frozenset({"401"})
    """The login is wrong or over: one fresh login, then the connection stops. Status 403 always stops it."""
    too_many: frozenset[Word] = frozenset({"429"})
    """Too many calls; the pause is that of Retry-After, else 30 seconds."""
    refuses_before_work: bool = False
    """A write that is answered with a status of `too_many`, or with 503, has done nothing. Without, it is in doubt."""
    later: frozenset[Word] = frozenset()
    """Nothing was done, and the same call may be made again."""
    gone: frozenset[Word] = frozenset({"404", "410"})
    """The record is not there: fine for a delete, nothing for a find, a refusal for anything else."""
    duplicate: frozenset[Word] = frozenset({"409"})
    """A create met a record with our reference: the outcome is open, and asking tells."""


class HttpJsonConfig(HttpSettings):
    """One system's address, login and calls."""

    standard_fields: ClassVar[Mapping[str, str]] = {
        "host": "base_url",
        "login": "login",
        "password": "secret",
    }

    base_url: Annotated[str, AfterValidator(_address)]
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
    """Lists that can be read, by the name of the stream: employees; courses, competencies, goal_plans, organisations;
    completions, performance_results, goals."""
    errors: Errors = Errors()
    """How refusals look and what they mean."""
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    """Time zone of times of change that name none."""

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        secret = self.secret.get_secret_value()
        if self.auth.kind != "none" and not secret:
            raise ValueError(f"auth {self.auth.kind} needs the secret; set the connection's password")
        if self.auth.kind in ("basic", "oauth2_client_credentials") and not self.login:
            raise ValueError(f"auth {self.auth.kind} needs the login; set the connection's login")
        in_header = [secret] if self.auth.kind in ("bearer", "api_key") else []
        if isinstance(self.auth, Signature) and self.auth.login_header:
            in_header.append(self.login)
        if any(not one.isascii() or not one.isprintable() or one != one.strip() for one in in_header):
            raise ValueError(
                "what goes into a header holds a line break, a space at its end or a letter beyond ASCII"
            )
        return self
