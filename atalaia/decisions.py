"""Decisions: what each policy made of a window, also that it does nothing, and why; stored beside the window's reports.

They depend on the clock and on what was done before, which reports don't: so they are no part of these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import StrEnum

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from atalaia.errors import StoredFormError
from atalaia.window import iso


class Outcome(StrEnum):
    """What a policy decided: it acts, at once or later; or would if nothing stood in the way; or has no reason to."""

    ACTED = "acted"
    WAITING = "waiting"
    HELD = "held"
    SPENT = "spent"
    NO = "no"


class Decision(Struct, frozen=True, omit_defaults=True):
    """What one policy decided because of a window.

    Attributes:
        policy: Its name.
        outcome: What it does; `spent` is `held` by the budget of the week.
        why: The reason, in words.
        found: The condition with its values, in words; empty for a schedule without a condition.
        report: The report it rests on, as it stands in keys: `20260301T000000Z/r2`.
        time: When it was decided, µs since 1970.
        occasion: Of a schedule: the moment it names, µs since 1970.
    """

    policy: str
    outcome: Outcome
    why: str
    found: str
    report: str
    time: int
    occasion: int | None = None

    def same(self, other: Decision) -> bool:
        """Tell whether both say the same, whenever they were made."""
        return replace(self, time=other.time) == other

    @property
    def told(self) -> str:
        """The decision in one line."""
        return f"{self.policy}: {self.word}, {self.reason}"

    @property
    def word(self) -> str:
        """The outcome as people say it."""
        return _WORDS[self.outcome]

    @property
    def reason(self) -> str:
        """Why, with what was found where that is not the reason itself."""
        return self.why if self.found in self.why else f"{self.why} ({self.found})"


_WORDS = {
    Outcome.ACTED: "acted",
    Outcome.WAITING: "waiting",
    Outcome.HELD: "held back",
    Outcome.SPENT: "held back",
    Outcome.NO: "nothing to do",
}


class Run(Struct, frozen=True):
    """Windows one after another that one thing holds back, or a single window.

    Attributes:
        first: Place of the first window.
        last: Place of the last one.
        decision: The latest decision; what was found is left out where it changed.
    """

    first: int
    last: int
    decision: Decision


def in_runs(decisions: Iterable[tuple[int, Decision]]) -> list[Run]:
    """Return decisions, with their windows' places in order, so that what is told day by day is told once."""
    runs: list[Run] = []
    latest: dict[str, int] = {}
    for place, decision in decisions:
        at = latest.get(decision.policy)
        if at is not None and _goes_on(runs[at], place, decision):
            found = decision.found if decision.found == runs[at].decision.found else ""
            runs[at] = Run(runs[at].first, place, replace(decision, found=found))
        else:
            latest[decision.policy] = len(runs)
            runs.append(Run(place, place, decision))
    return runs


def _goes_on(run: Run, place: int, decision: Decision) -> bool:
    before = run.decision
    same = (before.outcome, before.why) == (decision.outcome, decision.why)
    return same and decision.outcome in (Outcome.HELD, Outcome.SPENT) and place == run.last + 1


def to_json(decisions: Iterable[Decision]) -> bytes:
    """Return the stored form."""
    return msgspec.json.format(msgspec.json.encode(tuple(decisions), order="deterministic"), indent=1) + b"\n"


def decisions_from_json(data: bytes, where: str) -> tuple[Decision, ...]:
    """Read the stored form of the object *where*.

    Raises:
        StoredFormError: The bytes are no decisions.
    """
    try:
        return msgspec.json.decode(data, type=tuple[Decision, ...])
    except msgspec.DecodeError as error:
        msg = f"{where}: no decisions. Give a file such as reports/20260301T000000Z/decisions.json."
        raise StoredFormError(msg) from error


def decision_events(monitor: str, start: int, decisions: Iterable[Decision]) -> Iterator[dict[str, str]]:
    """Yield what operators are told of a window's decisions; what is told twice has the same id."""
    for decision in decisions:
        parts = (
            monitor,
            decision.policy,
            str(start),
            decision.outcome.value,
            decision.why,
            str(decision.occasion or ""),
        )
        yield {
            "event": "ml.monitor.decision",
            "id": hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32],
            "monitor": monitor,
            "policy": decision.policy,
            "window_start": iso(start),
            "time": iso(decision.time),
            "outcome": decision.outcome.value,
            "why": decision.why,
            "found": decision.found,
        }
