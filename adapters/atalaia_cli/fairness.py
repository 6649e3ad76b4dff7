"""`atalaia fairness`: how a facet is treated, in the metrics of SageMaker Clarify."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.console import Console
from rich.text import Text

from atalaia import wording
from atalaia.errors import AtalaiaError
from atalaia.monitoring.bias import MEASURES, Measure
from atalaia.monitoring.facets import ONE_OR_TRUE, Question, parse_choice
from atalaia.monitoring.fairness import Bias, Fairness, Side, measure_fairness
from atalaia.monitoring.sources import LogSource
from atalaia.rows import REASONS
from atalaia_cli.jobs import working
from atalaia_cli.places import open_place
from atalaia_cli.shapes import print_json
from atalaia_cli.tables import light_table


@click.command(short_help="Measure how labels and predictions treat a facet.")
@click.argument("data", nargs=-1, required=True)
@click.option("--facet", required=True, metavar="COLUMN", help="The column that tells groups of rows apart.")
@click.option(
    "--facet-value",
    "facet_values",
    metavar="VALUE",
    multiple=True,
    help="These rows are the facet; may be repeated. Or a limit, such as '>40'. By default each value in turn.",
)
@click.option("--label", required=True, metavar="COLUMN", help="What turned out to be true.")
@click.option("--predicted", metavar="COLUMN", help="What the model said; without it only labels are measured.")
@click.option(
    "--positive",
    metavar="VALUE",
    multiple=True,
    help="A label or prediction that accepts; may be repeated. Or a limit, such as '>0.5'. By default 1 or true.",
)
@click.option("--group", metavar="COLUMN", help="Also compare rows within each value of this column only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def fairness(
    data: tuple[str, ...],
    facet: str,
    facet_values: tuple[str, ...],
    label: str,
    predicted: str | None,
    positive: tuple[str, ...],
    group: str | None,
    as_json: bool,
) -> None:
    """Measure how labels and predictions treat a facet: a group of rows, compared with all others.

    DATA are files or folders with rows. The metrics are those of SageMaker Clarify, before and after training.

    \b
    Example: atalaia fairness loans.csv --facet gender --label repaid --predicted approved
    Example: atalaia fairness logs/ --facet age --facet-value '<25' --label repaid --predicted score --positive '>0.5'
    """
    chosen = parse_choice(facet_values, "--facet-value")
    question = Question(facet, label, predicted, group, chosen, parse_choice(positive, "--positive") or ONE_OR_TRUE)
    if len(set(question.columns)) < len(question.columns):
        msg = f"two options name one column ({wording.listed(question.columns)}). Name another column for each."
        raise AtalaiaError(msg)
    with working("counting rows"):
        found = measure_fairness(question, [LogSource(*open_place(place)) for place in data])
    if as_json:
        print_json(_shape(found))
    else:
        _print_fairness(Console(), found)


def _shape(found: Fairness) -> dict[str, Any]:
    """Return what `--json` prints: each number with its range."""
    shape: dict[str, Any] = msgspec.to_builtins(found)
    for facet in shape["facets"]:
        facet["metrics"] = {
            name: {"value": value} | {key: getattr(MEASURES[name], key) for key in ("fair", "low", "high", "meaning")}
            for name, value in facet["metrics"].items()
        }
    return shape


def _print_fairness(console: Console, found: Fairness) -> None:
    told = [wording.plural(found.rows, "row")]
    told += [f"{left.rows:,} left out: {wording.shortened(left.column)} {left.why}" for left in found.left_out]
    told += [f"{rows:,} rejected: {REASONS[reason]}" for reason, rows in found.rejected.items()]
    console.print(_quiet("; ".join(told)), overflow="fold")
    for bias in found.facets:
        console.print()
        _print_bias(console, found, bias)


def _print_bias(console: Console, found: Fairness, bias: Bias) -> None:
    console.print(Text(_facet(found.facet, bias.value), style="bold"), overflow="fold")
    for name, side in (("facet", bias.facet), ("others", bias.others)):
        console.print(_quiet(f"{name}: {_side(side)}"), overflow="fold")
    table = light_table()
    table.add_column("metric", no_wrap=True)
    for name in ("value", "fair"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("range", no_wrap=True)
    table.add_column("meaning")
    for name, value in bias.metrics.items():
        measure = MEASURES[name]
        fair = wording.number(measure.fair)
        table.add_row(name, wording.number(value), fair, range_text(measure), measure.meaning)
    console.print(table)


def _facet(column: str, value: str) -> str:
    sign = "" if value.startswith(("<", ">")) else "= "
    return f"{wording.shortened(column)} {sign}{wording.shortened(value)}"


def _side(side: Side) -> str:
    told = f"{wording.plural(side.rows, 'row')}, {wording.percent(side.positive_labels / side.rows)} labelled positive"
    if side.confusion is None:
        return told
    return f"{told}, {wording.percent(side.confusion.predictions.accepted_share)} predicted so"


def range_text(measure: Measure) -> str:
    """Write between what a metric lies."""
    if measure.low is None:
        return "any"
    low = wording.number(measure.low)
    return f"{low} or more" if measure.high is None else f"{low} to {wording.number(measure.high)}"


def _quiet(text: str) -> Text:
    return Text(wording.printable(text), style="dim")
