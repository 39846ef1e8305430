"""How long Airflow's processor works on our DAG file, by number of flows.

Peers in the same run: the same DAGs from heads that are in memory (what Airflow itself costs), and the flow
loader that a run validates with (what parsing would cost if the factory used it).
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).parents[1]
ROUNDS = 7


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AIRFLOW_HOME"] = f"{folder}/airflow"
        home = Path(folder) / "home"
        (home / "mappings" / "flows").mkdir(parents=True)
        os.environ["TRIVET_HOME"] = str(home)
        text = (REPOSITORY / "mappings" / "flows" / "nightly_interviews.yaml").read_text(encoding="utf-8")
        print(f"{'flows':>6} {'factory ms':>11} {'with the full loader ms':>24}")
        for flows in (1, 20, 100):
            for number in range(flows):
                name = f"flow_{number:03d}"
                file = home / "mappings" / "flows" / f"{name}.yaml"
                file.write_text(text.replace("nightly_interviews", name), encoding="utf-8")
            print(f"{flows:>6} {_factory():>11.1f} {_full_loader(home):>24.1f}")


def _factory() -> float:
    from trivet.airflow.factory import flow_dags

    return _milliseconds(flow_dags)


def _full_loader(home: Path) -> float:
    from trivet.airflow.factory import flow_dags
    from trivet.flow.definition import flow_files, load_flow

    def both() -> None:
        for file in flow_files(home):
            load_flow(home, file.stem)
        flow_dags()

    return _milliseconds(both)


def _milliseconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return 1000 * median(times)


if __name__ == "__main__":
    main()
