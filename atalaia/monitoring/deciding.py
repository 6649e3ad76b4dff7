"""Deciding: because of which windows a policy acts.

A claim is written before anything is started (`atalaia.monitoring.claims`), so that two evaluators at once respect each
other's cool-down.
"""

from __future__ import annotations

from atalaia.monitor_file import Monitor
from atalaia.monitoring.claims import Acted, Claims
from atalaia.monitoring.evaluating import latest_report
from atalaia.policies import Policy
from atalaia.ports import ObjectStore
from atalaia.telemetry import drifted_share
from atalaia.window import Window, parse_duration


class Decider:
    """Decides for the policies of one monitor at the time *now*, in µs since 1970."""

    def __init__(self, monitor: Monitor, output: ObjectStore, now: int) -> None:
        """Prepare for deciding."""
        self._monitor = monitor
        self._output = output
        self._now = now
        self._width = parse_duration(monitor.window)

    def decide(self, window: Window) -> None:
        """Decide which policies act because of *window* or later ones, now that its report is stored."""
        for policy in self._monitor.policies:
            if self._counts(policy, window):
                for number in range(policy.of or policy.windows):
                    later = Window(window.start + number * self._width, window.end + number * self._width)
                    if self._is_due(policy, later):
                        self._claim(policy, later.start)

    def _counts(self, policy: Policy, window: Window) -> bool:
        latest = latest_report(self._monitor.name, self._output, window)
        share = None if latest is None or not latest.report.final else drifted_share(latest.report)
        return share is not None and share > policy.drift_share

    def _is_due(self, policy: Policy, window: Window) -> bool:
        if self._now - window.end > parse_duration(policy.within) or not self._counts(policy, window):
            return False
        back = range(policy.of or policy.windows)
        looked_at = (Window(window.start - n * self._width, window.end - n * self._width) for n in back)
        return sum(self._counts(policy, each) for each in looked_at) >= policy.windows

    def _claim(self, policy: Policy, start: int) -> None:
        """Write that the policy acts because of a window, unless it did, or is cooling down."""
        cool_down = parse_duration(policy.cool_down)

        def is_free(acted: Acted) -> bool:
            return all(abs(start - other) >= cool_down for other in acted.windows)

        Claims(self._output, self._monitor.name, policy.name).claim(start, is_free)
