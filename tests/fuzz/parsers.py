"""The parsers that strangers reach first: each takes any bytes, and raises nothing but the errors that it promises.

webhook   a call of Feishu, signed and encrypted with the right key, its plain text being the input
envelope  the same, the input being what arrives on the wire
json      JSON of vendors, judged strictly
yaml      a file of mappings/, as `trivet check` reads it
xml       a document at the guarded door, and one as a SOAP envelope
paper     an archive, a Word file or a text of a candidate
pdf       a PDF of a candidate
"""

import base64
import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from trivet_connectors.feishu_hire import INBOUND
from trivet_connectors.sap_soap.guard import enveloped

from trivet.confined.refusal import Refused
from trivet.contract import Services
from trivet.documents import strict_json
from trivet.documents.plain import first_fault
from trivet.documents.yaml_parts import compose
from trivet.errors import AuthFailed, ConfigError, DocumentRefused, Rejected
from trivet.guarded_xml import Hostile, tree
from trivet.model import Call
from trivet.papers.archive import Archive
from trivet.papers.pdf import pages
from trivet.papers.word import is_word, paragraphs

KEY, MOST_PAGES = "an-encrypt-key", 300
NOW = datetime(2026, 11, 20, tzinfo=UTC)
FEISHU = INBOUND.config.model_validate(
    {"base_url": "http://127.0.0.1", "app_id": "cli_a", "app_secret": "s", "encrypt_key": KEY}
)


def webhook(data: bytes) -> None:
    """What is inside a genuine call."""
    padding = PKCS7(128).padder()
    padded = padding.update(data) + padding.finalize()
    cipher = Cipher(algorithms.AES(hashlib.sha256(KEY.encode()).digest()), modes.CBC(bytes(16))).encryptor()
    sealed = bytes(16) + cipher.update(padded) + cipher.finalize()
    _heard(json.dumps({"encrypt": base64.b64encode(sealed).decode()}).encode())


def envelope(data: bytes) -> None:
    """What comes from anybody."""
    _heard(data)


def _heard(body: bytes) -> None:
    at = str(int(NOW.timestamp()))
    signature = hashlib.sha256((at + "n" + KEY).encode() + body).hexdigest()
    headers = {"x-lark-request-timestamp": at, "x-lark-request-nonce": "n", "x-lark-signature": signature}
    services = Services("fuzz", Path(), Path(), lambda: NOW)
    with INBOUND.build(FEISHU, services) as inbound, contextlib.suppress(AuthFailed, Rejected):
        heard = inbound.hear(Call(headers, body, NOW))
        # what is stored and answered can be written down
        json.dumps(heard.answer, ensure_ascii=False, allow_nan=False).encode()
        for event in heard.events:
            f"{event}".encode()
        for order in heard.orders:
            assert first_fault(order.document) is None


def vendor_json(data: bytes) -> None:
    """What passes is plain."""
    with contextlib.suppress(DocumentRefused):
        assert first_fault(strict_json.loads(data)) is None


def yaml(data: bytes) -> None:
    """Every complaint has a place."""
    try:
        compose("fuzz.yaml", data.decode("utf-8-sig", errors="replace"))
    except ConfigError as error:
        assert error.place
        assert error.code


def xml(data: bytes) -> None:
    """What passes the guard can be parsed."""
    for read in (tree, enveloped):
        with contextlib.suppress(Hostile):
            read(data)


def paper(data: bytes) -> None:
    """What can be opened is read, or refused with a code."""
    with contextlib.suppress(Refused):
        archive = Archive(BytesIO(data), len(data))
        if is_word(archive):
            list(paragraphs(archive))
        for name in archive.names:
            archive.read(name)


def pdf(data: bytes) -> None:
    """What can be opened is read, or refused with a code; that it takes no more than it may is the confined process's part."""
    with contextlib.suppress(Refused, MemoryError, RecursionError):
        for page, text in pages(BytesIO(data), MOST_PAGES):
            assert page >= 1
            text.encode()


PARSERS: Mapping[str, Callable[[bytes], None]] = {
    "webhook": webhook, "envelope": envelope, "json": vendor_json, "yaml": yaml, "xml": xml, "paper": paper,
    "pdf": pdf,
}  # fmt: skip
