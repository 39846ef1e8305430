"""The pools that the flows' tasks wait in: one for scoring, one per connection that is pushed to.

`python -m trivet.airflow.pools > pools.json && airflow pools import pools.json` makes them; doing it again
changes nothing but the slots. Pools limit how many tasks work at once; calls per minute are the connection's
own shared budget.
"""

import json
from collections.abc import Iterable
from typing import Any

SCORING = "trivet_scoring"
SCORING_SLOTS = 2
PUSH_SLOTS = 1


def pool_of(connection: str) -> str:
    """The pool in which tasks that write to this connection wait."""
    return f"trivet_{connection}"


def pools(connections: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The pools for flows that write to these connections, in the form of `airflow pools import`."""
    needed = {SCORING: (SCORING_SLOTS, "recordings scored at once")} | {
        pool_of(name): (PUSH_SLOTS, f"tasks that write to {name} at once") for name in sorted(connections)
    }
    return {
        name: {"slots": slots, "description": text, "include_deferred": False}
        for name, (slots, text) in needed.items()
    }


def deployed_pools() -> dict[str, dict[str, Any]]:
    """The pools of this deployment's flow files; a broken file is passed over, its own DAG says so."""
    # imported here: the DAG factory needs the names above and nothing else
    from trivet.errors import ConfigError
    from trivet.flow.definition import flow_files, load_flow
    from trivet.settings import load_settings

    home = load_settings().home
    written: set[str] = set()
    for file in flow_files(home):
        try:
            written.update(load_flow(home, file.stem).targets())
        except ConfigError:
            continue
    return pools(written)


if __name__ == "__main__":
    print(json.dumps(deployed_pools(), indent=1))  # noqa: T201  this is the command's output
