"""What the functions of one process share: stores, monitors, telemetry; made of the environment when first needed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from msgspec import Struct, field

from atalaia.errors import AtalaiaError
from atalaia.monitor_file import Policy
from atalaia.monitoring.service import Service
from atalaia.monitoring.watch import Watch
from atalaia.operations import Operation, measured
from atalaia.ports import JobStarter, ObjectStore
from atalaia.telemetry import Detail
from atalaia_aws.deadline import Deadline
from atalaia_aws.embedded import embedded
from atalaia_aws.monitors import Monitors
from atalaia_local.without_pandas import keep_pandas_out
from atalaia_obstore.patience import Patience
from atalaia_obstore.store import open_store
from atalaia_otel.json_log import JsonLog

if TYPE_CHECKING:
    from atalaia_aws.clients import BotoClients
    from atalaia_otel.exporter import Channel
    from atalaia_otel.operations import Operations
    from atalaia_otel.telemetry import SentTelemetry


_OTLP = "otlp"
_FLUSH_SECONDS = 1.2  # a collector that does not answer must not cost every call what it costs to send a report


def _now() -> int:
    return time.time_ns() // 1000


class Invocation(Struct):
    """One call of a function: what it did, in numbers and names, is logged as one line at its end."""

    service: Service
    enough_time: Callable[[], bool]
    told: dict[str, Any] = field(default_factory=dict)


class Runtime:
    """Everything that the functions need, by the environment's settings.

    Args:
        env: `ATALAIA_MONITORS`, `ATALAIA_METRICS`, `ATALAIA_NAMESPACE`, `ATALAIA_DETAIL`, `ATALAIA_OTLP_ENDPOINT`,
            `ATALAIA_OTLP_HEADERS`, and what AWS's own tools read.
        stream: Where log lines go.
        clock: Tells the time, in µs since 1970.
    """

    def __init__(self, env: Mapping[str, str], stream: TextIO, clock: Callable[[], int] = _now) -> None:
        self._env = env
        self._stream = stream
        self._clock = clock
        self._made: dict[str, ObjectStore] = {}
        self._clients: BotoClients | None = None
        self._operations: Operations | None = None
        self.deadline = Deadline()
        self.log = JsonLog(stream)
        self._monitors = Monitors(env.get("ATALAIA_MONITORS", "monitors"), self._store, clock)

    @contextmanager
    def invocation(self, name: str, context: Any) -> Iterator[Invocation]:
        """Serve one call of the function *name*; whatever becomes of it, one line of the log tells, and metrics do."""
        began = self._clock()
        self.deadline.begin(context)
        watches: list[Watch] = []
        told: dict[str, Any] = {"event": f"ml.monitor.{name}", "request": getattr(context, "aws_request_id", None)}
        try:
            detail = _choice(self._env, "ATALAIA_DETAIL", Detail.SUMMARY, {each.value: each for each in Detail})
            watches = self._monitors.watches()
            service = Service(watches, self._clock, detail)
            yield Invocation(service, self.deadline.enough, told)
        except Exception as error:
            told |= {"error": type(error).__name__, "why": str(error)}
            raise
        finally:
            now = self._clock()
            told |= {"seconds": (now - began) / 1e6}
            measures = measured(name, told)
            if measures and self._env.get("ATALAIA_METRICS") == _OTLP:
                self.log.write([told])
                self._flush(measures, watches, now, earlier=name == "evaluate")
            else:
                self.log.write([told | embedded(self._namespace, now // 1000, measures)])

    def _flush(
        self, measures: Sequence[tuple[Operation, float]], watches: Sequence[Watch], now: int, *, earlier: bool
    ) -> None:
        """Send what a call did to a collector, or keep it with the first monitor; the call itself never fails of it."""
        from atalaia_otel.operations import Home

        home = Home(watches[0].monitor.name, watches[0].output) if watches else None
        try:
            operations = self._counting()
            operations.record(measures)
            operations.flush(home, now, earlier=earlier)
        except AtalaiaError as error:
            self.log.write([{"event": "ml.monitor.telemetry_dropped", "channel": _OTLP, "why": str(error)}])

    def _counting(self) -> Operations:
        if self._operations is None:
            from atalaia_otel.exporter import Exporter
            from atalaia_otel.operations import Operations

            names = {"faas.name": "AWS_LAMBDA_FUNCTION_NAME", "faas.instance": "AWS_LAMBDA_LOG_STREAM_NAME"}
            about = {key: self._env[name] for key, name in names.items() if name in self._env}
            exporter = Exporter(self._otlp(), lambda: min(self.deadline.seconds(), _FLUSH_SECONDS))
            self._operations = Operations(self.log, exporter, {"service.name": "atalaia", **about})
        return self._operations

    def telemetry(self) -> SentTelemetry:
        """Return where reports are told of, by ATALAIA_METRICS."""
        from atalaia_otel.exporter import Exporter
        from atalaia_otel.telemetry import SentTelemetry

        ways = {
            "cloudwatch": self._cloudwatch,
            "emf": self._emf,
            _OTLP: self._otlp,
            "cloudwatch-otlp": self._signed,
        }
        make = _choice(self._env, "ATALAIA_METRICS", self._cloudwatch, ways)
        return SentTelemetry(self.log, Exporter(make(), self.deadline.seconds))

    def starter_of(self, policy: Policy) -> JobStarter:
        """Return what starts the jobs of a policy."""
        from atalaia_aws.jobs import PipelineStarter, TrainingStarter

        if policy.pipeline is not None:
            return PipelineStarter(self._boto(), policy.pipeline)
        return TrainingStarter(self._boto(), policy.training_job or {})

    def _store(self, uri: str) -> ObjectStore:
        if uri not in self._made:
            endpoint = self._env.get("AWS_ENDPOINT_URL_S3") or self._env.get("AWS_ENDPOINT_URL")
            config = {"endpoint": endpoint} if endpoint else {}
            self._made[uri] = open_store(uri, Patience(self.deadline.seconds), **config)
        return self._made[uri]

    def _boto(self) -> BotoClients:
        if self._clients is None:
            from atalaia_aws.clients import BotoClients

            self._clients = BotoClients()
        return self._clients

    @property
    def _namespace(self) -> str:
        return self._env.get("ATALAIA_NAMESPACE", "Atalaia")

    def _cloudwatch(self) -> Channel:
        from atalaia_aws.cloudwatch import CloudWatchChannel

        return CloudWatchChannel(self._boto(), self._namespace)

    def _emf(self) -> Channel:
        from atalaia_aws.emf import EmfChannel

        return EmfChannel(self._stream, self._namespace)

    def _otlp(self) -> Channel:
        from atalaia_otel.otlp import OtlpChannel

        pairs = (pair.partition("=") for pair in self._env.get("ATALAIA_OTLP_HEADERS", "").split(",") if pair.strip())
        headers = {name.strip(): value.strip() for name, _, value in pairs}
        return OtlpChannel(self._env.get("ATALAIA_OTLP_ENDPOINT", ""), headers)

    def _signed(self) -> Channel:
        from atalaia_aws.signing import signed_channel

        region = self._env.get("AWS_REGION") or self._env.get("AWS_DEFAULT_REGION", "")
        if not region:
            msg = "no AWS region is known. Set AWS_REGION, such as eu-west-1."
            raise AtalaiaError(msg)
        return signed_channel(region, self._env.get("ATALAIA_OTLP_ENDPOINT"))


def _choice(env: Mapping[str, str], name: str, default: Any, choices: Mapping[str, Any]) -> Any:
    """Return what the environment chooses.

    Raises:
        AtalaiaError: There is no such choice.
    """
    given = env.get(name, "")
    if given and given not in choices:
        msg = f"{name}={given}: no such choice. Set one of {', '.join(sorted(choices))}."
        raise AtalaiaError(msg)
    return choices.get(given, default)


@cache
def runtime() -> Runtime:
    """Return the one of this process."""
    keep_pandas_out()
    return Runtime(os.environ, sys.stdout)  # noqa: TID251 - this is where the functions are wired
