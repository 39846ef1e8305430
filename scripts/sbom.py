"""A bill of materials of every pinned package, CycloneDX 1.6 as JSON: `python -m scripts.sbom [FILE]`, default build/sbom.json.

Made without a network from the lock files and the metadata of what is installed, and judged by CycloneDX's own schema. The
same lock files make the same bytes: it holds no time and no chance.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import cyclonedx.schema
import jsonschema_rs
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from scripts.packages import HUB, ROOT, TESTS, Package, locked
from trivet import __version__

FILE = ROOT / "build" / "sbom.json"
_SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"
_BASE = "http://cyclonedx.org/schema/"


def main(words: Sequence[str]) -> int:
    """0 when the bill was written and its schema accepts it."""
    text = written(locked())
    for wrong in broken(text):
        print(f"the bill breaks CycloneDX 1.6: {wrong}")  # noqa: T201
        return 1
    file = Path(words[0]) if words else FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return 0


def broken(text: str) -> list[str]:
    """Where the bill breaks the schema; the library's own validator takes a minute for so many hashes."""
    parts = {
        file.name: json.loads(file.read_text(encoding="utf-8")) for file in _SCHEMAS.glob("*.schema.json")
    }
    registry = jsonschema_rs.Registry([(_BASE + name, schema) for name, schema in parts.items()])
    judge = jsonschema_rs.validator_for(parts["bom-1.6.SNAPSHOT.schema.json"], registry=registry)
    return [f"{error.instance_path}: {error.message}"[:300] for error in judge.iter_errors(json.loads(text))]


def written(packages: Sequence[Package]) -> str:
    """The bill as text."""
    ours = Component(
        name="trivet",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="trivet",
        licenses=_under("Apache-2.0"),
    )
    ours.purl = PackageURL("pypi", name="trivet", version=__version__)
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, " ".join(f"{one.name}=={one.version}" for one in packages)))
    bom.metadata.component = ours
    made = {package: _component(package) for package in packages}
    by_name: dict[str, list[Component]] = {}
    for package, component in made.items():
        bom.components.add(component)
        by_name.setdefault(package.name, []).append(component)
    bom.register_dependency(ours, [made[one] for one in packages if one.needed_by == HUB])
    for package, component in made.items():
        bom.register_dependency(
            component, [one for name in package.requires for one in by_name.get(name, ())]
        )
    # a time would make each bill another one
    bom.metadata.timestamp = None  # type: ignore[assignment]
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(package: Package) -> Component:
    purl = PackageURL("pypi", name=package.name, version=package.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        comment="one SHA-256 for each file that the lock allows",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in package.hashes],
    )
    scopes = {HUB: ComponentScope.REQUIRED, TESTS: ComponentScope.EXCLUDED}
    return Component(
        name=package.name, version=package.version, type=ComponentType.LIBRARY, bom_ref=str(purl), purl=purl,
        licenses=_under(package.licence) if package.licence else (), external_references=[files],
        scope=scopes.get(package.needed_by, ComponentScope.OPTIONAL),
        properties=[Property(name="trivet:lock", value=lock) for lock in package.locks],
    )  # fmt: skip


def _under(licence: str) -> list[LicenseExpression]:
    return [LicenseExpression(licence)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
