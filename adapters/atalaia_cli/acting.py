"""What policies decide when a monitor is evaluated on this machine, and what is started from here."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterable, Sequence

import click
from msgspec import Struct
from msgspec.structs import replace

from atalaia.decisions import Decision, Outcome, in_runs
from atalaia.errors import JobError
from atalaia.monitoring.acting import Actor
from atalaia.monitoring.actions import Action, State
from atalaia.monitoring.decided import action_of, as_it_went, decisions_of
from atalaia.monitoring.deciding import Decider
from atalaia.monitoring.evaluating import Evaluated
from atalaia.monitoring.outcomes import Follower
from atalaia.monitoring.renewing import renew_after_run
from atalaia.policies import Policy, target_of
from atalaia.ports import JobStarter, ObjectStore
from atalaia.references import is_reference
from atalaia.window import SECOND, Window, iso
from atalaia.wording import starts
from atalaia_cli.places import Opened
from atalaia_functions.secrets import secret_of
from atalaia_functions.targets import common_starter

HERE = ("databricks", "github_workflow", "github_issue", "azure_devops", "webhook", "file")
"""What can be started from this machine; the rest is left to the functions in a cloud."""

_SETTINGS = os.environ  # noqa: TID251 - what secrets of kind `env:` refer to
_SECRETS = ("token", "secret", "url")


class Done(Struct, frozen=True):
    """A window's decision as it stands now, and the action that followed."""

    window: Window
    decision: Decision
    action: Action | None


class Told(Struct, frozen=True):
    """What a person reads of a decision: when its windows began, the decision, and how far what follows is."""

    when: str
    decision: str
    follows: str


def act(opened: Opened, evaluated: Iterable[Evaluated], now: int) -> set[Window]:
    """Decide for every final window, the oldest first, and start what follows; what fails is told on stderr.

    Returns:
        The windows on which something else was decided than before.
    """
    if not opened.monitor.policies:
        return set()
    decider = Decider(opened.monitor, opened.output, now, elsewhere=_elsewhere)
    for item in evaluated:
        if item.report.final:
            decider.decide(item.window)
    decider.tick()
    actor = Actor(opened.monitor, opened.output, _clock(now), lambda _: None, "command line")
    for event in actor.act(_starter):
        click.echo(f"{event['policy']}: not started. {event['why']}", err=True)
    _follow(opened, now)
    return decider.changed


def _follow(opened: Opened, now: int) -> None:
    """Ask after the jobs that run where this machine can ask; what can't be known now is told on stderr."""
    here = tuple(policy for policy in opened.monitor.policies if not _elsewhere(policy))
    follower = Follower(replace(opened.monitor, policies=here), opened.output, now)
    for action in follower.ended(_starter):
        renew_after_run(opened.monitor, opened.output, action)
    for why in follower.unknown.values():
        click.echo(f"It is not known what became of a job. {why}", err=True)


def _clock(now: int) -> Callable[[], int]:
    """Return a clock that shows *now*, in µs since 1970, and goes on from there, second by second."""
    began = time.monotonic()
    return lambda: now + int(time.monotonic() - began) * SECOND


def _elsewhere(policy: Policy) -> str:
    """Tell why a policy is left to the functions in a cloud; "" if what it starts can be started from here."""
    target = target_of(policy)
    if target not in HERE:
        return f"`{target}` is left to the functions in a cloud"
    told = (str(getattr(getattr(policy, target), key, "") or "") for key in _SECRETS)
    kept = [text for text in told if is_reference(text) and not text.startswith("env:")]
    return f"the secret of `{target}` is left to the functions in a cloud, which can read it" if kept else ""


def _starter(policy: Policy, output: ObjectStore) -> JobStarter:
    starter = (
        None if _elsewhere(policy) else common_starter(policy, lambda text: secret_of(text, _SETTINGS, {}), output)
    )
    if starter is None:
        msg = f"{_elsewhere(policy)}."
        raise JobError(msg)
    return starter


def done_of(opened: Opened, evaluated: Sequence[Evaluated]) -> list[Done]:
    """Return what was decided and done because of each window."""
    name, output = opened.monitor.name, opened.output
    if not opened.monitor.policies:
        return []
    return [
        Done(item.window, as_it_went(decision, action), action)
        for item in evaluated
        for decision in decisions_of(name, output, item.window)
        for action in [action_of(name, output, item.window, decision)]
    ]


def told_of(opened: Opened, evaluated: Sequence[Evaluated]) -> list[Told]:
    """Return what is told: all of the last window that was decided on, of others what had a reason to act."""
    places = {item.window: place for place, item in enumerate(evaluated)}
    done = [(places[each.window], each) for each in done_of(opened, evaluated)]
    last = max((at for at, _ in done), default=0)
    news = [(at, each) for at, each in done if at == last or each.decision.outcome is not Outcome.NO]
    follows = {(at, each.decision): _follows(opened, each.action) for at, each in news}
    return [
        Told(
            starts(*(iso(evaluated[at].window.start) for at in (run.first, run.last))),
            run.decision.told,
            follows.get((run.last, run.decision), ""),
        )
        for run in in_runs((at, each.decision) for at, each in news)
    ]


def _follows(opened: Opened, action: Action | None) -> str:
    if action is None:
        return ""
    if action.state is State.PENDING_APPROVAL:
        out = "" if opened.out is None else f" --out {shlex.quote(opened.out)}"
        return f"to decide: atalaia approve MONITOR {action.policy} {action.window}{out}"
    return f"not started yet: {action.why}" if action.why and not action.job else opened.here(action.job)
