"""Every store keeps the same promises: whole or not there, the last one wins, gone when it says so."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from buckets import BUCKET, Buckets

import trivet.store.parts
from trivet.connections import Connection, parse_connection
from trivet.errors import AuthFailed, ConfigError, Retryable, TrivetError
from trivet.settings import Settings, load_settings
from trivet.store import Store, open_store

Opened = Callable[..., Store]


@pytest.fixture(scope="module")
def buckets() -> Iterator[Buckets]:
    """One S3 for this module."""
    made = Buckets()
    yield made
    made.leave()


def nobody(name: str) -> Connection:
    """A deployment without connections."""
    raise AssertionError(name)


def opened(folder: Path, url: str | None = None, options: Any = None, **more: Any) -> Store:
    """The store of a deployment with these settings."""
    text = json.dumps(options) if isinstance(options, dict) else options or ""
    connections = more.pop("connections", nobody)
    said = Settings(folder, folder, "sqlite://", folder / "c.json", kept=url, store_options=text, **more)
    return open_store(said, connections)


@pytest.fixture(params=["folder", "s3", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, buckets: Buckets) -> Store:
    """One of each kind, empty."""
    where = {"folder": None, "s3": f"s3://{BUCKET}/{tmp_path.name}", "memory": f"memory://{tmp_path.name}/x"}
    return opened(tmp_path, where[request.param], buckets.options if request.param == "s3" else None)


def content(store: Store, name: str) -> bytes:
    """What it gives back."""
    with store.open(name) as file:
        return file.read()


def left(folder: Path) -> list[str]:
    """What lies on this machine."""
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_what_is_put_is_there_until_it_is_deleted(store: Store, tmp_path: Path) -> None:
    """Piece by piece, replaced by what comes later; deleting twice is no trouble, and reading then says what helps."""
    assert not store.has("a")
    store.put("a", [b"one ", b"two"])
    store.put("b", [])
    assert (store.has("a"), content(store, "a"), store.begins("a", 3)) == (True, b"one two", b"one")
    assert content(store, "b") == b""
    store.put("a", [b"three"])
    assert content(store, "a") == b"three"
    store.delete("a")
    store.delete("a")
    assert (store.has("a"), store.has("b")) == (False, True)
    for ask in (lambda: content(store, "a"), lambda: store.begins("a", 3)):
        with pytest.raises(Retryable) as caught:
            ask()
        assert caught.value.vendor_code == "RECORDING_GONE"
        assert "fetches it again" in caught.value.explained()
    store.delete("b")
    assert left(tmp_path) == []


def test_what_breaks_off_is_not_there(store: Store, tmp_path: Path, buckets: Buckets) -> None:
    """No half object, no begun upload, no part on the disk; what was there before stays."""

    def breaks_off() -> Iterator[bytes]:
        yield os.urandom(20_000_000)
        raise Retryable("the vendor hung up", connector="zoom", operation="download")

    store.put("old", [b"as it was"])
    for name in ("new", "old"):
        with pytest.raises(Retryable, match="hung up"):
            store.put(name, breaks_off())
    assert (store.has("new"), content(store, "old")) == (False, b"as it was")
    assert buckets.unfinished() == 0
    assert left(tmp_path) in ([], ["old"])


@pytest.mark.parametrize("store", ["folder", "s3"], indirect=True)  # a store in memory is the driver's toy
def test_two_who_store_the_same_leave_one_of_the_two(store: Store) -> None:
    """Whoever reads meanwhile reads one of them whole."""
    wanted = [bytes([n]) * 17_000_000 for n in range(4)]
    store.put("a", [wanted[0]])
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(store.put, "a", [each[:9_000_000], each[9_000_000:]]) for each in wanted[1:]]
        seen = [content(store, "a") for _ in range(3)]
        for one in writing:
            one.result()
    assert all(each in wanted for each in (*seen, content(store, "a")))


def test_a_store_is_tried_and_nothing_of_it_is_left(store: Store, tmp_path: Path) -> None:
    """What `trivet doctor` does, as often as one likes."""
    assert store.check() == store.check() == store.place
    assert left(tmp_path) == []


def test_a_bucket_that_keeps_older_versions_is_told(tmp_path: Path, buckets: Buckets) -> None:
    """Deleted recordings stay in it, though nobody can open them once the person's key is gone."""
    buckets.client.create_bucket(Bucket="versioned")
    buckets.client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    assert "older versions" in opened(tmp_path, "s3://versioned/x", buckets.options).check()


