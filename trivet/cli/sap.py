"""Commands for SAP systems: record what their functions look like."""

from pathlib import Path
from typing import Annotated, Protocol, runtime_checkable

import typer

from trivet.cli import options, output
from trivet.cli.options import Json
from trivet.contract import TargetConnector
from trivet.errors import ConfigError

sap = typer.Typer(help="Record what an SAP system's functions look like.", no_args_is_help=True)


@runtime_checkable
class RecordingContracts(Protocol):
    """A target that can write down what the functions that it calls take and give, in the system's own words."""

    def record_contracts(self, folder: Path) -> list[Path]:
        """One JSON file a function; the files."""


@sap.command("record-contract")
def record_contract(
    connection: Annotated[
        str, typer.Argument(help="A target connection that calls functions, such as sap_rfc.")
    ],
    into: Annotated[Path, typer.Option("--into", help="The folder for the files.")] = Path("contracts"),
    json: Json = False,
) -> None:
    """Ask a system for the parameters, types and lengths of every function that is used, a JSON file each.

    Nothing there is changed. Example: `trivet sap record-contract sap_rfc --into contracts/quality`
    """
    with options.hub() as hub:
        declaration, _ = hub.declared(TargetConnector, connection)
        with hub.built(TargetConnector, connection) as target:
            if not isinstance(target, RecordingContracts):
                raise ConfigError(
                    f"connector {declaration.name} calls no functions that describe themselves", code="NOT_RECORDING",
                    cure="name a connection of sap_rfc; `trivet describe` asks other targets",
                )  # fmt: skip
            files = target.record_contracts(into)
    rows = [{"function": file.stem, "file": str(file)} for file in files]
    output.print_rows(rows, ["function", "file"], as_json=json)
