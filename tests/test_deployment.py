"""What production is made of fits together: compose file, image, secrets, backups."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from chaos.databases import postgres_cluster, postgres_programs

ROOT = Path(__file__).parents[1]
PEOPLE = ("subject_key", "tombstone", "erasure", "legal_hold")
"""Tables that lie in a dump of their own."""
OWN_IMAGES = ("postgres", "redis", "prepare", "backup")
"""Services that run somebody else's image."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets that a fresh deployment makes."""
    folder = tmp_path_factory.mktemp("secrets")
    for _ in range(2):
        subprocess.run(
            ["sh", str(ROOT / "deploy" / "secrets.sh"), str(folder)], check=True, capture_output=True
        )
    return folder


def test_every_secret_that_is_named_is_made(compose: dict[str, Any], secrets: Path) -> None:
    """And none that nobody reads; made twice they stay as they were; the ledger opens with its key."""
    from trivet.ledger.keyring import load_keyring

    wanted = {Path(entry["file"].rpartition("}")[2]).name for entry in compose["secrets"].values()}
    assert wanted == {file.name for file in secrets.iterdir()}
    load_keyring(secrets, {"TRIVET_KEYS_FILE": str(secrets / "ledger_keys")}, create=False)
    password = (secrets / "ledger_password").read_text()
    assert f"ledger:{password}@" in (secrets / "ledger_database").read_text()
    services = compose["services"].values()
    named = [entry for service in services for entry in service.get("secrets", ())]
    used = {entry if isinstance(entry, str) else entry["source"] for entry in named}
    assert used == set(compose["secrets"])


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    """Each setting whose name says secret comes from a file."""
    for name, service in compose["services"].items():
        for key, value in service.get("environment", {}).items():
            if re.search(
                r"PASSWORD|SECRET_KEY|FERNET|TOKEN|LEDGER_URL|KEYS|SQL_ALCHEMY|BROKER_URL|RESULT_BACKEND", key
            ):
                assert "/run/secrets/" in str(value), (name, key)


def test_every_service_is_pinned_watched_and_nobody_special(compose: dict[str, Any]) -> None:
    """A tag, a health check for what stays up, a user that is not root, nothing to write but its volumes."""
    for name, service in compose["services"].items():
        image = service["image"]
        assert image.startswith("${TRIVET_IMAGE") or re.search(r":\d+\.\d+", image), name
        if name not in OWN_IMAGES:
            assert service["user"] == "50000:50000", name
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name
        if name not in ("migrate", "prepare", "backup", "sandbox"):
            assert "healthcheck" in service, name


def test_every_queue_has_workers(compose: dict[str, Any]) -> None:
    """What a flow may name is taken by somebody."""
    from trivet.airflow.heads import QUEUES

    taken = {
        queue
        for service in compose["services"].values()
        for word in service.get("command", ())
        if "--queues" in service["command"]
        for queue in re.findall(r"\b(default|scoring|gpu)\b", str(word))
    }
    assert taken == {"default", *QUEUES}


def test_the_image_has_what_it_copies(compose: dict[str, Any]) -> None:
    """Every source of the Dockerfile is there and let through by .dockerignore; it ends as nobody special."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert source in let_in, source
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["trivet"]
    assert all(re.search(r":\d+\.\d+\.\d+-", tag) for tag in re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            mounted = volume.partition(":")[0]
            if mounted.startswith("./"):
                assert (ROOT / mounted).exists(), mounted


def test_a_backup_can_be_restored(secrets: Path, tmp_path: Path) -> None:
    """Both databases made as the image makes them, copied by the backup service's own script, put back elsewhere."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed here: backups are not tried")
    with postgres_cluster(programs) as url:
        host = url.partition("host=")[2]
        env = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PGHOST": host, "PGUSER": "trivet",
            "SECRETS": str(secrets), "BACKUPS": str(tmp_path), "BACKUP_KEEP": "1",
        }  # fmt: skip

        def run(*words: str) -> str:
            return subprocess.run(words, env=env, check=True, capture_output=True, text=True).stdout

        script = (ROOT / "deploy" / "postgres" / "databases.sh").read_text()
        made = tmp_path / "databases.sh"
        made.write_text(
            script.replace("/run/secrets", str(secrets)).replace("--username postgres", "--dbname postgres")
        )
        run("bash", str(made))
        made.unlink()
        run(
            "psql",
            "-U",
            "ledger",
            "-d",
            "ledger",
            "-c",
            "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7);"
            + "".join(f"CREATE TABLE {name} (n int); INSERT INTO {name} VALUES (8);" for name in PEOPLE),
        )
        for _ in range(2):
            run("bash", str(ROOT / "deploy" / "postgres" / "backup.sh"), "now")
        files = sorted(file.name for file in tmp_path.iterdir())
        assert len(files) == 3, files
        (dump,) = tmp_path.glob("ledger-*.dump")
        run("dropdb", "ledger")
        run("createdb", "-O", "ledger", "ledger")
        run("pg_restore", "-d", "ledger", str(dump))
        assert run("psql", "-d", "ledger", "-Atc", "SELECT n FROM kept").strip() == "7"
        # people's keys come from the newest copy alone
        for keys in ("", "8"):
            for name in PEOPLE:
                assert run("psql", "-d", "ledger", "-Atc", f"SELECT n FROM {name}").strip() == keys
            if not keys:
                run("pg_restore", "-d", "ledger", str(tmp_path / "people-keys.dump"))
    shutil.rmtree(tmp_path, ignore_errors=True)
