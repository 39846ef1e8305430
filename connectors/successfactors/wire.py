"""SuccessFactors OData V2 on the wire: login, `$metadata`, reading page by page, bulk upsert and `$batch`."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient
from trivet.model import Document

from .batch import Change, Part, parts, written
from .config import SuccessFactorsConfig
from .edm import NAME, Metadata, parse_metadata, quoted
from .saml import Signer
from .verdicts import refusal

__all__ = ["NAME", "ODATA", "Wire", "pages", "quoted", "rows"]

ODATA = "/odata/v2"


class Wire:
    """One tenant's client; `root` is the service's path."""

    def __init__(self, config: SuccessFactorsConfig, services: Services, root: str = ODATA) -> None:
        self.config, self.root = config, root
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            refuses_before_work=True,  # the API gateway counts before it works (KBA 3159263)
        )
        self._signer = Signer(config) if config.private_key_file else None
        self._metadata: Metadata | None = None

    def metadata(self) -> Metadata:
        """Properties by entity, read once per process."""
        if self._metadata is None:
            reply = self.http.read("read $metadata", "GET", f"{self.root}/$metadata")
            if reply.status >= 400:
                raise refusal("read $metadata", None)
            self._metadata = parse_metadata(reply.body)
        return self._metadata

    def read(self, operation: str, path: str, query: Mapping[str, Any]) -> Any:
        """`d` of a successful read."""
        reply = self.http.read(operation, "GET", f"{self.root}/{path}", params={**query, "$format": "json"})
        answer = self.http.decode(operation, reply, write=False)
        if reply.status >= 400 or (isinstance(answer, dict) and "error" in answer):
            raise refusal(operation, answer)
        if not isinstance(answer, dict) or not isinstance(answer.get("d"), dict | list):
            raise malformed(operation, "the answer is no page of OData")
        return answer["d"]

    def gone(self, operation: str, path: str) -> bool:
        """Whether there is no such row."""
        reply = self.http.read(operation, "GET", f"{self.root}/{path}", params={"$format": "json"})
        return reply.status == 404

    def upsert(self, items: list[Document]) -> list[Any]:
        """The tenant's items; the items' own verdicts are the caller's to read."""
        query = {"$format": "json", "strictTransactionIsolate": "true"}
        reply = self.http.write("upsert", "POST", f"{self.root}/upsert", params=query, json=items)
        answer = self.http.decode("upsert", reply, write=True)
        if reply.status >= 400:
            raise refusal("upsert", answer)
        found = answer.get("d") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise UnknownOutcome("the answer has no items", connector=NAME, operation="upsert")
        return found

    def batch(self, operation: str, changesets: Sequence[Sequence[Change]]) -> list[list[Part]]:
        """The answer to each changeset, in order: one part where it was refused and nothing of it done, none where the
        server stopped before it."""
        media_type, body = written(changesets)
        # SAP's CAP server stops at the first refusal unless it is asked to go on
        headers = {
            "Content-Type": media_type,
            "Accept": "multipart/mixed",
            "Prefer": "odata.continue-on-error",
        }
        reply = self.http.write(operation, "POST", f"{self.root}/$batch", headers=headers, data=body)
        if reply.status >= 400:
            raise refusal(operation, self.http.decode(operation, reply, write=True))
        try:
            found = parts(reply.headers.get("Content-Type", ""), reply.body)
        except ValueError:
            found = []
        missing = len(changesets) - len(found)
        stopped = bool(found) and found[-1][0].status >= 400
        if missing and not (missing > 0 and stopped):
            raise UnknownOutcome(
                "the answer does not say what came of each changeset", connector=NAME, operation=operation
            )
        return found + [[]] * missing

    def _login(self) -> Mapping[str, str]:
        # without a source type the tenant answers with a warning (KBA 3709239)
        common = {"Accept": "application/json", "successfactors-sourcetype": "Application"}
        if self.config.auth == "oauth_saml":
            return {**common, "Authorization": f"Bearer {self._token()}"}
        secret = self.config.password.get_secret_value()
        token = b64encode(f"{self.config.login}:{secret}".encode()).decode()
        return {**common, "Authorization": f"Basic {token}"}

    def _token(self) -> str:
        address = f"{self.http.base_url}/oauth/token"
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer", "client_id": self.config.login,
            "company_id": self.config.company or "",
            "assertion": self._signer.assertion(address, self.http.services.now())
            if self._signer
            else self.config.password.get_secret_value(),
        }  # fmt: skip
        reply, answer = self.http.ask_for_login("POST", "/oauth/token", data=form)
        if reply.status >= 400 or not isinstance(answer, dict) or "access_token" not in answer:
            raise AuthFailed(
                "the assertion is refused", connector=NAME, operation="login",
                cure="is the certificate registered with this OAuth client, the user active, and our clock right?"
                if self._signer
                else "renew the SAML assertion",
            )  # fmt: skip
        return str(answer["access_token"])


def pages(wire: Wire, operation: str, entity: str, query: Mapping[str, Any]) -> Iterator[list[Document]]:
    """The rows of each page, led on by `__next`; a list that leads in a circle is an error."""
    seen: set[str] = set()
    token: str | None = None
    while True:
        data = wire.read(operation, entity, {**query, **({"$skiptoken": token} if token else {})})
        found = data.get("results") if isinstance(data, dict) else data
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise malformed(operation, "the answer holds no list of rows")
        following = data.get("__next") if isinstance(data, dict) else None
        token = parse_qs(urlsplit(str(following or "")).query).get("$skiptoken", [""])[0]
        if following and (not token or token in seen):
            raise malformed(operation, "the list leads in a circle" if token else "__next leads nowhere")
        yield found
        if not token:
            return
        seen.add(token)


def rows(wire: Wire, operation: str, entity: str, query: Mapping[str, Any]) -> Iterator[Document]:
    """Every row of every page."""
    for page in pages(wire, operation, entity, query):
        yield from page


def malformed(operation: str, what: str) -> ConnectorError:
    """An answer that is no page."""
    return Retryable(
        what, connector=NAME, operation=operation, vendor_code="PAGE_MALFORMED",
        cure="the page is asked for again by the next run; if it stays, show SAP this call",
    )  # fmt: skip


def not_configured(operation: str, what: str, setting: str) -> Rejected:
    """The connection does not say what is needed."""
    return Rejected(
        what,
        connector=NAME,
        operation=operation,
        vendor_code="ENTITY",
        cure=f"mend `{setting}` of the connection",
    )
