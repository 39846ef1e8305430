"""Turns a stored connection into a connector's closed, validated config.

The stored form is Airflow's own JSON form of a connection (`conn_type`, `host`, `login`, `password`, `port`, `schema`,
`extra`), whoever stores it: the CLI reads `AIRFLOW_CONN_<ID>` or the connections file, a task asks Airflow.
"""

import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from trivet import headers
from trivet.contract import Config
from trivet.errors import ConfigError

ENVIRONMENTS = ("sandbox", "test", "production")
PREFIX = "trivet_"
_UNPROVEN = frozenset(
    {
        "verify", "verify_ssl", "verify_tls", "verify_certificate", "ssl_verify", "tls_verify", "validate_certs",
        "check_hostname", "insecure", "insecure_skip_verify", "skip_verify", "disable_ssl_verification", "trust_all",
        "allow_insecure",
    }
)  # fmt: skip
C = TypeVar("C", bound=Config)


@dataclass(frozen=True, slots=True)
class Connection:
    """One stored connection; `repr` shows neither login nor password nor extra."""

    id: str
    connector: str
    """The connector's name: the connection type without `trivet_`."""
    environment: str
    """`sandbox`, `test` or `production`: a flow refuses connections of another environment."""
    standard: Mapping[str, Any] = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)
    maintenance: tuple[Any, ...] = ()
    """Hours in which the system is not called, as they stand in extra; read by `trivet.flow.windows`."""
    region: str | None = None
    """Where it leads, as `trivet.flow.privacy.residency` judges it; `here` is this machine."""

    def config(self, model: type[C]) -> C:
        """The connector's config; `ConfigError` names connection, setting and cure, never a value."""
        values = dict(self.extra)
        self._refuse_unproven(values)
        for standard, setting in model.standard_fields.items():
            if self.standard.get(standard) not in (None, ""):
                values[setting] = self.standard[standard]
        try:
            made = model.model_validate(values)
        except ValidationError as error:
            raise _config_error(self.id, model, error) from None
        self._refuse_readable(model, values)
        return made

    def _refuse_unproven(self, values: Mapping[str, Any]) -> None:
        """There is no switch that leaves TLS unproven; who looks for one is told what to do instead."""
        for name in values:
            if name.lower().replace("-", "_") in _UNPROVEN:
                raise ConfigError(
                    f"setting {name!r} would leave TLS unproven; certificates are always verified",
                    code="CONFIG_INSECURE",
                    place=f"connection {self.id}",
                    cure="take it out; name the PEM file of a private CA in `ca_file`",
                )

    def _refuse_readable(self, model: type[Config], values: Mapping[str, Any]) -> None:
        """In production no login goes over a line that others can read, but to this machine or a network that is named."""
        if self.environment != "production":
            return
        hosts = {setting for field, setting in model.standard_fields.items() if field == "host"}
        for name, value in _texts(values):
            address = name in hosts or name.endswith(("_url", "address"))
            if address and _readable(value, values.get("private_networks") or ()):
                raise ConfigError(
                    f"setting {name!r} is http:, not https:, and leads to another machine",
                    code="CONFIG_INSECURE",
                    place=f"connection {self.id}",
                    cure="use https; of a system that knows only http, name the IP address here "
                    "and its network in `private_networks`",
                )


def _texts(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, Mapping):
            yield from _texts(value)


