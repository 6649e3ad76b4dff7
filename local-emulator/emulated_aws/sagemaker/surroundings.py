"""What pipelines and training jobs share: their account, the clock, the chaos, telling, and pages of lists."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulated_aws.knobs import Knobs
from emulation.chaos import Chaos
from emulation.clock import Clock

PAGE = 100
Emit = Callable[[str, str, Mapping[str, Any], list[str]], None]
Later = Callable[[float, Callable[[], None]], None]


@dataclass(slots=True)
class Surroundings:
    """One account and region.

    Attributes:
        arn: `arn:aws:sagemaker:region:account`.
        emit: Puts an event of a service on the default bus: source, kind, detail, resources.
        later: Runs a function after so many real seconds, in the same account and region.
        lock: Held while states change.
        tags: By ARN.
    """

    arn: str
    clock: Clock
    chaos: Chaos[Knobs]
    emit: Emit
    later: Later
    lock: threading.RLock = field(default_factory=threading.RLock)
    tags: dict[str, list[Any]] = field(default_factory=dict)

    def after(self, emulated_seconds: float, work: Callable[[], None]) -> None:
        """Run *work* after a wait on the fast clock."""
        self.later(self.clock.real_seconds(emulated_seconds), work)

    def tell(self, kind: str, detail: Mapping[str, Any], resources: list[str]) -> None:
        """Tell a change of state. AWS may do so more than once; the chaos decides."""
        for _ in range(2 if self.chaos.strikes("sagemaker_duplicates") else 1):
            self.emit("aws.sagemaker", kind, detail, resources)


def page(found: list[dict[str, Any]], request: Mapping[str, Any], name: str, order: str) -> dict[str, Any]:
    """One page of *found* under *name*, by *order*, the newest first unless asked otherwise."""
    found.sort(key=lambda each: each[order], reverse=request.get("SortOrder") != "Ascending")
    start = int(request.get("NextToken") or 0)
    end = start + int(request.get("MaxResults") or PAGE)
    answer: dict[str, Any] = {name: found[start:end]}
    if end < len(found):
        answer["NextToken"] = str(end)
    return answer


def iso(moment: float) -> str:
    """A Unix time as events of pipelines write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
