"""The DAGs of each file in mappings/flows: the night, what waits for a named person, and the fresh results told meanwhile.

    sync__<flow>     pull ─► score[shard] ─► decide ─┬─► push__<erp> ─┬─► write_back ─┬─► conclude ─► verdict
                                                     └─► push__<erp> ─┘               └─► ask ──────────┘
    approve__<flow>  approve ─┬─► push__<erp> ─┬─► write_back ─► follow_up ─► verdict
                              └─► push__<erp> ─┘
    event__<flow>    hear ─► deliver ─► write_back ─► verdict

A flow that brings an ERP's feedback back scores nothing and pushes to the HR system only.

`ask` starts a run of `approve__<flow>` and does not wait for it; it is skipped where nothing waits for a named person. Of a
fresh result `write_back` does so, at its end (`trivet.airflow.asking`).

A failed shard or system does not stop the others: what follows runs as long as there is a batch. `verdict`
runs only when something failed and makes the run red, so that a night that lost a system never looks green.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, Param, XComArg, get_parsing_context, task
from airflow.sdk.exceptions import AirflowFailException

from trivet.airflow import asking, tasks
from trivet.airflow.heads import FlowHead, flow_files, read_head
from trivet.airflow.pools import SCORING, pool_of
from trivet.airflow.retry import TrivetRetry
from trivet.dag_names import approve_dag, event_dag, sync_dag
from trivet.errors import ConfigError

# pull succeeded, so there is a batch; the others have ended, whatever became of them
GOES_ON = "all_done_min_one_success"
QUESTIONS = 64
"""Open at once; one more waits until another is answered."""
_WHICH = "The approval's id, as `trivet approvals list` shows it."
AHEAD = 100
"""Priority weight of fresh results: they do not wait for a night's shards."""
TASK_DEFAULTS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=15),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=10),
    "retry_policy": TrivetRetry(),
}


def flow_dags() -> list[DAG]:
    """The DAGs of this deployment's flow files; in a task's process only the one that it belongs to."""
    wanted = get_parsing_context().dag_id
    found = [
        make(file)
        for file in flow_files()
        for name, make in (
            (sync_dag(file.stem), flow_dag),
            (event_dag(file.stem), fresh_dag),
            (approve_dag(file.stem), approval_dag),
        )
        if wanted in (None, name)
    ]
    return [dag for dag in found if dag is not None]


def flow_dag(file: Path) -> DAG:
    """The nightly DAG of one flow file; one that cannot be read becomes one that fails every night and says why.

    An import error would be the other way to show it, but Airflow counts that against every DAG of the same module
    and schedules none of them.
    """
    try:
        head = read_head(file)
    except ConfigError as error:
        return _broken_dag(file, error.explained())
    with DAG(
        sync_dag(file.stem),
        schedule=head.schedule,
        description=head.title,
        doc_md=_doc(head, file),
        tags=["trivet", "sync", head.environment, head.tenant],
        # two runs would adopt the same unfinished batch; a missed night is pulled by the next one anyway
        max_active_runs=1,
        catchup=False,
        # no start_date: with one, unpausing would at once start the night that has passed
        default_args={**TASK_DEFAULTS, "owner": head.owner},
    ) as dag:
        _wire(head)
    return dag


def fresh_dag(file: Path) -> DAG | None:
    """The DAG that carries what an HR system told; None for a flow that reads none, or whose file cannot be read."""
    try:
        head = read_head(file)
    except ConfigError:
        # the nightly DAG says so
        return None
    if not head.hears:
        return None
    with DAG(
        event_dag(file.stem),
        schedule=None,
        description=f"{head.title}: fresh results · 实时结果",
        doc_md=_event_doc(head),
        tags=["trivet", "event", head.environment, head.tenant],
        # one run takes all that was told so far; a second one waits, and takes the rest
        max_active_runs=1,
        catchup=False,
        default_args={
            **TASK_DEFAULTS,
            "owner": head.owner,
            "priority_weight": AHEAD,
            "weight_rule": "absolute",
        },
    ) as dag:
        batch: Any = task(queue=head.queue)(tasks.hear)(head.name)
        delivered = task(task_id="deliver")(tasks.deliver_fresh)(batch)
        told = task(task_id="write_back", trigger_rule=GOES_ON)(asking.tell_back_and_ask)(batch)
        delivered >> told
        [batch, delivered, told] >> task(trigger_rule="one_failed", retries=0)(verdict)()
    return dag


def approval_dag(file: Path) -> DAG | None:
    """The DAG in which a question waits for a named person, and which sends what she approves; None for a flow that sends
    nothing to an ERP, or whose file cannot be read."""
    try:
        head = read_head(file)
    except ConfigError:
        # the nightly DAG says so
        return None
    if not head.targets:
        return None
    with DAG(
        approve_dag(file.stem),
        schedule=None,
        description=f"{head.title}: approvals · 审批",
        doc_md=_approval_doc(head),
        tags=["trivet", "approve", head.environment, head.tenant],
        # questions of several nights may be open; what is sent of them waits in the pools
        max_active_runs=QUESTIONS,
        catchup=False,
        # does nothing by itself, and a question must not wait for a switch
        is_paused_upon_creation=False,
        params={"approval": Param(type="string", minLength=1, title="Approval · 审批", description=_WHICH)},
        default_args={**TASK_DEFAULTS, "owner": head.owner},
    ) as dag:
        approve = asking.named_person()
        batch: Any = approve.output
        sent = [_push_approved(batch, name, f"push__{name}") for name in head.targets]
        back = [
            _push_approved(batch, name, _back_id(head, name), trigger_rule=GOES_ON) for name in head.backs
        ]
        followed = task(trigger_rule=GOES_ON)(tasks.follow_up)(batch)
        _line_up([sent, back, [followed]])
        [approve, *sent, *back, followed] >> task(trigger_rule="one_failed", retries=0)(verdict)()
    return dag


