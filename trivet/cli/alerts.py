"""`trivet alerts`: what is wrong, who was told, and whether a channel works."""

import os
from typing import Annotated, Literal

import typer

from trivet.cli import options, output
from trivet.cli.options import Json, Limit

alerts = typer.Typer(
    help="What is wrong, who was told of it, and whether a channel works.", no_args_is_help=True
)

BASE_URL = "AIRFLOW__API__BASE_URL"


@alerts.command("list")
def list_alerts(
    language: Annotated[Literal["zh", "en"], typer.Option("--language", help="Of the sentences.")] = "en",
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """What is wrong now, then what was, newest first, with the messages about each.

    Example: `trivet alerts list --language zh`
    """
    from trivet.flow.alerts.watch import listed

    with options.hub() as hub:
        rows = listed(hub, language, limit)
    shown = [
        {**row, "told": [f"{t['channel']} {t['what']} {t['state']}" for t in row["told"]]} for row in rows
    ]
    columns = ["kind", "flow", "system", "since", "over_at", "what", "cure", "told"]
    output.print_rows(
        rows if json else shown, columns, as_json=json, empty="nothing is wrong, and nothing was"
    )


@alerts.command("send")
def send(json: Json = False) -> None:
    """Look at everything once, and send what is due; done again it tells nobody twice. The DAG `watch` does so every
    five minutes, and judges Airflow's runs as well.

    Example: `trivet alerts send`
    """
    from trivet.flow.alerts.watch import watch

    with options.hub() as hub:
        counts = watch(hub, address=os.environ.get(BASE_URL))
    output.print_rows([counts], list(counts), as_json=json)


@alerts.command("test")
def test(channel: Annotated[str, typer.Argument(help="Name of a channel in mappings/alerts.yaml.")]) -> None:
    """Say one line at the channel, which says that it is a test. Example: `trivet alerts test night_shift`"""
    from trivet.flow.alerts import sending
    from trivet.flow.alerts.definition import load_alerting

    with options.hub() as hub:
        sending.test(hub, load_alerting(hub.settings.home), channel)
    output.print_lines([f"{channel}: taken over"])
