"""Code tables of a deployment: CSV (the first column is the key) or YAML; rows by key, each row text by column."""

import csv
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from trivet.documents import Contracts
from trivet.documents.yaml_file import load_yaml
from trivet.errors import ConfigError

Table = dict[str, dict[str, str]]


def load_tables(
    home: Path,
    named: Mapping[str, str],
    place: Callable[[str], str],
    contracts: Contracts | None = None,
) -> dict[str, Table]:
    """The tables that a file names, by the file's own names for them."""
    return {name: load_table(home, path, place(f"/tables/{name}"), contracts) for name, path in named.items()}


def load_table(home: Path, path: str, place: str, contracts: Contracts | None = None) -> Table:
    """One table; `ConfigError` where it is absent, or holds a key twice or a row that does not fit its head."""
    folder = home / "mappings"
    file = folder / path
    if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
        raise ConfigError(
            f"no table mappings/{path}", code="TABLE_MISSING", place=place, cure="write it, or mend the path"
        )
    if file.suffix == ".yaml":
        rows: Table = load_yaml(file, "table", contracts).data["rows"]
        return rows
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(
            "not UTF-8", code="TABLE_ENCODING", place=str(file), cure="save it as CSV UTF-8"
        ) from None
    return _rows(file, text)


def _rows(file: Path, text: str) -> Table:
    reader = csv.reader(StringIO(text), strict=True)
    rows: Table = {}
    try:
        head = next(reader, [])
        if not head or not all(head) or len(set(head)) != len(head):
            raise ConfigError(
                "the first line has to name every column once", code="TABLE_HEAD", place=f"{file}:1"
            )
        for cells in reader:
            if not cells:
                continue
            place = f"{file}:{reader.line_num}"
            if len(cells) != len(head) or not cells[0]:
                said = f"{len(cells)} cells, the head has {len(head)}" if cells[0] else "the key is empty"
                raise ConfigError(said, code="TABLE_ROW", place=place)
            if cells[0] in rows:
                raise ConfigError(f"key {cells[0]!r} stands twice", code="TABLE_DUPLICATE", place=place)
            # an empty cell is no value: a mapping sees it as missing
            rows[cells[0]] = {name: value for name, value in zip(head, cells, strict=True) if value}
    except csv.Error as error:
        raise ConfigError(str(error), code="TABLE_ROW", place=f"{file}:{reader.line_num}") from None
    return rows
