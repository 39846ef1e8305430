"""Codes are described, and the description is found."""

import json
from pathlib import Path

import pytest
from bad_inputs.entrance import trivet
from bad_inputs.law import ROWS

from scripts import error_codes
from trivet.documents.codes import code, codes
from trivet.errors import ConfigError


def test_every_code_of_the_source_is_described_and_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    """What users meet, they can look up."""
    assert error_codes.main() == 0, capsys.readouterr().out


def test_every_bad_input_ends_in_a_code_that_is_described() -> None:
    """Bare statuses are no codes of ours; documents and archives describe their own."""
    named = {name for number, row in ROWS.items() if not 23 <= number <= 28 for name in row["expected_code"]}
    assert {name for name in named if not name.startswith("HTTP_")} <= set(codes())


def test_a_code_is_found_as_it_was_copied() -> None:
    """In brackets, in lower case, made of a keyword; the nearest is named where there is none."""
    assert code(" [url_malformed] ").name == "URL_MALFORMED"
    assert "minimum" in code("CONFIG_MINIMUM").said["zh"].means
    with pytest.raises(ConfigError) as caught:
        code("URL_MALFORMD")
    assert "URL_MALFORMED" in caught.value.explained()


def test_the_command_says_it_in_both_languages(tmp_path: Path) -> None:
    """One code in words, all of them as JSON."""
    said = trivet(tmp_path, "errors", "RESIDENCY_BLOCKED", "--lang", "zh").stdout.decode()
    assert "地区" in said
    rows = json.loads(trivet(tmp_path, "errors", "--json").stdout)
    assert len(rows) == len(codes())
    assert all(row["meaning"] for row in rows)
    assert trivet(tmp_path, "errors", "NOBODY").returncode == 2
