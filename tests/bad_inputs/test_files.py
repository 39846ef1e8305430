"""Bad files at the command line: `trivet check` says which line, how to mend it, and goes on with the other files."""

import json
from pathlib import Path
from typing import Any

import pytest
from bad_inputs.entrance import trivet, write
from bad_inputs.law import clear, lawful

HEAD = "apiVersion: trivet/v1\nkind: Mapping\nmetadata: {name: x/y, version: 1}\nsource: {schema: vendor}\n"
THING = HEAD + "target: {connector: erp, entity: Thing}\n"
BOMB = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a, *a, *a]\n" for n in range(30))
FILES: dict[str, tuple[str, str, str]] = {
    "43-python tag": ("CONFIG_TAG_FORBIDDEN", THING + "fields: {a: {value: !!python/object:os.system x}}\n", ""),
    "44-alias bomb": ("CONFIG_ALIAS_FORBIDDEN", BOMB, ""),
    "44-duplicate key": ("CONFIG_DUPLICATE_KEY", THING + "fields: {a: {value: 1}, a: {value: 2}}\n", "twice"),
    "44-NO": ("CONFIG_TYPE", THING + "fields: {a: {from: b, required: NO}}\n", ""),
    "45-typo": (
        "CONFIG_UNKNOWN_KEY", THING + "fields: {a: {from: b, requires: true}}\n", "did you mean 'required'?",
    ),
    "46-dunder": ("EXPR_FORBIDDEN", THING + "fields: {a: {expr: 'a.__class__'}}\n", ""),
    "47-no such field": (
        "MAPPING_UNKNOWN_FIELD", THING + "fields: {userld: {from: a}}\n", "did you mean 'userId'?",
    ),
    "47-read-only": ("MAPPING_READONLY_FIELD", THING + "fields: {state: {from: b}}\n", ""),
    "50-template": ("TEMPLATE_FORBIDDEN", THING + "fields: {a: {expr: '{{ cycler.__init__.__globals__ }}'}}\n", ""),
}  # fmt: skip
"""Code, file, and what of the cure has to be said."""
CASES = {name: code for name, (code, _, _) in FILES.items()}
DESCRIBED: dict[str, Any] = {
    "properties": {"userId": {"type": "string"}, "state": {"type": "string", "readOnly": True}, "a": {}},
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What one check says of all of them together."""
    home = tmp_path_factory.mktemp("files")
    write(home, "targets/erp/Thing.schema.json", json.dumps(DESCRIBED))
    for number, (_, text, _) in enumerate(FILES.values()):
        write(home, f"x/f{number}.yaml", text.replace("x/y", f"x/f{number}"))
    done = trivet(home, "check", "--json")
    assert (done.returncode, done.stderr) == (1, b"")
    said: list[dict[str, Any]] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, found: list[dict[str, Any]]) -> None:
    """Its own code at its own place; none of the files hides another's."""
    code, _, cure = FILES[name]
    lawful(name, code)
    file = f"mappings/x/f{list(FILES).index(name)}.yaml"
    here = [finding for finding in found if finding["file"] == file and finding["code"] == code]
    assert here, [finding for finding in found if finding["file"] == file]
    assert here[0]["line"] >= 1
    clear(f"{here[0]['code']} {here[0]['message']}", code)
    assert cure in here[0]["message"]


def test_what_runs_nowhere_is_refused_before_a_flow_runs(tmp_path: Path) -> None:
    """The same file at `trivet preview` ends in one line and exit code 2."""
    write(tmp_path, "x/y.yaml", FILES["43-python tag"][1])
    done = trivet(tmp_path, "preview", "x/y", "--input", "-", given=b"{}")
    assert done.returncode == 2
    clear(done.stderr.decode(), "CONFIG_TAG_FORBIDDEN")
