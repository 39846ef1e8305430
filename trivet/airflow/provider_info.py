"""What Airflow is told of Trivet: one connection type per installed connector.

Airflow asks for this while it is itself being imported, in every process: nothing here imports airflow, and the forms of
our own connectors are read from a generated file, for to import them all takes each process 0.8 s and 20 MB. A stranger's
connector that cannot be described is left out with a warning: an error would take every process down.
"""

import json
import logging
from functools import cache
from importlib.resources import files
from typing import Any

from trivet import __version__
from trivet.connections import PREFIX
from trivet.registry import GROUPS, find_connector, offered, ours

log = logging.getLogger(__name__)
OURS = "forms.json"
"""Written by `make docs`."""


def get_provider_info() -> dict[str, Any]:
    """Trivet as an Airflow provider, in the form of Airflow's provider_info."""
    return {
        "package-name": "trivet",
        "name": "Trivet",
        "description": "Connections to HR systems, AI interview scorers and ERPs.",
        "versions": [__version__],
        "connection-types": _forms(),
    }


@cache
def _forms() -> list[dict[str, Any]]:
    """The form of every connector that can be imported, each connection type once."""
    packaged = json.loads(files(__package__).joinpath(OURS).read_text(encoding="utf-8"))
    found = {form["connection-type"]: form for form in packaged}
    for kind, group in GROUPS.items():
        for name in offered(kind):
            if ours(kind, name):
                continue
            try:
                # a lazy import: a process without a stranger's connector needs none of it
                from trivet.airflow.forms import described

                declared = find_connector(kind, name)
                if PREFIX + declared.name not in found:
                    found[PREFIX + declared.name] = described(declared)
            # a stranger's connector may fail in any way, and must not take Airflow with it
            except Exception as error:  # noqa: BLE001
                log.warning("connector %s:%s has no connection form: %s", group, name, error)
    return [found[name] for name in sorted(found)]
