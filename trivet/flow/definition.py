"""A flow file as a frozen value: what is pulled, who scores, which rules decide, where the results go, what comes back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from trivet.documents.yaml_file import load_yaml
from trivet.errors import ConfigError
from trivet.ordering import Package


@dataclass(frozen=True, slots=True)
class Inflow:
    """One system that is read, and the mapping files per stream."""

    connection: str
    streams: Mapping[str, tuple[str, ...]]
    whole_days: int = 7
    """A stream is read whole when so many days have gone since it last was."""
    max_gone_share: float = 0.1


Choice = tuple[str, ...]
"""Connection ids of scorers: the one that is meant, then who stands in for it when it is down."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which scorers assess an interview; `when` is JSONata over requisition, application, interview and transcript."""

    name: str
    scorers: tuple[Choice, ...]
    when: str | None = None
    shadow: tuple[str, ...] = ()
    """Scorers that are tried out beside them: their answers are compared and never delivered."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Who looks at faces, for the sites whose region is said; what it sees is kept apart from every score."""

    connection: str
    regions: Mapping[str, str]
    """ISO 3166 code by the position's site."""


@dataclass(frozen=True, slots=True)
class DecisionRoute:
    """How one kind of decision becomes the ERP's document, and for whom."""

    mapping: str
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One ERP and the decisions that go to it."""

    connection: str
    decisions: Mapping[str, DecisionRoute]
    closed_codes: frozenset[str] = frozenset()
    """The vendor's codes for a closed period: what is refused with one waits for the next."""


@dataclass(frozen=True, slots=True)
class WriteBack:
    """How an assessment, or what an ERP says of a person, returns to the HR record."""

    connection: str
    mapping: str
    when: str | None = None
    """What of the feedback is worth telling."""
    report: str | None = None
    """Mapping of the report that is attached to the HR record, beside what `mapping` writes."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """What recruiters may order in the HR system, and how the result returns to it."""

    connection: str
    target: str
    packages: tuple[Package, ...]
    mapping: str
    addresses: Mapping[str, str]
    """`report` and `candidate`, with `{order}` in place of the order's id."""
    arrange: str | None = None
    """The vendor wants to hear that an order was taken."""
    publish: str | None = None
    """The vendor wants to be sent what can be ordered."""

    def mappings(self) -> list[str]:
        """The mapping files in it."""
        return [name for name in (self.publish, self.arrange, self.mapping) if name]


@dataclass(frozen=True, slots=True)
class ScoreLimits:
    """When scores count as moved; see `trivet.flow.judging.score_drift`."""

    psi: float = 0.25
    chance: float = 0.01
    tonight: int = 20
    past: int = 50
    days: int = 90


@dataclass(frozen=True, slots=True)
class ReportMail:
    """Who is sent a report, and as what."""

    connection: str
    to: tuple[str, ...]
    interviewers: bool = False
    format: Literal["pdf", "html"] = "pdf"


@dataclass(frozen=True, slots=True)
class Reports:
    """What is made of each assessment for people to read."""

    formats: tuple[Literal["html", "pdf"], ...] = ("html",)
    language: Literal["zh", "en"] | None = None
    candidate: bool = False
    contact: str | None = None
    mail: ReportMail | None = None


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """Which batches wait for a named person, who that may be, and how long they wait; see `trivet.flow.gates.approvals`."""

    new_versions: bool = False
    drift: bool = False
    people: int | None = None
    """A batch with more people waits."""
    approvers: tuple[str, ...] = ()
    """Who may approve; anybody with the right where it is empty."""
    passkey: bool = False
    expires_after_hours: float = 20
    """Less than a day: the next run asks anew."""
    remind_after_hours: float | None = 4
    escalate_after_hours: float | None = 12
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """What a refusal means for its siblings, a decision that no longer holds, and a vendor that looks different."""

    atomic: Literal["person", "batch", "independent"] = "person"
    max_failed_share: float = 0.2
    too_many: Literal["hold", "roll_back"] = "hold"
    vanished: Literal["withdraw", "keep"] = "withdraw"
    drift: Literal["accept", "warn", "hold"] = "warn"
    score_drift: Literal["accept", "warn", "hold"] = "warn"
    score_drift_limits: ScoreLimits = ScoreLimits()
    approval: ApprovalPolicy = ApprovalPolicy()
    four_eyes: tuple[str, ...] = ()
    """Decisions about cases that two people take; taking back in production always is."""


