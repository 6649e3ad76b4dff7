"""What goes wrong on request: knobs that a cloud names, and the draws. Settable at any time over the admin port."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Generic, TypeVar


@dataclass(slots=True)
class CommonKnobs:
    """What both clouds have; all at rest by default. Shares are 0..1.

    Attributes:
        kill_share: Share of invocations that lose their sandbox or instance to a SIGKILL.
        kill_after_ms: When after the start of the invocation: one number, or [least, most] for a draw between.
        kill_function: Only invocations of this function; empty for all.
        seed: Setting it starts the draws anew, so that the same calls in the same order draw the same.
    """

    kill_share: float = 0.0
    kill_after_ms: float | list[float] = 0.0
    kill_function: str = ""
    seed: int = 0


KnobsT = TypeVar("KnobsT", bound=CommonKnobs)


@dataclass(slots=True)
class Chaos(Generic[KnobsT]):
    """The knobs as they stand, how often each struck, and one stream of draws."""

    knobs: KnobsT
    struck: dict[str, int] = field(default_factory=dict)
    _random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 (to be repeatable, not secret)

    def set(self, settings: Mapping[str, Any]) -> None:
        """Change the knobs named in *settings*; None of them if one is wrong.

        Raises:
            ValueError: An unknown knob, or a value that it cannot take.
        """
        rest = type(self.knobs)()
        known = {knob.name: getattr(rest, knob.name) for knob in fields(rest)}
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
        """After how long what runs this invocation is to be killed; None for not at all."""
        if self.knobs.kill_function not in ("", function) or not self.strikes("kill_share"):
            return None
        when = self.knobs.kill_after_ms
        least, most = when if isinstance(when, list) else (when, when)
        return self._random.uniform(least, most) / 1000

    def delay_seconds(self, knob: str) -> float:
        """How long this one waits, where *knob* is the longest wait."""
        most: float = getattr(self.knobs, knob)
        return self._random.uniform(0, most) if most > 0 else 0.0

    def describe(self) -> dict[str, Any]:
        """For the admin port."""
        return {"knobs": asdict(self.knobs), "struck": self.struck}


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
