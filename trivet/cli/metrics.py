"""`trivet metrics`: the ledger in numbers, for Prometheus' textfile collector or for a look."""

import os
from pathlib import Path
from typing import Annotated

import typer

from trivet.cli import options, output


def metrics(
    file: Annotated[
        Path | None, typer.Option("--output", help="Write it here, whole or not at all; without it print.")
    ] = None,
) -> None:
    """The ledger in numbers, as Prometheus reads them; `trivet serve` gives the same at /metrics. The histogram covers the last
    day.

    Example: `trivet metrics --output /var/lib/node_exporter/trivet.prom`
    """
    from trivet.flow.metrics import Metrics

    with options.hub() as hub:
        text = Metrics(hub).text().decode()
    if file is None:
        output.print_lines(text.splitlines())
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
