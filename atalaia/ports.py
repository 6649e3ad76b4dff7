"""What the core needs from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field


class ObjectInfo(Struct, frozen=True):
    """What a store knows of one object: its key, the ETag of its content, size in bytes, time in µs since 1970."""

    key: str
    etag: str
    size: int
    time: int


class ObjectStore(Protocol):
    """A bucket, container or folder. Keys are relative, with `/` between parts.

    Writes are atomic: a reader sees the old content or the new one, whole. The last write wins unless a condition says
    otherwise.
    """

    @property
    def uri(self) -> str:
        """Where the store is, without a slash at its end; an object's URI is this, a slash, and its key."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Describe the object under *key*.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        ...

    def get(self, key: str) -> tuple[bytes, ObjectInfo]:
        """Return the whole content with the description that belongs to it.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        ...

    def get_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* up to, not including, *end*; fewer where the object ends before.

        Raises:
            ObjectNotFoundError: Nothing is stored there.
        """
        ...

    def put(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Store *data* and return its new ETag.

        Args:
            key: Where to.
            data: The whole content.
            if_match: Write only if the present object has this ETag.
            if_absent: Write only if there is no object yet.

        Raises:
            PreconditionError: The condition does not hold; nothing was written.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there does nothing."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Describe every object whose key begins with *prefix*, in the order of their keys."""
        ...


class Point(Struct, frozen=True):
    """One value of one series.

    Attributes:
        name: Such as `ml.monitor.rows`; `atalaia.telemetry.UNITS` has them all.
        value: May be NaN or infinite where the report's numbers are; whoever sends it leaves it out and says so.
        attributes: Pairs that tell its series from others of the same name, in a fixed order.
        time: In µs since 1970.
    """

    name: str
    value: float
    attributes: tuple[tuple[str, str], ...]
    time: int


class Sent(Struct, frozen=True):
    """What became of points: how many arrived, and how many never will, by reason."""

    points: int
    dropped: Mapping[str, int] = field(default_factory=dict)


class Telemetry(Protocol):
    """Where operators look: logs and metrics. Whatever is told twice is told with the same ids, times and values."""

    def tell(
        self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str] = frozenset()
    ) -> Sent:
        """Tell of events and points, wherever operators look; once it returns they are told.

        Args:
            events: Each is told once more if it is told again; its `id` says so.
            points: Telling the same ones again changes nothing.
            heard: The names of places that were told of these before, as an error had them; they are passed over.

        Raises:
            NotSentError: Not all could be told now. Tell all of it again later, with what the error says was `heard`.
        """
        ...


class Job(Struct, frozen=True):
    """One job that a policy starts because of one window.

    Attributes:
        monitor, policy, window: Which monitor, its policy, and the window's start as in storage keys. With the output
            they alone make the job's id: whatever else differs, it is the same job.
        parameters: What the job is told, as the policy has it.
        evidence: Why, as plain JSON: the report and its fingerprint, the window, what was found, the baseline, and what
            to train on.
        output: The monitor's, as its file has it: a test's monitor and the one in production may have the same name.
    """

    monitor: str
    policy: str
    window: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""

    @property
    def id(self) -> str:
        """64 characters 0-9 and a-f."""
        return hashlib.sha256(f"{self.output}\0{self.monitor}\0{self.policy}\0{self.window}".encode()).hexdigest()


LONGEST_START = 30
"""Starting a job takes so many seconds at most, with all that is asked for it; after that it has failed."""


class JobStarter(Protocol):
    """Starts jobs, each once: a job whose id was started before is not started again, whoever asks.

    One evaluator at a time asks for one job, and the next one not before `LONGEST_START` has passed.
    """

    def start(self, job: Job) -> str:
        """Start *job* unless it was started before, and return the name that it has there.

        Raises:
            JobError: It was not started, or nobody knows; start it again with the same id.
        """
        ...


class Course(Struct, frozen=True):
    """What has become of a job.

    Attributes:
        outcome: `Running`, or how it ended: `Succeeded`, `CompletedWithFailures`, `Failed` or `Stopped`.
        time: Since when, in µs since 1970; None if the service does not say.
    """

    outcome: str
    time: int | None = None


@runtime_checkable
class JobFollower(Protocol):
    """A starter that can tell what has become of a job, where no event does."""

    def course(self, name: str, job_id: str) -> Course | None:
        """Return what has become of the job that `start` gave this *name*, and that has this id.

        Returns:
            None if it is not known yet which one it is.

        Raises:
            JobError: The service did not say; ask again later.
        """
        ...
