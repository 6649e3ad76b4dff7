"""Looks at all metric alarms again and again, with periods of the fast clock, and tells when one changes."""

import json
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from emulated_aws.alarm_messages import event_detail, function_event, notification, stamp
from emulated_aws.alarm_rules import COMPARISONS, TREATMENTS, AlarmRule, judge
from emulated_aws.lambdas.ports import Call
from emulated_aws.seam import metrics, places
from emulated_aws.seam.functions import resolve
from emulated_aws.seam.places import Place
from emulation.clock import Clock

LOOK_SECONDS = 0.1
ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_log = logging.getLogger(__name__)


def rule_of(alarm: dict[str, Any]) -> AlarmRule | None:
    """An alarm's rule; None for one on a metric expression or an anomaly band, which are not judged here."""
    if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in COMPARISONS:
        return None
    periods = int(alarm["EvaluationPeriods"])
    treatment = alarm.get("TreatMissingData") or "missing"
    return AlarmRule(
        periods=periods,
        needed=int(alarm.get("DatapointsToAlarm") or periods),
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        treatment=treatment if treatment in TREATMENTS else "missing",
    )


class AlarmWatch:
    """Evaluates alarms, and acts on what moves."""

    def __init__(self, clock: Clock, enqueue: Callable[[Call, bytes], None]) -> None:
        self._clock = clock
        self._enqueue = enqueue

    def run(self) -> None:
        """Look for ever."""
        while True:
            time.sleep(LOOK_SECONDS)
            for place, alarm in metrics.alarms():
                try:
                    with place.entered():
                        self.look(alarm, time.time())
                except Exception:  # noqa: BLE001 (one alarm's fault must not end the watch over all others; it is logged)
                    _log.exception("alarm %s", alarm.get("AlarmName"))

    def look(self, alarm: dict[str, Any], now: float) -> None:
        """Evaluate one alarm at *now*, Unix time, and move it if its state changes."""
        rule = rule_of(alarm)
        if rule is None:
            return
        period = self._clock.real_seconds(float(alarm["Period"]))
        points = recent_points(alarm, rule.evaluation_range, period, now)
        state = judge(points, rule, alarm["StateValue"])
        if state == alarm["StateValue"]:
            return
        real = [point for point in points if point is not None]
        data = {
            "version": "1.0", "queryDate": stamp(now), "statistic": alarm.get("Statistic"), "period": alarm["Period"],
            "recentDatapoints": real, "threshold": rule.threshold,
        }  # fmt: skip
        metrics.move_alarm(alarm, state, reason_for(rule, real), data)

    def moved(self, alarm: dict[str, Any], old: str, new: str) -> None:
        """An alarm, metric or composite, changed: its actions, and its event. Within its place."""
        place, now = places.here(), time.time()
        if alarm.get("ActionsEnabled", True):
            for action in alarm.get(ACTIONS[new]) or []:
                self._act(action, alarm, old, place, now)
        places.emit(
            "aws.cloudwatch", "CloudWatch Alarm State Change", event_detail(alarm, old, now), [alarm["AlarmArn"]]
        )

    def _act(self, action: str, alarm: dict[str, Any], old: str, place: Place, now: float) -> None:
        if ":sns:" in action:
            subject = f'{alarm["StateValue"]}: "{alarm["AlarmName"]}" in {place.region}'
            message = notification(alarm, old, place.account, place.region, now)
            places.publish(action, subject, json.dumps(message))
        elif ":lambda:" in action and (call := resolve(action)):
            event = function_event(alarm, old, place.account, place.region, now)
            self._enqueue(call, json.dumps(event).encode())
        else:
            _log.warning("alarm %s: action %s is not carried out here", alarm["AlarmName"], action)


def reason_for(rule: AlarmRule, real: list[float]) -> str:
    """Why the state is what it is; *real* are the points there are, newest first."""
    if not real:
        return f"No datapoints in {rule.evaluation_range} periods: treated as [{rule.treatment}]."
    judged = real[: rule.periods]
    return (
        f"Threshold Crossed: {sum(map(rule.breaches, judged))} out of the last {len(judged)} datapoints {judged} were "
        f"{rule.comparison} ({rule.threshold}); {rule.needed} of {rule.periods} periods are needed."
    )


def recent_points(alarm: dict[str, Any], periods: int, period: float, now: float) -> list[float | None]:
    """The statistic per period, newest first; the period under way counts once it has data."""
    current = math.floor(now / period)
    points = [
        metrics.statistic(alarm, index * period, (index + 1) * period)
        for index in range(current, current - periods - 1, -1)
    ]
    return points[1:] if points[0] is None else points[:-1]
