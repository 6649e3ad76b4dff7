"""Claims: because of what a policy acts, written under the condition that nobody else wrote there."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from atalaia.errors import ObjectNotFoundError, PreconditionError, StoredFormError
from atalaia.monitoring.layout import policy_key
from atalaia.ports import ObjectStore

_TRIES = 10


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """That a policy acts. All moments are in µs since 1970.

    Attributes:
        start: What the action's key and id are made of: the window's start or, of a schedule, the moment it names.
        window: The start of the window because of which it acts.
        time: When it was claimed.
        after: It is not started before this moment.
        report: The window's report at that time, as it stands in keys: `20260301T000000Z/r2`.
    """

    start: int
    window: int
    time: int
    after: int = 0
    report: str = ""

    @property
    def is_scheduled(self) -> bool:
        """Whether a schedule names it, at a time when its window was over."""
        return self.start != self.window


class Acted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was claimed so far.

    Attributes:
        claims: Each as it was claimed; those that are so old that they can have no effect may be forgotten.
        waiting: The starts of those that are not done yet.
        running: The starts of those that are done, and whose job is asked after until it has ended.
        since: Of a schedule: it acts at moments after this one, which was decided last, or at which it was seen first.
        schedule: The schedule that this is said of.
    """

    claims: tuple[Claim, ...] = ()
    waiting: tuple[int, ...] = ()
    running: tuple[int, ...] = ()
    since: int = 0
    schedule: str = ""

    def of(self, start: int) -> Claim | None:
        """Return the claim that begins at *start*, if there is one."""
        return next((claim for claim in self.claims if claim.start == start), None)

    def due(self, now: int) -> tuple[Claim, ...]:
        """Return what is not done yet and may be started *now*."""
        return tuple(claim for claim in self.claims if claim.start in self.waiting and claim.after <= now)


class Claims(msgspec.Struct, frozen=True):
    """The list of one policy of a monitor."""

    output: ObjectStore
    monitor: str
    policy: str

    def held(self) -> Acted:
        """Return what was claimed so far.

        Raises:
            StoredFormError: What is stored are no claims.
        """
        return self._held()[0]

    def claim(self, claim: Claim, why_not: Callable[[Acted], str], forget_before: int = 0) -> str:
        """Write that the policy acts, unless it was claimed before.

        Args:
            claim: What is claimed.
            why_not: Asked of what was claimed so far, again whenever another evaluator was faster; "" if nothing stands
                in the way.
            forget_before: Claims that are done, and were made before this moment, are forgotten.

        Returns:
            Why it was not claimed; "" if it was, now or before.
        """
        why = ""

        def changed(acted: Acted) -> Acted:
            nonlocal why
            before = acted.of(claim.start)
            if before is not None:
                why = "" if before.is_scheduled == claim.is_scheduled else "it acted at its start by a schedule"
                return acted
            why = why_not(acted)
            if why:
                return acted
            kept = tuple(each for each in acted.claims if each.time >= forget_before or each.start in acted.waiting)
            return replace(acted, claims=(*kept, claim), waiting=(*acted.waiting, claim.start))

        self._change(changed)
        return why

    def settle(self, start: int, *, runs: bool = False) -> None:
        """Write that what was claimed is done; *runs*: that its job is to be asked after."""

        def changed(acted: Acted) -> Acted:
            running = (*acted.running, start) if runs and start in acted.waiting else acted.running
            return replace(acted, waiting=_without(acted.waiting, start), running=running)

        self._change(changed)

    def ended(self, start: int) -> None:
        """Write that the job of what was claimed needs not be asked after any more."""
        self._change(lambda acted: replace(acted, running=_without(acted.running, start)))

    def since(self, schedule: str, now: int) -> int:
        """Return which moment of its *schedule* was decided last; of a new one that is *now*, so that no earlier is."""
        acted = self.held()
        if acted.schedule == schedule:
            return acted.since
        begun = {"since": now, "schedule": schedule}
        self._change(lambda acted: acted if acted.schedule == schedule else replace(acted, **begun))
        return now

    def seen(self, moment: int) -> None:
        """Write that a moment of the schedule was decided."""
        self._change(lambda acted: replace(acted, since=max(moment, acted.since)))

    def _change(self, changed: Callable[[Acted], Acted]) -> None:
        key = policy_key(self.monitor, self.policy)
        for _ in range(_TRIES):
            acted, tag = self._held()
            wanted = changed(acted)
            if wanted == acted:
                return
            try:
                self.output.put(key, msgspec.json.encode(wanted) + b"\n", if_match=tag, if_absent=tag is None)
            except PreconditionError:
                continue
            return
        msg = f"{self.monitor}, policy {self.policy}: {_TRIES} times another evaluator was faster. Try again."
        raise PreconditionError(msg)

    def _held(self) -> tuple[Acted, str | None]:
        key = policy_key(self.monitor, self.policy)
        try:
            data, info = self.output.get(key)
        except ObjectNotFoundError:
            return Acted(), None
        try:
            return msgspec.json.decode(data, type=Acted), info.etag
        except msgspec.DecodeError as error:
            msg = f"{self.output.uri}/{key}: no claims. Delete it; actions that were written are not started again."
            raise StoredFormError(msg) from error


def _without(starts: tuple[int, ...], start: int) -> tuple[int, ...]:
    return tuple(each for each in starts if each != start)
