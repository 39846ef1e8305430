"""SOAP on the wire: a request built by zeep, carried by our own HTTP client, and an answer read with suspicion.

zeep never opens a socket: budget, limits of time and size, and what a failure means come from `trivet.http`.
"""

import base64
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from trivet.contract import Services
from trivet.errors import Rejected, Retryable, UnknownOutcome
from trivet.guarded_xml import Hostile
from trivet.http import HttpClient, Reply
from trivet.model import Document

from .config import OperationConfig, SapSoapConfig
from .faults import NAME, read_fault, verdict
from .guard import enveloped
from .library import library, stumbles
from .paths import plain
from .wsdl import Offer, offer


class Wire:
    """One server's client."""

    def __init__(self, config: SapSoapConfig, services: Services) -> None:
        self.config = config
        self.home = services.home
        self.http = HttpClient(
            NAME,
            config.base_url.rstrip("/"),
            services,
            authenticate=self._login,
            network=config,
            # the dispatcher in front of the server answers so where it has nobody to give the message to
            refuses_before_work=True,
            speaks=_faulty,
        )

    def offer(self, wanted: OperationConfig) -> Offer:
        """The operation as the WSDL has it now."""
        return offer(self.file(wanted), wanted)

    def file(self, wanted: OperationConfig) -> Path:
        """The WSDL file that describes the operation."""
        return Path(self.home, wanted.wsdl or self.config.wsdl)

    def envelope(self, offered: Offer, request: Document) -> Any:
        """The request as an XML tree; `Rejected` where it does not fit its type."""
        try:
            return offered.takes.serialize(**request).content
        except stumbles() as error:
            path = getattr(error, "path", None) or []
            raise Rejected(
                f"the document does not fit the operation ({type(error).__name__})", connector=NAME,
                operation=offered.name, vendor_code="SOAP_REQUEST", field=str(path[-1]) if path else None,
                cure="compare the mapping with the WSDL: what the operation requires may be missing",
            ) from None  # fmt: skip

    def call(
        self, offered: Offer, envelope: Any, refusals: Collection[str], *, write: bool
    ) -> Document | None:
        """The answer to an `envelope` as plain values; None of an asynchronous operation that was accepted."""
        content = self._signed(envelope)
        send = self.http.write if write else self.http.read
        reply = send(offered.name, "POST", offered.path, data=content, headers=_headers(offered))
        return self._judged(offered, reply, refusals, write=write)

    def _judged(
        self, offered: Offer, reply: Reply, refusals: Collection[str], *, write: bool
    ) -> Document | None:
        if not reply.body.strip() and offered.answer is None and reply.status in (200, 202, 204):
            return None
        body = self._body(offered, reply, write=write)
        if body is not None and body.tag.rpartition("}")[2] == "Fault":
            raise verdict(offered.name, read_fault(body), refusals, write=write)
        if reply.status >= 300:
            self._doubt(offered, "SOAP_UNEXPECTED", f"HTTP {reply.status} without a fault", write=write)
        if offered.answer is None:
            return None
        if body is None or body.tag != offered.answer.qname.text:
            self._doubt(
                offered, "SOAP_UNEXPECTED", "the answer is another message than the WSDL says", write=write
            )
        try:
            parsed = offered.answer.parse(body, offered.types)
            answer = plain(library("zeep.helpers").serialize_object(parsed, dict))
        except stumbles():
            self._doubt(offered, "SOAP_UNEXPECTED", "the answer does not fit the WSDL", write=write)
        return answer if isinstance(answer, dict) else {}

    def _body(self, offered: Offer, reply: Reply, *, write: bool) -> Any:
        """What stands in the answer's body, an lxml element; None where it is empty."""
        etree = library("lxml.etree")
        try:
            enveloped(reply.body)
            parser = etree.XMLParser(
                resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
            )
            root = etree.fromstring(reply.body, parser)
        except (Hostile, etree.XMLSyntaxError) as error:
            if 300 <= reply.status < 500:
                raise Rejected(
                    f"HTTP {reply.status}", connector=NAME, operation=offered.name,
                    vendor_code=f"HTTP {reply.status}", cure="is the path in the WSDL's address the server's?",
                ) from None  # fmt: skip
            code, why = (
                (error.code, str(error)) if isinstance(error, Hostile) else ("XML_SYNTAX", "it is no XML")
            )
            self._doubt(offered, code, f"the answer is refused: {why}", write=write)
        return next(iter(root[-1]), None)

    def _doubt(self, offered: Offer, code: str, why: str, *, write: bool) -> NoReturn:
        # it is after the fact: the server has acted, whatever its answer looks like
        kind = UnknownOutcome if write else Retryable
        raise kind(why, connector=NAME, operation=offered.name, vendor_code=code) from None

    def _signed(self, envelope: Any) -> bytes:
        if self.config.auth != "basic":
            token = library("zeep.wsse.username").UsernameToken(
                self.config.login,
                self.config.password.get_secret_value(),
                use_digest=self.config.auth == "username_token_digest",
                zulu_timestamp=True,
            )
            envelope, _ = token.apply(envelope, {})
        content: bytes = library("lxml.etree").tostring(envelope, xml_declaration=True, encoding="utf-8")
        return content

    def _login(self) -> Mapping[str, str]:
        if self.config.auth != "basic":
            return {}
        said = f"{self.config.login}:{self.config.password.get_secret_value()}"
        return {"Authorization": "Basic " + base64.b64encode(said.encode()).decode()}


def _headers(offered: Offer) -> Mapping[str, str]:
    if offered.soap_12:
        return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{offered.action}"'}
    return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{offered.action}"'}


def _faulty(reply: Reply) -> bool:
    # SOAP 1.1, section 6.2: a fault comes with HTTP 500
    return reply.status == 500 and b"Fault" in reply.body
