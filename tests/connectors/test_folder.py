"""A folder: wherever a reference or a link leads, nothing outside is read; what is still written is left alone."""

import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from trivet_connectors.folder import RECORDINGS

from trivet.conformance.promises import SECRET, error_is_clear
from trivet.conformance.recordings import RecordingsSuite, whole
from trivet.contract import Services
from trivet.errors import ConfigError, ConnectorError, NotYet, Rejected, Retryable

NAME = "folder"
CONTENT = b"OggS" + random.Random(4711).randbytes(1_500_000)
LONG_AGO = "2020-01-01T10:00:00+00:00"


class Depot(LocalFileSystem):  # type: ignore[misc]
    """A driver as a stranger's: a store behind a key, that has its bad days."""

    protocol = "depot"
    cachable = False
    faults: ClassVar[list[tuple[str, str]]] = []

    def __init__(self, key: str = "", secret: str = "", **_: Any) -> None:
        super().__init__()
        self.allowed = (key, secret) == ("me", "right")

    def ls(self, path: str, detail: bool = False, **how: Any) -> Any:
        if not self.allowed:
            raise PermissionError(f"denied: {SECRET}")
        return super().ls(path, detail=detail, **how)

    def open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        kind, body = self.faults.pop(0) if self.faults else ("", "")
        content = Path(path).read_bytes()
        if kind == "truncated":
            return _Breaking(content[: len(content) // 2])
        if kind == "answer":
            return BytesIO(body.encode())
        if kind == "empty_200":
            return BytesIO()
        if kind:
            raise OSError(f"{kind}: {SECRET}")
        return BytesIO(content)


class _Breaking(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(size)
        if not piece:
            raise OSError("the line broke")
        return piece


@pytest.fixture(autouse=True)
def _depot() -> Iterator[None]:
    fsspec.register_implementation("depot", Depot, clobber=True)
    Depot.faults.clear()
    yield
    Depot.faults.clear()


def put(root: Path, name: str, content: bytes = CONTENT, age: float = 3600) -> Path:
    """A file of the folder that has settled."""
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    then = time.time() - age
    os.utime(file, (then, then))
    return file


class Store:
    """A folder behind the driver."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.content = CONTENT
        put(root, "interviews/known.ogg")
        self.reference = {"path": "interviews/known.ogg"}
        soon = datetime.now(UTC) - timedelta(hours=1)
        self.waiting = {"path": "interviews/coming", "ends_at": soon.isoformat()}
        self.missing = {"path": "interviews/none.ogg", "ends_at": LONG_AGO}

    def config(self, **changed: Any) -> Any:
        there = {"url": f"depot://{self.root}", "login": "me", "password": "right"}
        return RECORDINGS.config.model_validate({**there, **changed})

    def wrong_secret(self) -> Any:
        return self.config(password=SECRET)

    def nobody_home(self) -> Any:
        return self.config(url=f"depot://{self.root}/not-mounted")

    def too_small(self) -> Any:
        return self.config(max_recording_mb=1)

    def misbehave(self, kind: str, *, times: int = 1, body: str = "", **_: Any) -> None:
        Depot.faults += [(kind, body)] * times


class TestStore(RecordingsSuite):
    """Any store that fsspec has a driver for."""

    connector = RECORDINGS
    links_expire = False
    waits = True

    @pytest.fixture
    def far_end(self, tmp_path: Path) -> Store:
        """A folder behind a stranger's driver."""
        return Store(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of this machine, with a secret beside it."""
    put(tmp_path, "outside/secret.ogg", b"OggS not yours")
    put(tmp_path, "inside/interviews/7.ogg")
    return tmp_path / "inside"


def opened(root: Path, reference: Any, **settings: Any) -> bytes:
    """What the connector reads there."""
    config = RECORDINGS.config.model_validate({"url": f"file://{root}", **settings})
    services = Services("media", root.parent, root.parent, lambda: datetime.now(UTC))
    with RECORDINGS.build(config, services) as source:
        source.check()
        return whole(source, reference)


def refused(root: Path, reference: Any, **settings: Any) -> ConnectorError:
    """Why it does not read it."""
    with pytest.raises(ConnectorError) as caught:
        opened(root, reference, **settings)
    error_is_clear(caught.value, NAME)
    return caught.value


def test_a_file_is_found_with_or_without_its_ending(root: Path) -> None:
    """The name alone is enough where one recording has it."""
    assert opened(root, {"path": "interviews/7.ogg"}) == CONTENT
    assert opened(root, {"path": "interviews/7"}) == CONTENT
    put(root, "interviews/7.txt", b"notes")
    put(root, "interviews/70.ogg")
    (root / "interviews" / "7.mp4.d").mkdir()
    assert opened(root, {"path": "interviews/7"}) == CONTENT
    put(root, "interviews/7.MP4")
    assert refused(root, {"path": "interviews/7"}).vendor_code == "RECORDING_AMBIGUOUS"
    assert opened(root, {"path": "interviews/7.ogg"}) == CONTENT


@pytest.mark.parametrize(
    "path",
    ["../outside/secret.ogg", "interviews/../../outside/secret.ogg", "/etc/passwd", "interviews//7.ogg", "./7.ogg", "", ".",
     "..", "interviews/7.ogg/", "interviews/*.ogg", "interviews/?.ogg", "interviews/[7].ogg", "interviews\\7.ogg",
     "interviews/7.ogg\0", "interviews/7\n.ogg", 7, None, ["interviews", "7.ogg"]],
)  # fmt: skip
def test_bad_input_25_a_path_that_leads_elsewhere(path: Any, root: Path) -> None:
    """Refused before anything is looked at."""
    error = refused(root, {"path": path})
    assert (type(error), error.vendor_code) == (Rejected, "REFERENCE")


@pytest.mark.parametrize("via", ["file", "folder", "absolute"])
def test_a_link_out_of_the_folder_is_not_followed(via: str, root: Path) -> None:
    """Whether the file is the link, or a folder on the way."""
    outside = root.parent / "outside"
    if via == "folder":
        (root / "way").symlink_to(outside)
        path = "way/secret.ogg"
    else:
        target = outside / "secret.ogg" if via == "absolute" else Path("../../outside/secret.ogg")
        (root / "interviews" / "link.ogg").symlink_to(target)
        path = "interviews/link.ogg"
    error = refused(root, {"path": path}, settle_seconds=0)
    assert (type(error), error.vendor_code) == (Rejected, "PATH_LEAVES_FOLDER")


def test_a_link_inside_the_folder_is(root: Path) -> None:
    """It leads nowhere else; the folder itself may be a link too."""
    (root / "interviews" / "same.ogg").symlink_to("7.ogg")
    assert opened(root, {"path": "interviews/same.ogg"}, settle_seconds=0) == CONTENT
    (root.parent / "mounted").symlink_to(root)
    assert opened(root.parent / "mounted", {"path": "interviews/7.ogg"}) == CONTENT


def test_a_pipe_is_no_recording(root: Path) -> None:
    """Nobody waits for whoever writes into it."""
    os.mkfifo(root / "interviews" / "pipe.ogg")
    error = refused(root, {"path": "interviews/pipe.ogg"}, settle_seconds=0)
    assert error.vendor_code == "PATH_LEAVES_FOLDER"


def test_what_is_still_written_is_left_for_the_next_run(root: Path) -> None:
    """Half a file is a plausible interview."""
    put(root, "interviews/8.ogg", age=5)
    error = refused(root, {"path": "interviews/8"})
    assert (type(error), error.vendor_code) == (NotYet, "RECORDING_NOT_YET")
    assert opened(root, {"path": "interviews/8"}, settle_seconds=1) == CONTENT


def test_a_share_that_is_not_mounted_is_no_missing_recording(root: Path) -> None:
    """Nothing is set aside for good because of it."""
    error = refused(root / "share", {"path": "interviews/7", "ends_at": LONG_AGO})
    assert (type(error), error.vendor_code) == (Retryable, "FOLDER_MISSING")


@pytest.mark.parametrize("url", ["/srv/x", "s3:/x", "simplecache::s3://x", "file://", "://x"])
def test_an_address_that_is_none_is_a_wrong_setting(url: str) -> None:
    """When the connection is read."""
    with pytest.raises(ValueError, match="url"):
        RECORDINGS.config.model_validate({"url": url})


def test_a_driver_that_is_not_installed_is_named(root: Path) -> None:
    """With the cure."""
    with pytest.raises(ConfigError, match="no driver for dropbox") as caught:
        opened(root, {"path": "x"}, url="dropbox://x")
    assert "install" in str(caught.value.cure)


def test_login_and_password_are_called_as_the_protocol_calls_them() -> None:
    """And neither is shown."""
    config = RECORDINGS.config.model_validate(
        {"url": "s3://bucket/x", "login": "id", "password": "hidden", "options": {"anon": False}}
    )
    assert config.driver_options() == {"anon": False, "key": "id", "secret": "hidden"}
    assert "hidden" not in repr(config)
    smb = config.model_copy(update={"url": "smb://host/share"})
    assert smb.driver_options() == {"anon": False, "username": "id", "password": "hidden"}
