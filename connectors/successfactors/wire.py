"""SuccessFactors OData V2 on the wire: login, `$metadata`, value forms, and the verdict on one item of an upsert."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from xml.etree import ElementTree

from trivet.contract import Services
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable, UnknownOutcome
from trivet.http import HttpClient
from trivet.model import Confirmed, Document, Outcome

from .config import SuccessFactorsConfig

NAME = "successfactors"
ODATA = "/odata/v2"
_EDM = "{http://schemas.microsoft.com/ado/2008/09/edm}"
_SAP = "{http://www.successfactors.com/edm/sap}"
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_CODE = re.compile(r"^\[?([A-Z][A-Z0-9_]{3,40})\]?\s*[:\-]\s*(.*)$", re.S)
_PROPERTY = re.compile(r"\(property (\w+)\)|property name (\w+)")


@dataclass(frozen=True, slots=True)
class Property:
    """What `$metadata` says of a property."""

    type: str
    max_length: int | None
    writable: bool
    filterable: bool
    required: bool


_JSON_TYPES = {
    "Edm.Boolean": "boolean",
    "Edm.Byte": "integer",
    "Edm.Int16": "integer",
    "Edm.Int32": "integer",
    "Edm.Decimal": "number",
    "Edm.Double": "number",
    "Edm.Single": "number",
}
"""OData V2 primitive types that a mapping gives as something else than text; Int64 travels as text."""
Metadata = Mapping[str, Mapping[str, Property]]


class Wire:
    """One tenant's client."""

    def __init__(self, config: SuccessFactorsConfig, services: Services) -> None:
        self.config = config
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            calls_per_second=config.calls_per_second,
            ca_file=config.ca_file,
            refuses_before_work=True,  # the API gateway counts before it works (KBA 3159263)
        )
        self._metadata: Metadata | None = None

    def metadata(self) -> Metadata:
        """Properties by entity, read once per process."""
        if self._metadata is None:
            reply = self.http.read("read $metadata", "GET", f"{ODATA}/$metadata")
            self._metadata = parse_metadata(reply.body)
        return self._metadata

    def read(self, operation: str, path: str, query: Mapping[str, Any]) -> Any:
        """`d` of a successful read."""
        reply = self.http.read(operation, "GET", f"{ODATA}/{path}", params={**query, "$format": "json"})
        answer = self.http.decode(operation, reply, write=False)
        if reply.status >= 400:
            raise refusal(operation, answer)
        return answer["d"]

    def upsert(self, items: list[Document]) -> list[Any]:
        """The tenant's items; the items' own verdicts are the caller's to read."""
        query = {"$format": "json", "strictTransactionIsolate": "true"}
        reply = self.http.write("upsert", "POST", f"{ODATA}/upsert", params=query, json=items)
        answer = self.http.decode("upsert", reply, write=True)
        if reply.status >= 400:
            raise refusal("upsert", answer)
        found = answer.get("d") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise UnknownOutcome("the answer has no items", connector=NAME, operation="upsert")
        return found

    def delete(self, path: str) -> None:
        """Deletes one row; gone already is fine."""
        reply = self.http.write("delete", "DELETE", f"{ODATA}/{path}")
        if reply.status >= 400 and reply.status != 404:
            raise refusal("delete", self.http.decode("delete", reply, write=True))

    def _login(self, _: bool) -> Mapping[str, str]:
        secret = self.config.password.get_secret_value()
        common = {"Accept": "application/json", "successfactors-sourcetype": "Application"}
        if self.config.auth == "basic":
            from base64 import b64encode

            token = b64encode(f"{self.config.login}:{secret}".encode()).decode()
            return {**common, "Authorization": f"Basic {token}"}
        client = HttpClient(
            NAME,
            self.http.base_url,
            self.http.services,
            ca_file=self.config.ca_file,
            session=self.http.session,
        )
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer", "client_id": self.config.login,
            "company_id": self.config.company or "", "assertion": secret,
        }  # fmt: skip
        # a login changes nothing: it may be repeated
        reply = client.read("login", "POST", "/oauth/token", data=form)
        answer = client.decode("login", reply, write=False)
        if reply.status >= 400 or "access_token" not in answer:
            raise AuthFailed(
                "the assertion is refused", connector=NAME, operation="login", cure="renew the SAML assertion"
            )
        return {**common, "Authorization": f"Bearer {answer['access_token']}"}


