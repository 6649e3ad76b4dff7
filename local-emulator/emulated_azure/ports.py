"""What the parts need of each other, and no more."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import web

from emulated_azure.insights.store import Found

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Guard = Callable[[Handler], Handler]
"""Lets a request through to a handler, or answers in its stead."""

Publish = Callable[[dict[str, Any]], Awaitable[None]]
"""Gives an event to Event Grid."""


class Ask(Protocol):
    """Asks Application Insights in KQL."""

    def __call__(
        self, text: str, span: str, seconds: float, tell: Callable[[Found], dict[str, Any]] = ...
    ) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer; *tell* makes it of what was found."""
        ...


class Clock(Protocol):
    """The fast clock."""

    def real_seconds(self, emulated_seconds: float) -> float:
        """How long a wait of *emulated_seconds* takes here."""
        ...


class Chaos(Protocol):
    """The knobs."""

    @property
    def knobs(self) -> Any:
        """As they stand, an attribute each."""
        ...

    def strikes(self, knob: str) -> bool:
        """Whether *knob*, a share, strikes this time."""
        ...
