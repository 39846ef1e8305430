"""`trivet check` of the access file: its form, and sites that no flow has."""

from collections.abc import Iterator
from pathlib import Path

from trivet.documents import Contracts
from trivet.flow.console.access import EVERYWHERE, FILE, flow_sites
from trivet.mapping.check import Finding
from trivet.mapping.check.form import form, placed
from trivet.mapping.inputs import near


def access_file(home: Path) -> Path | None:
    """The access file, where there is one."""
    file = home / "mappings" / FILE
    return file if file.exists() else None


def check_access(home: Path, file: Path, contracts: Contracts) -> Iterator[Finding]:
    """Every finding in it."""
    loaded, found = form(home, file, "access", contracts)
    yield from found
    if loaded is None:
        return
    known = {site for site in flow_sites(home).values() if site}
    for i, grant in enumerate(loaded.data["grants"]):
        for k, site in enumerate(grant["sites"]):
            if site not in known and site != EVERYWHERE:
                said = f"no flow belongs to site {site!r}{near(site, known)}: this grants nothing there"
                yield placed(home, loaded, f"/grants/{i}/sites/{k}", "ACCESS_SITE", said)
