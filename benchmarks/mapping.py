"""Documents a second of a mapping with fifteen fields: our engine with all its limits on, its reference, plain Python.

    python -m benchmarks.mapping

One process, one core, the same documents for all, seconds of that core, in turns and the best of twenty each; before the
clock starts all three have given equal results. The mapping has what mappings have: paths, constants, code tables, defaults,
a weighted mean, a date in a named zone, lists, lengths in GB18030.
"""

import gc
import json
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from trivet.documents import Contracts
from trivet.mapping import Library, Mapping
from trivet.mapping.check import check_mappings
from trivet.mapping.compile import fused
from trivet.mapping.engine import compile_expression
from trivet.mapping.reference import compile_reference
from trivet.mapping.testing import run_tests

TURNS = 20
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SHANGHAI = timezone(timedelta(hours=8))
CODES = [
    "service_orientation",
    "teamwork",
    "risk_awareness",
    "leadership",
    "learning_ability",
    "communication",
]
ORG = {"D100": "5000100", "D200": "5000200", "D300": "5000300"}
COURSES = {code: f"TRN-{i:03d}" for i, code in enumerate(CODES)}
MAPPING = """\
# yaml-language-server: $schema=../../schemas/mapping.schema.json
apiVersion: trivet/v1
kind: Mapping
metadata: {name: bench/sap, version: 1}
source: {schema: vendor}
target: {connector: erp, entity: Result}
tables: {org: tables/org.csv, courses: tables/courses.csv}
let:
  mean: $sum(scores.(score * weight)) / $sum(scores.weight)
fields:
  ExternalId: {expr: '"HRAI-" & id', required: true, max_length: 20}
  PersonnelNumber: {from: person.employee_number, required: true, max_length: 8, pii: true}
  FullName: {expr: 'person.family & person.given', max_bytes: 80, encoding: gb18030, pii: true}
  OrgUnit: {from: department.code, lookup: org, default: "5000000"}
  PositionTitle: {from: requisition.title, max_length: 40}
  EvaluationDate: {from: scored_at, date: {zone: Asia/Shanghai, format: yyyyMMdd}}
  Language: {from: language, default: zh}
  OverallScore: {expr: $mean, round: 1, type: number}
  Grade: {expr: '$mean >= 9 ? "S" : $mean >= 8 ? "A" : $mean >= 7 ? "B" : "C"'}
  Passed: {expr: '$mean >= 6'}
  Scores: {type: array, expr: 'scores.{"Code": competency, "Score": score}'}
  Courses: {type: array, expr: 'scores[score < 7].$lookup($lookup($tables.courses, competency), "value")'}
  Remarks: {from: notes, max_bytes: 200, encoding: gb18030}
  Scorer: {expr: 'scorer.name & "/" & scorer.version'}
  Source: {value: TRIVET}
"""
TEXT = {"type": "string"}
RESULT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "result.schema.json",
    "type": "object",
    "required": ["id", "person", "scores", "scored_at"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]{8}$"},
        "person": {"type": "object", "required": ["employee_number"], "additionalProperties": TEXT},
        "scored_at": {"type": "string", "format": "date-time"},
        "scores": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["competency", "score", "weight"],
                "properties": {"competency": TEXT, "score": {"type": "number", "minimum": 0, "maximum": 10}},
            },
        },
    },
}
ERP = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "erp.schema.json",
    "type": "object",
    "required": ["ExternalId", "PersonnelNumber", "OverallScore"],
    "properties": {
        "ExternalId": {"type": "string", "maxLength": 20},
        "PersonnelNumber": {"type": "string", "maxLength": 8},
        "OverallScore": {"type": "number", "minimum": 0, "maximum": 10},
        "Scores": {"type": "array"},
    },
}


