"""Notices that a vendor's records, a scorer or a target no longer look as they did; told once, with the first example.

    accept   what is new is learned at once       warn   told in the batch's report       hold   a person accepts it first

A source that is seen for the first time is learned. A field has vanished when nine of ten earlier records had it and none
of tonight's at least ten has.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trivet.documents.canonical import fingerprint
from trivet.errors import LedgerError
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub
from trivet.ledger import shapes
from trivet.ledger.batches import Batch
from trivet.ledger.ledger import Transaction
from trivet.ledger.shapes import Shape
from trivet.model import Document

log = logging.getLogger(__name__)
DEEPEST = 6
MOST_PATHS = 2_000
"""Of one source; a vendor that puts ids into field names would fill the ledger."""
ENOUGH = 10
"""Fewer records than this say nothing about what has vanished."""
USUAL = 0.9
SCORES = "scores of "
"""Begins the source of what `trivet.flow.judging.score_drift` noticed; the flow has a policy of its own for it."""
_HOLDING: frozenset[Any] = frozenset({dict, list})


@dataclass(slots=True)
class Seen:
    """What one source showed in one step."""

    source: str
    records: int = 0
    paths: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    _alike: Counter[frozenset[Any]] = field(default_factory=Counter)
    """Records by the field names of the objects in them: most of a source are made alike, and are counted as one."""

    def record(self, name: str, document: Any) -> None:
        """Adds one record, by the vendor's id."""
        self.records += 1
        objects: set[tuple[str, tuple[str, ...]]] = set()
        _objects(document, "", 0, objects)
        alike = frozenset(objects)
        if alike not in self._alike:
            if len(self._alike) >= MOST_PATHS:
                self.count()
            for path in _paths(alike):
                self.examples.setdefault(path, name)
        self._alike[alike] += 1

    def count(self) -> None:
        """Brings `paths` up to date."""
        for alike, often in self._alike.items():
            for path in _paths(alike):
                self.paths[path] += often
        self._alike.clear()


def _paths(objects: Iterable[tuple[str, tuple[str, ...]]]) -> set[str]:
    return {f"{above}/{inner}" for above, names in objects for inner in names}


def _objects(value: Any, above: str, depth: int, found: set[tuple[str, tuple[str, ...]]]) -> None:
    """Finds every object's path with its field names."""
    kind: Any = value.__class__
    if kind is list:
        for inner in value:
            if inner.__class__ in _HOLDING:
                _objects(inner, above, depth, found)
    elif kind is dict and depth < DEEPEST:
        found.add((above, tuple(value)))
        for name, inner in value.items():
            if inner.__class__ in _HOLDING:
                _objects(inner, f"{above}/{name}", depth + 1, found)


def notice(hub: Hub, flow: Flow, batch: Batch, seen: Iterable[Seen], *, vanishing: bool = True) -> None:
    """Compares with what is known, learns, and keeps what differs as the flow's policy says."""
    with hub.ledger.begin() as tx:
        for source in seen:
            if source.records:
                source.count()
                _notice(tx, flow, batch, source, vanishing=vanishing)


def _notice(tx: Transaction, flow: Flow, batch: Batch, seen: Seen, *, vanishing: bool) -> None:
    known = shapes.known(tx, tenant=flow.tenant, flow=flow.name, source=seen.source)
    first = not known
    news = "known" if first or flow.policy.drift == "accept" else "new"
    changed: list[Shape] = []
    for path, count in {"": seen.records, **dict(seen.paths.most_common(MOST_PATHS))}.items():
        old = known.get(path)
        if old is None:
            state = news if path else "known"
            changed.append(
                Shape(
                    seen.source, path, batch.id, batch.id, count, state,
                    batch.id if state == "new" else None, seen.examples.get(path),
                )
            )  # fmt: skip
        else:
            state = "known" if old.state == "vanished" else old.state
            changed.append(replace(old, last_batch=batch.id, records=old.records + count, state=state))
    if vanishing and not first and seen.records >= ENOUGH:
        changed += _vanished(known, seen, batch, accept=flow.policy.drift == "accept")
    shapes.put_many(tx, changed, tenant=flow.tenant, flow=flow.name)
    for entry in changed:
        if entry.state != "known" and entry.noticed_batch == batch.id:
            log.warning("drift batch=%s %s %s %s", batch.id, entry.state, entry.source, entry.path)


def _vanished(known: Mapping[str, Shape], seen: Seen, batch: Batch, *, accept: bool) -> Iterator[Shape]:
    total = known[""].records if "" in known else 0
    for path, old in known.items():
        usual = total >= ENOUGH and old.records >= USUAL * total
        if path and old.state == "known" and usual and path not in seen.paths and not accept:
            yield replace(old, state="vanished", noticed_batch=batch.id)


def scorer_seen(connection: str, provenance: Document) -> Seen:
    """A scorer's version, as something that can change."""
    seen = Seen(f"scorer {connection}")
    version = f"{provenance.get('scorer')} {provenance.get('version')} {fingerprint(provenance)[:12]}"
    seen.records, seen.paths = 1, Counter({version: 1})
    return seen


def target_seen(connection: str, described: Mapping[str, Document]) -> Seen:
    """What a target says of its entities: properties with their types and lengths."""
    seen = Seen(f"target {connection}")
    seen.records = ENOUGH
    for entity, schema in described.items():
        for name, known in schema["properties"].items():
            said = " ".join(str(known[word]) for word in ("type", "maxLength") if word in known)
            seen.paths[f"/{entity}/{name} {said}"] = ENOUGH
    return seen


def hold(hub: Hub, flow: Flow) -> None:
    """Raises `LedgerError` DRIFT_HELD where the policy wants a person to accept first what was noticed."""
    if "hold" not in (flow.policy.drift, flow.policy.score_drift):
        return
    with hub.ledger.read() as tx:
        noticed = shapes.noticed(tx, tenant=flow.tenant, flow=flow.name)
    waiting = [entry for entry in noticed if _policy(flow, entry) == "hold"]
    if waiting:
        first = waiting[0]
        more = f" and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        raise LedgerError(
            f"held: {first.source} {first.path or ''} is {_change(first)}{more}", code="DRIFT_HELD",
            cure=f"`trivet drift show {flow.name}`, then `trivet drift accept {flow.name}` and run again",
        )  # fmt: skip


def _policy(flow: Flow, entry: Shape) -> str:
    return flow.policy.score_drift if entry.source.startswith(SCORES) else flow.policy.drift


def _change(entry: Shape) -> str:
    return "moved" if entry.source.startswith(SCORES) else entry.state


def shown(found: Iterable[Shape]) -> list[dict[str, Any]]:
    """As rows for people."""
    return [
        {
            "source": entry.source,
            "path": entry.path,
            "change": _change(entry),
            "batch": entry.noticed_batch,
            "example": entry.example,
        }
        for entry in found
    ]
