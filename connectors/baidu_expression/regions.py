"""Where looking at faces in recruiting is out of the question, and where a company says that it is allowed."""

import re
from collections.abc import Iterator
from typing import Any

from trivet.model import Document

FORBIDDEN = frozenset(
    {
        "EU", "EEA", "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "EL", "HU", "IE", "IT", "LV", "LT",
        "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
        # the agreement on the EEA carries the union's law on; territories of member states have codes of their own
        "IS", "LI", "NO", "AX", "GF", "GP", "MF", "MQ", "RE", "YT",
    }
)  # fmt: skip
"""ISO 3166 codes of the EU's and the EEA's states (Regulation (EU) 2024/1689, article 5(1)(f): inferring emotions at work and
in recruiting is prohibited; an expression is too close to one to be argued about)."""
CODE = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
"""A country, or a subdivision of one (ISO 3166-2)."""
_WHERE = ("region", "country", "site_region")


def forbidden(text: str) -> bool:
    """Whether a name of a region speaks of a state where it is forbidden: DE, de-BY, eu_central; US-DE is Delaware."""
    code = text.upper()
    if CODE.fullmatch(code):
        return code[:2] in FORBIDDEN
    return any(piece in FORBIDDEN for piece in re.split(r"[^A-Z]+", code))


def allowed(requisition: Document, regions: tuple[str, ...]) -> bool:
    """Whether everything that the position says of its region is on the list, and it says something."""
    told = list(_told(requisition))
    return bool(told) and all(not forbidden(text) and _listed(text, regions) for text in told)


def _listed(text: str, regions: tuple[str, ...]) -> bool:
    code = text.upper()
    return any(code == region or code.startswith(f"{region}-") for region in regions)


def _told(requisition: Document) -> Iterator[str]:
    for name in _WHERE:
        value: Any = requisition.get(name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if one is not None and one != "":
                yield str(one).strip()