def _readable(address: str, networks: Collection[str]) -> bool:
    """Whether it is plain HTTP to a host that is neither this machine nor, as an IP address, in one of the networks."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme.lower() != "http" or host == "localhost":
        return False
    try:
        ip = ip_address(host)
        inside = any(ip in ip_network(block, strict=False) for block in networks)
    except ValueError:
        return True
    return not (ip.is_loopback or inside)


Connections = Callable[[str], Connection]
"""Gives the connection of that id, or raises `ConfigError`."""


def parse_connection(conn_id: str, stored: Mapping[str, Any]) -> Connection:
    """A connection from Airflow's JSON form."""
    kind = str(stored.get("conn_type") or "")
    if not kind.startswith(PREFIX):
        raise ConfigError(
            "the connection type is not one of Trivet's",
            code="CONNECTION_TYPE",
            place=f"connection {conn_id}",
            cure="choose a type that begins with trivet_",
        )
    extra = stored.get("extra") or {}
    if isinstance(extra, str):
        extra = json.loads(extra)
    extra = dict(extra)
    environment = extra.pop("environment", None)
    if environment not in ENVIRONMENTS:
        raise ConfigError(
            f"environment is not one of {', '.join(ENVIRONMENTS)}",
            code="CONNECTION_ENVIRONMENT",
            place=f"connection {conn_id}",
            cure='say in extra what lies behind it, e.g. "environment": "sandbox"',
        )
    maintenance = extra.pop("maintenance", None) or []
    if not isinstance(maintenance, list):
        raise ConfigError(
            "maintenance is no list of windows",
            code="CONNECTION_MAINTENANCE",
            place=f"connection {conn_id}",
            cure='write e.g. [{"days": ["sat"], "from": "22:00", "to": "02:00", "timezone": "Asia/Shanghai"}]',
        )
    region = extra.pop("region", None)
    standard = {name: stored.get(name) for name in ("host", "login", "password", "port", "schema")}
    return Connection(
        conn_id,
        kind.removeprefix(PREFIX),
        environment,
        standard,
        extra,
        tuple(maintenance),
        region=str(region) if region else None,
    )


def stored_connections(file: Path, environ: Mapping[str, str] = os.environ) -> Connections:
    """Connections from `AIRFLOW_CONN_<ID>` (JSON form) and from the JSON file, in that order."""

    def connection(conn_id: str) -> Connection:
        text = environ.get(f"AIRFLOW_CONN_{conn_id.upper()}")
        if text is not None:
            return parse_connection(conn_id, _json(text, f"variable AIRFLOW_CONN_{conn_id.upper()}"))
        known = _json(file.read_text(encoding="utf-8"), str(file)) if file.exists() else {}
        if conn_id not in known:
            near = get_close_matches(conn_id, known, n=1)
            raise ConfigError(
                "no such connection",
                code="CONNECTION_MISSING",
                place=f"connection {conn_id}",
                cure=(f"did you mean {near[0]}? " if near else "")
                + f"set AIRFLOW_CONN_{conn_id.upper()} or add it to {file}",
            )
        return parse_connection(conn_id, known[conn_id])

    return connection


@lru_cache(maxsize=8)
def _json(text: str, place: str) -> dict[str, Any]:
    # a night asks for connections hundreds of times, and the file changes when a person changes it
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"not JSON: {error}", code="CONNECTION_FORMAT", place=place, cure="use Airflow's JSON form"
        ) from None
    if not isinstance(value, dict):
        raise ConfigError("not a JSON object", code="CONNECTION_FORMAT", place=place)
    return value


def _config_error(conn_id: str, model: type[Config], error: ValidationError) -> ConfigError:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    setting = ".".join(str(part) for part in first["loc"]) or "(whole)"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        near = get_close_matches(setting, model.model_fields, n=1)
        return ConfigError(
            f"unknown setting {setting!r}{more}",
            code="CONFIG_UNKNOWN_KEY",
            place=f"connection {conn_id}",
            cure=f"did you mean {near[0]}?" if near else f"known: {', '.join(model.model_fields)}",
        )
    if first["type"] == headers.INVALID:
        named = "" if setting == "(whole)" else f"setting {setting!r}: "
        return ConfigError(
            f"{named}{first['msg']}{more}",
            code=headers.INVALID,
            place=f"connection {conn_id}",
            cure=f"mend {setting!r} in the connection's extra" if named else headers.CURE,
        )
    standard = {setting: name for name, setting in model.standard_fields.items()}.get(setting)
    where = f"the connection's {standard}" if standard else f"{setting!r} in the connection's extra"
    return ConfigError(
        f"setting {setting!r}: {first['msg'].lower()}{more}",
        code="CONFIG_TYPE" if first["type"] != "missing" else "CONFIG_MISSING",
        place=f"connection {conn_id}",
        cure=f"set {where}",
    )
