"""`trivet check` of the access file: its form, and sites that no flow has."""

from collections.abc import Iterator
from pathlib import Path

from trivet.documents import Contracts
from trivet.documents.yaml_file import complaints, read_yaml
from trivet.errors import ConfigError
from trivet.flow.console.access import EVERYWHERE, FILE, flow_sites
from trivet.mapping.check import Finding
from trivet.mapping.check.editor import head
from trivet.mapping.check.spots import refused
from trivet.mapping.inputs import near


def access_file(home: Path) -> Path | None:
    """The access file, where there is one."""
    file = home / "mappings" / FILE
    return file if file.exists() else None


def check_access(home: Path, file: Path, contracts: Contracts) -> Iterator[Finding]:
    """Every finding in it."""
    try:
        loaded = read_yaml(file)
    except ConfigError as error:
        yield refused(home, file, error)
        return
    shown = str(file.relative_to(home))
    yield from head(home, loaded, "access")
    broken = list(complaints(loaded, "access", contracts))
    for _, one in broken:
        unknown = one.code == "CONFIG_UNKNOWN_KEY"
        at = loaded.key_position(one.pointer) if unknown else loaded.position(one.pointer)
        yield Finding(shown, at.line, at.column, one.code, f"{one.pointer} {one.message}")
    if broken:
        return
    known = {site for site in flow_sites(home).values() if site}
    for i, grant in enumerate(loaded.data["grants"]):
        for k, site in enumerate(grant["sites"]):
            if site not in known and site != EVERYWHERE:
                at = loaded.position(f"/grants/{i}/sites/{k}")
                said = f"no flow belongs to site {site!r}{near(site, known)}: this grants nothing there"
                yield Finding(shown, at.line, at.column, "ACCESS_SITE", said)
