"""The module that a customer's `pyrfc` stands for: `Connection` and the exceptions, over a loopback socket to `SapRfc`.

`ashost` is a router string, `/H/<host>/S/<port>`, as a real one may be. As PyRFC does, a call that loses its session opens
the connection anew by itself before it raises: it looks alive, and the unit of work and its locks are gone.
"""

import http.client
import json
import re
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ..store import Json
from . import errors
from .errors import (
    ABAPApplicationError,
    ABAPRuntimeError,
    CommunicationError,
    ExternalApplicationError,
    ExternalAuthorizationError,
    ExternalRuntimeError,
    LogonError,
    RFCError,
    RFCLibError,
    RFCTypeError,
)
from .values import filled, told

__all__ = [
    "ABAPApplicationError",
    "ABAPRuntimeError",
    "CommunicationError",
    "Connection",
    "ExternalApplicationError",
    "ExternalAuthorizationError",
    "ExternalRuntimeError",
    "FunctionDescription",
    "LogonError",
    "RFCError",
    "RFCLibError",
    "RFCTypeError",
    "TypeDescription",
    "get_nwrfclib_version",
]

_DEFAULTS: dict[str, Any] = {
    "rstrip": True, "return_import_params": False, "dtime": False, "check_date": True, "check_time": True, "timeout": None,
}  # fmt: skip
_SECONDS = 60.0


class TypeDescription:
    """A structure's fields."""

    def __init__(self, name: str, nuc_length: int, uc_length: int) -> None:
        self.name, self.nuc_length, self.uc_length = name, nuc_length, uc_length
        self.fields: list[Json] = []

    def add_field(self, name: str, field_type: str, nuc_length: int, uc_length: int, nuc_offset: int, uc_offset: int,
                  decimals: int = 0, type_description: "TypeDescription | None" = None) -> None:  # fmt: skip
        """One more field."""
        self.fields.append({
            "name": name, "field_type": field_type, "nuc_length": nuc_length, "nuc_offset": nuc_offset,
            "uc_length": uc_length, "uc_offset": uc_offset, "decimals": decimals, "type_description": type_description,
        })  # fmt: skip


