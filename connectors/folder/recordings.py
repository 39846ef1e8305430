"""Recordings: files below one folder, by their relative path."""

import mimetypes
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, Any, NoReturn

from fsspec import AbstractFileSystem

from trivet.awaiting import absent, not_before_its_end
from trivet.contract import Services
from trivet.drivers import open_driver
from trivet.errors import AuthFailed, ConnectorError, Rejected, Retryable
from trivet.media import PAPER_ENDINGS, judged
from trivet.model import Document, Download

from .config import NAME, FolderConfig
from .local import opened_below

CHUNK = 256 * 1024
LOCAL = ("file", "local")
ENDINGS = (
    ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".wav", ".flac", ".amr", ".mp4", ".webm", ".mov", ".mkv", ".avi", ".wmv",
)  # fmt: skip
_OPERATION = "download"


class FolderRecordings:
    """See `trivet.contract.RecordingSource`; a reference is `{"path": …}`."""

    def __init__(self, config: FolderConfig, services: Services) -> None:
        self.config, self.services = config, services
        place = f"connection {services.connection}"
        self.files: AbstractFileSystem = open_driver(config.protocol, config.driver_options(), place)
        self._local = config.protocol in LOCAL
        self.root = str(self.files._strip_protocol(config.url)).rstrip("/")

    def check(self) -> None:
        """Lists the folder."""
        self._asked("check", lambda: self.files.ls(self.root, detail=False), self._no_folder)

    @contextmanager
    def open(self, reference: Document) -> Iterator[Download]:
        """See `RecordingSource`."""
        not_before_its_end(NAME, reference, self.services.now())
        entry = self._entry(self._path(reference), reference)
        path, size = str(entry["name"]), entry.get("size")
        length = size if isinstance(size, int) else None
        if length is not None and length > self.config.max_recording_mb * 1024 * 1024:
            self._too_large()
        with self._asked(_OPERATION, lambda: self._opened(path), self._gone) as file:
            yield Download(
                mimetypes.guess_type(path)[0] or "application/octet-stream", path.rpartition("/")[2], length,
                judged(self._pieces(file, length), _refuse),
            )  # fmt: skip

    def _path(self, reference: Document) -> str:
        said = reference.get("path")
        parts = said.split("/") if isinstance(said, str) else []
        strange = any(c in str(said) for c in "\\*?[]\0") or any(ord(c) < 32 for c in str(said))
        if not parts or strange or any(part in ("", ".", "..") for part in parts):
            _refuse("REFERENCE", "the reference is no path below the folder")
        return f"{self.root}/{said}"

    def _entry(self, path: str, reference: Document) -> Document:
        folder, _, name = path.rpartition("/")
        entries = self._asked(_OPERATION, lambda: self.files.ls(folder, detail=True), list)
        if not entries and not self._asked(_OPERATION, lambda: self.files.exists(self.root), lambda: False):
            self._no_folder()
        named = {str(entry["name"]).rstrip("/").rpartition("/")[2]: entry for entry in entries}
        named = {name: entry for name, entry in named.items() if entry.get("type") != "directory"}
        # notes that somebody laid beside a recording are not meant
        found = (
            [named[name]]
            if name in named
            else _of_name(named, name, ENDINGS) or _of_name(named, name, PAPER_ENDINGS)
        )
        if len(found) > 1:
            _refuse("RECORDING_AMBIGUOUS", f"{len(found)} recordings have that name")
        if not found:
            absent(NAME, reference, self.config, self.services.now(), "the folder has no such recording")
        return self._settled(dict(found[0]), reference)

    def _settled(self, info: Document, reference: Document) -> Document:
        changed = next(
            (info[name] for name in ("mtime", "LastModified", "last_modified", "modified") if name in info),
            None,
        )
        if isinstance(changed, int | float):
            changed = datetime.fromtimestamp(changed, UTC)
        if isinstance(changed, datetime):
            changed = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
            if self.services.now() - changed < timedelta(seconds=self.config.settle_seconds):
                absent(NAME, reference, self.config, self.services.now(), "the file may still be written")
        return info

    def _opened(self, path: str) -> IO[bytes]:
        file: IO[bytes] = opened_below(self.root, path) if self._local else self.files.open(path, "rb")
        return file

    def _pieces(self, file: IO[bytes], size: int | None) -> Iterator[bytes]:
        read = 0
        while piece := self._asked(_OPERATION, lambda: file.read(CHUNK), self._gone):
            read += len(piece)
            if read > self.config.max_recording_mb * 1024 * 1024:
                self._too_large()
            yield piece
        if read == 0 or (size is not None and read != size):
            raise Retryable(
                f"{read} of {size or 'unknown'} bytes could be read", connector=NAME, operation=_OPERATION,
                vendor_code="MEDIA_TRUNCATED",
            )  # fmt: skip

    def _asked(self, operation: str, ask: Callable[[], Any], missing: Callable[[], Any]) -> Any:
        """What the driver answers; no error of a driver's leaves, and none of their texts, which may hold keys."""
        try:
            return ask()
        except ConnectorError:
            raise
        except FileNotFoundError:
            return missing()
        except PermissionError:
            raise AuthFailed(
                "the folder does not let us in", connector=NAME, operation=operation, vendor_code="PERMISSION",
                cure="check login and password, or the rights of the user that Trivet runs as",
            ) from None  # fmt: skip
        except Exception as error:  # noqa: BLE001 - every driver has errors of its own
            raise Retryable(
                f"the folder cannot be read ({type(error).__name__})", connector=NAME, operation=operation
            ) from None

    def _no_folder(self) -> NoReturn:
        # a share that is not mounted looks the same
        raise Retryable(
            "there is no such folder", connector=NAME, operation=_OPERATION, vendor_code="FOLDER_MISSING",
            cure="is the share mounted, and `url` of the connection right?",
        )  # fmt: skip

    def _gone(self) -> NoReturn:
        raise Retryable("the file went away while it was read", connector=NAME, operation=_OPERATION)

    def _too_large(self) -> NoReturn:
        _refuse("MEDIA_TOO_LARGE", f"larger than {self.config.max_recording_mb} MB")


def _of_name(named: Mapping[str, Document], name: str, endings: Collection[str]) -> list[Document]:
    return [
        entry
        for other, entry in named.items()
        if other.rpartition(".")[0] == name and other[len(name) :].lower() in endings
    ]


def _refuse(code: str, message: str) -> NoReturn:
    raise Rejected(message, connector=NAME, operation=_OPERATION, vendor_code=code)


@contextmanager
def open_recordings(config: FolderConfig, services: Services) -> Iterator[FolderRecordings]:
    """The recording source."""
    yield FolderRecordings(config, services)
