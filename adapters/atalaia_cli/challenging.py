"""`atalaia challenge`: what a challenger answers against what the champion does."""

from __future__ import annotations

import click

from atalaia.errors import AtalaiaError
from atalaia.monitoring.challenging import Side, Span, in_words
from atalaia.monitoring.challenging import challenge as challenge_sides
from atalaia.window import iso
from atalaia.wording import printable
from atalaia_cli.jobs import moment, working
from atalaia_cli.places import open_monitor
from atalaia_cli.shapes import print_json


@click.command(short_help="Compare a challenger's answers with the champion's.")
@click.argument("champion")
@click.argument("challenger", required=False)
@click.option(
    "--versions",
    nargs=2,
    metavar="CHAMPION CHALLENGER",
    help="Compare the rows of these two versions, as the column with the role `version` tells them.",
)
@click.option("--windows", "span", nargs=2, metavar="START END", help="Only windows from START up to END (ISO 8601).")
@click.option("--out", metavar="DIR", help="Read here instead of in the monitor files' output roots.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def challenge(
    champion: str,
    challenger: str | None,
    versions: tuple[str, str] | None,
    span: tuple[str, str] | None,
    out: str | None,
    as_json: bool,
) -> None:
    """Compare what a challenger answers with what the champion does, in the windows in which both logged.

    CHAMPION and CHALLENGER are monitor files whose logs were ingested on the same baseline: of two variants of an
    endpoint, for example, or of a model and its shadow. Or they are two --versions in the logs of one monitor.

    \b
    Example: atalaia challenge champion.yaml challenger.yaml
    Example: atalaia challenge monitor.yaml --versions 7 8
    """
    if challenger is None and versions is None:
        msg = "there is nothing to compare with. Give a second monitor file, or two --versions."
        raise AtalaiaError(msg)
    opened = [open_monitor(file, out) for file in (champion, challenger or champion)]
    named = versions or (None, None)
    if len({(each.monitor.name, each.root.resolve(), name) for each, name in zip(opened, named, strict=True)}) == 1:
        msg = f"{opened[0].monitor.name}: nothing differs from itself. Give another monitor file, or two --versions."
        raise AtalaiaError(msg)
    ours, theirs = (Side(each.monitor, each.output, name) for each, name in zip(opened, named, strict=True))
    within = _within(*span) if span else None
    with working("comparing"):
        result = challenge_sides(ours, theirs, within)
    if as_json:
        print_json(result)
    else:
        click.echo("\n".join(map(printable, in_words(result))))
    if any(column["finding"]["status"] == "alert" for column in result["columns"]):
        raise click.exceptions.Exit(1)


def _within(start: str, end: str) -> Span:
    span = Span(moment(start, "--windows"), moment(end, "--windows"))
    if span.start >= span.end:
        msg = f"--windows: {iso(span.end)} is not after {iso(span.start)}. Give the start first, then the end."
        raise AtalaiaError(msg)
    return span