class FunctionDescription:
    """A function's parameters."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.parameters: list[Json] = []

    def add_parameter(self, name: str, parameter_type: str, direction: str, nuc_length: int, uc_length: int,
                      decimals: int = 0, default_value: str = "", parameter_text: str = "", optional: bool = False,
                      type_description: TypeDescription | None = None) -> None:  # fmt: skip
        """One more parameter."""
        self.parameters.append({
            "name": name, "parameter_type": parameter_type, "direction": direction, "nuc_length": nuc_length,
            "uc_length": uc_length, "decimals": decimals, "default_value": default_value,
            "parameter_text": parameter_text, "optional": optional, "type_description": type_description,
        })  # fmt: skip


def get_nwrfclib_version() -> dict[str, Any]:
    """There is no library here."""
    return {"major": 0, "minor": 0, "patchLevel": 0, "platform": "stand-in"}


class Connection:
    """One ABAP session."""

    def __init__(self, config: dict[str, Any] | None = None, **params: str) -> None:
        unknown = set(config or {}) - set(_DEFAULTS)
        if unknown:
            raise RFCError(f"Connection configuration option '{min(unknown)}' is not supported")
        if not params:
            raise RFCError("Connection parameters missing")
        for name, value in params.items():
            if not isinstance(value, str):
                raise RFCError(f"Connection parameter '{name}' value is not string")
        self._options = {**_DEFAULTS, **(config or {})}
        self._params, self._session = params, ""
        self._contracts: dict[str, Json] = {}
        self.open()

    def open(self) -> None:
        """A new session; an old one ends, as the gateway sees the old connection close."""
        before, self._session = self._session, ""
        given = {k: v for k, v in self._params.items() if k != "ashost"}
        self._session = str(self._post("open", {"params": given, "before": before})["session"])

    reopen = open  # noqa: A003 - the library's own name

    def close(self) -> None:
        """Ends the session: what was not committed is rolled back, locks go."""
        session, self._session = self._session, ""
        if session:
            # the gateway sees it close anyway
            with suppress(CommunicationError):
                self._post("close", {"session": session})

    def cancel(self) -> None:
        """Nothing runs in the background here."""

    @property
    def version(self) -> dict[str, Any]:
        """Of the library."""
        return get_nwrfclib_version()

    @property
    def options(self) -> dict[str, Any]:
        """How the connection was configured."""
        return self._options

    @property
    def alive(self) -> bool:
        """Whether it looks open."""
        return bool(self._session)

    def is_valid(self) -> bool:
        """The same, as the library tells."""
        return self.alive

    def ping(self) -> None:
        """One round trip."""
        self._post("ping", {"session": self._session})

    def get_connection_attributes(self) -> dict[str, Any]:
        """Who is logged on where."""
        return (
            {"user": self._params.get("user", ""), "client": self._params.get("client", "")}
            if self.alive
            else {}
        )

    def get_function_description(self, func_name: str) -> FunctionDescription:
        """What the system tells about a function's parameters."""
        contract = self._contract(func_name.upper())
        described = FunctionDescription(contract["name"])
        for one in contract["parameters"]:
            described.add_parameter(**{**one, "type_description": _type(one["type_description"])})
        return described

    def call(self, func_name: str, options: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """Calls the function; every output comes back."""
        if not self.alive:
            raise RFCError(
                f"Remote function module '{func_name}' invocation rejected because the connection is closed"
            )
        contract = self._contract(func_name)
        sent = filled(contract, params)
        seconds = (options or {}).get("timeout", self._options["timeout"])
        try:
            answer = self._post(f"call/{func_name}", {"session": self._session, "params": sent}, seconds)
            try:
                return told(contract, answer["result"])
            except (ValueError, KeyError, ArithmeticError):
                raise _broken("the answer cannot be unpacked") from None
        except errors.RECONNECTS as error:
            self.open()
            if error.code == 7:
                error.message = "Connection was canceled: 1. New handle: 2"
            raise

    def _contract(self, name: str) -> Json:
        if name not in self._contracts:
            self._contracts[name] = self._post(f"describe/{name}", {"session": self._session})["result"]
        return self._contracts[name]

    def _post(self, path: str, body: Json, seconds: float | None = None) -> Json:
        match = re.fullmatch(r"/H/([^/]+)/S/(\d+)(?:/.*)?", self._params.get("ashost", ""))
        if match is None:
            raise _broken("hostname unknown")
        wire = http.client.HTTPConnection(match[1], int(match[2]), timeout=seconds or _SECONDS)
        try:
            wire.request("POST", f"/rfc/{path}", json.dumps(body), {"Content-Type": "application/json"})
            answer = wire.getresponse()
            content = answer.read()
            said = json.loads(content) if answer.status == 200 else None
        except TimeoutError:
            raise CommunicationError("canceled", 7, "RFC_CANCELED") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise _broken("connection to partner broken") from None
        finally:
            wire.close()
        if isinstance(said, dict) and isinstance(said.get("error"), dict):
            raise _error(said["error"])
        if not isinstance(said, dict) or not said.keys() & {"result", "session"}:
            raise _broken("the answer is none")
        return said

    def __bool__(self) -> bool:
        return self.alive

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _type(described: Json | None) -> TypeDescription | None:
    if described is None:
        return None
    made = TypeDescription(described["name"], described["nuc_length"], described["uc_length"])
    for one in described["fields"]:
        made.add_field(**{**one, "type_description": _type(one["type_description"])})
    return made


def _broken(why: str) -> CommunicationError:
    return CommunicationError(
        f"\nLOCATION    CPIC (TCP/IP) on local host\nERROR       {why}\n", 1, "RFC_COMMUNICATION_FAILURE"
    )


def _error(said: Json) -> RFCLibError:
    kind: type[RFCLibError] = getattr(errors, str(said.pop("class")))
    return kind(**said)
