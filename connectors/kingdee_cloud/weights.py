"""Bills that share a plan: those of one form whose plan fields (person, period) have the same values."""

import re
from collections.abc import Mapping, Sequence

from trivet.model import Operation, Share, WeighedPlan

from .bills import among
from .config import FormConfig
from .wire import Wire

_OURS = re.compile(r"[A-Z2-7]{16}")
"""A bill number that is a reference of ours; the vendor's numbering rules make others."""
_PEOPLE = 50


def plans(
    wire: Wire, forms: Mapping[str, FormConfig], operations: Sequence[Operation]
) -> dict[str, WeighedPlan]:
    """By reference the plan of the operation's bill; not there for forms without a weight."""
    found: dict[str, WeighedPlan] = {}
    for form in {operation.entity for operation in operations}:
        known = forms.get(form)
        if known is not None and known.weight:
            found |= _of_form(wire, form, known, known.weight, [o for o in operations if o.entity == form])
    return found


def _of_form(
    wire: Wire, form: str, known: FormConfig, weight: str, operations: Sequence[Operation]
) -> dict[str, WeighedPlan]:
    keys = [f"{name}.FNumber" if name in known.base_data else name for name in known.plan]
    named = {operation.reference: _plan(known, operation) for operation in operations}
    shares: dict[tuple[str, ...], list[Share]] = {}
    first = list(dict.fromkeys(plan[0] for plan in named.values()))
    for start in range(0, len(first), _PEOPLE):
        condition = among(keys[0], first[start : start + _PEOPLE])
        for number, key, value, *plan in wire.query(form, ["FBillNo", "FID", weight, *keys], condition):
            share = Share(str(key), float(value or 0), str(number) if _OURS.fullmatch(str(number)) else None)
            shares.setdefault(tuple(str(part) for part in plan), []).append(share)
    return {
        reference: WeighedPlan("|".join([form, *plan]), weight, tuple(shares.get(plan, ())))
        for reference, plan in named.items()
    }


def _plan(known: FormConfig, operation: Operation) -> tuple[str, ...]:
    return tuple(str(operation.document.get(name, "")) for name in known.plan)
