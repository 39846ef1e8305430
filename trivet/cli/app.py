"""The commands in one list; each group lives in its own module and imports what it needs when it runs."""

import typer

from trivet import __version__
from trivet.cli import (
    acting,
    aftercare,
    alerts,
    approving,
    authoring,
    coded,
    complying,
    crosswalk,
    files,
    judgement,
    judging,
    keys,
    look,
    metrics,
    report,
    sap,
    serving,
    subject,
    trying,
    upkeep,
    work,
    workbench,
)

app = typer.Typer(
    name="trivet",
    help="Trivet carries AI interview results from HR systems into ERPs, once, and can take them back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS = (
    work.run, serving.serve, work.settle, subject.retention, aftercare.replay, aftercare.reconcile, work.rollback, work.demo,
    acting.hold, acting.release, acting.pause, acting.resume, acting.holds, acting.retry, acting.write_off,
    look.flows, look.status, look.deliveries, look.orders, look.person, look.connectors, look.doctor, trying.check_connection,
    look.compare, metrics.metrics, judging.agreement, judging.impact,
    files.check, files.effective, files.test, coded.errors,
    workbench.preview, workbench.explain, workbench.plan, workbench.apply, workbench.releases,
    workbench.describe,
)  # fmt: skip
for _command in COMMANDS:
    app.command()(_command)
app.add_typer(acting.case, name="case")
app.add_typer(approving.approvals, name="approvals")
app.add_typer(complying.compliance, name="compliance")
app.add_typer(work.cursor, name="cursor")
app.add_typer(crosswalk.crosswalk, name="crosswalk")
app.add_typer(judgement.judgement, name="judgement")
app.add_typer(keys.keys, name="keys")
app.add_typer(report.report, name="report")
app.add_typer(subject.subject, name="subject")
app.add_typer(alerts.alerts, name="alerts")
app.add_typer(upkeep.audit, name="audit")
app.add_typer(upkeep.ledger, name="ledger")
app.add_typer(workbench.drift, name="drift")
workbench.new.command("connector")(authoring.connector)
app.add_typer(workbench.new, name="new")
app.add_typer(sap.sap, name="sap")
app.add_typer(work.sandbox, name="sandbox")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trivet {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and leave."
    ),
) -> None:
    """Trivet carries AI interview results from HR systems into ERPs, once, and can take them back."""
