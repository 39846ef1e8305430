"""Any text as a file of mappings/: findings with their places, in bounded time, and never a traceback."""

import random
import time
from pathlib import Path

import pytest
from conftest import ROOT
from fuzz.amount import tries
from hypothesis import given
from hypothesis import strategies as st

from trivet.flow.check import check_home

SEEDS = [
    ROOT / "mappings" / name
    for name in (
        "folder/recording.yaml", "rules/competencies.yaml", "flows/nightly_interviews.yaml", "assessments/interview.yaml",
    )
]  # fmt: skip
BITS = st.sampled_from(
    [
        "a: ", "- ", "{", "}", "[", "]", "&a ", "*a", "!!python/object:os.system ", "|\n", ">\n", "'", '"', "#", "\t", "\n", ": ",
        "expr: ", "'$$.a[0]'", "from: ", "fields:", "each: ", "when: ", "<<: ", "~", "NO", "1e999", "9" * 400, "?", "%YAML 1.1\n",
        "---\n", "\ufeff", "\u2028", "\x00", "$power(9,9)", "tables: ", "let: ", "lookup: ", "../../etc/passwd", "(" * 50,
    ]
)  # fmt: skip
SECONDS = 20
"""Far more than any takes; a machine may be busy."""


@pytest.mark.parametrize("seed", SEEDS, ids=[file.stem for file in SEEDS])
@tries(15)
@given(data=st.data())
def test_a_file_that_somebody_broke_has_findings(seed: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Lines taken out, doubled, swapped, and bits put in anywhere."""
    text = seed.read_text(encoding="utf-8")
    dice = random.Random(data.draw(st.integers(0, 2**32)))
    for bit in data.draw(st.lists(BITS | st.text(max_size=6), min_size=1, max_size=4)):
        at, to = sorted((dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)))
        text = text[:at] + bit + text[dice.choice((at, min(to, at + 40))) :]
    judged(tmp_path, seed, text)


@tries(40)
@given(text=st.lists(BITS | st.text(max_size=20), max_size=30).map("".join))
def test_any_text_has_findings(tmp_path: Path, text: str) -> None:
    """Under every kind of file's name."""
    for seed in SEEDS[:3]:
        judged(tmp_path, seed, text)


def judged(home: Path, seed: Path, text: str) -> None:
    """The file is checked; whatever is found has a code and a line."""
    file = home / seed.relative_to(ROOT)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    begun = time.process_time()
    for finding in check_home(home).findings:
        assert finding.code
        assert finding.line >= 1
    assert time.process_time() - begun < SECONDS
