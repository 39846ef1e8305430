"""Plans, applies and takes back releases of mapping and rules files.

A plan decides once more what the last nights decided, with the files in use and with those on the disk, and counts what
would change at which target and field. Nothing is sent. `apply` needs a plan of exactly these files.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from trivet.delivery.drafts import Wanted
from trivet.documents.canonical import fingerprint
from trivet.errors import ConfigError, LedgerError
from trivet.flow.cases import ApplicationCase, touched
from trivet.flow.decide import Decided, Desk, codes, decide_one, people_of
from trivet.flow.definition import Flow
from trivet.flow.hub import Hub, stored_library
from trivet.ledger import batches, records, releases
from trivet.ledger.batches import Batch
from trivet.ledger.releases import Release, ReleasePlan
from trivet.mapping import Library
from trivet.model import Document

Row = dict[str, Any]
EXAMPLES = 3
"""Shown of each kind of change."""
_ABSENT = "(absent)"


@dataclass(slots=True)
class _Changes:
    """What differs between two sets of files, counted, with the first examples."""

    canonical: Counter[str] = field(default_factory=Counter)
    records: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    examples: list[Row] = field(default_factory=list)
    people: set[str] = field(default_factory=set)

    def example(self, what: str, about: str, before: Any, after: Any) -> None:
        shown = sum(one["what"] == what for one in self.examples)
        if shown < EXAMPLES:
            self.examples.append({"what": what, "about": about, "before": before, "after": after})


def plan_release(hub: Hub, flow_name: str, nights: int) -> Row:
    """What applying the files on the disk would change for what the last nights pulled; keeps the plan for `apply`."""
    flow = hub.flow(flow_name)
    new = Library(hub.settings.home, hub.contracts)
    versions = {name: new.version(name).id for name in flow.mappings()}
    base, old = _in_use(hub, flow)
    with hub.ledger.read() as tx:
        recent = [b for b in batches.recent(tx, limit=nights, flow=flow.name) if b.tenant == flow.tenant]
        ids = sorted({name for batch in recent for name in touched(tx, batch)})
    changed = sorted(name for name, version in versions.items() if old.get(name) != version)
    changes = _Changes()
    before = stored_library(hub.library, _contents(hub, old))
    if old and changed:
        overlay = _translate_again(hub, flow, recent, before, new, set(changed), changes)
        _decide_again(hub, flow, ids, before, new, overlay, changes)
    outcome = _outcome(changes, len(ids), len(recent))
    planned = ReleasePlan(
        id="p" + fingerprint({"flow": flow.name, "base": base, "versions": versions, "ids": ids})[:12],
        tenant=flow.tenant,
        flow=flow.name,
        base=base,
        versions=versions,
        outcome=outcome,
    )
    with hub.ledger.begin() as tx:
        releases.put_plan(tx, planned)
    untried = {name for name in (flow.assessment, flow.feedback and flow.feedback.mapping) if name}
    files = [
        {
            "file": name,
            "in_use": old.get(name),
            "planned": versions[name],
            # what was scored and told is not scored and told again
            "effect": "from the next run on" if name in untried else "counted below",
        }
        for name in changed
    ]
    return {"plan": planned.id, "flow": flow.name, "files": files, **outcome, "examples": changes.examples}


def apply_release(hub: Hub, flow_name: str, *, actor: str, note: str = "") -> Release:
    """Makes the planned files the ones in use; `LedgerError` PLAN_MISSING or PLAN_STALE where nobody saw this plan."""
    flow = _released(hub, flow_name)
    cure = f"`trivet plan {flow.name}`, look at it, then apply"
    versions = {name: hub.library.version(name).id for name in flow.mappings()}
    with hub.ledger.begin() as tx:
        planned = releases.newest_plan(tx, tenant=flow.tenant, flow=flow.name)
        newest = releases.newest(tx, tenant=flow.tenant, flow=flow.name)
        if planned is None:
            raise LedgerError(f"flow {flow.name} has no plan", code="PLAN_MISSING", cure=cure)
        if planned.versions != versions:
            raise LedgerError("the files have changed since the plan", code="PLAN_STALE", cure=cure)
        if planned.base != (newest.n if newest else 0):
            raise LedgerError("another release was applied since the plan", code="PLAN_STALE", cure=cure)
        if newest and newest.versions == versions:
            raise LedgerError("these files are in use already", code="PLAN_EMPTY")
        # only what is applied is kept: a plan of half-written files leaves nothing behind
        releases.keep(
            tx, {one: content for one, content in hub.library.used().items() if one in versions.values()}
        )
        return releases.add(
            tx, tenant=flow.tenant, flow=flow.name, versions=versions, plan_id=planned.id, actor=actor, note=note
        )  # fmt: skip


def go_back(hub: Hub, flow_name: str, *, actor: str, to: int | None = None) -> Release:
    """Makes an earlier release (default: the one before) the one in use again, as a new release."""
    flow = _released(hub, flow_name)
    with hub.ledger.begin() as tx:
        known = releases.history(tx, tenant=flow.tenant, flow=flow.name)
        wanted = to if to is not None else (known[1].n if len(known) > 1 else 0)
        earlier = next((one for one in known if one.n == wanted), None)
        if earlier is None:
            raise LedgerError(
                f"flow {flow.name} has no release {wanted or 'to go back to'}", code="RELEASE_UNKNOWN",
                cure=f"`trivet releases {flow.name}` lists them",
            )  # fmt: skip
        return releases.add(
            tx, tenant=flow.tenant, flow=flow.name, versions=earlier.versions, plan_id=earlier.plan_id,
            actor=actor, note=f"back to release {earlier.n}",
        )  # fmt: skip


def release_history(hub: Hub, flow_name: str) -> list[Row]:
    """Every release of the flow, newest first."""
    flow = hub.flow(flow_name)
    with hub.ledger.read() as tx:
        known = releases.history(tx, tenant=flow.tenant, flow=flow.name)
    return [
        {
            "release": one.n,
            "applied_at": one.applied_at,
            "applied_by": one.applied_by,
            "plan": one.plan_id,
            "note": one.note,
            "files": len(one.versions),
            "versions": one.versions,
        }
        for one in known
    ]


def _in_use(hub: Hub, flow: Flow) -> tuple[int, dict[str, str]]:
    """The release in use and its versions; without one the versions that runs used last."""
    with hub.ledger.read() as tx:
        newest = releases.newest(tx, tenant=flow.tenant, flow=flow.name)
        if newest is not None:
            return newest.n, newest.versions
        return 0, releases.last_used(tx, flow.mappings())


def _contents(hub: Hub, versions: Mapping[str, str]) -> dict[str, Document]:
    with hub.ledger.read() as tx:
        return releases.contents(tx, versions.values())


def _translate_again(
    hub: Hub,
    flow: Flow,
    recent: list[Batch],
    before: Library,
    after: Library,
    changed: set[str],
    changes: _Changes,
) -> dict[tuple[str, str], Document]:
    """The canonical documents that would differ, by kind and id."""
    overlay: dict[tuple[str, str], Document] = {}
    ids = [batch.id for batch in recent]
    for connection, stream, names in flow.read_by():
        for name in (one for one in names if one in changed):
            with hub.ledger.read() as tx:
                for record in records.of_batches(tx, ids, connection, stream):
                    variables = {"system": connection}
                    kind = after.mapping(name).kind
                    made = [
                        {d["id"]: d for d in files.mapping(name).apply(
                            record.document, variables=variables, now=hub.now()).documents}
                        for files in (before, after)
                    ]  # fmt: skip
                    for document_id in made[0].keys() | made[1].keys():
                        old, new = (one.get(document_id) for one in made)
                        if old == new:
                            continue
                        changes.canonical[kind] += 1
                        changes.example(f"canonical {kind}", document_id, *_difference(old, new))
                        if new is not None:
                            overlay[kind, document_id] = new
    return overlay


def _decide_again(
    hub: Hub,
    flow: Flow,
    ids: list[str],
    before: Library,
    after: Library,
    overlay: Mapping[tuple[str, str], Document],
    changes: _Changes,
) -> None:
    now = hub.now()
    desks = [Desk(flow, files, hub.contracts, now, codes(hub, flow)) for files in (before, after)]
    for case, person in people_of(hub, flow, ids):
        old, new = Decided(), Decided()
        decide_one(desks[0], case, person, old)
        decide_one(desks[1], _laid_over(case, overlay), person, new)
        _compare(case, old, new, changes)


def _laid_over(case: ApplicationCase, overlay: Mapping[tuple[str, str], Document]) -> ApplicationCase:
    if not overlay:
        return case
    requisition = case.requisition
    if requisition is not None:
        requisition = overlay.get(("requisition", requisition["id"]), requisition)
    application = overlay.get(("application", case.id), case.application)
    return replace(case, application=application, requisition=requisition)


def _compare(case: ApplicationCase, old: Decided, new: Decided, changes: _Changes) -> None:
    before, after = _by_record(old.wanted), _by_record(new.wanted)
    for key in sorted(before.keys() | after.keys()):
        target, entity, _ = key
        was, is_ = before.get(key), after.get(key)
        action = "create" if was is None else "withdraw" if is_ is None else "update"
        if was is not None and is_ is not None and _content(was) == _content(is_):
            changes.records[target, "unchanged"] += 1
            continue
        changes.records[target, action] += 1
        changes.people.add(case.subject_ref)
        one, other = (_content(entry) if entry else {} for entry in (was, is_))
        for name in one.keys() | other.keys():
            if one.get(name) != other.get(name):
                changes.fields[f"{target} {entity} {name}"] += 1
        changes.example(f"{target} {entity} {action}", case.id, *_difference(one or None, other or None))
    known = {(entry.code, entry.place, entry.pointer) for entry in old.refused}
    for entry in new.refused:
        if (entry.code, entry.place, entry.pointer) not in known:
            changes.problems[f"{entry.code} {entry.pointer}"] += 1
            changes.example(f"problem {entry.code}", case.id, None, f"{entry.pointer} {entry.message}")


def _by_record(wanted: Iterable[Wanted]) -> dict[tuple[str, str, str], Wanted]:
    return {(entry.target, entry.entity, entry.business_key): entry for entry in wanted}


def _content(entry: Wanted) -> Document:
    # of a decision that waits, all but the names of its files
    waiting = {name: value for name, value in entry.decision.items() if name != "rules"}
    return entry.document if entry.document is not None else waiting


def _difference(old: Document | None, new: Document | None) -> tuple[Any, Any]:
    """Only the fields that differ, of both."""
    if old is None or new is None:
        return old, new
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return {n: old.get(n, _ABSENT) for n in names}, {n: new.get(n, _ABSENT) for n in names}


def _outcome(changes: _Changes, cases: int, nights: int) -> Row:
    targets: dict[str, dict[str, int]] = {}
    for (target, action), number in sorted(changes.records.items()):
        targets.setdefault(target, {})[action] = number
    return {
        "nights": nights,
        "applications": cases,
        "people_affected": len(changes.people),
        "canonical": dict(changes.canonical),
        "targets": targets,
        "fields": dict(changes.fields.most_common()),
        "problems": dict(changes.problems),
    }


def _released(hub: Hub, flow_name: str) -> Flow:
    flow = hub.flow(flow_name)
    if flow.versions == "files":
        raise ConfigError(
            "runs of this flow use the files as they lie there", code="RELEASE_UNUSED", place=str(flow.file),
            cure="write `versions: applied` into the flow file",
        )  # fmt: skip
    return flow
