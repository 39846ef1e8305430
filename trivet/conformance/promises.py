"""What every connector promises, whatever it does: settings that are closed, errors that are clear and keep silent."""

import pickle
import traceback
from typing import Any

from trivet.contract import Config
from trivet.errors import ConnectorError

SECRET = "not-the-right-secret-4711"  # noqa: S105 - a wrong one, planted
PERSON = "Planted Person 4711"
"""Somebody's name, planted in answers that cannot be read; no error may repeat it."""


def settings_are_closed(config: type[Config]) -> None:
    """A misspelt setting is refused, a built one cannot be changed, and every one says what it is for."""
    assert config.model_config["extra"] == "forbid"
    assert config.model_config["frozen"]
    assert all(field.description for field in config.model_fields.values())


def error_is_clear(error: ConnectorError, connector: str) -> None:
    """One line that names connector and operation, no secret and no person even in the traceback, and it pickles."""
    line = str(error)
    assert error.operation
    assert line.startswith(f"{connector} {error.operation}: ")
    assert "\n" not in line
    assert error.message.strip()
    # a chained error is logged with it: `invalid literal for int(): 'Ada Lovelace'`
    shown = "".join([repr(error), error.explained(), *traceback.format_exception(error)])
    assert SECRET not in shown
    assert PERSON not in shown
    copy: Any = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(copy), str(copy), copy.explained()) == (type(error), line, error.explained())
