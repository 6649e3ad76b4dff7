"""The commands: each opens its places, calls one use case, and prints what came out."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from rich.console import Console

from atalaia.baseline import Baseline
from atalaia.checks import METRICS
from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Convention, find_faults
from atalaia.monitoring.baselines import load_baseline, make_baseline
from atalaia.monitoring.comparing import compare as compare_sources
from atalaia.monitoring.exporting import sagemaker_files
from atalaia.monitoring.promoting import promote_windows
from atalaia.monitoring.sources import LogSource
from atalaia.monitoring.verifying import verify_report
from atalaia.sagemaker_files import left_out
from atalaia.wording import listed, plural
from atalaia_cli.acting import done_of, told_of
from atalaia_cli.approving import actions, approve
from atalaia_cli.backtests import backtest_command
from atalaia_cli.baselines import baseline_lines, baseline_shape
from atalaia_cli.challenging import challenge
from atalaia_cli.costing import cost
from atalaia_cli.fairness import fairness
from atalaia_cli.jobs import evaluated, held_baseline, ingested, moment, working
from atalaia_cli.packaging import package
from atalaia_cli.places import Opened, make_folder, open_monitor, open_place, read_bytes, write_text
from atalaia_cli.querying import query
from atalaia_cli.retraining import retrain
from atalaia_cli.shapes import check_shape, compare_shape, print_json
from atalaia_cli.starting import first_monitor, told_apart
from atalaia_cli.terminal import print_compare, print_faults, print_ingested, print_one_sided, print_reports
from atalaia_local import DirectoryStore

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_MONITOR = click.argument("monitor")
_OUT = click.option("--out", metavar="DIR", help="Write here instead of the monitor file's output root.")
_LOGS = click.option(
    "--logs", metavar="PATH", multiple=True, help="Read these logs instead of the monitor file's; may be repeated."
)
_NOW = click.option("--now", metavar="TIME", help="Evaluate as of this moment (ISO 8601) instead of now.")


class _InOrder(click.Group):
    """Lists the commands in the order in which they are used, not of their names."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names as they stand in this file."""
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="atalaia")
def cli() -> None:
    """Watch machine-learning models from their inference logs.

    \b
    Start with two files that have the same columns:
      atalaia compare reference.parquet current.parquet
    or with a monitor file:
      atalaia init reference.parquet --logs logs/ -o monitor.yaml
      atalaia check monitor.yaml
    """


@cli.command(short_help="Infer a monitor file from data or logs.")
@click.argument("data", nargs=-1)
@click.option("--logs", metavar="PATH", help="Where the logs to watch are; by default DATA.")
@click.option(
    "--from",
    "carried",
    metavar="FILE",
    multiple=True,
    help="Take over what this file of another tool says; may be repeated.",
)
@click.option("-o", "--output", "target", metavar="FILE", help="Write the monitor file here instead of printing it.")
@click.option("--name", help="The monitor's name; by default made from the file's name.")
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
def init(
    data: tuple[str, ...], logs: str | None, carried: tuple[str, ...], target: str | None, name: str | None, force: bool
) -> None:
    """Infer a monitor file from reference data, or from logs of any format.

    The files of another tool are a constraints.json and a statistics.json of SageMaker Model Monitor, which need no
    DATA, or the monitor schedule (YAML) of Azure Machine Learning, which does.

    \b
    Example: atalaia init reference.parquet --logs logs/ -o monitor.yaml
    Example: atalaia init --from constraints.json --from statistics.json --logs logs/ -o monitor.yaml
    """
    file = Path(target) if target is not None else None
    if file is not None and file.exists() and not force:
        msg = f"{file}: exists already. Give another name, or --force to overwrite it."
        raise AtalaiaError(msg)
    if not data and not carried:
        msg = "nothing to start from. Give DATA, or the files of another tool with --from."
        raise click.UsageError(msg)
    text = first_monitor(told_apart(data, carried), logs, file.parent if file is not None else Path(), name)
    if file is None:
        click.echo(text, nl=False)
        return
    write_text(file, text)
    click.echo(f"Wrote {file}. Read its comments, then run: atalaia check {file}", err=True)


