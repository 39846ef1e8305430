"""The Test button of a connection: a hook class per connection type, made when Airflow asks by name."""

from typing import Any

from airflow.sdk import BaseHook

from trivet.connections import PREFIX


class TrivetHook(BaseHook):
    """Proves a connection through the connector's own check; tasks do not come this way."""

    conn_name_attr = "trivet_conn_id"
    conn_type = PREFIX
    hook_name = "Trivet"

    def __init__(self, trivet_conn_id: str, logger_name: str | None = None) -> None:
        super().__init__(logger_name=logger_name)
        self.trivet_conn_id = trivet_conn_id

    def test_connection(self) -> tuple[bool, str]:
        """Whether address and credentials hold, and one line that says so or why not."""
        from trivet.airflow.connections import from_airflow
        from trivet.errors import TrivetError

        try:
            connection = from_airflow(self.get_connection(self.trivet_conn_id))
            return True, _checked(connection)
        except TrivetError as error:
            return False, error.explained()


def _checked(connection: Any) -> str:
    """That every role of this connector answered; a typed error where one refuses."""
    from datetime import UTC, datetime

    from trivet.flow.trying import try_connection
    from trivet.settings import load_settings

    try_connection(connection, load_settings().home, lambda: datetime.now(UTC))
    return f"{connection.connector} answered ({connection.environment})"


def __getattr__(name: str) -> type[TrivetHook]:
    # airflow imports a class per connection type by path and insists that its conn_type is the same
    if not name.startswith(PREFIX):
        raise AttributeError(name)
    return type(name, (TrivetHook,), {"conn_type": name, "__module__": __name__})
