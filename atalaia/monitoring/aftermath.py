"""The aftermath of a replay's jobs: how each ends, and which baseline holds for which window because of it.

A job that really ran ends as it ended, and then; one that nobody started ends well at once. What follows is what
follows in the cloud (`atalaia.monitoring.renewing`), on the overlay: the first healthy windows become a new baseline.
The rows of the windows after it are gone, which were counted on another one's grids. So they are counted again from
their profiles, as the windows are that a baseline is made of (`atalaia.promotion`).

A baseline that really began holds from then on here, too, unless it followed from a job that is not started now.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from atalaia.baseline import Baseline
from atalaia.monitor_file import Monitor
from atalaia.monitoring.actions import ENDED_WELL, Action, State, all_actions
from atalaia.monitoring.baselines import CurrentBaseline, columns_fingerprint, current_baseline, read_baseline
from atalaia.monitoring.layout import baseline_key, current_baseline_key, renewal_key, window_prefix
from atalaia.monitoring.renewing import Renewal, keep, renew_after_run, renewals
from atalaia.monitoring.widening import content_at
from atalaia.ports import ObjectStore
from atalaia.profile import Profile, pack, profile_from_plain, profile_to_plain
from atalaia.promotion import loss_of, recount
from atalaia.window import Window, iso, parse_time
from atalaia.wording import listed, percent

LOST = 0.015
"""Columns whose ranks may be off by more are told of."""


class Aftermath(Struct):
    """What follows from the jobs of one replay.

    Attributes:
        monitor: What is replayed.
        overlay: Where what would have happened is kept.
        ran: By its id, each action of the period that really started something.
        renewed: By the version of the baseline that was made, each renewal that really followed one of these.
        happened: The version of the baseline that really held last.
        ended: The ids of the jobs that have ended.
        read: By their names, the baselines that did not hold when they hold here.
        again: The first window that was counted again.
        losses: By column, how far ranks in such windows (of categories: shares) may be off, as shares 0..1.
        unknown: Policies whose jobs' training data would have become a baseline.
    """

    monitor: Monitor
    overlay: ObjectStore
    ran: dict[str, Action]
    renewed: dict[str, Renewal]
    happened: str = ""
    ended: set[str] = field(default_factory=set)
    read: dict[str, Baseline] = field(default_factory=dict)
    again: Window | None = None
    losses: dict[str, float] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)

    def baseline_of(self, window: Window, happened: Baseline) -> Baseline:
        """Return the baseline that judges a window, where *happened* is the one that really did."""
        if happened.version != self.happened:
            self.happened = happened.version
            if self._begins(happened):
                self._hold(happened)
        name = self._held_at(window)
        if name == happened.name:
            return happened
        if name not in self.read:
            self.read[name] = read_baseline(baseline_key(self.monitor.name, name), self.overlay)
        self._count_again(window, happened, self.read[name])
        return self.read[name]

    def _begins(self, happened: Baseline) -> bool:
        """Tell whether a baseline that really began would have, too."""
        renewal = self.renewed.get(happened.version)
        return renewal is None or renewal in renewals(self.monitor, self.overlay)

    def _hold(self, baseline: Baseline) -> None:
        held = CurrentBaseline(baseline.version, columns_fingerprint(self.monitor), (), name=baseline.name)
        self.overlay.put(current_baseline_key(self.monitor.name), msgspec.json.encode(held))

    def _held_at(self, window: Window) -> str:
        held = current_baseline(self.monitor.name, self.overlay)
        assert held is not None  # noqa: S101  # the first window's was
        eras = [(held.since, held.name or held.version), *((each.since, each.name) for each in held.earlier)]
        return max(era for era in eras if era[0] <= window.start)[1]

    def _count_again(self, window: Window, before: Baseline, wanted: Baseline) -> None:
        """Let the window's profiles that were counted on the baseline *before* be of the *wanted* one."""
        self.again = self.again or window
        held = self.overlay.list(window_prefix(self.monitor.name, window))
        contents = {info.key: content_at(info.key, self.overlay) for info in list(held)}
        own = {key: each for key, each in contents.items() if each["profile"]["baseline"] == before.version}
        for key, content in own.items():
            profile = profile_from_plain(content["profile"])
            self._lose(before, profile)
            counted = recount(profile, before.grids.grids, wanted.grids.grids)
            plain = profile_to_plain(replace(counted, baseline=wanted.version))
            self.overlay.put(key, pack({**content, "profile": plain}))

    def _lose(self, before: Baseline, profile: Profile) -> None:
        whole = {name: summary for (segment, name), summary in profile.columns.items() if not segment}
        for name, summary in whole.items():
            self.losses[name] = max(loss_of(before.grids.grids[name], summary), self.losses.get(name, 0.0))

    def told(self) -> Iterator[str]:
        """Say what is not as it would have been."""
        if self.again is not None:
            lost = sorted((name for name, loss in self.losses.items() if loss > LOST), key=lambda n: -self.losses[n])
            more = f". Ranks, or shares, may be off by more than {percent(LOST)} in {listed(lost)}" if lost else ""
            what = "counted again from their profiles, on a baseline that did not hold then"
            yield f"{what}: windows from {iso(self.again.start)} on{more}"
        for policy in sorted(self.unknown):
            yield f"not known, so the old baseline holds on: what follows from the training data of {policy}"

    def note(self, now: int) -> None:
        """Let the jobs end that have by *now*, in µs since 1970."""
        asked = {policy.name: policy.new_baseline for policy in self.monitor.policies}
        for action in all_actions(self.overlay, self.monitor.name) if any(asked.values()) else ():
            ran = self.ran.get(action.id)
            if asked[action.policy] is None or action.id in self.ended:
                continue
            ended = ran or replace(
                action, job=action.job or action.window, outcome=ENDED_WELL[0], outcome_time=action.time
            )
            if not ended.outcome or ended.outcome_time > now:
                continue
            self.ended.add(action.id)
            self._renew(ended)

    def _renew(self, ended: Action) -> None:
        """Begin what follows a job; if that is what really followed, with the baseline that this really made.

        Of any other baseline from data nothing is known, as data are not read again.
        """
        renew_after_run(self.monitor, self.overlay, ended)
        begun = next((each for each in renewals(self.monitor, self.overlay) if each.id == ended.id), None)
        real = next((each for each in self.renewed.values() if each.id == ended.id), None)
        if begun is not None and real is not None and begun == replace(real, baseline=""):
            keep(self.monitor, self.overlay, real)
        elif begun is not None and begun.data:
            self.unknown.add(ended.policy)
            self.overlay.delete(renewal_key(self.monitor.name, begun.since, begun.id))


def aftermath_of(monitor: Monitor, output: ObjectStore, overlay: ObjectStore, first: int, *, same: bool) -> Aftermath:
    """Return the aftermath of a replay that begins at *first*, in windows of the *same* width as they were or not."""
    ran = {action.id: action for action in all_actions(output, monitor.name) if _is_of(action, first)}
    made = {renewal.baseline: renewal for renewal in renewals(monitor, output) if renewal.id in ran}
    return Aftermath(monitor, overlay, ran if same else {}, made)


def _is_of(action: Action, first: int) -> bool:
    start = parse_time(action.window)
    return action.state is State.DONE and start is not None and start >= first