def _wire(head: FlowHead) -> None:
    batch: Any = task(tasks.pull)(head.name)
    scored = [_score(batch, head.shards, head.queue)] if head.shards else []
    decided = task(trigger_rule=GOES_ON)(tasks.decide)(batch)
    concluded = task(trigger_rule=GOES_ON)(tasks.conclude)(batch)
    pushed = [_push(batch, connection, f"push__{connection}") for connection in head.targets]
    back = [_push(batch, name, _back_id(head, name), trigger_rule=GOES_ON) for name in head.backs]
    # last, for a push looks once more at what must not go; nothing waits for the answer
    asked = [task(trigger_rule=GOES_ON)(asking.ask)(batch)] if head.targets else []
    _line_up([scored, [decided], pushed, back, [concluded, *asked]])
    # it has to see every task: GOES_ON hides a failure in the middle from the last one
    every = [batch, *scored, decided, *pushed, *asked, *back, concluded]
    every >> task(trigger_rule="one_failed", retries=0)(verdict)()


def _score(batch: XComArg, shards: int, queue: str) -> Any:
    scoring = task(pool=SCORING, queue=queue)(tasks.score)
    return scoring.partial(batch_id=batch, of=shards).expand(shard=list(range(shards)))


def _line_up(levels: Iterable[Sequence[Any]]) -> None:
    """Each level after the one before it; an empty one is passed over."""
    for earlier, later in pairwise(level for level in levels if level):
        for step in earlier:
            step >> list(later)


def _push(batch: XComArg, connection: str, task_id: str, **options: Any) -> Any:
    push: Callable[..., Any] = task(task_id=task_id, pool=pool_of(connection), **options)(tasks.push)
    return push(batch, connection)


def _push_approved(batch: XComArg, connection: str, task_id: str, **options: Any) -> Any:
    pool = pool_of(connection)
    push: Callable[..., Any] = task(task_id=task_id, pool=pool, **options)(tasks.push_approved)
    return push(batch, connection)


def _back_id(head: FlowHead, connection: str) -> str:
    return "write_back" if len(head.backs) == 1 else f"write_back__{connection}"


def verdict() -> None:
    """Make the run red: a task of it failed."""
    raise AirflowFailException(
        "a task of this run failed; its log says why and what to do. What arrived stays delivered, "
        "what did not is in the ledger and goes on with the next run"
    )


def _broken_dag(file: Path, complaint: str) -> DAG:
    def read_flow_file() -> None:
        raise AirflowFailException(complaint)

    with DAG(
        sync_dag(file.stem),
        schedule="@daily",
        description=f"BROKEN: {file.name} cannot be read",
        doc_md=f"**{file.name} cannot be read; nothing of this flow runs.**\n\n```\n{complaint}\n```\n",
        tags=["trivet", "sync", "broken"],
        catchup=False,
        max_active_runs=1,
    ) as dag:
        task(retries=0)(read_flow_file)()
    return dag


def _event_doc(head: FlowHead) -> str:
    return (
        f"### {head.title}: fresh results\n\n"
        f"Started by `trivet serve` when **{head.sources[0]}** tells that something happened; reads only what that is about, "
        "scores it, decides, sends it to the ERPs and writes back. What it does not finish goes on with its next run, after "
        "an hour with the night.\n\n"
        f"Made from `mappings/flows/{head.name}.yaml`; tenant `{head.tenant}`, environment `{head.environment}`.\n"
    )


def _approval_doc(head: FlowHead) -> str:
    return (
        f"### {head.title}: approvals\n\n"
        "One run a question: what of a batch must not go before a named person has said so. Started by the night, which ends "
        "meanwhile; answered here (*Required Actions*), on the page *Approvals* or by `trivet approvals`. Approved, it is sent "
        "and verified at once; rejected, expired or taken back meanwhile, the run ends with nothing sent.\n\n"
        f"Made from `mappings/flows/{head.name}.yaml`; tenant `{head.tenant}`, environment `{head.environment}`.\n"
    )


def _doc(head: FlowHead, file: Path) -> str:
    back = f", then **{'**, **'.join(head.backs)}** is told" if head.backs else ""
    to = f" to **{'**, **'.join(head.targets)}**" if head.targets else ""
    when = f"`{head.schedule.expression}` {head.schedule.timezone}" if head.schedule else "on request only"
    return (
        f"### {head.title}\n\n"
        f"From **{'**, **'.join(head.sources)}**{to}{back}. Runs {when}.\n\n"
        f"Made from `mappings/flows/{file.name}`; tenant `{head.tenant}`, environment `{head.environment}`."
        "\n\n"
        "A red push does not stop the others; what did not arrive goes on with the next run. "
        "Per person and per system: page *Trivet* in the menu, or `trivet deliveries`.\n"
    )
