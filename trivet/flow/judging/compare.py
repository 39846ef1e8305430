"""How a scorer that is tried out differs from what was delivered: per competency, on the same interviews."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import documents, scorings
from trivet.statistics import mean_difference, mean_distance, pearson

Row = dict[str, Any]
FAR = 1.0
"""A difference that a person would ask about, in points of 10."""
_Scores = Mapping[str, Mapping[str, float]]
"""Score by competency, by interview."""


def compare(hub: Hub, flow: Flow) -> list[Row]:
    """One row a tried-out scorer and competency: how many interviews both scored, what they think of each other, and how
    many only one of them found evidence for. Differences are the tried-out scorer's minus the delivered ones."""
    tried = list(dict.fromkeys(name for route in flow.routes for name in route.shadow))
    with hub.ledger.read() as tx:
        delivered = {
            str(e.document["interview_id"]): _by_competency(e.document["competency_scores"])
            for e in documents.of_kind(tx, flow.tenant, "assessment")
        }
        said = {
            name: {
                entry.interview: _by_competency((entry.answer or {}).get("scores", ()))
                for entry in scorings.of_scorer(tx, flow.tenant, name)
            }
            for name in tried
        }
    return [row for name in tried for row in _rows(name, said[name], delivered)]


def _by_competency(scores: Any) -> dict[str, float]:
    return {entry["competency"]: float(entry["score"]) for entry in scores}


def _rows(name: str, said: _Scores, delivered: _Scores) -> list[Row]:
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    alone: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for interview in said.keys() & delivered.keys():
        mine, theirs = said[interview], delivered[interview]
        for competency in mine.keys() | theirs.keys():
            if competency in mine and competency in theirs:
                pairs[competency].append((mine[competency], theirs[competency]))
            else:
                alone[competency][competency in theirs] += 1
    return [_row(name, one, pairs.get(one, []), alone[one]) for one in sorted({*pairs, *alone})]


def _row(name: str, competency: str, pairs: list[tuple[float, float]], alone: list[int]) -> Row:
    alike = pearson(pairs)
    return {
        "scorer": name,
        "competency": competency,
        "both": len(pairs),
        "only_tried": alone[0],
        "only_delivered": alone[1],
        "mean_difference": round(mean_difference(pairs), 2) if pairs else None,
        "mean_apart": round(mean_distance(pairs), 2) if pairs else None,
        "far_apart": sum(abs(mine - theirs) > FAR for mine, theirs in pairs),
        "correlation": None if alike is None else round(alike, 2),
    }
