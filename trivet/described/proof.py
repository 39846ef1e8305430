"""How a described connection proves who makes a call: the words of its `auth`, carried out."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from trivet.described.logins import ApiKey, Auth, Basic, Bearer, ClientCredentials, Signature
from trivet.described.parts import unfit
from trivet.described.places import text_at
from trivet.errors import AuthFailed
from trivet.http import HttpClient


def whole(auth: Auth, login: str, secret: str) -> None:
    """ValueError where the settings of a login lack something, HEADER_INVALID where they hold what no header can carry."""
    if auth.kind != "none" and not secret:
        raise ValueError(f"auth {auth.kind} needs the secret; set the connection's password")
    if auth.kind in ("basic", "oauth2_client_credentials") and not login:
        raise ValueError(f"auth {auth.kind} needs the login; set the connection's login")
    in_header = [secret] if auth.kind in ("bearer", "api_key") else []
    if isinstance(auth, Signature) and auth.login_header:
        in_header.append(login)
    if any(not one.isascii() or not one.isprintable() or one != one.strip() for one in in_header):
        raise unfit("what goes into a header holds a line break, a space at its end or a letter beyond ASCII")


@dataclass(frozen=True, slots=True)
class Proof:
    """One connection's login."""

    connector: str
    auth: Auth
    login: str
    secret: str = field(repr=False)

    def headers(self, http: HttpClient) -> Mapping[str, str]:
        """The headers of every call; a token is fetched anew."""
        match self.auth:
            case Basic():
                return {"Authorization": _basic(self.login, self.secret)}
            case Bearer():
                return {"Authorization": f"Bearer {self.secret}"}
            case ApiKey(where="header", name=name):
                return {name: self.secret}
            case ClientCredentials() as auth:
                return {"Authorization": f"Bearer {self._token(http, auth)}"}
        return {}

    def of_body(self, body: bytes) -> dict[str, str]:
        """The headers that sign this body, where calls are signed."""
        return signed(self.auth, self.login, self.secret, body) if isinstance(self.auth, Signature) else {}

    def addressed(self, path: str) -> str:
        """The path, with the key where it goes into the query."""
        auth = self.auth
        if not isinstance(auth, ApiKey) or auth.where != "query":
            return path
        return f"{path}{'&' if '?' in path else '?'}{auth.name}={quote(self.secret, safe='')}"

    def _token(self, http: HttpClient, auth: ClientCredentials) -> str:
        base, path = http.base_url, auth.token_url
        if not path.startswith("/"):
            parts = urlsplit(auth.token_url)
            base, path = f"{parts.scheme}://{parts.netloc}", parts.path or "/"
        form = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        headers = {}
        if auth.client_in == "header":
            # the parts are form-encoded before they are joined (RFC 6749, 2.3.1)
            headers["Authorization"] = _basic(quote(self.login, safe=""), quote(self.secret, safe=""))
        else:
            form |= {"client_id": self.login, "client_secret": self.secret}
        reply, answer = http.ask_for_login("POST", path, base_url=base, data=form, headers=headers)
        token = text_at(answer, "/access_token")
        if reply.status != 200 or token is None or not (token.isascii() and token.isprintable()):
            raise AuthFailed(
                f"no token is given (HTTP {reply.status})", connector=self.connector, operation="login",
                cure="check client id, client secret and scope of the connection",
            )  # fmt: skip
        return token


def signed(auth: Signature, login: str, secret: str, body: bytes) -> dict[str, str]:
    """The headers that sign the body."""
    made = hmac.new(secret.encode(), body, getattr(hashlib, auth.algorithm))
    text = made.hexdigest() if auth.encoding == "hex" else base64.b64encode(made.digest()).decode()
    headers = {auth.header: auth.prefix + text}
    return headers | ({auth.login_header: login} if auth.login_header else {})


def _basic(login: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()
