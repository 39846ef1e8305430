"""Code tables: a key stands once, every row fits the head, an empty cell is no value."""

import pytest

from trivet.documents import Contracts
from trivet.errors import ConfigError
from trivet.mapping.tables import load_table


def load(home, path="tables/t.csv"):
    """The table."""
    return load_table(home, path, "x.yaml:3:5", Contracts.packaged())


def test_rows_are_found_by_the_first_column(home, write):
    """Quoted cells, Chinese, an apostrophe and a byte order mark included."""
    write("tables/t.csv", '\ufeffcode,zh,en\nA,客户服务,"Service, O\'Brien"\n007,,x\n\n')
    assert load(home) == {
        "A": {"code": "A", "zh": "客户服务", "en": "Service, O'Brien"},
        "007": {"code": "007", "en": "x"},
    }


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a,b\n1,x\n1,y\n", "TABLE_DUPLICATE", 3), ("a,b\n1\n", "TABLE_ROW", 2), ("a,b\n1,2,3\n", "TABLE_ROW", 2),
        ("a,b\n,x\n", "TABLE_ROW", 2), ("a,a\n1,2\n", "TABLE_HEAD", 1), ("a,\n1,2\n", "TABLE_HEAD", 1), ("", "TABLE_HEAD", 1),
        ('a,b\n"1,x\n', "TABLE_ROW", 2),
    ],
)  # fmt: skip
def test_a_table_that_is_wrong_is_refused_with_its_line(home, write, text, code, line):
    """Before a run, not in it."""
    file = write("tables/t.csv", text)
    with pytest.raises(ConfigError) as refused:
        load(home)
    assert (refused.value.code, refused.value.place) == (code, f"{file}:{line}")


def test_a_table_that_is_no_utf_8_is_refused(home, write):
    """As Excel saves it where one does not look."""
    write("tables/t.csv", "").write_bytes("a,b\n1,客户\n".encode("gbk"))
    with pytest.raises(ConfigError) as refused:
        load(home)
    assert refused.value.code == "TABLE_ENCODING"
    assert refused.value.cure


@pytest.mark.parametrize("path", ["tables/none.csv", "../secret.csv", "/etc/passwd"])
def test_a_table_that_is_absent_or_elsewhere_is_refused(home, path):
    """Only files below mappings/ are read; the place is the line that names it."""
    (home / "secret.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load(home, path)
    assert (refused.value.code, refused.value.place) == ("TABLE_MISSING", "x.yaml:3:5")


def test_a_table_may_be_yaml(home, write):
    """Judged by its schema."""
    head = "apiVersion: trivet/v1\nkind: Table\nmetadata: {name: tables/t}\n"
    write("tables/t.yaml", head + "rows: {NO: {value: Norway}}\n")
    assert load(home, "tables/t.yaml") == {"NO": {"value": "Norway"}}
    write("tables/t.yaml", head + "rows: {NO: {value: 5}}\n")
    with pytest.raises(ConfigError) as refused:
        load(home, "tables/t.yaml")
    assert refused.value.code == "CONFIG_TYPE"