def parse_metadata(body: bytes) -> Metadata:
    """The tenant's entities; Retryable where it is not EDMX."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Retryable(
            "$metadata holds a DTD",
            connector=NAME,
            operation="read $metadata",
            vendor_code="XML_DTD_FORBIDDEN",
        )
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - a DTD was refused above, and expat expands nothing else
    except ElementTree.ParseError as error:
        raise Retryable("$metadata is not XML", connector=NAME, operation="read $metadata") from error
    return {
        str(entity.get("Name")): {
            str(p.get("Name")): Property(
                str(p.get("Type")),
                int(p.get("MaxLength") or 0) or None,
                p.get(f"{_SAP}upsertable") != "false",
                p.get(f"{_SAP}filterable") != "false",
                p.get(f"{_SAP}required") == "true" or p.get("Nullable") == "false",
            )
            for p in entity.iter(f"{_EDM}Property")
        }
        for entity in root.iter(f"{_EDM}EntityType")
    }


def as_schema(name: str, properties: Mapping[str, Property], reference: str) -> Document:
    """An entity as JSON Schema, the way mappings see it: dates are ISO text, the reference is the engine's own."""
    described: Document = {}
    for prop, known in properties.items():
        if prop == reference:
            continue
        described[prop] = {"type": _JSON_TYPES.get(known.type, "string")}
        if known.max_length is not None:
            described[prop]["maxLength"] = known.max_length
        if not known.writable:
            described[prop]["readOnly"] = True
    return {
        "title": name,
        "type": "object",
        "properties": described,
        "required": [prop for prop in described if properties[prop].required],
        "additionalProperties": False,
    }


def to_vendor(properties: Mapping[str, Property], document: Document) -> Document:
    """ISO dates become `/Date(ms)/` where the property is a date."""
    return {
        name: _to_date(value) if properties[name].type == "Edm.DateTime" and isinstance(value, str) else value
        for name, value in document.items()
    }


def from_vendor(properties: Mapping[str, Property], row: Document) -> Document:
    """A row in the form in which it was sent: dates as ISO, nothing that the tenant leaves empty."""
    return {
        name: _from_date(value) if properties[name].type == "Edm.DateTime" else value
        for name, value in row.items()
        if name in properties and value is not None
    }


def _to_date(value: str) -> str:
    day = date.fromisoformat(value)
    return f"/Date({int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)})/"


def _from_date(value: Any) -> Any:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    return datetime.fromtimestamp(int(match[1]) / 1000, UTC).date().isoformat() if match else value


def quoted(value: str) -> str:
    """A text literal of OData."""
    return "'" + value.replace("'", "''") + "'"


def judge(item: Any) -> Outcome:
    """What one item of an upsert's answer says; HTTP 200 around it says nothing (KBA 2545933).

    Only OK with a 2xx code is done; 4xx is a refusal; anything else, an empty 500 included (KBA 3069375), is unknown.
    """
    if not isinstance(item, dict):
        return UnknownOutcome("the item is unreadable", connector=NAME, operation="upsert")
    code, status = item.get("httpCode"), item.get("status")
    if status == "OK" and isinstance(code, int) and 200 <= code < 300:
        return Confirmed(remote_id(item.get("key")))
    message = str(item.get("message") or "")
    if isinstance(code, int) and 400 <= code < 500 and code not in (408, 429):
        return _rejected("upsert", message)
    return UnknownOutcome(
        f"status {status}, code {code}, {'no message' if not message else 'with a message'}",
        connector=NAME,
        operation="upsert",
    )


def remote_id(key: Any) -> str | None:
    """The id in an item's key, such as `Goal_1/id=5001`."""
    return str(key).rpartition("=")[2] if key else None


def refusal(operation: str, answer: Any) -> ConnectorError:
    """The error of a refused request as a whole."""
    error = answer.get("error") if isinstance(answer, dict) else None
    message = (error or {}).get("message") or {}
    text = message.get("value") if isinstance(message, dict) else message
    rejected = _rejected(operation, str(text or "refused"))
    if error and error.get("code"):
        rejected.vendor_code = str(error["code"])
    return rejected


def _rejected(operation: str, text: str) -> Rejected:
    match = _CODE.match(text)
    code, said = (match[1], match[2]) if match else (None, text)
    named = _PROPERTY.search(said)
    field = (named[1] or named[2]) if named else None
    said = re.sub(r"\s*\(property \w+\)", "", said)
    return Rejected(
        said[:300] or "refused", connector=NAME, operation=operation, vendor_code=code, field=field
    )