def documents(count: int) -> list[dict[str, Any]]:
    """Invented results, the same in every run."""
    chance = random.Random(7)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    return [
        {
            "id": f"{i:08d}",
            "person": {"employee_number": f"{i:08d}", "family": "欧阳", "given": "小雨"},
            "department": {"code": chance.choice(["D100", "D200", "D300", "D999"])},
            "requisition": {"title": "自动化工程师", "keywords": ["PLC编程", "精益生产"] * 5},
            "scored_at": (start + timedelta(minutes=chance.randrange(40_000))).isoformat(),
            "scores": [
                {"competency": code, "score": chance.randrange(101) / 10, "weight": chance.randrange(1, 5),
                 "evidence": [{"quote": "我先听客户把话说完，再一起想办法。", "start": 1.5, "end": 4.2}] * 2}
                for code in CODES
            ],
            "notes": "表达清楚，案例具体。",
            "scorer": {"name": "behaviour_baseline", "version": "1"},
            **({"language": "en"} if chance.random() < 0.5 else {}),
        }
        for i in range(count)
    ]  # fmt: skip


def by_hand(given: dict[str, Any]) -> dict[str, Any]:
    """The same mapping as a person would write it in Python."""
    scores = given["scores"]
    mean = sum(s["score"] * s["weight"] for s in scores) / sum(s["weight"] for s in scores)
    name = given["person"]["family"] + given["person"]["given"]
    if len(name.encode("gb18030")) > 80 or len(given["notes"].encode("gb18030")) > 200:
        raise ValueError("too long")
    return {
        "ExternalId": "HRAI-" + given["id"],
        "PersonnelNumber": given["person"]["employee_number"],
        "FullName": name,
        "OrgUnit": ORG.get(given["department"]["code"], "5000000"),
        "PositionTitle": given["requisition"]["title"],
        "EvaluationDate": datetime.fromisoformat(given["scored_at"]).astimezone(SHANGHAI).strftime("%Y%m%d"),
        "Language": given.get("language", "zh"),
        "OverallScore": int(mean * 10 + 0.5) / 10,
        "Grade": "S" if mean >= 9 else "A" if mean >= 8 else "B" if mean >= 7 else "C",
        "Passed": mean >= 6,
        "Scores": [{"Code": s["competency"], "Score": s["score"]} for s in scores],
        "Courses": [COURSES[s["competency"]] for s in scores if s["score"] < 7],
        "Remarks": given["notes"],
        "Scorer": given["scorer"]["name"] + "/" + given["scorer"]["version"],
        "Source": "TRIVET",
    }


def home(folder: Path) -> Path:
    """A deployment with the one mapping."""
    for name, table in {"org": ORG, "courses": COURSES}.items():
        rows = "".join(f"{key},{value}\n" for key, value in table.items())
        _write(folder / "mappings" / "tables" / f"{name}.csv", f"key,value\n{rows}")
    _write(folder / "mappings" / "bench" / "sap.yaml", MAPPING)
    return folder


def main() -> None:
    """Prints the tables."""
    contracts = Contracts.packaged()
    with tempfile.TemporaryDirectory() as folder:
        deployment = home(Path(folder))
        ours = Library(deployment, contracts, compile_expression).mapping("bench/sap")
        theirs = Library(deployment, contracts, compile_reference).mapping("bench/sap")
        given = documents(2_000)
        for document in given[:200]:
            assert _mapped(ours)(document) == _mapped(theirs)(document) == by_hand(document)
        hand, quick = _in_turns((by_hand, _mapped(ours)), given)
        rows = [
            ("hand-written Python (the limit)", hand),
            ("our engine: jlens, all limits on", quick),
            ("reference engine: jsonata-python", _per_second(_mapped(theirs), given[:200])),
        ]
        rows += _node(Path(folder), given)
        print(f"{'one mapping, 15 fields':<40}{'documents/s':>12}{'of hand':>10}")
        for name, speed in rows:
            print(f"{name:<40}{speed:>12,.0f}{speed / hand:>10.3f}")
        _validated(contracts, given)
        _whole(contracts, ours, given)
        _files(Path(folder) / "many", contracts)


def _validated(contracts: Contracts, given: list[dict[str, Any]]) -> None:
    decision = {
        "candidate_id": "a/b", "application_id": "a/c", "requisition_id": "a/d", "rule": "r", "competency": "teamwork",
        "score": 6.1, "reason": "团队协作 6.1", "decided_on": "2026-11-20", "course": {"code": "T", "title": "客户服务技巧"},
    }  # fmt: skip
    speed = _per_second(lambda _: contracts.check("training_recommendation", decision), given)
    print(f"{'judging a decision by its schema':<40}{speed:>12,.0f}")


