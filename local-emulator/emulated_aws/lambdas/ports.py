"""What Lambda needs of the rest of AWS. MiniStack gives it; nothing here knows how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulated_aws.lambdas.settings import FunctionSettings


@dataclass(frozen=True, slots=True)
class Call:
    """A function resolved to run: its record in the Lambda API, and its configuration."""

    record: Mapping[str, Any]
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The function's name."""
        return str(self.config["FunctionName"])

    @property
    def key(self) -> str:
        """One function, whatever its version: concurrency and the asynchronous queue are per function."""
        region, account = str(self.config["FunctionArn"]).split(":")[3:5]
        return f"{account}:{region}:{self.name}"


class Slots(Protocol):
    """Concurrency: reserved per function, and the account's."""

    def acquire(self, call: Call) -> str | None:
        """One unit, or None if there is none free now. Never waits."""
        ...

    def release(self, slot: str) -> None:
        """Give a unit back."""
        ...


class Logs(Protocol):
    """CloudWatch Logs."""

    def write(self, function: FunctionSettings, stream: str, message: str) -> None:
        """Add one event of a function, if its role may; group and stream are made if absent. From any thread."""
        ...


class Measures(Protocol):
    """Lambda's own metrics."""

    def invoked(self, call: Call, duration_ms: float, *, failed: bool) -> None:
        """Count one invocation."""
        ...


class Targets(Protocol):
    """Where records of asynchronous invocations go."""

    def send(self, call: Call, arn: str, body: str, attributes: Mapping[str, str]) -> str | None:
        """Deliver *body* for a function to a queue, topic or event bus; why it could not be, or None."""
        ...

    def function(self, arn: str) -> Call | None:
        """The function that *arn* names, None if there is none."""
        ...


class Queues(Protocol):
    """SQS queues as an event source mapping reads them."""

    def mappings(self) -> Sequence[dict[str, Any]]:
        """All enabled mappings of queues, as the Lambda API keeps them."""
        ...

    def target(self, mapping: Mapping[str, Any]) -> Call | None:
        """The function of a mapping, None if it is gone."""
        ...

    def receive(self, mapping: Mapping[str, Any], most: int) -> list[dict[str, Any]]:
        """Up to *most* visible messages as records of an SQS event; they are invisible from now on.

        There are none for a function whose role may not receive them.
        """
        ...

    def delete(self, mapping: Mapping[str, Any], receipts: Sequence[str]) -> None:
        """Delete messages by their receipt handles, if the function's role may."""
        ...

    def wanted(self, mapping: Mapping[str, Any], records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The records that pass the mapping's filter criteria."""
        ...


class Aws(Slots, Logs, Measures, Targets, Queues, Protocol):
    """All of it."""
