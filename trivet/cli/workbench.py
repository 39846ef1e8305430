"""Commands of the mapping workbench: try a file, explain a delivery, plan a change, apply it, go back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from trivet.cli import options, output
from trivet.cli.explained import explained, short
from trivet.cli.options import Json
from trivet.settings import load_settings

Actor = Annotated[str, typer.Option("--actor", envvar="USER", help="Who; kept in the audit trail.")]
Flow = Annotated[str, typer.Argument(help="The flow's name.")]


def preview(
    file: Annotated[str, typer.Argument(help="A mapping or rules file, by path or by name.")],
    given: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            help="The input: a JSON or YAML file, - for standard input. Default: its test's base.",
        ),
    ] = None,
    record: Annotated[
        str | None,
        typer.Option("--record", help="A stored input: a vendor's record id, a delivery, a document's id."),
    ] = None,
    system: Annotated[
        str, typer.Option("--system", help="The value of $system in a source mapping.")
    ] = "preview",
    json: Json = False,
) -> None:
    """Run one mapping or rules file on one input: what comes in, what comes out, warnings and problems.

    Nothing is stored and nothing is sent. Example: `trivet preview rules/competencies --input sample.json`
    """
    from trivet.documents import Contracts
    from trivet.flow.workbench import preview as previewing
    from trivet.mapping import Library

    home = load_settings().home
    name = _name(home, file)
    library = Library(home, Contracts.packaged())
    if record is not None:
        with options.hub() as hub:
            document, system = previewing.stored_input(hub, record)
    elif given is not None:
        document = previewing.read_input(given)
    else:
        document = previewing.test_base(library, name)
    shown = previewing.preview(library, library.contracts, name, document, system)
    if json:
        output.print_json(shown)
    else:
        output.print_beside(f"input of {shown['version']}", shown["input"], "output", shown["output"])
        for kind in ("warnings", "problems"):
            for said in shown[kind]:
                output.print_lines(
                    [f"{kind[:-1]} {said['code']} {said['field']}: {said['message']} ({said['place']})"]
                )
    raise typer.Exit(1 if shown["problems"] else 0)


def explain(
    delivery: Annotated[
        str, typer.Argument(help="A delivery: its reference, key or id (`trivet deliveries`).")
    ],
    json: Json = False,
) -> None:
    """Say why one delivery was made: rule, values compared, table rows, versions, scorers, evidence, what happened.

    Example: `trivet explain 4OVX5FFCIIQ5HT2N`
    """
    from trivet.flow.privacy import opened
    from trivet.flow.workbench.explain import explain as explaining

    with options.hub() as hub:
        told = explaining(hub, delivery)
        about = [told["person"]["subject_ref"]] if told["person"]["subject_ref"] else []
        opened.note(hub, about, "trivet explain", actor=options.user())
    if json:
        output.print_json(told)
    else:
        output.print_lines(explained(told))


def plan(
    flow: Flow,
    nights: Annotated[
        int, typer.Option("--nights", min=1, help="How many of the last nights to decide once more.")
    ] = 7,
    json: Json = False,
) -> None:
    """Show what the mapping files on the disk would change for the last nights' people; nothing is sent.

    Example: `trivet plan nightly_interviews --nights 3`
    """
    from trivet.flow.workbench.releasing import plan_release

    with options.hub() as hub:
        told = plan_release(hub, flow, nights)
    if json:
        output.print_json(told)
        return
    output.print_rows(
        told["files"],
        ["file", "in_use", "planned", "effect"],
        as_json=False,
        empty="no file differs from what is in use",
    )
    output.print_lines(["", f"{told['applications']} applications of {told['nights']} nights decided once more, "
                            f"{told['people_affected']} people affected"])  # fmt: skip
    output.print_rows([{"target": target, **counts} for target, counts in told["targets"].items()],
                      ["target", "create", "update", "withdraw", "unchanged"], as_json=False, empty="")  # fmt: skip
    for title in ("canonical", "fields", "problems"):
        rows = [{title: name, "changes": number} for name, number in told[title].items()]
        if rows:
            output.print_rows(rows, [title, "changes"], as_json=False)
    for example in told["examples"]:
        output.print_lines(
            [f"{example['what']} of {example['about']}:", *_pair(example["before"], example["after"])]
        )
    output.print_lines(["", f"plan {told['plan']} is kept: trivet apply {flow}"])


def apply(
    flow: Flow,
    actor: Actor = "unknown",
    note: Annotated[str, typer.Option("--note", help="Why; kept in the audit trail.")] = "",
    back: Annotated[bool, typer.Option("--back", help="Go back to the release before.")] = False,
    to: Annotated[int | None, typer.Option("--to", help="Go back to this release.")] = None,
    json: Json = False,
) -> None:
    """Make the planned files the ones that runs use, or go back to an earlier release with --back.

    Example: `trivet apply nightly_interviews --note "new course codes"`
    """
    from trivet.flow.workbench.releasing import apply_release, go_back

    with options.hub() as hub:
        if back or to is not None:
            done = go_back(hub, flow, actor=actor, to=to)
        else:
            done = apply_release(hub, flow, actor=actor, note=note)
    row = {"flow": done.flow, "release": done.n, "applied_at": done.applied_at, "applied_by": done.applied_by,
           "plan": done.plan_id, "note": done.note}  # fmt: skip
    output.print_rows([row], list(row), as_json=json)


def releases(flow: Flow, json: Json = False) -> None:
    """List a flow's releases of mapping files, newest first.

    Example: `trivet releases nightly_interviews`
    """
    from trivet.flow.workbench.releasing import release_history

    with options.hub() as hub:
        rows = release_history(hub, flow)
    output.print_rows(
        rows,
        ["release", "applied_at", "applied_by", "plan", "note", "files"],
        as_json=json,
        empty="no release was applied yet",
    )


def describe(
    connection: Annotated[str, typer.Argument(help="A target connection.")],
    write: Annotated[bool, typer.Option("--write", help="Store the schemas in mappings/targets/.")] = False,
    json: Json = False,
) -> None:
    """Ask a target what it takes: properties, types, lengths; the check and new mappings use what is stored.

    Example: `trivet describe successfactors --write`
    """
    from trivet.flow.workbench.describe import describe as describing

    with options.hub() as hub:
        rows = describing(hub, connection, write=write)
    output.print_rows(rows, ["connector", "entity", "properties", "required", "file"], as_json=json)


new = typer.Typer(help="Write the first draft of a file.", no_args_is_help=True)


@new.callback()
def _new() -> None:
    """Write the first draft of a file."""


@new.command("mapping")
def new_mapping(
    name: Annotated[str, typer.Argument(help="Its path below mappings/, without .yaml.")],
    target: Annotated[str, typer.Option("--target", help="A canonical kind, or CONNECTOR.ENTITY.")],
    sample: Annotated[
        str, typer.Option("--sample", "-i", help="One input: a JSON or YAML file, - for standard input.")
    ],
    source: Annotated[
        str,
        typer.Option("--source", help="Schema of the input: vendor, delivery_input, or a canonical kind."),
    ] = "vendor",
    force: Annotated[bool, typer.Option("--force", help="Overwrite what is there.")] = False,
    json: Json = False,
) -> None:
    """Draft a mapping and its test from what the target takes and one sample document.

    Example: `trivet new mapping successfactors/course --target successfactors.cust_TrainingRecommendation -i sample.json`
    """
    from trivet.flow.workbench.drafting import draft_mapping
    from trivet.flow.workbench.preview import read_input

    rows = draft_mapping(load_settings().home, name, target, source, read_input(sample), force=force)
    output.print_rows(rows, ["file", "fields", "matched", "problems"], as_json=json)


drift = typer.Typer(
    help="What looks different at vendors, scorers and targets: show it, accept it.", no_args_is_help=True
)


@drift.command("show")
def drift_show(flow: Flow, json: Json = False) -> None:
    """Show what is new or has vanished and nobody accepted yet. Example: `trivet drift show nightly_interviews`"""
    from trivet.flow.steps import drift_of

    with options.hub() as hub:
        rows = drift_of(hub, flow)
    output.print_rows(
        rows,
        ["source", "path", "change", "batch", "example"],
        as_json=json,
        empty="everything looks as it did",
    )


@drift.command("accept")
def drift_accept(flow: Flow, actor: Actor = "unknown", json: Json = False) -> None:
    """Take what was noticed for how things are from now on. Example: `trivet drift accept nightly_interviews`"""
    from trivet.flow.steps import accept_drift

    with options.hub() as hub:
        rows = accept_drift(hub, flow, actor=actor)
    output.print_rows(rows, ["source", "path", "change", "batch"], as_json=json, empty="nothing to accept")


def _name(home: Path, file: str) -> str:
    """The library's name for a file that was named by path, from here or from the deployment, or by that name."""
    folder = (home / "mappings").resolve()
    for path in (Path(file).resolve(), (home / file).resolve()):
        if path.is_relative_to(folder) and path.is_file():
            return path.relative_to(folder).with_suffix("").as_posix()
    return file.removesuffix(".yaml")


def _pair(before: Any, after: Any) -> list[str]:
    return [
        f"  {sign} {'nothing' if value is None else short(value)}"
        for sign, value in (("-", before), ("+", after))
    ]
