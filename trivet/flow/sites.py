"""What the files in mappings/sites/ say of each site of the company; a site inherits what its file leaves out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trivet.documents.yaml_file import load_yaml
from trivet.errors import ConfigError

ACCESS = "access"
"""The file that says who may do what: not a site."""
EEA = frozenset(
    {
        "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
        "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
        # the agreement on the EEA carries the union's law on
        "IS", "LI", "NO",
        # parts of member states to which it extends and that have codes of their own
        "AX", "GF", "GP", "MQ", "MF", "YT", "RE",
    }
)  # fmt: skip
"""ISO 3166 codes of the EU's and the EEA's states (https://european-union.europa.eu/principles-countries-history/eu-countries_en,
https://www.efta.int/eea/eea-agreement; territories: TFEU article 355(1)). Nobody is subject to decisions made by machines alone
there (Regulation (EU) 2016/679, article 22), and systems that decide on workers are overseen by people (Regulation (EU)
2024/1689, article 14 with annex III, 4)."""


@dataclass(frozen=True, slots=True)
class Site:
    """One site, with what it inherits."""

    name: str
    country: str | None
    timezone: str
    language: str | None
    flows: frozenset[str] | None
    """Kinds of sensitive decisions that go without a named approver; None where nobody has said anything."""
    region: str | None = None
    """Where its people's data belongs (`data.region`): a code, or a name such as EU."""

    @property
    def in_eea(self) -> bool:
        """True where people of the EU or the EEA work."""
        return any(european(said) for said in (self.country, self.region) if said)


def european(region: str) -> bool:
    """Whether a country, a part of one (`DE-BY`) or a group of them belongs to the EU or the EEA."""
    return region.partition("-")[0] in (*EEA, "EU", "EEA")


def site_files(home: Path) -> list[Path]:
    """The site files of a deployment, by name."""
    return sorted(f for f in (home / "mappings" / "sites").glob("*.yaml") if f.stem != ACCESS)


def load_sites(home: Path) -> dict[str, Site]:
    """Every site by name; `ConfigError` with file, line and cure where a file is wrong."""
    return {name: _site(name, _merged(parts)) for name, parts in layers(home).items()}


def layers(home: Path) -> dict[str, list[dict[str, Any]]]:
    """What each site's file says, after what those say that it extends; `ConfigError` where one of them cannot be."""
    raw = {file.stem: load_yaml(file, "site").data for file in site_files(home)}
    return {name: _inherited(home, raw, name) for name in raw}


def forbidden(site: Site) -> str | None:
    """Why what the site's file says cannot be; None where it can."""
    if site.in_eea and site.flows:
        where, kinds = site.country or site.region, ", ".join(sorted(site.flows))
        return f"{where} belongs to the EU or the EEA: {kinds} always waits for a named person"
    return None


def _inherited(home: Path, raw: Mapping[str, dict[str, Any]], name: str) -> list[dict[str, Any]]:
    chain: list[str] = []
    here: str | None = name
    while here is not None:
        if here in chain or here not in raw:
            raise ConfigError(
                f"extends {here!r}, " + ("in a circle" if here in chain else "which is no site"), code="SITE_EXTENDS",
                place=str(home / "mappings" / "sites" / f"{chain[-1] if chain else name}.yaml"),
                cure="name another file of this folder, or leave `extends` out",
            )  # fmt: skip
        chain.append(here)
        here = raw[here].get("extends")
    return [raw[one] for one in reversed(chain)]


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for one in parts:
        data |= one.get("data", {})
        merged |= one
    return {**merged, "data": data}


def _site(name: str, data: Mapping[str, Any]) -> Site:
    said = data.get("decisions")
    return Site(
        name,
        data.get("country"),
        data["timezone"],
        data.get("language"),
        None if said is None else frozenset(said.get("flow", ())),
        data["data"].get("region"),
    )
