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

Length, encoding and presence (`required`, `max_length`, `max_bytes` + `encoding`) are judged on the result.
"""

import json
from collections.abc import Mapping
from typing import Any

Field = Mapping[str, Any]


def fused(fields: Mapping[str, Field], let: Mapping[str, str], when: str | None = None) -> str:
    """One expression that gives the whole document, or nothing where `when` does not hold."""
    entries = ",\n".join(
        f"{json.dumps(name, ensure_ascii=False)}: {field_source(f)}" for name, f in fields.items()
    )
    body = f"{{\n{entries}\n}}"
    if when is not None:
        body = f"({when}) ? {body}"
    return with_let(body, let)


def with_let(body: str, let: Mapping[str, str]) -> str:
    """The expression with its named intermediate values before it."""
    if not let:
        return f"({body})"
    named = "\n".join(f"${name} := ({source});" for name, source in let.items())
    return f"(\n{named}\n{body}\n)"


def field_source(field: Field) -> str:
    """The field's own expression."""
    source = _base(field)
    if "lookup" in field:
        column = json.dumps(field.get("column", "value"))
        source = f"$lookup($lookup($tables.{_quoted(field['lookup'])}, $string({source})), {column})"
    if "default" in field:
        # a 0 is a value, null is none: the ternary on truth would lose the first, `??` keep the second
        given = json.dumps(field["default"], ensure_ascii=False)
        source = f"($v := {source}; $exists($v) and $v != null ? $v : {given})"
    if "date" in field:
        zone, form = (
            json.dumps(field["date"].get("zone", "UTC")),
            json.dumps(field["date"].get("format", "yyyy-MM-dd")),
        )
        source = f"$local_date({source}, {zone}, {form})"
    if "round" in field:
        source = f"$half_up({source}, {int(field['round'])})"
    if field.get("type") == "array":
        source = f"$append([], {source})"
    if "when" in field:
        source = f"(({field['when']}) ? {source})"
    return source


def _base(field: Field) -> str:
    if "value" in field:
        return json.dumps(field["value"], ensure_ascii=False)
    if "from" in field:
        return f"({field['from']})"
    return f"({field['expr']})"


def _quoted(name: str) -> str:
    return f"`{name}`"
