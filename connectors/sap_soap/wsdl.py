"""WSDL files read once a process: their operations, and whether a configured path exists in a message.

zeep reads them strictly, from disk and from nowhere else. An operation that the port type lacks only warns there and
disappears, so that it is missed here.
"""

import difflib
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trivet.errors import ConfigError
from trivet.guarded_xml import Hostile, harmless

from .config import OperationConfig
from .guard import SOAP_12
from .library import library
from .paths import CONTENT


@dataclass(frozen=True, slots=True)
class Offer:
    """One operation as a port offers it."""

    name: str
    path: str
    """Path and query of the port's address."""
    action: str
    soap_12: bool
    takes: Any
    """zeep's message: builds the envelope of a request."""
    request: Any
    """zeep's element of the request."""
    answer: Any
    """zeep's element of the answer; None where the operation is asynchronous."""
    types: Any
    """zeep's schema."""


def offer(file: Path, wanted: OperationConfig) -> Offer:
    """The operation in the WSDL; `ConfigError` where the file cannot be read or does not offer it once."""
    try:
        stamp = file.stat().st_mtime_ns
    except OSError as error:
        raise ConfigError("the WSDL file cannot be read", code="WSDL_MISSING", place=str(file)) from error
    document = _document(str(file), stamp)
    ports = [
        (service.name, port)
        for service in document.services.values()
        for port in service.ports.values()
        if wanted.operation in _operations(port)
        and wanted.service in ("", service.name)
        and wanted.port in ("", port.name)
    ]
    if not ports:
        raise _missing(document, file, wanted)
    if len({port.binding.name for _, port in ports}) > 1:
        said = ", ".join(f"{service}/{port.name}" for service, port in ports)
        raise ConfigError(
            f"operation {wanted.operation} is offered by {said}", code="WSDL_OPERATION", place=str(file),
            cure="say `service` and `port` of the operation",
        )  # fmt: skip
    return _offer(document, ports[0][1], wanted.operation)


_PARTS: dict[int, tuple[Any, dict[str, Any]]] = {}
"""The elements and attributes of each type by name; zeep's types have no hash, and looking through them costs as much as XML."""


def child(kind: Any, name: str) -> Any:
    """The element or attribute of that name in a zeep type; None where there is none."""
    known = _PARTS.get(id(kind))
    if known is None or known[0] is not kind:
        listed = (*getattr(kind, "attributes", ()), *getattr(kind, "elements", ()))
        known = _PARTS[id(kind)] = (kind, dict(listed))
    return known[1].get(name)


def names(kind: Any) -> list[str]:
    """The names of a zeep type's elements and attributes."""
    return [n for parts in (getattr(kind, "elements", ()), getattr(kind, "attributes", ())) for n, _ in parts]


def inside(kind: Any, path: str, place: str) -> Any:
    """The type at a path; `ConfigError` names the first element of the path that does not exist."""
    for name in path.split("/") if path else ():
        part = child(kind, name)
        if part is None:
            near = difflib.get_close_matches(name, names(kind), 1)
            raise ConfigError(
                f"no element {name} of {path}" + (f", did you mean {near[0]}?" if near else ""),
                code="WSDL_PATH", place=place, cure="mend the path in the connection's `entities`",
            )  # fmt: skip
        kind = part.type
    return kind


def is_text(kind: Any) -> bool:
    """Whether the type is a text with attributes."""
    return child(kind, CONTENT) is not None and not hasattr(child(kind, CONTENT), "process_contents")


class _Disk:
    """What zeep needs of a transport: files, and nothing else."""

    def load(self, url: str) -> bytes:
        """A file that holds neither DTD nor entities."""
        if urlsplit(url).scheme:
            raise ConfigError(
                f"it imports {url}", code="WSDL_IMPORT_BLOCKED",
                cure="store what it imports beside it and name the file in its import",
            )  # fmt: skip
        content = Path(url).read_bytes()
        harmless(content)
        return content


@lru_cache(maxsize=16)
def _document(file: str, _: int) -> Any:
    zeep, wsdl = library("zeep"), library("zeep.wsdl")
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return wsdl.Document(file, _Disk(), settings=settings)
    except zeep.exceptions.ExternalReferenceForbidden as error:
        raise ConfigError(
            f"it imports {error.url}", code="WSDL_IMPORT_BLOCKED", place=file,
            cure="store what it imports beside it and name the file in its import",
        ) from None  # fmt: skip
    except ConfigError as error:
        error.place = file
        raise
    except Hostile as error:
        raise ConfigError(f"the WSDL is refused, {error}", code=error.code, place=file) from None
    except Exception as error:  # whatever zeep trips over, the file is what is wrong
        raise ConfigError(
            f"the WSDL cannot be understood ({type(error).__name__}: {error})", code="WSDL_SYNTAX", place=file
        ) from error


def _operations(port: Any) -> Mapping[str, Any]:
    # HTTP GET and POST bindings have operations too, but no envelope
    return port.binding.all() if "soap-env" in getattr(port.binding, "nsmap", {}) else {}


def _offer(document: Any, port: Any, name: str) -> Offer:
    operation = _operations(port)[name]
    address = urlsplit((port.binding_options or {}).get("address") or "")
    output = operation.output
    return Offer(
        name,
        (address.path or "/") + (f"?{address.query}" if address.query else ""),
        operation.soapaction or "",
        port.binding.nsmap["soap-env"] == SOAP_12,
        operation.input,
        operation.input.body,
        output.body if output is not None and output.body is not None else None,
        document.types,
    )


def _missing(document: Any, file: Path, wanted: OperationConfig) -> ConfigError:
    known = {
        name
        for service in document.services.values()
        for port in service.ports.values()
        for name in _operations(port)
    }
    cure = "mend the connection's `entities`"
    if not document.services:
        said = "it has no service, so no address"
        cure = "take the WSDL of the endpoint (from SOAMANAGER or the Integration Directory), not of the interface"
    elif wanted.operation in known:
        said = f"operation {wanted.operation} is not offered by {wanted.service}/{wanted.port}"
    else:
        near = difflib.get_close_matches(wanted.operation, known, 1)
        said = f"no operation {wanted.operation}" + (f", did you mean {near[0]}?" if near else "")
    return ConfigError(said, code="WSDL_OPERATION", place=str(file), cure=cure)
