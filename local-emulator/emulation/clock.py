"""A clock that runs faster: waits shrink, instants stay real.

Time stamps on the wire are real, so that signatures, metric data and object times agree with the callers' clocks.
What shrinks are durations that a cloud waits: schedules, retries, alarm periods, the phases of a job.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks that agree at *started*; one runs *scale* times as fast.

    Attributes:
        scale: Emulated seconds per real second.
        started: Unix time at which both show the same.
    """

    scale: float
    started: float

    def real_seconds(self, emulated_seconds: float) -> float:
        """How long a wait of *emulated_seconds* takes here."""
        return emulated_seconds / self.scale

    def emulated_time(self, real_time: float) -> float:
        """What the fast clock shows at *real_time*; both Unix times."""
        return self.started + (real_time - self.started) * self.scale

    def real_time(self, emulated_time: float) -> float:
        """When the fast clock shows *emulated_time*; both Unix times."""
        return self.started + (emulated_time - self.started) / self.scale
