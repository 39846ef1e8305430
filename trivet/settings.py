"""Where a deployment keeps its things; read from the environment once, passed on as a value.

TRIVET_HOME          folder that holds mappings/ (default: the current folder)
TRIVET_STATE         writable folder for ledger file, keys, recordings, caches (default: $TRIVET_HOME/.trivet)
TRIVET_LEDGER_URL    SQLAlchemy URL of the ledger (default: SQLite file in the state folder);
                     a secret: TRIVET_LEDGER_URL_FILE names a file that holds it
TRIVET_RECORDINGS    where recordings lie, sealed: a folder, or an object store such as s3://bucket/prefix (default:
                     $TRIVET_STATE/recordings). What its driver wants (login, endpoint) is found where its tools look for it,
                     or is TRIVET_RECORDINGS_OPTIONS, a JSON object and a secret: TRIVET_RECORDINGS_OPTIONS_FILE names a file
                     that holds it; or TRIVET_RECORDINGS_CONNECTION, the id of a connection of type trivet_folder
TRIVET_LISTENING     folder, best in memory, for recordings while a scorer hears them (default: $TRIVET_STATE/listening)
TRIVET_ANCHORS       folder outside the database that keeps the heads of the audit chains (default: none are kept)
TRIVET_CONNECTIONS   JSON file of connections by id (default: $TRIVET_STATE/connections.json where it exists)
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trivet.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settings:
    """The resolved places of one deployment."""

    home: Path
    state: Path
    ledger_url: str = field(repr=False)
    """May hold the database's password."""
    connections: Path
    anchors: Path | None = None
    clear: Path | None = None
    kept: str | None = None
    store_options: str = field(default="", repr=False)
    """JSON; holds secrets."""
    store_connection: str | None = None

    @property
    def listening(self) -> Path:
        """Recordings in the clear, each for as long as a scorer hears it."""
        return self.clear or self.state / "listening"

    @property
    def archive(self) -> Path:
        """What was moved out of the ledger, a file a month."""
        return self.state / "archive"

    @property
    def mappings(self) -> Path:
        """The files that integration engineers edit."""
        return self.home / "mappings"

    @property
    def reports(self) -> Path:
        """Report files, a folder a tenant."""
        return self.state / "reports"

    @property
    def recordings(self) -> str:
        """Where recordings lie, sealed: a folder, or the URL of an object store."""
        return self.kept or str(self.state / "recordings")


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment names; `ConfigError` where the home holds no mappings."""
    home = Path(environ.get("TRIVET_HOME") or Path.cwd()).resolve()
    if not (home / "mappings").is_dir():
        raise ConfigError(
            "no folder mappings/ here",
            code="CONFIG_HOME",
            place=str(home),
            cure="run trivet in the deployment folder, or set TRIVET_HOME to it",
        )
    state = Path(environ.get("TRIVET_STATE") or home / ".trivet").resolve()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Settings(
        home=home,
        state=state,
        ledger_url=secret(environ, "TRIVET_LEDGER_URL") or f"sqlite:///{state / 'ledger.db'}",
        connections=Path(environ.get("TRIVET_CONNECTIONS") or state / "connections.json"),
        anchors=Path(environ["TRIVET_ANCHORS"]).resolve() if environ.get("TRIVET_ANCHORS") else None,
        clear=Path(environ["TRIVET_LISTENING"]).resolve() if environ.get("TRIVET_LISTENING") else None,
        kept=environ.get("TRIVET_RECORDINGS") or None,
        store_options=secret(environ, "TRIVET_RECORDINGS_OPTIONS"),
        store_connection=environ.get("TRIVET_RECORDINGS_CONNECTION") or None,
    )


def secret(environ: Mapping[str, str], name: str) -> str:
    """The variable's value, or the content of the file that `<name>_FILE` names; empty where neither is set."""
    said = environ.get(name, "")
    file = environ.get(f"{name}_FILE", "")
    if said or not file:
        return said
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot be read: {type(error).__name__}", code="SECRET_FILE", place=f"{name}_FILE={file}",
            cure=f"mount the file where this user may read it, or set {name}",
        ) from None  # fmt: skip
