"""What policies decide when a monitor is evaluated on this machine, and what is started from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click
from msgspec import Struct

from atalaia.decisions import Decision, Outcome
from atalaia.errors import JobError
from atalaia.monitoring.acting import Actor
from atalaia.monitoring.decided import action_of, decisions_of
from atalaia.monitoring.deciding import Decider
from atalaia.monitoring.evaluating import Evaluated
from atalaia.policies import Policy, target_of
from atalaia.ports import JobStarter
from atalaia.window import Window
from atalaia_cli.places import Opened
from atalaia_local import StoredJobs

HERE = ("file",)
"""What can be started from this machine; the rest is left to the functions in a cloud."""


class Done(Struct, frozen=True):
    """A window's decision, and the action that followed, as plain data."""

    window: Window
    decision: Decision
    action: dict[str, Any] | None

    @property
    def is_news(self) -> bool:
        """Whether there was a reason to act."""
        return self.decision.outcome is not Outcome.NO

    @property
    def told(self) -> str:
        """The decision in one line, with the job that was started."""
        job = (self.action or {}).get("job")
        return self.decision.told + (f": {job}" if job else "")


def act(opened: Opened, evaluated: Iterable[Evaluated], now: int) -> set[Window]:
    """Decide for every final window, the oldest first, and start what follows; what fails is told on stderr.

    Returns:
        The windows on which something else was decided than before.
    """
    if not opened.monitor.policies:
        return set()
    decider = Decider(opened.monitor, opened.output, now, here=HERE)
    for item in evaluated:
        if item.report.final:
            decider.decide(item.window)
    decider.tick()
    actor = Actor(opened.monitor, opened.output, lambda: now, lambda _: None, "command line")
    for event in actor.act(lambda policy, _: _starter(policy, opened)):
        click.echo(f"{event['policy']}: not started. {event['why']}", err=True)
    return decider.changed


def _starter(policy: Policy, opened: Opened) -> JobStarter:
    if target_of(policy) != "file":
        msg = f"`{target_of(policy)}` is not started from here, but by the functions in a cloud."
        raise JobError(msg)
    return StoredJobs(opened.output)


def done_of(opened: Opened, evaluated: Sequence[Evaluated]) -> list[Done]:
    """Return what was decided and done because of each window."""
    name, output = opened.monitor.name, opened.output
    if not opened.monitor.policies:
        return []
    return [
        Done(item.window, decision, action_of(name, output, item.window, decision))
        for item in evaluated
        for decision in decisions_of(name, output, item.window)
    ]
