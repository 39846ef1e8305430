"""Files that people edit hold no surprises, and every complaint says where."""

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml.error import YAMLError

from trivet.documents.yaml_events import NotQuick, quick_events, worded_events
from trivet.documents.yaml_file import load_yaml, read_yaml
from trivet.documents.yaml_parts import Parts, compose
from trivet.errors import ConfigError

PIECES = (
    "a", "b", "1", "true", "a: ", "b: ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", ": ", "'", '"', "|", ">",
    "|\n  x\n", "|-\n    x\n  ", "#", " # c", "x:y", "? b", "中", "𠮷", "~", ":", ",", "-", "''", '""', "\\n", "\\u4e2d", " ",
    "\r\n", "\r\n  ", "---\n", "\t", "\x85", "|2\n",
)  # fmt: skip


def written(folder: Path, text: str) -> Path:
    """A file of that text."""
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "code", "at"),
    [
        ('a: !!python/object/apply:os.system "ls"', "CONFIG_TAG_FORBIDDEN", "1:4"),
        ("a: !!python/object:os.x {b: 1}", "CONFIG_TAG_FORBIDDEN", "1:4"),
        ("a: !!python/name:os.system x", "CONFIG_TAG_FORBIDDEN", "1:4"),
        ("a: !secret x", "CONFIG_TAG_FORBIDDEN", "1:4"),
        ("a: !!str 5", "CONFIG_TAG_FORBIDDEN", "1:4"),
        ("a: &x [1]\nb: *x", "CONFIG_ALIAS_FORBIDDEN", "1:4"),
        ("a: 1\nb: 2\na: 3", "CONFIG_DUPLICATE_KEY", "3:1"),
        ("%YAML 1.1\n---\na: NO", "CONFIG_YAML", "2:1"),
        ("a: 1\n---\nb: 2", "CONFIG_YAML", "2:1"),
        ("a:\n\tb: 1", "CONFIG_YAML", "2:1"),
        ("a: 'open", "CONFIG_YAML", "1:9"),
        ("? [a, b]\n: 1", "CONFIG_KEY", "1:3"),
        ("a: 1e400", "CONFIG_TYPE", "1:4"),
        ("[" * 100_000, "CONFIG_LIMIT", "1:41"),
    ],
)
def test_a_surprise_is_refused_with_its_place(tmp_path, text, code, at):
    """Tags, aliases, duplicate keys, directives, second documents, odd keys and bombs."""
    file = written(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        read_yaml(file)
    assert (refused.value.code, refused.value.place) == (code, f"{file}:{at}")


def test_an_alias_bomb_is_refused_at_once(tmp_path):
    """A billion laughs stay in their file."""
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 40)]
    before = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        read_yaml(written(tmp_path, "\n".join(lines)))
    assert refused.value.code == "CONFIG_ALIAS_FORBIDDEN"
    assert time.monotonic() - before < 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"), ("yes", "yes"), ("off", "off"), ("true", True), ("False", False), ("~", None), ("", None),
        ("010", "010"), ("0x1f", "0x1f"), ("1_000", "1_000"), ("12:30", "12:30"), ("2026-01-01", "2026-01-01"),
        ("2026Q4", "2026Q4"), ("0", 0), ("-7", -7), ("8.5", 8.5), ("1e2", 100.0), (".5", 0.5), (".inf", ".inf"),
        ("9" * 40, "9" * 40), ("'8'", "8"), ('"true"', "true"), ("1.2.3", "1.2.3"), ("林晓雨", "林晓雨"),
    ],
)  # fmt: skip
def test_a_plain_value_is_what_a_person_expects(tmp_path, text, value):
    """NO is a country, 010 an employee number, a date a text; only plain decimals are numbers."""
    assert read_yaml(written(tmp_path, f"a: {text}")).data == {"a": value}


def test_every_value_and_key_has_its_place(tmp_path):
    """Positions are counted from 1; a pointer below a value finds the value."""
    loaded = read_yaml(written(tmp_path, "a:\n  b: [1, {c: x}]\n  'd/e': 2\n"))
    assert loaded.place("/a/b/1/c").endswith("x.yaml:2:14")
    assert loaded.place("/a/d~1e").endswith("x.yaml:3:10")
    assert loaded.key_position("/a/d~1e").column == 3
    assert loaded.position("/a/b/7") == loaded.position("/a/b")