@cli.command()
@_MONITOR
@_JSON
def validate(monitor: str, as_json: bool) -> None:
    """List every fault of a monitor file, with its place and the fix.

    \b
    Example: atalaia validate monitor.yaml
    """
    faults = find_faults(read_bytes(Path(monitor)), Path(monitor).name, METRICS)
    if as_json:
        print_json({"monitor": monitor, "faults": [msgspec.to_builtins(fault) for fault in faults]})
    else:
        print_faults(Console(), monitor, faults)
    if faults:
        raise click.exceptions.Exit(2)


@cli.command()
@click.argument("reference")
@click.argument("current")
@click.option(
    "--convention",
    type=click.Choice([convention.value for convention in Convention]),
    default=Convention.ATALAIA.value,
    help="Tell what this tool would measure and say.",
)
@_JSON
def compare(reference: str, current: str, convention: str, as_json: bool) -> None:
    """Show the drift of every column between two files or folders.

    \b
    Example: atalaia compare reference.parquet current.parquet
    """
    chosen = Convention(convention)
    with working(f"comparing {current} with {reference}"):
        sources = LogSource(*open_place(reference)), LogSource(*open_place(current))
        result = compare_sources(*sources, convention=chosen)
    if as_json:
        print_one_sided(Console(stderr=True), result)
        print_json(compare_shape(result))
    else:
        print_compare(Console(), result)
    if any(column["finding"]["status"] == "alert" for column in result["columns"]):
        raise click.exceptions.Exit(1)


@cli.command(short_help="Build a baseline and let it hold from now on.")
@_MONITOR
@click.argument("data", nargs=-1)
@click.option(
    "--from-windows",
    "span",
    nargs=2,
    metavar="START END",
    help="Make it of the windows from START up to END (ISO 8601), whose rows need not be there any more.",
)
@_OUT
@_JSON
def baseline(monitor: str, data: tuple[str, ...], span: tuple[str, str] | None, out: str | None, as_json: bool) -> None:
    """Build a baseline from DATA, or from what the monitor file names, and let it hold from now on.

    DATA are files or folders with rows, or a statistics.json of SageMaker Model Monitor.

    \b
    Example: atalaia baseline monitor.yaml reference.parquet
    Example: atalaia baseline monitor.yaml --from-windows 2026-03-02 2026-03-04
    """
    if span and data:
        msg = "--from-windows and DATA are two ways to give one baseline. Leave one of them out."
        raise AtalaiaError(msg)
    opened = open_monitor(monitor, out)
    with working("building the baseline"):
        built = _promoted(opened, *span) if span else _built(opened, data)
    if as_json:
        print_json(baseline_shape(opened.monitor.name, built))
    else:
        click.echo("\n".join(baseline_lines(built)))


def _promoted(opened: Opened, start: str, end: str) -> Baseline:
    first, last = moment(start, "--from-windows"), moment(end, "--from-windows")
    return promote_windows(opened.monitor, opened.output, first, last)


def _built(opened: Opened, data: tuple[str, ...]) -> Baseline:
    sources = opened.reference(data)
    if not sources:
        msg = f"{opened.monitor.name}: it names no reference data. Give DATA, or add baseline.data to it."
        raise AtalaiaError(msg)
    return make_baseline(opened.monitor, sources, opened.output, chosen=bool(data))


