"""How much time an invocation has left."""

from __future__ import annotations

import math
from collections.abc import Callable

_MARGIN_SECONDS = 0.5  # for the answer, after the last request
_RESERVE_SECONDS, _RESERVE_SHARE = 10.0, 0.3


class Deadline:
    """The end of the invocation under way; without one, there is no end."""

    def __init__(self) -> None:
        self._left: Callable[[], float] | None = None
        self._reserve = 0.0

    def begin(self, left: Callable[[], float] | None) -> None:
        """Go by what *left* says from now on, the seconds until the invocation is ended; None is no end."""
        self._left = left
        self._reserve = min(_RESERVE_SECONDS, _RESERVE_SHARE * self.seconds())

    def seconds(self) -> float:
        """Return the seconds that are left for requests."""
        return math.inf if self._left is None else self._left() - _MARGIN_SECONDS

    def enough(self) -> bool:
        """Tell whether something new may be begun: there is time left to finish it, and to tell of it."""
        return self.seconds() > self._reserve
