"""How CloudWatch judges an alarm from its data points.

Source: AWS, "Configuring how CloudWatch alarms treat missing data", with the tables that the tests repeat.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ALARM, OK, INSUFFICIENT = "ALARM", "OK", "INSUFFICIENT_DATA"
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
SPARE_PERIODS = 2  # CloudWatch looks further back than it must: the documented examples look at 5 points for 3 periods


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """M of N periods, and what a period without data counts as.

    Attributes:
        periods: N, how many points are judged.
        needed: M, how many of them must breach.
        comparison: One of `COMPARISONS`.
        treatment: One of `TREATMENTS`.
    """

    periods: int
    needed: int
    comparison: str
    threshold: float
    treatment: str

    @property
    def evaluation_range(self) -> int:
        """How many periods back the data points come from."""
        return self.periods + SPARE_PERIODS

    def breaches(self, value: float) -> bool:
        """Whether one point is on the wrong side."""
        return COMPARISONS[self.comparison](value, self.threshold)


def judge(points: Sequence[float | None], rule: AlarmRule, state: str) -> str:
    """The state that *points*, newest first and None where a period has no data, lead to from *state*."""
    real = [(age, rule.breaches(value)) for age, value in enumerate(points) if value is not None]
    if not real:
        return {"missing": INSUFFICIENT, "ignore": state, "breaching": ALARM, "notBreaching": OK}[rule.treatment]
    if len(real) >= rule.periods:
        return _by_count(sum(breach for _, breach in real[: rule.periods]), rule)
    breaching = sum(breach for _, breach in real)
    if rule.treatment == "breaching":
        return _by_count(breaching + rule.periods - len(real), rule)
    if breaching < rule.needed and rule.treatment != "notBreaching" and _is_premature(real, rule):
        return ALARM if rule.treatment == "missing" else state
    return _by_count(breaching, rule)


def _by_count(breaching: int, rule: AlarmRule) -> str:
    return ALARM if breaching >= rule.needed else OK


def _is_premature(real: Sequence[tuple[int, bool]], rule: AlarmRule) -> bool:
    """Too few points, but the oldest is as old as M periods and all of them breach: AWS does not wait for more."""
    oldest = real[-1][0]
    return all(breach for _, breach in real) and oldest + 1 >= rule.needed
