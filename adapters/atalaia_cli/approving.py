"""`atalaia actions` and `atalaia approve`: what policies started or want to, and the word of whoever must agree."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace
from rich.console import Console
from rich.text import Text

from atalaia import wording
from atalaia.checks import METRICS
from atalaia.errors import ApprovalError, AtalaiaError, StoredFormError
from atalaia.monitor_file import Monitor, load_monitor
from atalaia.monitoring.actions import Action, State, all_actions
from atalaia.monitoring.approving import DECIDED, Approval, Decision, decide, decided, waiting_action
from atalaia.ports import ObjectStore
from atalaia.window import SECOND, Window, iso, parse_time, window_at_key
from atalaia_cli.jobs import the_time
from atalaia_cli.places import open_monitor, read_bytes
from atalaia_cli.shapes import print_json
from atalaia_cli.tables import light_table

_OUT = click.option("--out", metavar="DIR", help="Look here instead of in the monitor file's output root.")
_CLOUDS = ("s3://", "az://")
_TELLS_TIME = (State.PENDING_APPROVAL, State.CALLING, State.PENDING)


@click.command(short_help="List what policies started, or want to.")
@click.argument("monitor")
@_OUT
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def actions(monitor: str, out: str | None, as_json: bool) -> None:
    """List what the policies of a monitor started or want to start, and how far it is.

    \b
    Example: atalaia actions monitor.yaml
    """
    watched, output, here = _opened(monitor, out)
    found = sorted(all_actions(output, watched.name), key=lambda action: (action.window, action.policy))
    seen = [(action, _spoken(output, watched.name, action)) for action in found]
    if as_json:
        print_json({"monitor": watched.name, "actions": [_shape(*each) for each in seen]})
    elif seen:
        _show(Console(), [(replace(action, job=here(action.job)), spoken) for action, spoken in seen])
    else:
        click.echo(_nothing(watched, output))


@click.command(short_help="Approve what waits for approval, or decline it.")
@click.argument("monitor")
@click.argument("policy")
@click.argument("window")
@click.option("--decline", is_flag=True, help="Do not approve it: nothing is started because of this window.")
@click.option("--by", metavar="NAME", help="Who says so; by default the user's name on this machine.")
@_OUT
@click.option("--now", metavar="TIME", help="Say so as of this moment (ISO 8601) instead of now.")
def approve(
    monitor: str, policy: str, window: str, decline: bool, by: str | None, out: str | None, now: str | None
) -> None:
    """Approve what POLICY wants to start because of WINDOW, which is its start, or decline it.

    \b
    Example: atalaia approve monitor.yaml retrain 2026-03-03
    Example: atalaia approve monitor.yaml retrain 20260303T000000Z --decline --by Ada
    """
    watched, output, _ = _opened(monitor, out)
    name, time, key = watched.name, the_time(now), _key(window)
    _must_be(output, name, policy, key)
    action = waiting_action(output, watched, policy, key, time)
    decision = Decision.DECLINE if decline else Decision.APPROVE
    decide(output, name, action, Approval(decision, by or getpass.getuser(), iso(time // SECOND * SECOND)))
    after = "Nothing is started." if decline else "The next evaluation starts it."
    click.echo(f"{DECIDED[decision].title()}: {name}, policy {policy}, window {action.window}. {after}")


def _opened(path: str, out: str | None) -> tuple[Monitor, ObjectStore, Callable[[str], str]]:
    """Return a monitor, its output, which may be in a cloud, and what writes an object of that as a path from here."""
    monitor = load_monitor(read_bytes(Path(path)), Path(path).name, METRICS)
    if out is not None or not monitor.output.startswith(_CLOUDS):
        opened = open_monitor(path, out)
        return monitor, opened.output, opened.here
    try:
        from atalaia_obstore.store import open_store  # noqa: PLC0415 - it takes time to load, for clouds alone
    except ImportError as error:
        msg = f"{monitor.output}: reaching a cloud takes more packages. Run: pip install 'atalaia[aws]' or [azure]."
        raise AtalaiaError(msg) from error
    env = os.environ  # noqa: TID251 - where AWS's own tools look
    endpoint = env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL")
    config: dict[str, Any] = {"endpoint": endpoint} if endpoint and monitor.output.startswith("s3://") else {}
    return monitor, open_store(monitor.output, **config), str


def _key(window: str) -> str:
    """Return a window's start as it stands in keys.

    Raises:
        AtalaiaError: The text is no moment.
    """
    if window_at_key(window, 1) is not None:
        return window
    start = parse_time(window)
    if start is None:
        msg = f"{window}: no start of a window. Write it as 2026-03-03, 2026-03-03T06:00:00Z or 20260303T060000Z."
        raise AtalaiaError(msg)
    return Window(start, start).key


def _must_be(output: ObjectStore, monitor: str, policy: str, window: str) -> None:
    """Raise an error that names what waits if there is no such action.

    Raises:
        ApprovalError: There is none.
    """
    known = list(all_actions(output, monitor))
    if any((action.policy, action.window) == (policy, window) for action in known):
        return
    waiting = [f"{action.policy} {action.window}" for action in known if action.state is State.PENDING_APPROVAL]
    there = f"What waits for approval: {wording.listed(waiting)}." if waiting else "Nothing waits for approval."
    msg = f"{output.uri}/{monitor}: policy {policy} has no action because of window {window}. {there}"
    raise ApprovalError(msg)


def _spoken(output: ObjectStore, monitor: str, action: Action) -> Action:
    """Return an action that waits as it goes on if somebody has approved or declined it; any other as it is."""
    if action.state is not State.PENDING_APPROVAL:
        return action
    try:
        return decided(output, monitor, action, 0)
    except StoredFormError as error:
        return replace(action, why=str(error))


def _nothing(monitor: Monitor, output: ObjectStore) -> str:
    """Say why there are no actions."""
    if not monitor.policies:
        return f"{monitor.name} has no policies, and no action is stored."
    if not any(True for _ in output.list(f"{monitor.name}/")):
        return f"{output.uri}/{monitor.name}: nothing is stored there yet. Run `atalaia check` first, or correct --out."
    return "No policy has started anything, or wants to."


def _shape(action: Action, spoken: Action) -> dict[str, Any]:
    ends = action.until and action.state in _TELLS_TIME
    return {
        "policy": action.policy,
        "window": action.window,
        "state": action.state.value,
        "decided": iso(action.time),
        "until": iso(action.until) if ends else None,
        "tries": action.tries,
        "why": spoken.why or None,
        "by": spoken.by or None,
        "job": action.job or None,
        "outcome": action.outcome or None,
        "evidence": action.evidence,
    }


def _show(console: Console, seen: list[tuple[Action, Action]]) -> None:
    table = light_table()
    for name in ("window", "policy", "state", "more"):
        table.add_column(name, no_wrap=name != "more", overflow="fold")
    for action, spoken in seen:
        cells = (action.window, action.policy, action.state.value, _more(action, spoken))
        table.add_row(*(Text(wording.printable(cell)) for cell in cells))
    console.print(table)


def _more(action: Action, spoken: Action) -> str:
    """Return what is to be known of an action in its state."""
    by = f"by {spoken.by}" if spoken.by else ""
    if action.state is State.PENDING_APPROVAL:
        if spoken.why:
            return spoken.why
        word = {State.PENDING: "approved", State.DECLINED: "declined"}.get(spoken.state)
        return f"{word} {by}".strip() + ", as of the next evaluation" if word else f"waits until {iso(action.until)}"
    if action.state is State.DONE:
        return f"{action.job} {action.outcome}".strip()
    return by if action.state in (State.DECLINED, State.EXPIRED) else action.why or by
