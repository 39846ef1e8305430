"""`trivet check-connection`: what Airflow's Test button does, from the command line."""

from typing import Annotated

import typer

from trivet.cli import output
from trivet.cli.options import Json


def check_connection(
    name: Annotated[str, typer.Argument(help="Id of the connection.")],
    json: Json = False,
) -> None:
    """Prove one connection: address, login, and what each of its roles needs. A chat bot posts one line that says so.

    Example: `trivet check-connection kingdee_cloud`
    """
    from datetime import UTC, datetime

    from trivet.connections import stored_connections
    from trivet.flow.trying import try_connection
    from trivet.settings import load_settings

    settings = load_settings()
    connection = stored_connections(settings.connections)(name)
    roles = try_connection(connection, settings.home, lambda: datetime.now(UTC))
    row = {
        "connection": name, "connector": connection.connector, "environment": connection.environment, "answered": roles,
    }  # fmt: skip
    output.print_rows([row], list(row), as_json=json)
