"""The rows of bad-inputs.yaml, which say what has to happen; a test's name begins with the number of its row."""

from pathlib import Path

from trivet.documents.yaml_file import read_yaml

ROWS = {row["id"]: row for row in read_yaml(Path(__file__).with_name("bad-inputs.yaml")).data}
PERSON, SECRET = "Planted Person 4711", "planted-secret-4711"
"""What is planted into every input that can hold it."""
LEAST_TOLD = 8


def row(name: str) -> int:
    """The row of a case: `35-NaN` is one of row 35."""
    return int(name.partition("-")[0])


def lawful(name: str, code: str) -> None:
    """The row names this code; an empty one where it names none."""
    expected = ROWS[row(name)]["expected_code"]
    assert code in expected or (code == "" and expected == []), (name, code, expected)


def clear(told: str, code: str, *planted: str) -> None:
    """The code is said, in words besides, without a traceback and without what was planted."""
    assert code in told, told
    assert len(told.replace(code, "")) > LEAST_TOLD, told
    assert "Traceback" not in told, told
    for word in (PERSON, SECRET, *planted):
        assert word not in told, told
