"""Runs the judges that we did not write and writes what they say into `docs/judges.md` and `docs/judges.zh-CN.md`.

The official JSONata suite on our interface, the official JSON Schema suite on `Contracts`, and both JSONata engines against
each other on 1,000 generated documents a file. `tests/judges` holds them, and runs them with fewer documents.
"""

import sys
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# behind the checkout: `tests/trivet` must not be taken for trivet
sys.path.append(str(ROOT / "tests"))

from judges import both_engines, jsonata_suite, schema_suite  # noqa: E402 - found through the line above
from judges.sdists import Archive, NotThere, fetched  # noqa: E402
from judges.verdicts import Verdict, complaints, listed, reasons  # noqa: E402

from trivet.mapping.engine import compile_expression  # noqa: E402

DOCUMENTS = 1_000
PAGES = {"en": ROOT / "docs" / "judges.md", "zh": ROOT / "docs" / "judges.zh-CN.md"}
BEGIN, END = "<!-- written by `make judges` -->\n", "<!-- end of what `make judges` writes -->\n"
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "suite": "suite", "engine": "judged", "cases": "cases", "pass": "pass", "listed": "listed", "wrong": "unexplained",
        "why": "why the cases do not pass", "case": "case", "file": "mapping or rules file", "documents": "documents",
        "equal": "equal", "departs": "reference engine departs", "how": "how the reference engine departs", "and": " and ",
        "from": "from",
    },
    "zh": {
        "suite": "套件", "engine": "受评对象", "cases": "用例", "pass": "通过", "listed": "已列明", "wrong": "无法解释",
        "why": "用例未通过的原因", "case": "用例", "file": "映射或规则文件", "documents": "文档", "equal": "一致",
        "departs": "参考引擎偏离", "how": "参考引擎的偏离方式", "and": " 与 ", "from": "来自",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Suite:
    """One official suite, judged."""

    name: str
    title: str
    archive: Archive
    judged: tuple[str, ...]
    """Packages whose answers were judged."""
    verdicts: list[Verdict]

    @property
    def complaints(self) -> list[str]:
        """What is neither right nor listed."""
        return complaints(self.verdicts, reasons(self.name))


def main() -> int:
    """0 where every judge is content; the pages are written in any case."""
    try:
        held = fetched()
    except NotThere as reason:
        print(f"the official suites cannot be fetched: {reason}")  # noqa: T201
        return 1
    judged = suites(held)
    compared = {name: both_engines.compared(name, DOCUMENTS) for name in both_engines.NAMES}
    print(table(judged, "en"), *engines(compared, "en"), sep="\n")  # noqa: T201
    for language, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        block = "\n".join([table(judged, language), *why(judged, language), *engines(compared, language), ""])
        before, after = text.partition(BEGIN)[0], text.partition(END)[2]
        page.write_text(f"{before}{BEGIN}\n{block}\n{END}{after}", encoding="utf-8")
    wrong = [line for suite in judged for line in suite.complaints]
    wrong += [line for one in compared.values() for line in one.faults]
    print(*wrong, sep="\n")  # noqa: T201
    return 1 if wrong else 0


def suites(held: dict[str, Archive]) -> list[Suite]:
    """Both official suites, judged."""
    jsonata, schema = held["jsonata2py"], held["jsonschema"]
    said = [jsonata_suite.judged(case, compile_expression) for case in jsonata_suite.cases(jsonata)]
    decided = [verdict for group in schema_suite.groups(schema) for verdict in schema_suite.judged(group)]
    return [
        Suite("jsonata_suite", "JSONata", jsonata, ("jlens",), said),
        Suite("schema_suite", "JSON Schema 2020-12", schema, ("jsonschema-rs", "jsonschema"), decided),
    ]


def table(judged: list[Suite], language: str) -> str:
    """Versions and counts."""
    words = WORDS[language]
    rows = [[words[name] for name in ("suite", "from", "engine", "cases", "pass", "listed", "wrong")]]
    for suite in judged:
        known = sum(len(reason.cases) for reason in reasons(suite.name))
        passed = sum(verdict.passed for verdict in suite.verdicts)
        asked = words["and"].join(f"{name} {version(name)}" for name in suite.judged)
        counts = map(str, (len(suite.verdicts), passed, known, len(suite.complaints)))
        rows.append([suite.title, f"{suite.archive.name} {suite.archive.version}", asked, *counts])
    return _rows(rows)


def why(judged: list[Suite], language: str) -> list[str]:
    """Every case that does not pass, below its reason."""
    lines = []
    for suite in judged:
        lines += ["", f"### {suite.title}: {WORDS[language]['why']}", ""]
        for reason in reasons(suite.name):
            said = reason.en if language == "en" else reason.zh
            lines += [f"- {said} ({len(reason.cases)}):", *(f"  - `{name}`" for name in reason.cases)]
    return lines


def engines(compared: dict[str, Any], language: str) -> list[str]:
    """The files with their counts, and the departures with theirs."""
    words = WORDS[language]
    title = f"jlens {version('jlens')}{words['and']}jsonata-python {version('jsonata-python')}"
    rows = [[words[name] for name in ("file", "documents", "equal", "departs", "wrong")]]
    seen: Counter[str] = Counter()
    for name, one in compared.items():
        seen.update(one.departures)
        equal = one.documents - one.departed - len(one.faults)
        rows.append([f"`{name}`", *map(str, (one.documents, equal, one.departed, len(one.faults)))])
    ways = [[words["how"], words["documents"]]]
    ways += [[entry[language], str(seen[name])] for name, entry in listed()["departures"].items()]
    return ["", f"### {title}", "", _rows(rows), "", _rows(ways)]


def _rows(rows: list[list[str]]) -> str:
    head, *rest = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rest])


if __name__ == "__main__":
    sys.exit(main())
