"""How much time an invocation has left."""

from __future__ import annotations

import math
from typing import Any

_MARGIN_SECONDS = 0.5  # for the answer, after the last request
_RESERVE_SECONDS, _RESERVE_SHARE = 10.0, 0.3


class Deadline:
    """The end of the invocation under way; without one, there is no end."""

    def __init__(self) -> None:
        self._context: Any = None
        self._reserve = 0.0

    def begin(self, context: Any) -> None:
        """Go by Lambda's *context* from now on; without one (in a test) there is no end."""
        self._context = context
        self._reserve = min(_RESERVE_SECONDS, _RESERVE_SHARE * self.seconds())

    def seconds(self) -> float:
        """Return the seconds that are left for requests."""
        if self._context is None:
            return math.inf
        return float(self._context.get_remaining_time_in_millis()) / 1000 - _MARGIN_SECONDS

    def enough(self) -> bool:
        """Tell whether something new may be begun: there is time left to finish it, and to tell of it."""
        return self.seconds() > self._reserve
