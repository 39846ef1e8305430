"""Runs the official JSONata suite through our own interface: an expression in, a value or `ExpressionFailed` out.

The suite tells null from undefined; our interface gives None for both. Where None comes out, the same expression is asked once
more as the value of a field: `{"v": null}` or `{}`.
"""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from judges.sdists import Archive
from judges.verdicts import Verdict

from trivet.mapping.engine import Compiler, ExpressionFailed, Program

FOLDER = "tests/resources/jsonata-test-suite"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TRIES = 5
"""On a busy machine the time limit ends what needs none of it: only time is given another chance."""
_CODE = re.compile(r"\b[STDU]\d{4}\b")
_NEAR = 1e-12


@dataclass(frozen=True, slots=True)
class Case:
    """One case of the suite."""

    name: str
    """`group/file`, with the number in the file where it holds several."""
    told: dict[str, Any]
    expression: str
    data: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """The expression failed, with the engine's code."""

    code: str
    ours: str


class Undefined:
    """No value; JSON has no word for it."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED = Undefined()


def cases(archive: Archive) -> Iterator[Case]:
    """Every case of the archive's copy of the suite."""
    texts = archive.texts(FOLDER)
    datasets = {
        PurePosixPath(path).stem: json.loads(text)
        for path, text in texts.items()
        if path.startswith("datasets/")
    }
    for path in sorted(path for path in texts if path.startswith("groups/") and path.endswith(".json")):
        held = json.loads(texts[path])
        name = path.removeprefix("groups/").removesuffix(".json")
        for i, told in enumerate(held if isinstance(held, list) else [held]):
            file = str(PurePosixPath(path).parent / told.get("expr-file", ""))
            expression = told["expr"] if "expr" in told else texts[file]
            data = told["data"] if "data" in told else datasets.get(told.get("dataset"))
            yield Case(f"{name}[{i}]" if isinstance(held, list) else name, told, expression, data)


def judged(case: Case, compiler: Compiler) -> Verdict:
    """Whether what came out is what the suite says."""
    data = copy.deepcopy(case.data)
    got = _outcome(case, compiler, data)
    if data != case.data:
        return Verdict(case.name, False, "the input was changed")
    code = case.told.get("code") or case.told.get("error", {}).get("code")
    if code is not None:
        return Verdict(
            case.name, isinstance(got, Failed) and got.code == code, f"wants {code}, got {_said(got)}"
        )
    wanted = case.told.get("result", UNDEFINED)
    right = equal(wanted, got, ordered=not case.told.get("unordered"))
    return Verdict(case.name, right, f"wants {_said(wanted)}, got {_said(got)}")


def _outcome(case: Case, compiler: Compiler, data: Any) -> Any:
    got = _asked(case.expression, case, compiler, data)
    if got is not None:
        return got
    again = _asked(f'{{"v": ({case.expression}\n)}}', case, compiler, data)
    return None if again == {"v": None} else UNDEFINED if again == {} else again


def _asked(expression: str, case: Case, compiler: Compiler, data: Any) -> Any:
    for _ in range(TRIES):
        try:
            program: Program = compiler(expression)
            return program.evaluate(data, case.told.get("bindings", {}), NOW)
        except ExpressionFailed as error:
            failed = Failed(_code(error), error.code)
            if failed.code != "D1012":
                break
        except Exception as error:  # noqa: BLE001 - anything else that comes out is a fault of the interface
            return Failed("", type(error).__name__)
    return failed


def _code(error: ExpressionFailed) -> str:
    """The engine's own code: in our message, or, for what does not parse, on the error that ours stands for."""
    found = _CODE.search(str(error))
    if found:
        return found[0]
    within = error.__context__
    return str(getattr(within, "code", None) or getattr(within, "error", None) or "")


def equal(wanted: Any, got: Any, *, ordered: bool = True) -> bool:
    """Equal as JSON; numbers but for their last bits, lists in any order where the suite says so."""
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    if isinstance(wanted, int | float) and isinstance(got, int | float):
        return abs(wanted - got) <= _NEAR * max(1, abs(wanted))
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(equal(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(got, list):
        if not ordered:
            wanted, got = sorted(wanted, key=json.dumps), sorted(got, key=json.dumps)
        return len(wanted) == len(got) and all(map(equal, wanted, got))
    return type(wanted) is type(got) and bool(wanted == got)


def _said(value: Any) -> str:
    return ascii(value)[:200]
