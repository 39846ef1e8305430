"""Who the users of FAB, the auth manager of docker-compose.yaml, are to the console: by a real metadata database and real logins.

    python -m scripts.cluster_logins

Users, roles and groups are made in FAB's own tables; each logs in with her password, and opens the console with what
`mappings/sites/access.yaml` grants to her user name, her role, her group or a role that her group gives. Needs the
environment of `make cluster-test`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "http://localhost:18081"
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PASSWORD = "of this test only"
USERS = {"li.na": "Viewer", "wang.wei": "Op", "a.smith": "Viewer", "n.okoye": "Viewer", "nobody": "Viewer"}
"""By name the role."""
GROUPS = {"hr-cn": ("a.smith", "Viewer"), "night-shift": ("n.okoye", "Op")}
"""By name who is in it, and the role that it gives."""
ACCESS = """\
apiVersion: trivet/v1
kind: Access
metadata: {name: sites/access}
grants:
  - {users: [li.na], rights: [view, operate, approve], sites: ["*"]}
  - {groups: [Op], rights: [view, operate], sites: ["*"]}
  - {groups: [hr-cn], rights: [view], sites: ["*"]}
"""
HOLD = "/trivet/flow/nightly_interviews/hold"
EXPECTED = {
    "li.na": (200, 200), "wang.wei": (200, 200), "a.smith": (200, 403), "n.okoye": (200, 200), "nobody": (403, 403),
}  # fmt: skip
"""What the overview and the first click of an operator's button are answered."""


def main() -> int:
    """0 where everybody gets what the access file says."""
    folder = Path(tempfile.mkdtemp(prefix="trivet-logins-", dir="/tmp"))
    try:
        _deployment(folder)
        airflow = [sys.executable, "-m", "airflow"]
        _call(*airflow, "db", "migrate")
        for name, role in USERS.items():
            _call(
                *airflow, "users", "create", "--username", name, "--role", role, "--password", PASSWORD,
                "--email", f"{name}@example.org", "--firstname", name, "--lastname", "x",
            )  # fmt: skip
        _groups()
        seen = _visits()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, got in seen.items():
        print(f"{name:<10} overview {got[0]}, hold {got[1]}")
    good = seen == EXPECTED
    print(
        "FAB's user names, roles and groups are the access file's"
        if good
        else f"NOT as it has to be: {EXPECTED}"
    )
    return 0 if good else 1


def _deployment(folder: Path) -> None:
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    (folder / "mappings" / "sites" / "access.yaml").write_text(ACCESS, encoding="utf-8")
    (folder / "state").mkdir(mode=0o700)
    # read by airflow when it is imported
    os.environ |= {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__API__BASE_URL": ADDRESS,
        "AIRFLOW__API__SECRET_KEY": os.urandom(32).hex(),
        "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(64).hex(),
        "AIRFLOW__CORE__AUTH_MANAGER": FAB,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "TRIVET_HOME": str(folder),
        "TRIVET_STATE": str(folder / "state"),
    }


def _call(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[3:5])} failed: {done.stderr[-2000:]}")


def _groups() -> None:
    # of the cluster's environment only
    from airflow.providers.fab.auth_manager.models import Group, Role, User  # type: ignore[import-not-found]
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        for group, (user, right) in GROUPS.items():
            member = session.scalar(select(User).where(User.username == user))
            role = session.scalar(select(Role).where(Role.name == right))
            session.add(Group(name=group, label=group, users=[member], roles=[role]))


def _visits() -> dict[str, tuple[int, int]]:
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(), base_url=ADDRESS) as client:
        return {name: _visit(client, name) for name in USERS}


def _visit(client: Any, name: str) -> tuple[int, int]:
    login = client.post("/auth/token", json={"username": name, "password": PASSWORD})
    if login.status_code != 201:
        raise SystemExit(f"{name} cannot log in: {login.status_code} {login.text[:300]}")
    headers = {"Cookie": f"_token={login.json()['access_token']}", "Origin": ADDRESS}
    page = client.get("/trivet/?lang=en", headers=headers)
    if page.status_code == 200 and f'signed in as <b translate="no">{name}</b>' not in page.text:
        raise SystemExit(f"the page calls {name} by another name")
    return page.status_code, client.post(HOLD, headers=headers).status_code


if __name__ == "__main__":
    sys.exit(main())
