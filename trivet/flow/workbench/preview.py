"""Runs one mapping or rules file on one input and shows what comes out; nothing is stored, nothing is sent."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.documents.strict_json import loads
from trivet.documents.yaml_file import read_yaml
from trivet.errors import ConfigError, LedgerError
from trivet.flow.hub import Hub
from trivet.ledger import contents, documents, inputs, operations, records
from trivet.ledger.ledger import Transaction
from trivet.ledger.tables import operation
from trivet.mapping import Library, Problem
from trivet.model import Document

Row = dict[str, Any]


def preview(library: Library, contracts: Contracts, name: str, given: Any, system: str) -> Row:
    """Input, what it becomes, problems and warnings of a file, by its name."""
    version = library.version(name)
    now = datetime.now(UTC)
    shown: Row = {"file": name, "version": version.id, "input": given, "output": []}
    if version.kind == "rules":
        decisions, problems = library.rules(name).decide(given, now)
        warnings = [warning for made in decisions for warning in made.warnings]
        made = [(one.kind, one.document) for one in decisions]
        shown["output"] = [
            {"decision": one.kind, "rule": one.rule, "key": one.key, "document": one.document}
            for one in decisions
        ]
    else:
        mapping = library.mapping(name)
        mapped = mapping.apply(given, variables={"system": system}, now=now)
        problems, warnings = mapped.problems, mapped.warnings
        made = [(mapping.kind, document) for document in mapped.documents]
        shown["output"] = mapped.documents
    shown["problems"] = [_problem(problem) for problem in problems]
    shown["problems"] += [
        {"code": broken.code, "field": broken.pointer, "message": broken.message, "place": kind}
        for kind, document in made
        if kind in contracts.schemas
        for broken in contracts.check(kind, document)
    ]
    shown["warnings"] = [_problem(warning) for warning in warnings]
    return shown


def _problem(problem: Problem) -> Row:
    return {
        "code": problem.code,
        "field": problem.field,
        "message": problem.message,
        "place": problem.place,
    }


def read_input(which: str) -> Any:
    """The document in a file (JSON or YAML) or on standard input (`-`)."""
    if which == "-":
        return loads(sys.stdin.buffer.read())
    file = Path(which)
    if not file.is_file():
        raise ConfigError(
            "no such file", code="INPUT_MISSING", place=which,
            cure="name a JSON or YAML file, - for standard input, or a stored record with --record",
        )  # fmt: skip
    return loads(file.read_bytes()) if file.suffix == ".json" else read_yaml(file).data


def test_base(library: Library, name: str) -> Any:
    """The base of the file's own test."""
    from trivet.documents.yaml_file import load_yaml
    from trivet.mapping.testing import base_of

    test = library.file(name).with_suffix(".test.yaml")
    if not test.is_file():
        raise ConfigError(
            "no input, and no test beside the file",
            code="INPUT_MISSING",
            place=str(test),
            cure="--input FILE",
        )
    return base_of(library.home, load_yaml(test, "mapping_test", library.contracts))


def stored_input(hub: Hub, which: str) -> tuple[Any, str]:
    """What the ledger holds under an id, and its system: a vendor's record, a delivery's input, a canonical document."""
    with hub.ledger.read() as tx:
        found = _record(tx, which) or _delivery(tx, which) or _document(tx, which)
    if found is None:
        raise LedgerError(
            f"nothing is stored as {which!r}", code="RECORD_UNKNOWN",
            cure="use a vendor's record id, a delivery's reference, or a canonical document's id",
        )  # fmt: skip
    return found


def _record(tx: Transaction, which: str) -> tuple[Any, str] | None:
    found = records.find(tx, which)
    return (found.document, found.connection) if found else None


def _delivery(tx: Transaction, which: str) -> tuple[Any, str] | None:
    named = (operation.c.id == which) | (operation.c.reference == which) | (operation.c.key == which)
    newest = max(operations.find(tx, named), key=lambda entry: entry.revision, default=None)
    if newest is None:
        return None
    given: Mapping[str, Any] | None = inputs.of_operations(tx, [newest.id]).get(newest.id)
    decision = contents.get(tx, [newest.id], "decision")[newest.id].decision
    return ({**given, "decision": decision}, newest.target) if given is not None else None


def _document(tx: Transaction, which: str) -> tuple[Document, str] | None:
    found = documents.find(tx, which)
    return (found.document, which.partition("/")[0]) if found else None
