"""`atalaia query`: ask Application Insights in KQL."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from atalaia import wording
from atalaia.errors import AtalaiaError
from atalaia.window import parse_duration
from atalaia_cli.answers import Answer
from atalaia_cli.jobs import working
from atalaia_cli.places import read_bytes
from atalaia_cli.shapes import print_json
from atalaia_cli.tables import light_table

_STATE = Path("build/local-emulator")
_NUMBERS = ("int", "long", "real", "decimal")
_MOST_ROWS, _CELL_LENGTH = 200, 120


@click.command(short_help="Ask Application Insights in KQL.")
@click.argument("query")
@click.option("--last", metavar="DURATION", help="Look only at telemetry of the last 30m, 6h, 7d, …")
@click.option("--state", metavar="DIR", type=Path, help=f"Where the emulator's run.json is; by default {_STATE}.")
@click.option("--workspace", metavar="ID", help="Ask this Log Analytics workspace in Azure instead.")
@click.option("--resource", metavar="ID", help="Ask this Application Insights resource in Azure instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def query(
    query: str, last: str | None, state: Path | None, workspace: str | None, resource: str | None, as_json: bool
) -> None:
    """Ask the emulator's Application Insights; QUERY is KQL, a file FILE.kql with it, or - for stdin.

    \b
    Example: atalaia query infra/queries/health.kql
    Example: atalaia query 'customEvents | summarize count() by name' --last 1h
    """
    if sum(place is not None for place in (state, workspace, resource)) > 1:
        msg = "--state, --workspace and --resource are three places to ask. Give one of them."
        raise AtalaiaError(msg)
    text, span = _text(query), None if last is None else _duration(last)
    with working("asking"):
        if workspace is None and resource is None:
            from atalaia_cli.emulator_logs import ask_emulator  # noqa: PLC0415 - TLS takes time to load, for few

            answer = ask_emulator(state or _STATE, text, span)
        else:
            from atalaia_cli.azure_logs import ask_azure  # noqa: PLC0415

            answer = ask_azure(text, span, workspace=workspace, resource=resource)
    if as_json:
        print_json(_shape(answer))
    else:
        _show(Console(), answer)


def _text(query: str) -> str:
    if query == "-":
        text = sys.stdin.read()
    elif query.endswith(".kql"):
        text = read_bytes(Path(query)).decode(errors="replace")
    else:
        text = query
    if not text.strip():
        msg = "the query is empty. Give KQL, such as 'customEvents | take 10', or a file such as health.kql."
        raise AtalaiaError(msg)
    return text


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        msg = f"--last {text}: no duration. Give one such as 30m, 6h or 7d."
        raise AtalaiaError(msg) from error


def _shape(answer: Answer) -> dict[str, Any]:
    columns = [{"name": name, "type": kind} for name, kind in zip(answer.columns, answer.types, strict=True)]
    return {"columns": columns, "rows": answer.rows}


def _show(console: Console, answer: Answer) -> None:
    table = light_table()
    for name, kind in zip(answer.columns, answer.types, strict=True):
        right = kind in _NUMBERS
        table.add_column(wording.printable(name), justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in answer.rows[:_MOST_ROWS]:
        pairs = zip(row, answer.types, strict=True)
        table.add_row(*(Text(wording.shortened(_cell(value, kind), _CELL_LENGTH)) for value, kind in pairs))
    if answer.rows:
        console.print(table)
    left = len(answer.rows) - _MOST_ROWS
    more = f", of which {_MOST_ROWS} are shown; --json prints all" if left > 0 else ""
    console.print(Text(f"{wording.plural(len(answer.rows), 'row')}{more}", style="dim"))


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "datetime":
        return str(value).replace("T", " ").partition(".")[0].removesuffix("Z")
    if kind == "real":
        return f"{value:.6g}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
