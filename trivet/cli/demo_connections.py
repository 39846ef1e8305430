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


def write_connections(settings: Settings, airflow: str) -> dict[str, dict[str, Any]]:
    """Every connection of the demo, written for the CLI too; the file holds secrets and is the user's alone."""
    stored = json.loads(announced(settings).read_text(encoding="utf-8")) | SCORERS
    # who starts the runs of fresh results
    stored["airflow"] = {
        "conn_type": "trivet_airflow", "host": airflow, "login": "hr", "password": "hr",
        "extra": {**HERE, "calls_per_second": 20.0},
    }  # fmt: skip
    part = settings.connections.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(stored, ensure_ascii=False, indent=2), encoding="utf-8")
    part.replace(settings.connections)
    return dict(stored)
