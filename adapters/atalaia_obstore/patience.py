"""How long to go on trying when a store is busy or does not answer."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator

from msgspec import Struct

LEAST = 0.5
"""With fewer seconds left than this, no request is begun."""

_FIRST, _LONGEST = 0.1, 5.0


def _without_end() -> float:
    return math.inf


class Patience(Struct, frozen=True):
    """How often a request is sent, and how much time there is for it.

    Attributes:
        time_left: Tells the seconds that the invocation still has; without end by default.
        tries: A request is sent so many times at most.
        sleep: Waits some seconds.
        chance: Returns a number from 0 up to 1: clients that were refused together must not come back together.
    """

    time_left: Callable[[], float] = _without_end
    tries: int = 8
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def attempts(self) -> Iterator[float]:
        """Yield the seconds left, once for each attempt that there is time for, and wait between them."""
        for attempt in range(self.tries):
            if attempt:
                pause = self.chance() * min(_LONGEST, _FIRST * 2**attempt)
                if self.time_left() < pause + LEAST:
                    return
                self.sleep(pause)
            left = self.time_left()
            if left < LEAST:
                return
            yield left
