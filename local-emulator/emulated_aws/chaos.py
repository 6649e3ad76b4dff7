"""What goes wrong on request: the knobs, and the draws. Settable at any time over the admin port."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Knobs:
    """All at rest by default. Shares are 0..1.

    Attributes:
        s3_unavailable: Share of S3 requests answered 503 ServiceUnavailable.
        s3_slow_down: Share of S3 requests answered 503 SlowDown.
        cloudwatch_throttled: Share of PutMetricData requests answered 400 Throttling.
        s3_event_duplicates: Share of S3 events delivered twice.
        s3_event_delay_seconds: S3 events wait up to so many real seconds, each by its own draw: so they are shuffled.
        kill_share: Share of invocations whose sandbox gets SIGKILL.
        kill_after_ms: When after the start of the invocation: one number, or [least, most] for a draw between.
        kill_function: Only sandboxes of this function; empty for all.
        sagemaker_duplicates: Share of SageMaker's state changes told twice.
        sagemaker_outcome: What executions and jobs end as: "Succeeded" or "Failed".
        seed: Setting it starts the draws anew, so that the same calls in the same order draw the same.
    """

    s3_unavailable: float = 0.0
    s3_slow_down: float = 0.0
    cloudwatch_throttled: float = 0.0
    s3_event_duplicates: float = 0.0
    s3_event_delay_seconds: float = 0.0
    kill_share: float = 0.0
    kill_after_ms: float | list[float] = 0.0
    kill_function: str = ""
    sagemaker_duplicates: float = 0.0
    sagemaker_outcome: str = "Succeeded"
    seed: int = 0


@dataclass(slots=True)
class Chaos:
    """The knobs as they stand, how often each struck, and one stream of draws."""

    knobs: Knobs = field(default_factory=Knobs)
    struck: dict[str, int] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (to be repeatable, not secret)

    def set(self, settings: Mapping[str, Any]) -> None:
        """Change the knobs named in *settings*; None of them if one is wrong.

        Raises:
            ValueError: An unknown knob, or a value that it cannot take.
        """
        known = {knob.name: getattr(Knobs(), knob.name) for knob in fields(Knobs)}
        for name, value in settings.items():
            if name not in known:
                message = f"no knob {name!r}; there are: {', '.join(sorted(known))}"
                raise ValueError(message)
            _check(name, value, known[name])
        for name, value in settings.items():
            setattr(self.knobs, name, value)
        if "seed" in settings:
            self._random = random.Random(settings["seed"])  # noqa: S311 (to be repeatable, not secret)

    def strikes(self, knob: str) -> bool:
        """Whether *knob*, a share, strikes this time."""
        share: float = getattr(self.knobs, knob)
        if share <= 0 or self._random.random() >= share:
            return False
        self.struck[knob] = self.struck.get(knob, 0) + 1
        return True

    def kill_delay_seconds(self, function: str) -> float | None:
        """After how long this invocation's sandbox is to be killed; None for not at all."""
        if self.knobs.kill_function not in ("", function) or not self.strikes("kill_share"):
            return None
        when = self.knobs.kill_after_ms
        least, most = when if isinstance(when, list) else (when, when)
        return self._random.uniform(least, most) / 1000

    def event_delay_seconds(self) -> float:
        """How long this S3 event waits."""
        most = self.knobs.s3_event_delay_seconds
        return self._random.uniform(0, most) if most > 0 else 0.0


def _check(name: str, value: Any, default: Any) -> None:
    if name == "kill_after_ms" and isinstance(value, list):
        fine = len(value) == 2 and all(isinstance(number, int | float) for number in value)
    elif isinstance(default, str):
        fine = isinstance(value, str)
    else:
        fine = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if not fine:
        message = f"{name}: {value!r} is no such value; its default is {default!r}"
        raise ValueError(message)
