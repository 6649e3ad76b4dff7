"""What the functions of one process share: stores, monitors, telemetry; made of the environment when first needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

from atalaia.monitor_file import LogFormat
from atalaia.monitoring.service import Service
from atalaia.monitoring.watch import Watch
from atalaia.operations import Operation, measured
from atalaia.policies import Policy
from atalaia.ports import JobStarter, ObjectStore, Telemetry
from atalaia.telemetry import Detail
from atalaia_functions.deadline import Deadline
from atalaia_functions.monitors import Monitors
from atalaia_functions.settings import choice
from atalaia_otel.json_log import JsonLog

if TYPE_CHECKING:
    from atalaia.monitoring.actions import Action
    from atalaia_functions.approvals import Asked, Page

_DETAILS = {each.value: each for each in Detail}


def _now() -> int:
    return time.time_ns() // 1000


class Ended(Struct, frozen=True):
    """One call that has ended.

    Attributes:
        function: Which one was called.
        told: Its log line.
        measures: What it did, as metrics.
        watches: The monitors that it served; none if they could not be read.
        time: When it ended, in µs since 1970.
    """

    function: str
    told: Mapping[str, Any]
    measures: Sequence[tuple[Operation, float]]
    watches: Sequence[Watch]
    time: int


class Cloud(Protocol):
    """What a cloud has of its own."""

    @property
    def growing(self) -> Collection[LogFormat]:
        """Formats whose log objects grow there without an event."""
        ...

    def begin(self, context: Any) -> tuple[str | None, Callable[[], float] | None]:
        """Return the id of a call, and what tells the seconds that it has left; each None if it is not known."""
        ...

    def open_store(self, uri: str, deadline: Deadline) -> ObjectStore:
        """Open a bucket, a container, or a folder of it."""
        ...

    def telemetry(self) -> Telemetry:
        """Return where reports are told of."""
        ...

    def secret(self, reference: str) -> str:
        """Return the secret that a monitor file refers to.

        Raises:
            JobError: There is no such secret, or it is kept where this cloud has no access.
        """
        ...

    def starter_of(self, policy: Policy, store: ObjectStore) -> JobStarter:
        """Return what starts the jobs of a policy of the monitor whose output is *store*."""
        ...

    def tell(self, call: Ended) -> None:
        """Write a call's log line, and tell its metrics; the call itself never fails of it."""
        ...


class Invocation(Struct):
    """One call of a function: what it did, in numbers and names, is logged as one line at its end."""

    service: Service
    enough_time: Callable[[], bool]
    told: dict[str, Any] = field(default_factory=dict)


class Runtime:
    """Everything that the functions need.

    Args:
        env: Its settings: `ATALAIA_MONITORS`, `ATALAIA_DETAIL`, `ATALAIA_APPROVAL_URL`, `ATALAIA_APPROVAL_KEY`; what
            else there is, the cloud reads.
        cloud: What is the cloud's own.
        deadline: Of the invocation under way.
        log: Where log lines go.
        clock: Tells the time, in µs since 1970.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        cloud: Cloud,
        deadline: Deadline,
        log: JsonLog,
        clock: Callable[[], int] = _now,
    ) -> None:
        self._env = env
        self._cloud = cloud
        self._clock = clock
        self._made: dict[str, ObjectStore] = {}
        self._monitors = Monitors(env.get("ATALAIA_MONITORS", "monitors"), self._store, clock)
        self._one_at_a_time = threading.Lock()  # a process may be called several times at once, with memory for one
        self.deadline = deadline
        self.log = log
        self.telemetry = cloud.telemetry
        self.starter_of = cloud.starter_of

    @contextmanager
    def invocation(self, name: str, context: Any) -> Iterator[Invocation]:
        """Serve one call of the function *name*; whatever becomes of it, one line of the log tells, and metrics do."""
        request, left = self._cloud.begin(context)
        with self._one_at_a_time:
            yield from self._served(name, request, left)

    def _served(self, name: str, request: str | None, left: Callable[[], float] | None) -> Iterator[Invocation]:
        began = self._clock()
        self.deadline.begin(left)
        watches: list[Watch] = []
        told: dict[str, Any] = {"event": f"ml.monitor.{name}", "request": request}
        try:
            detail = choice(self._env, "ATALAIA_DETAIL", Detail.SUMMARY, _DETAILS)
            watches = self._monitors.watches()
            service = Service(watches, self._clock, detail, self._cloud.growing, request or "", self._links)
            yield Invocation(service, self.deadline.enough, told)
        except Exception as error:
            told |= {"error": type(error).__name__, "why": str(error)}
            raise
        finally:
            now = self._clock()
            told |= {"seconds": (now - began) / 1e6}
            self._cloud.tell(Ended(name, told, measured(name, told), watches, now))

    def approve(self, asked: Asked, watches: Sequence[Watch]) -> Page:
        """Answer who follows a link to approve or decline an action.

        Raises:
            AtalaiaError: The key that links are signed with can't be read.
        """
        from atalaia_functions.approvals import answer, key_of

        key = key_of(self._cloud.secret(self._env.get("ATALAIA_APPROVAL_KEY", "")))
        return answer(asked, key, watches, self._clock())

    def _links(self, monitor: str, action: Action) -> Mapping[str, str]:
        from atalaia_functions.approvals import links_by

        return links_by(self._env, self._cloud.secret, monitor, action)

    def log_failed(self, failed: Mapping[str, str]) -> None:
        """Log each object that could not be ingested now, and why."""
        self.log.write({"event": "ml.monitor.ingest_failed", "log": log, "why": why} for log, why in failed.items())

    def _store(self, uri: str) -> ObjectStore:
        if uri not in self._made:
            self._made[uri] = self._cloud.open_store(uri, self.deadline)
        return self._made[uri]
