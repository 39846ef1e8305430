"""A stranger's scorer for tests: reads the grades out of what was said, `teamwork=6.5; communication=7`.

What it adds is told nowhere: a vendor who changes a model behind an unchanged version.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import Field

from trivet.contract import Config, ScorerConnector, ScorerTraits, Services
from trivet.errors import Rejected
from trivet.model import Document, Pending, Scored, ScoringRequest

_SAID = re.compile(r"([a-z_]+)=([0-9.]+|none)")


class GraderConfig(Config):
    """Its settings."""

    generosity: float = Field(0, description="Points for everyone.")
    release: str = Field("1", description="The version it says it has.")


class Grader:
    """See `trivet.contract.Scorer`."""

    def __init__(self, config: GraderConfig) -> None:
        self.config = config

    def check(self) -> None:
        """Nothing can be wrong."""

    def provenance(self) -> Document:
        """The version that it says it has."""
        return {"scorer": "grader", "version": self.config.release}

    def score(self, request: ScoringRequest) -> Scored | Pending:
        """Every grade that was said, with itself as the evidence; `none` had no evidence."""
        text = str((request.transcript or {}).get("text", ""))
        said = _SAID.findall(text)
        scores = [
            {
                "competency": name,
                "score": round(min(10.0, float(grade) + self.config.generosity), 1),
                "evidence": [{"quote": f"{name}={grade}", "start": 0, "end": 1, "weight": 1}],
            }
            for name, grade in said
            if grade != "none"
        ]
        silent = [name for name, grade in said if grade == "none"]
        return Scored({"scores": scores, "insufficient_evidence": silent})

    def poll(self, ticket: str) -> Scored | Pending:
        """Never needed."""
        raise Rejected("it gives no tickets", connector="grader", operation="poll", vendor_code="TICKET")


@contextmanager
def open_scorer(config: GraderConfig, services: Services) -> Iterator[Grader]:
    """The grader."""
    yield Grader(config)


SCORER = ScorerConnector(
    "grader", "Grader (tests)", GraderConfig, open_scorer,
    ScorerTraits(takes="transcript", infers=("grades spoken",), cheap=True),
)  # fmt: skip
