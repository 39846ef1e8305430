"""A deployment of its own for each test, with files as short as the test needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trivet.documents import Contracts
from trivet.mapping import Library

MAPPING = """\
apiVersion: trivet/v1
kind: Mapping
metadata: {name: x/y, version: 1}
source: {schema: vendor}
target: {connector: erp, entity: Thing}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty deployment."""
    (tmp_path / "mappings").mkdir()
    return tmp_path


@pytest.fixture
def write(home: Path) -> Callable[[str, str], Path]:
    """Writes a file below mappings/."""

    def written(name: str, text: str) -> Path:
        file = home / "mappings" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return written


@pytest.fixture
def mapping(home: Path, write: Callable[[str, str], Path]) -> Callable[..., object]:
    """The mapping whose file has these lines after the head."""

    def made(lines: str, head: str = MAPPING) -> object:
        write("x/y.yaml", head + lines)
        return Library(home, Contracts.packaged()).mapping("x/y")

    return made
