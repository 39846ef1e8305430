"""Writes a new connector's package: what every connector has, and a sentence wherever its own part is still to be written.

The package is a stranger's: it knows `trivet` as installed, is found by its entry point, and runs the suites of
`trivet.conformance`. As written it passes the linters and fails every promise that nobody has kept yet.
"""

import keyword
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from trivet import __version__
from trivet.errors import ConfigError
from trivet.registry import GROUPS, offers

KINDS = ("target", "source", "scorer")
LONGEST = 30
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_OURS = ("connectors", "schemas", "sandbox")
"""`trivet_` and one of these is a package of ours."""
_END = ".tmpl"


def scaffold(name: str, kind: str, into: Path) -> list[Path]:
    """The files written below `into`/trivet-NAME, which must not be there yet."""
    _check(name)
    folder = into / f"trivet-{name.replace('_', '-')}"
    words = {
        "name": name,
        "Name": "".join(part.capitalize() for part in name.split("_")),
        "package": f"trivet_{name}",
        "dist": folder.name,
        "kind": kind,
        "DECLARATION": kind.upper(),
        "version": __version__,
    }
    templates = files(__name__) / "templates"
    try:
        folder.mkdir(parents=True)
        written = [
            _write(folder, words, path, text)
            for part in ("all", kind)
            for path, text in _texts(templates / part, "")
        ]
    except FileExistsError:
        raise ConfigError(
            "there is something already; nothing was written",
            code="FOLDER_EXISTS",
            place=str(folder),
            cure="choose another name, or another folder with --into",
        ) from None
    except OSError as error:
        raise ConfigError(
            f"cannot write there: {error.strerror}", code="FOLDER_UNWRITABLE", place=str(folder),
            cure="choose another folder with --into",
        ) from None  # fmt: skip
    return sorted(written)


def _check(name: str) -> None:
    cure = "choose a vendor's name such as acme, or a vendor and its protocol: acme_soap"
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        said = f"{name!r} is no name: lower-case words joined by single underscores, at most {LONGEST} characters"
    elif keyword.iskeyword(name) or name in _OURS:
        said = f"{name!r} is taken by Python or by Trivet itself"
    elif any(offers(kind, name) for kind in GROUPS):
        said = f"a connector {name!r} is installed"
    else:
        return
    raise ConfigError(said, code="CONNECTOR_NAME", cure=cure)


def _texts(folder: Traversable, above: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts(entry, f"{above}{entry.name}/")
        elif entry.name.endswith(_END):
            yield f"{above}{entry.name.removesuffix(_END)}", entry.read_text(encoding="utf-8")


def _write(folder: Path, words: dict[str, str], path: str, text: str) -> Path:
    file = folder / path.replace("/package/", f"/{words['package']}/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(Template(text).substitute(words), encoding="utf-8")
    return file