@dataclass(frozen=True, slots=True)
class GoingLive:
    """Nothing is pushed before `cut_over`; in the first `nights` after it at most `persons` a night are."""

    cut_over: date | None = None
    nights: int = 0
    persons: int = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """One file of mappings/flows/, validated."""

    name: str
    title: str
    tenant: str
    site: str | None
    """None: only who may see every site sees the flow."""
    environment: str
    cron: str | None
    timezone: str
    inflows: tuple[Inflow, ...]
    """The HR system, where the flow has one, then the ERPs that are asked what they know."""
    recordings: str | None
    transcriber: Choice
    """Empty where no scorer needs a transcript."""
    papers: Choice
    """Who reads what was written instead of spoken; empty where the transcriber takes whatever comes."""
    routes: tuple[Route, ...]
    assessment: str | None
    """None in a flow that scores nothing."""
    shards: int
    patience_minutes: float
    """So long a run waits for scorers that gave tickets."""
    budget: float | None
    """What scorers may bill in one batch."""
    expression: Expression | None
    rules: tuple[str, ...]
    deliveries: tuple[Delivery, ...]
    write_back: WriteBack | None
    feedback: WriteBack | None
    orders: Ordering | None
    reports: Reports | None
    policy: Policy
    going_live: GoingLive
    waiting_days: int
    versions: Literal["files", "applied"]
    """Whether a run uses the mapping files as they lie there, or those of the newest applied release."""
    file: Path

    def mappings(self) -> list[str]:
        """Every mapping and rules file that the flow names, once."""
        named = [name for inflow in self.inflows for names in inflow.streams.values() for name in names]
        named += [*([self.assessment] if self.assessment else []), *self.rules]
        named += [route.mapping for delivery in self.deliveries for route in delivery.decisions.values()]
        backs = [back for back in (self.write_back, self.feedback) if back]
        named += [name for back in backs for name in (back.mapping, back.report) if name]
        named += self.orders.mappings() if self.orders else []
        return list(dict.fromkeys(named))

    def targets(self) -> list[str]:
        """Connection ids in delivery order; the HR record comes last, when the ERPs have answered."""
        ids = [delivery.connection for delivery in self.deliveries]
        ids += [back.connection for back in (self.write_back, self.feedback) if back]
        ids += [self.orders.target] if self.orders else []
        return list(dict.fromkeys(ids))

    def read_by(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Connection, stream and mapping files of everything that is read."""
        for inflow in self.inflows:
            for stream, names in inflow.streams.items():
                yield inflow.connection, stream, names

    def scorers(self) -> list[str]:
        """Connection ids of every scorer that may be asked, once."""
        named = [*self.transcriber, *self.papers]
        for route in self.routes:
            named += [name for choice in route.scorers for name in choice] + [*route.shadow]
        named += [self.expression.connection] if self.expression else []
        return list(dict.fromkeys(named))

    def sources(self) -> list[str]:
        """Connection ids that are read."""
        return [inflow.connection for inflow in self.inflows]

    def connections(self) -> list[str]:
        """Every connection that the flow names, once."""
        named = [*self.sources(), self.recordings, *self.scorers(), *self.targets()]
        named += [self.orders.connection] if self.orders else []
        named += [self.reports.mail.connection] if self.reports and self.reports.mail else []
        return list(dict.fromkeys(name for name in named if name))


def flow_files(home: Path) -> list[Path]:
    """The flow files of a deployment, by name."""
    return sorted((home / "mappings" / "flows").glob("*.yaml"))


def load_flow(home: Path, name: str) -> Flow:
    """The flow of that name; `ConfigError` with file, line and cure where the file is wrong or absent."""
    files = {file.stem: file for file in flow_files(home)}
    if name not in files:
        near = get_close_matches(name, files, n=1)
        raise ConfigError(
            f"no flow {name!r}",
            code="FLOW_UNKNOWN",
            place=str(home / "mappings" / "flows"),
            cure=(f"did you mean {near[0]}? " if near else "")
            + f"there are: {', '.join(files) or 'no flow files'}",
        )
    loaded = load_yaml(files[name], "flow")
    if loaded.data["metadata"]["name"] != name:
        raise ConfigError(
            f"metadata.name is {loaded.data['metadata']['name']!r}, the file is called {name!r}",
            code="FLOW_NAME",
            place=str(files[name]),
            cure="give both the same name",
        )
    return _flow(loaded.data, files[name])


def _flow(data: Mapping[str, Any], file: Path) -> Flow:
    schedule = data.get("schedule") or {}
    scoring = data.get("scoring") or {}
    source = data.get("source")
    inflows = [_inflow(entry) for entry in ([source] if source else []) + data.get("knows", [])]
    return Flow(
        name=data["metadata"]["name"],
        title=data["metadata"].get("title", data["metadata"]["name"]),
        tenant=data["tenant"],
        site=data.get("site"),
        environment=data["environment"],
        cron=schedule.get("cron"),
        timezone=schedule.get("timezone") or _zone_of(data.get("site"), file),
        inflows=tuple(inflows),
        recordings=(data.get("recordings") or source or {}).get("connection"),
        transcriber=_choice(scoring["transcriber"]) if "transcriber" in scoring else (),
        papers=_choice(scoring["papers"]) if "papers" in scoring else (),
        routes=tuple(map(_route, scoring.get("routes", []))),
        assessment=scoring.get("assessment"),
        shards=scoring.get("shards", 1) if scoring else 0,
        patience_minutes=scoring.get("patience_minutes", 120),
        budget=scoring.get("budget"),
        expression=Expression(**scoring["expression"]) if "expression" in scoring else None,
        rules=tuple(data.get("rules", [])),
        deliveries=tuple(_delivery(entry) for entry in data.get("deliver", [])),
        write_back=WriteBack(**data["write_back"]) if "write_back" in data else None,
        feedback=WriteBack(**data["feedback"]) if "feedback" in data else None,
        orders=_ordering(data["assessment_orders"]) if "assessment_orders" in data else None,
        reports=_reports(data["reports"]) if "reports" in data else None,
        policy=_policy(data.get("policy", {})),
        going_live=_going_live(data.get("going_live") or {}),
        waiting_days=(data.get("waiting") or {}).get("expires_after_days", 180),
        versions=data.get("versions", "applied" if data["environment"] == "production" else "files"),
        file=file,
    )


def _zone_of(site: str | None, file: Path) -> str:
    """The time zone of the flow's site; UTC where it has none, or the site no file."""
    there = file.parents[1] / "sites" / f"{site}.yaml"
    return str(load_yaml(there, "site").data["timezone"]) if site and there.is_file() else "UTC"


def _inflow(entry: Mapping[str, Any]) -> Inflow:
    streams = {stream: tuple(names) for stream, names in entry["mappings"].items()}
    return Inflow(
        entry["connection"], streams, entry.get("whole_every_days", 7), entry.get("max_gone_share", 0.1)
    )


def _choice(entry: str | Mapping[str, Any]) -> Choice:
    return (entry,) if isinstance(entry, str) else (entry["connection"], *entry.get("or", ()))


def _route(entry: Mapping[str, Any]) -> Route:
    scorers = tuple(map(_choice, entry["scorers"]))
    return Route(entry["name"], scorers, entry.get("when"), tuple(entry.get("shadow", ())))


def _delivery(entry: Mapping[str, Any]) -> Delivery:
    return Delivery(
        entry["connection"],
        {kind: DecisionRoute(r["mapping"], r.get("when")) for kind, r in entry["decisions"].items()},
        frozenset(entry.get("closed_codes", ())),
    )


def _ordering(entry: Mapping[str, Any]) -> Ordering:
    return Ordering(
        entry["connection"],
        entry.get("target", entry["connection"]),
        tuple(Package(package["id"], package["name"]) for package in entry["packages"]),
        entry["mapping"],
        entry["addresses"],
        entry.get("arrange"),
        entry.get("publish"),
    )


def _policy(entry: Mapping[str, Any]) -> Policy:
    limits = ScoreLimits(**entry.get("score_drift_limits", {}))
    eyes, said = tuple(entry.get("four_eyes", ())), dict(entry.get("approval", {}))
    said |= {name: tuple(said[name]) for name in ("approvers", "escalate_to") if name in said}
    approval = ApprovalPolicy(**said)
    return Policy(**{**entry, "score_drift_limits": limits, "four_eyes": eyes, "approval": approval})


def _reports(entry: Mapping[str, Any]) -> Reports:
    told = dict(entry)
    if "mail" in told:
        told["mail"] = ReportMail(**{**told["mail"], "to": tuple(told["mail"]["to"])})
    return Reports(**{**told, "formats": tuple(told.get("formats", ("html",)))})


def _going_live(entry: Mapping[str, Any]) -> GoingLive:
    cut_over, first = entry.get("cut_over"), entry.get("first_nights") or {}
    return GoingLive(
        date.fromisoformat(cut_over) if cut_over else None, first.get("nights", 0), first.get("persons", 0)
    )
