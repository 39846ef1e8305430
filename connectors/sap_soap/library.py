"""zeep and lxml, which come with the extra `sap`: imported when a WSDL is read, so that the connector is found without."""

import logging
from importlib import import_module
from typing import Any

from trivet.errors import ConfigError


def library(name: str) -> Any:
    """The module; `ConfigError` with the cure where it is not installed."""
    try:
        module = import_module(name)
    except ImportError as error:
        raise ConfigError(
            f"sap_soap: the library {name.partition('.')[0]} is not installed", code="LIBRARY_MISSING",
            cure="pip install 'trivet[sap]'",
        ) from error  # fmt: skip
    # zeep writes values that it cannot read, which may be about a person, to the log
    logging.getLogger("zeep.xsd.types.simple").disabled = True
    return module


def stumbles() -> tuple[type[Exception], ...]:
    """What zeep raises on values and documents that do not fit: seldom an error of its own."""
    return (
        library("zeep.exceptions").Error, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError,
        TypeError, ValueError,
    )  # fmt: skip