@pytest.mark.parametrize(
    ("url", "changed", "kind", "code"),
    [
        (f"s3://{BUCKET}/x", {"key": "AKIAWRONG"}, AuthFailed, "STORE_LOCKED"),
        (f"s3://{BUCKET}/x", {"secret": "wrong-secret"}, AuthFailed, "STORE_LOCKED"),
        ("s3://nobodys/x", {}, ConfigError, "STORE_MISSING"),
        (f"s3://{BUCKET}/x", {"endpoint_url": "http://127.0.0.1:9"}, Retryable, "STORE_AWAY"),
        (f"s3://{BUCKET}/x", {"no_such_option": 1}, ConfigError, "CONFIG_STORE"),
        ("nothing://x/y", {}, ConfigError, "CONFIG_DRIVER"),
    ],
)
def test_a_trouble_is_one_clear_line(
    tmp_path: Path, buckets: Buckets, url: str, changed: dict[str, Any], kind: type[TrivetError], code: str
) -> None:
    """With the cure, and without a secret; nothing is left on the disk."""
    given = {**buckets.options, **changed}
    with pytest.raises(kind) as caught:
        opened(tmp_path, url, given).check()
    said = caught.value.explained()
    assert getattr(caught.value, "vendor_code", None) == code or caught.value.code == code
    assert caught.value.cure
    assert not [secret for secret in (given["key"], given["secret"]) if secret in said]
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.EROFS, AuthFailed, "STORE_LOCKED"),
        (errno.EACCES, AuthFailed, "STORE_LOCKED"),
        (errno.ESTALE, Retryable, "STORE_AWAY"),
        (errno.EIO, Retryable, "STORE_AWAY"),
    ],
)
def test_a_share_in_trouble_is_told_as_any_store_is(
    number: int, kind: type[TrivetError], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mounted read-only, stale, or failing: the kernel's number becomes the step's error, for each thing that is asked."""
    store = opened(tmp_path)
    store.put("a", [b"one"])

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(trivet.store.parts, "os", SimpleNamespace(open=refuse))
    for name in ("open", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    for ask in (
        lambda: store.put("a", [b"two"]),
        lambda: content(store, "a"),
        lambda: store.delete("a"),
        store.check,
    ):
        with pytest.raises(kind) as caught:
            ask()
        assert caught.value.vendor_code == code  # type: ignore[attr-defined]
    monkeypatch.undo()
    assert content(store, "a") == b"one"


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    """Nothing is written over it."""
    (tmp_path / "taken").write_bytes(b"somebody's")
    store = opened(tmp_path, str(tmp_path / "taken"))
    with pytest.raises(Retryable) as caught:
        store.check()
    assert (caught.value.vendor_code, "Not a directory" in str(caught.value)) == ("STORE_AWAY", True)
    assert (tmp_path / "taken").read_bytes() == b"somebody's"


def test_a_store_that_was_away_is_used_again(tmp_path: Path, buckets: Buckets) -> None:
    """By the same process, with what it held."""
    store = opened(tmp_path, f"s3://{BUCKET}/{tmp_path.name}", buckets.options)
    store.put("a", [b"here"])
    buckets.leave()
    try:
        for ask in (lambda: store.has("a"), lambda: content(store, "a"), lambda: store.delete("a")):
            with pytest.raises(Retryable) as caught:
                ask()
            assert caught.value.vendor_code == "STORE_AWAY"
    finally:
        buckets.come_back()
    assert content(store, "a") == b"here"


def test_login_and_options_come_from_a_connection(tmp_path: Path, buckets: Buckets) -> None:
    """One such as Airflow's form makes, kept where the other connections are."""

    def connections(name: str) -> Connection:
        extra = {"environment": "test", "options": {"endpoint_url": buckets.url}}
        stored = {
            "conn_type": "trivet_folder",
            "login": buckets.key,
            "password": buckets.secret,
            "extra": extra,
        }
        return parse_connection(name, stored)

    url = f"s3://{BUCKET}/{tmp_path.name}"
    assert opened(tmp_path, url, store_connection="kept", connections=connections).check() == url


@pytest.mark.parametrize(
    "url", ["s3://key:hidden@bucket/x", "s3://", "s3://bucket/x?hidden=1", "simplecache::s3://bucket/hidden"]
)
def test_a_place_that_cannot_be_one_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    """Somebody may have written a secret into it."""
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, url)
    assert caught.value.code == "CONFIG_STORE"
    assert "hidden" not in caught.value.explained()


@pytest.mark.parametrize("text", ["{", "[]", '"key"'])
def test_options_that_are_no_object_are_refused(tmp_path: Path, text: str) -> None:
    """With an example."""
    with pytest.raises(ConfigError) as caught:
        opened(tmp_path, "s3://bucket/x", text)
    assert (caught.value.code, "endpoint_url" in caught.value.explained()) == ("CONFIG_STORE", True)


def test_the_environment_says_where_recordings_lie(tmp_path: Path) -> None:
    """A folder by default; what is secret may come by file, and is not shown."""
    (tmp_path / "mappings").mkdir()
    (tmp_path / "options.json").write_text('{"secret": "hidden"}')
    assert load_settings({"TRIVET_HOME": str(tmp_path)}).recordings == str(
        tmp_path / ".trivet" / "recordings"
    )
    said = load_settings({
        "TRIVET_HOME": str(tmp_path), "TRIVET_RECORDINGS": "s3://bucket/x",
        "TRIVET_RECORDINGS_OPTIONS_FILE": str(tmp_path / "options.json"),
    })  # fmt: skip
    assert (said.recordings, said.store_options) == ("s3://bucket/x", '{"secret": "hidden"}')
    assert "hidden" not in repr(said)
    assert opened(tmp_path, f"file://{tmp_path}/there").place == f"{tmp_path}/there"
