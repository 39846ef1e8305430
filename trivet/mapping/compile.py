"""Compiles the field language: sugar and expressions become one fused JSONata expression for the whole document.

    from: a.b            the value at a path
    expr: "..."          any JSONata
    value: constant      a constant
    lookup: table        the row's column (`column`, default `value`) of a code table, by the value
    default: x           where the value is missing or null; a 0 is a value
    date: {zone, format} a time in a named zone
    round: 1             half up, on decimals
    type: array          one entry stays a list
    when: "..."          the field is there only where this holds

What a date or a rounding makes of the value is no part of the expression: crossing from the engine into Python and back
costs more than the rounding (`finishing`). Presence, type, length and encoding (`required`, `type`, `max_length`,
`max_bytes` + `encoding`) are judged on the result.
"""

import json
import re
from collections.abc import Callable, Mapping, Set
from functools import partial
from typing import Any

from trivet.mapping.functions import half_up, local_date

Field = Mapping[str, Any]
Step = Callable[[Any], Any]
PLAIN_PATH = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(\w+)")


def fused(fields: Mapping[str, Field], let: Mapping[str, str], when: str | None = None) -> str:
    """One expression that gives the whole document, or nothing where `when` does not hold."""
    entries = [f"{_text(name)}: {field_source(field)}" for name, field in fields.items()]
    body = "{\n" + ",\n".join(entries) + "\n}"
    if when is None:
        return with_let(body, let)
    # what only the fields need waits until the condition holds: most rules do not, for most people
    first = _needed(when, let)
    return with_let(
        f"({when}) ? {with_let(body, let, first)}", {name: let[name] for name in let if name in first}
    )


def with_let(body: str, let: Mapping[str, str], known: Set[str] = frozenset()) -> str:
    """The expression with the named intermediate values that it needs before it, but for those already known."""
    needed = _needed(body, let) - known
    if not needed:
        return f"({body})"
    named = "\n".join(f"${name} := ({source});" for name, source in let.items() if name in needed)
    return f"(\n{named}\n{body}\n)"


def beside_tables(source: str) -> str:
    """The expression over `{document, tables}`: input is read only as far as it is reached, a bound table is copied whole."""
    return f"($tables := tables; document.{source})"


def field_source(field: Field) -> str:
    """The field's own expression; what it gives is not finished yet."""
    source = _base(field)
    if "lookup" in field:
        source = f"$lookup({_row(field, source)}, {_text(field.get('column', 'value'))})"
    if "default" in field:
        # a 0 is a value, null is none: the ternary on truth would lose the first, `??` keep the second;
        # what is missing equals nothing and differs from nothing, so that one comparison finds both
        otherwise = _text(field["default"])
        if PLAIN_PATH.fullmatch(source):
            source = f"({source} != null ? {source} : {otherwise})"
        else:
            source = f"($v := {source}; $v != null ? $v : {otherwise})"
    if field.get("type") == "array":
        source = f"$append([], {source})"
    return _conditional(field, source)


def finishing(field: Field) -> list[Step]:
    """What is done with the expression's value, or with each of a list, one after the other.

    Each raises `DocumentRefused` where it cannot.
    """
    steps: list[Step] = []
    if "date" in field:
        zone, form = field["date"].get("zone", "UTC"), field["date"].get("format", "yyyy-MM-dd")
        steps.append(partial(local_date, zone=zone, form=form))
    if "round" in field:
        steps.append(partial(_rounded, digits=int(field["round"])))
    return [_each(step) for step in steps] if field.get("type") == "array" else steps


def _rounded(value: Any, digits: int) -> Any:
    rounded = half_up(value, digits)
    # a whole number is an integer, as the engine gives it
    return int(rounded) if isinstance(rounded, float) and rounded.is_integer() else rounded


def _each(step: Step) -> Step:
    return lambda values: [step(value) for value in values]


def missed_source(field: Field) -> str:
    """True where the field's lookup has a key, and the table no row for it."""
    there = f"$v != null and $not($exists({_row(field, '$v')}))"
    return _conditional(field, f"($v := {_base(field)}; {there} ? true)")


def _needed(body: str, let: Mapping[str, str]) -> set[str]:
    # one that no one needs is not evaluated, so that it cannot fail either
    needed: set[str] = set()
    open_ends = [body]
    while open_ends:
        for name in _VARIABLE.findall(open_ends.pop()):
            if name in let and name not in needed:
                needed.add(name)
                open_ends.append(let[name])
    return needed


def _base(field: Field) -> str:
    if "value" in field:
        return _text(field["value"])
    source: str = field["from"] if "from" in field else field["expr"]
    # a block opens a scope, which costs as much as the path in it
    return source if PLAIN_PATH.fullmatch(source) else f"({source})"


def _row(field: Field, source: str) -> str:
    return f"$lookup($tables.`{field['lookup']}`, $string({source}))"


def _conditional(field: Field, source: str) -> str:
    return f"(({field['when']}) ? {source})" if "when" in field else source


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
