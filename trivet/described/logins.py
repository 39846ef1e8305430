"""How calls prove who makes them: ours to the system, and the system's to us."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from trivet.described.parts import Header, HeaderText, Part


def address(text: str) -> str:
    """The address without its last slash; ValueError for anything but a place that calls can go on from."""
    try:
        parts = urlsplit(text)
        fine = parts.scheme in ("http", "https") and parts.hostname and not parts.username and parts.port != 0
    except ValueError:
        fine = False
    if not fine or parts.query or parts.fragment:
        raise ValueError("an address is http(s)://host, maybe with a path, without login, ? and #")
    return text.rstrip("/")


def _token_address(text: str) -> str:
    return text if text.startswith("/") and not text.startswith("//") else address(text)


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
    prefix: HeaderText = ""
    """What stands before it, such as sha256=."""
    login_header: Header | None = None
    """Header that carries `login`, so that the system knows whose key it is."""


Auth = Annotated[
    NoLogin | Basic | Bearer | ApiKey | ClientCredentials | Signature, Field(discriminator="kind")
]
