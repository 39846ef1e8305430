"""How far AI and interviewers agree, per competency, position family and scorer version.

One interview is one pair: the AI's score and the mean of the interviewers' scores. Two interviewers of the same interview
are a pair as well, so that it shows how far people agree among themselves: no AI can be expected to do better.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from trivet import statistics
from trivet.flow.cases import JUDGEMENT
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.flow.judging import assessed
from trivet.ledger import documents
from trivet.ledger.ledger import Transaction
from trivet.model import Document
from trivet.statistics import Interval, Pair

Row = dict[str, Any]
ENOUGH = 10
"""With fewer pairs nothing is said but how many there are."""
TOO_FEW = f"too few to say (fewer than {ENOUGH})"
ALL = "(all)"
COLUMNS = (
    "competency", "family", "scorers", "n", "says", "kappa", "kappa_low", "kappa_high", "pearson", "pearson_low",
    "pearson_high", "spearman", "spearman_low", "spearman_high", "difference", "difference_low", "difference_high",
    "distance", "distance_low", "distance_high", "ai_silent", "people_n", "people_kappa",
)  # fmt: skip


@dataclass(slots=True)
class _Cell:
    """What belongs to one competency, family and version."""

    pairs: list[Pair] = field(default_factory=list)
    """The AI's score, the people's mean."""
    among: list[Pair] = field(default_factory=list)
    """Two interviewers of one interview, both ways round."""
    silent: int = 0
    """Interviews in which people judged and the AI found no evidence."""


def agreement(hub: Hub, flow_name: str | None = None, since: str | None = None) -> list[Row]:
    """One row a competency, position family and scorer version; `since` is a day, by when people judged."""
    flow = hub.flow(flow_name) if flow_name else None
    begin = assessed.day(since)
    cells: dict[tuple[str, str, str], _Cell] = defaultdict(_Cell)
    with hub.ledger.read() as tx:
        for tenant in [flow.tenant] if flow else documents.tenants(tx, JUDGEMENT):
            for family, assessment, judgements in _interviews(tx, tenant, flow, begin):
                _count(cells, family, assessment, judgements)
    _pool(cells)
    return [_row(*key, cells[key]) for key in sorted(cells)]


def _interviews(
    tx: Transaction, tenant: str, flow: Flow | None, begin: str
) -> Iterator[tuple[str, Document, list[Document]]]:
    """Family, assessment and judgements of every interview that has both."""
    said: dict[str, list[Document]] = defaultdict(list)
    subjects = set()
    for entry in documents.of_kind(tx, tenant, JUDGEMENT):
        if assessed.of_flow(flow, entry.document) and assessed.after(entry.document["given_at"], begin):
            said[entry.document["interview_id"]].append(entry.document)
            subjects.add(entry.subject_ref or "")
    found = {
        entry.document["interview_id"]: entry.document
        for entry in documents.by_subject(tx, tenant, subjects, assessed.ASSESSMENT)
        if entry.document["interview_id"] in said
    }
    wanted = {assessment["requisition_id"] for assessment in found.values()}
    positions = documents.get_many(tx, tenant, "requisition", wanted)
    for interview, assessment in found.items():
        position = positions.get(assessment["requisition_id"])
        family = (position.document.get("family") if position else None) or "other"
        yield family, assessment, said[interview]


def _count(
    cells: dict[tuple[str, str, str], _Cell],
    family: str,
    assessment: Document,
    judgements: Sequence[Document],
) -> None:
    scorers, scores = assessed.made_by(assessment), assessed.scores(assessment)
    by_competency: dict[str, list[float]] = defaultdict(list)
    for judgement in judgements:
        for competency, score in assessed.scores(judgement).items():
            by_competency[competency].append(score)
    for competency, people in by_competency.items():
        cell = cells[competency, family, scorers]
        cell.among += permutations(people, 2)
        if competency in scores:
            cell.pairs.append((scores[competency], statistics.mean(people)))
        else:
            cell.silent += 1


def _pool(cells: dict[tuple[str, str, str], _Cell]) -> None:
    """Adds a version's families together, where it has several."""
    families: dict[tuple[str, str], list[_Cell]] = defaultdict(list)
    for (competency, _, scorers), cell in cells.items():
        families[competency, scorers].append(cell)
    for (competency, scorers), parts in families.items():
        if len(parts) > 1:
            cells[competency, ALL, scorers] = _Cell(
                [pair for part in parts for pair in part.pairs],
                [pair for part in parts for pair in part.among],
                sum(part.silent for part in parts),
            )


def _row(competency: str, family: str, scorers: str, cell: _Cell) -> Row:
    row: Row = dict.fromkeys(COLUMNS)
    people = len(cell.among) // 2
    row |= {
        "competency": competency, "family": family, "scorers": scorers, "n": len(cell.pairs), "says": TOO_FEW,
        "ai_silent": cell.silent, "people_n": people,
    }  # fmt: skip
    if people >= ENOUGH:
        row["people_kappa"] = _rounded(statistics.weighted_kappa(cell.among))
    if len(cell.pairs) >= ENOUGH:
        row |= _measured(cell.pairs)
    return row


def _measured(pairs: Sequence[Pair]) -> Row:
    pearson, spearman, n = statistics.pearson(pairs), statistics.spearman(pairs), len(pairs)
    values = {
        "kappa": statistics.weighted_kappa(pairs),
        "pearson": pearson,
        "spearman": spearman,
        "difference": statistics.mean_difference(pairs),
        "distance": statistics.mean_distance(pairs),
    }
    between: dict[str, Interval | None] = dict(
        statistics.bootstrap(
            pairs,
            {
                "kappa": statistics.weighted_kappa,
                "difference": statistics.mean_difference,
                "distance": statistics.mean_distance,
            },
        )
    )
    between["pearson"] = None if pearson is None else statistics.fisher_interval(pearson, n)
    between["spearman"] = None if spearman is None else statistics.fisher_interval(spearman, n, of_ranks=True)
    row: Row = {}
    for name, value in values.items():
        low, high = between.get(name) or (None, None)
        row |= {name: _rounded(value), f"{name}_low": _rounded(low), f"{name}_high": _rounded(high)}
    return {**row, "says": _says(row["difference_low"], row["difference_high"])}


def _says(low: float, high: float) -> str:
    return "AI gives more" if low > 0 else "AI gives less" if high < 0 else "no clear difference"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3) + 0.0


def for_people(rows: Iterable[Row]) -> list[Row]:
    """The rows with each value and its interval in one cell."""
    names = ("kappa", "pearson", "spearman", "difference", "distance")
    return [{**row, **{name: _cell(row, name) for name in names}} for row in rows]


def _cell(row: Row, name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if value is None:
        return ""
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f} to {high:.2f})"