def _whole(contracts: Contracts, mapping: Mapping, given: list[dict[str, Any]]) -> None:
    both = Contracts({**contracts.schemas, "result": RESULT, "erp": ERP})

    def run(document: dict[str, Any]) -> None:
        assert not both.check("result", document)
        assert not both.check("erp", mapping.apply(document, variables={}, now=NOW).documents[0])

    print(f"{'judge, map, judge':<40}{_per_second(run, given):>12,.0f}")


def _node(folder: Path, given: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """The reference implementation in JavaScript, where Node and its package are to be had."""
    if shutil.which("npm") is None:
        return []
    script = Path(__file__).with_name("node_jsonata.js")
    place = folder / "node"
    place.mkdir()
    shutil.copy(script, place)
    install = ["npm", "install", "--silent", "--no-fund", "--no-audit", "jsonata@2"]
    if subprocess.run(install, cwd=place, capture_output=True, check=False).returncode:
        return []
    version = Library(folder, Contracts.packaged()).version("bench/sap")
    work = {
        "source": fused(version.data["fields"], version.data["let"]),
        "tables": version.tables,
        "documents": given,
    }
    (place / "work.json").write_text(json.dumps(work), encoding="utf-8")
    said = subprocess.run(
        ["node", "node_jsonata.js", "work.json"], cwd=place, capture_output=True, check=True, text=True
    )
    told = json.loads(said.stdout)
    assert told["first"] == [by_hand(document) for document in given[:200]]
    return [("node jsonata 2 (no limits, no checks)", told["speed"])]


def _files(folder: Path, contracts: Contracts) -> None:
    for name, table in {"org": ORG, "courses": COURSES}.items():
        _write(
            folder / "mappings" / "tables" / f"{name}.csv",
            "key,value\n" + "".join(f"{k},{v}\n" for k, v in table.items()),
        )
    cases = "".join(
        f"  - {{name: case {i}, patch: {{id: '{i}'}}, expect: {{ExternalId: HRAI-{i}}}}}\n" for i in range(5)
    )
    base = str(documents(1)[0]).replace("'", '"')
    for i in range(200):
        _write(folder / "mappings" / "bench" / f"m{i}.yaml", MAPPING.replace("bench/sap", f"bench/m{i}"))
        test = "# yaml-language-server: $schema=../../schemas/mapping_test.schema.json\n"
        test += f"apiVersion: trivet/v1\nkind: MappingTest\nbase: {base}\ntests:\n{cases}"
        _write(folder / "mappings" / "bench" / f"m{i}.test.yaml", test)
    started = time.process_time()
    assert check_mappings(folder, contracts) == []
    print(f"{'trivet check of 200 files and tests':<40}{time.process_time() - started:>11.2f}s")
    started = time.process_time()
    results = run_tests(folder)
    assert len(results) == 1000
    assert all(result.passed for result in results)
    print(f"{'1,000 mapping tests in 200 files':<40}{time.process_time() - started:>11.2f}s")


def _mapped(mapping: Mapping) -> Callable[[dict[str, Any]], Any]:
    def run(document: dict[str, Any]) -> Any:
        made = mapping.apply(document, variables={}, now=NOW)
        return made.documents[0] if made.documents else made.problems

    return run


def _in_turns(works: Sequence[Callable[[dict[str, Any]], Any]], given: list[dict[str, Any]]) -> list[float]:
    """Documents a second of each; what else the machine does meets all of them alike."""
    # what was made before stays: looking through it for cycles is nobody's speed
    gc.collect()
    gc.freeze()
    best = [0.0] * len(works)
    for _ in range(TURNS):
        for i, work in enumerate(works):
            started = time.process_time()
            for document in given:
                work(document)
            best[i] = max(best[i], len(given) / (time.process_time() - started))
    return best


def _per_second(work: Callable[[dict[str, Any]], Any], given: list[dict[str, Any]]) -> float:
    return _in_turns([work], given)[0]


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
