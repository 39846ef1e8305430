"""Findings in SARIF 2.1.0, which code hosts and editors show beside the line."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from trivet.mapping.check.finding import WARNINGS, Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """One run of `trivet check` of this version; files are relative to the deployment folder."""
    rules = sorted({finding.code for finding in findings})
    driver = {
        "name": "trivet check",
        "version": version,
        "rules": [_rule(code) for code in rules],
    }
    results = [
        {
            "ruleId": finding.code,
            "ruleIndex": rules.index(finding.code),
            "level": finding.severity,
            "message": {"text": finding.message},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": quote(finding.file), "uriBaseId": "SRCROOT"},
                        "region": {"startLine": finding.line, "startColumn": finding.column},
                    }
                }
            ],
        }
        for finding in findings
    ]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    level = "warning" if code in WARNINGS else "error"
    words = code.replace("_", " ").lower().replace("pii", "personal data")
    return {"id": code, "shortDescription": {"text": words}, "defaultConfiguration": {"level": level}}