@cli.command(short_help="Write the files of SageMaker Model Monitor.")
@_MONITOR
@click.argument("folder")
@click.option("--window", "moment_in", metavar="TIME", help="Tell of the window that holds this moment (ISO 8601).")
@_OUT
def export(monitor: str, folder: str, moment_in: str | None, out: str | None) -> None:
    """Write the baseline, or a window, into FOLDER as the files of SageMaker Model Monitor.

    These are statistics.json and constraints.json, and of a window constraint_violations.json.

    \b
    Example: atalaia export monitor.yaml for-sagemaker
    Example: atalaia export monitor.yaml for-sagemaker --window 2026-03-02
    """
    opened = open_monitor(monitor, out)
    held = load_baseline(opened.monitor, opened.output)
    time = None if moment_in is None else moment(moment_in, "--window")
    files = sagemaker_files(opened.monitor, held, opened.output, time)
    into = make_folder(Path(folder))
    for name, data in sorted(files.items()):
        write_text(into / name, data.decode())
        click.echo(into / name)
    if left_out(held):
        click.echo(f"Without statistics: {listed(left_out(held))} (times, or not measured).", err=True)


@cli.command()
@_MONITOR
@_LOGS
@_OUT
@_JSON
def ingest(monitor: str, logs: tuple[str, ...], out: str | None, as_json: bool) -> None:
    """Profile every log object that is new or has changed.

    \b
    Example: atalaia ingest monitor.yaml
    """
    opened = open_monitor(monitor, out)
    receipts = ingested(opened, held_baseline(opened), logs)
    if as_json:
        print_json([msgspec.to_builtins(receipt) | {"new": new} for receipt, new in receipts])
    else:
        print_ingested(Console(), receipts)


@cli.command()
@_MONITOR
@_OUT
@_NOW
@_JSON
def evaluate(monitor: str, out: str | None, now: str | None, as_json: bool) -> None:
    """Judge every window that has profiles, and write its report.

    \b
    Example: atalaia evaluate monitor.yaml
    """
    opened = open_monitor(monitor, out)
    _told(opened, load_baseline(opened.monitor, opened.output), now, as_json)


@cli.command(short_help="Do the whole job: ingest, evaluate, report.")
@_MONITOR
@_LOGS
@_OUT
@_NOW
@_JSON
def check(monitor: str, logs: tuple[str, ...], out: str | None, now: str | None, as_json: bool) -> None:
    """Do the whole job: baseline if there is none, ingest, evaluate, report.

    \b
    Example: atalaia check monitor.yaml
    """
    opened = open_monitor(monitor, out)
    held = held_baseline(opened)
    ingested(opened, held, logs)
    _told(opened, held, now, as_json)


def _told(opened: Opened, held: Baseline, now: str | None, as_json: bool) -> None:
    """Evaluate and print what came out; leave with 1 if there is an alert."""
    done, page = evaluated(opened, held, now)
    reports = [item.report for item in done]
    if as_json:
        print_json(check_shape(opened.monitor.name, done, done_of(opened, done)))
    else:
        print_reports(Console(), reports, page, told_of(opened, done))
    if any(report.status == "alert" for report in reports):
        raise click.exceptions.Exit(1)


@cli.command()
@click.argument("report")
@_JSON
def verify(report: str, as_json: bool) -> None:
    """Compute a report again from its inputs and compare the bytes.

    \b
    Example: atalaia verify atalaia-out/churn/reports/20260301T000000Z/r1.json
    """
    file = Path(report)
    read_bytes(file)
    if len(file.resolve().parts) < 5:
        msg = f"{report}: not in an output root. Give a file such as OUT/MONITOR/reports/20260301T000000Z/r1.json."
        raise AtalaiaError(msg)
    root = file.resolve().parents[3]
    key = file.resolve().relative_to(root).as_posix()
    found = verify_report(key, DirectoryStore(root))
    if as_json:
        print_json({"report": report, "verified": not found.differences, "differences": list(found.differences)})
    elif found.differences:
        click.echo(f"{report}: not verified\n" + "\n".join(f"  {line}" for line in found.differences))
    else:
        click.echo(f"{report}: verified, byte for byte, from {plural(found.report.logs, 'log object')}")
    if found.differences:
        raise click.exceptions.Exit(1)


cli.add_command(backtest_command)
cli.add_command(actions)
cli.add_command(approve)
cli.add_command(challenge)
cli.add_command(fairness)
cli.add_command(query)
cli.add_command(retrain)
cli.add_command(package)
cli.add_command(cost)