@pytest.mark.parametrize(
    ("text", "offset", "at"),
    [
        ("e: abc + x", 6, (1, 10)),
        ("e: 'a \"b\" + x'", 8, (1, 13)),
        ("e: 'it''s + x'", 7, (1, 13)),
        ('e: "abc + x"', 6, (1, 11)),
        ("e: |\n  one\n  two + x\n", 10, (3, 9)),
        ("e: |\n    one\n\n    two + x\n", 5, (4, 5)),
        ("e: >\n  one\n  two\n", 5, (1, 4)),
    ],
)
def test_an_offset_in_a_text_is_a_place_in_the_file(tmp_path, text, offset, at):
    """A finding inside an expression points at its character, also in a block scalar."""
    found = read_yaml(written(tmp_path, text)).locate("/e", offset)
    assert (found.line, found.column) == at


def test_a_schema_complaint_has_place_code_and_cure(tmp_path):
    """An unknown key is shown where it stands, and the near one is suggested."""
    file = written(tmp_path, "apiVersion: trivet/v1\nkind: Table\nmetadata:\n  nam: x\nrows: {a: {b: c}}\n")
    with pytest.raises(ConfigError) as refused:
        load_yaml(file, "table")
    said = "/metadata/nam unknown field, did you mean 'name'? (and 1 more)"
    assert str(refused.value) == f"{file}:4:3: {said} [CONFIG_UNKNOWN_KEY]"
    assert refused.value.cure


def test_no_where_a_text_is_wanted_is_text_and_false_is_refused(tmp_path):
    """Norway stays a country; a bare false in its place is of the wrong type."""
    head = "apiVersion: trivet/v1\nkind: Site\nmetadata: {name: oslo}\ntimezone: Europe/Oslo\ncountry: "
    assert load_yaml(written(tmp_path, head + "NO"), "site").data["country"] == "NO"
    with pytest.raises(ConfigError) as refused:
        load_yaml(written(tmp_path, head + "false"), "site")
    assert refused.value.code == "CONFIG_TYPE"


@pytest.mark.parametrize("raw", [b"a: \xff\xfe", b"a: \x00"])
def test_a_file_that_is_no_text_is_refused(tmp_path, raw):
    """Bytes that are not UTF-8, and control characters."""
    file = tmp_path / "x.yaml"
    file.write_bytes(raw)
    with pytest.raises(ConfigError):
        read_yaml(file)


def test_a_missing_or_a_huge_file_is_one_clear_line(tmp_path):
    """The place is the file."""
    with pytest.raises(ConfigError) as missing:
        read_yaml(tmp_path / "none.yaml")
    assert missing.value.code == "CONFIG_FILE"
    with pytest.raises(ConfigError) as huge:
        read_yaml(written(tmp_path, "a: " + "x" * 1_000_001))
    assert huge.value.code == "CONFIG_LIMIT"


@given(st.text(alphabet="ab: -[]{}#&*!|>'\"%\n\t?,01~", max_size=60))
def test_any_text_is_read_or_refused(text):
    """No text makes the reader fail otherwise."""
    try:
        compose("x.yaml", text)
    except ConfigError as refused:
        assert refused.code.startswith("CONFIG_")


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("{a: 客户, b: 'it''s'}\nc: |\n  one\n\n  two\nd: [1, x]\n")
def test_both_readers_read_alike(text):
    """What the fast reader takes, the other one reads to the same data with every value and key at the same place."""
    try:
        quick = taken(quick_events(f"k: {text}"))
        worded = taken(worded_events(f"k: {text}"))
    except (NotQuick, ConfigError, YAMLError):
        return
    assert repr(quick.data) == repr(worded.data)
    assert list(quick.keys) == list(worded.keys)
    filled = [pointer for pointer in quick.positions if pointer not in empty(quick.data)]
    assert [quick.positions[p] for p in filled] == [worded.positions[p] for p in filled]


def test_the_fast_reader_is_there():
    """The wheels of PyYAML bring libyaml; the repository's own files all go through it."""
    for file in (Path(__file__).parents[3] / "mappings").rglob("*.yaml"):
        assert taken(quick_events(file.read_text(encoding="utf-8"))).data


def taken(events) -> Parts:
    """The parts that these events make."""
    parts = Parts("x.yaml")
    for event in events:
        parts.take(event)
    return parts


def empty(value, pointer="") -> set[str]:
    """The pointers below which nothing stands."""
    if value is None:
        return {pointer}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {
        p for key, v in inner for p in empty(v, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")
    }
