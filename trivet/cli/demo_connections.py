"""The demo's connections: the sandbox announces its own, the scorers run on this machine."""

import json
from pathlib import Path
from typing import Any

from trivet.settings import Settings

HERE = {"environment": "sandbox"}
FAMILIES = ("engineering", "sales", "finance")
SCORERS: dict[str, dict[str, Any]] = {
    "whisper_local": {"conn_type": "trivet_whisper_local", "extra": HERE},
    "behaviour_baseline": {"conn_type": "trivet_behaviour_baseline", "extra": HERE},
    **{
        f"terms_{family}": {
            "conn_type": "trivet_term_recogniser",
            "extra": {**HERE, "dictionaries": [family]},
        }
        for family in FAMILIES
    },
}


def announced(settings: Settings) -> Path:
    """Where the sandbox writes its connections once it is up."""
    return settings.state / "sandbox.json"


def write_connections(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every connection of the demo, written for the CLI too; the file holds secrets and is the user's alone."""
    stored = json.loads(announced(settings).read_text(encoding="utf-8")) | SCORERS
    settings.connections.touch(mode=0o600)
    settings.connections.write_text(json.dumps(stored, ensure_ascii=False, indent=2), encoding="utf-8")
    return dict(stored)
