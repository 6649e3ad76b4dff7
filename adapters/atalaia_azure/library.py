"""The way to Application Insights through Microsoft's own exporter, for those who want its code to send.

Its results cannot be relied on as they are: what was taken in part counts as lost, and what may be sent later as much
as what never will. So the answers themselves are looked at, by a hook of its pipeline. Its files, statistics, retries
and remote settings are switched off: what was not taken is kept by us.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from atalaia.errors import NotSentError
from atalaia.ports import Point, Sent
from atalaia.window import parse_time
from atalaia_azure.envelopes import Sender, Spread, digest, event, lacks, metric
from atalaia_azure.identity import Identity
from atalaia_azure.insights import Result, connection_of, pairs_of, result_of, value_of
from atalaia_otel.exporter import Encoded, Refusal, seconds_for
from atalaia_web.wire import Answer

if TYPE_CHECKING:
    from atalaia_otel.items import Item

_SECONDS = 5.0
_MOST = 500
_OFF = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
_SCOPE = InstrumentationScope("atalaia")

_Value = tuple[str, str, float | tuple[int, float, float, float], dict[str, str], int]


class Exporters:
    """Microsoft's exporters of metrics and of logs, and what was answered to them.

    Args:
        env: The connection string, as `connection_of` reads it.
        identity: Gives tokens where the connection string asks for them.
        process: Names this process.
    """

    def __init__(self, env: Mapping[str, str], identity: Identity, process: Mapping[str, str]) -> None:
        for name in _OFF:
            os.environ.setdefault(name, "true")  # noqa: TID251 - it has no other way to be told
        from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter, AzureMonitorMetricExporter

        for name in ("azure", "azure.monitor"):  # else it would log each of its requests, and send that log, and so on
            logging.getLogger(name).setLevel(logging.WARNING)
        connection = connection_of(env, identity)
        given: dict[str, Any] = {
            "connection_string": env["APPLICATIONINSIGHTS_CONNECTION_STRING"],
            "disable_offline_storage": True,
            "timeout": _SECONDS,
            "read_timeout": _SECONDS,
            "retry_total": 0,
            "raw_response_hook": self._hear,
        }
        if connection.token is not None:
            given["credential"] = _Credential(identity)
        self._metrics = AzureMonitorMetricExporter(**given)
        self._logs = AzureMonitorLogExporter(**given)
        self._resource = Resource(dict(process))
        self._heard: Answer | None = None

    def send(self, values: Sequence[_Value]) -> Result:
        """Send values of metrics.

        Raises:
            NotSentError: None was taken now, but they may be later.
        """
        metrics = [_metric(*value) for value in values]
        scopes = [ScopeMetrics(_SCOPE, metrics, "")]
        return self._result(
            lambda: self._metrics.export(MetricsData([ResourceMetrics(self._resource, scopes, "")])), len(values)
        )

    def log(self, events: Sequence[Mapping[str, Any]]) -> Result:
        """Send events.

        Raises:
            NotSentError: None was taken now, but they may be later.
        """
        records = [self._record(told) for told in events]
        return self._result(lambda: self._logs.export(records), len(records))

    def _result(self, send: Callable[[], object], count: int) -> Result:
        self._heard = None
        send()
        if self._heard is None:
            msg = "Application Insights: no answer. Look at the network's route to it. It will be tried again."
            raise NotSentError(msg)
        return result_of(self._heard, count)

    def _hear(self, response: Any) -> None:
        answer = response.http_response
        self._heard = Answer(answer.status_code, {}, answer.body())

    def _record(self, told: Mapping[str, Any]) -> ReadableLogRecord:
        from opentelemetry._logs import LogRecord

        base = event(Sender(""), told)["data"]["baseData"]
        own = {
            "microsoft.custom_event.name": base["name"],
            "microsoft.custom_measurements": json.dumps(base["measurements"]),
        }
        record = LogRecord(
            timestamp=(parse_time(str(told["time"])) or 0) * 1000, attributes={**base["properties"], **own}
        )
        return ReadableLogRecord(record, self._resource, _SCOPE)


class _Credential:
    """The identity, as azure-core asks for it."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def get_token(self, *scopes: str, **_kwargs: Any) -> Any:
        """Return a token for the first scope."""
        import time

        from azure.core.credentials import AccessToken

        return AccessToken(self._identity.token(scopes[0].removesuffix("/.default").rstrip("/")), int(time.time()) + 60)


def _metric(
    name: str, unit: str, value: float | tuple[int, float, float, float], pairs: dict[str, str], time: int
) -> Metric:
    attributes: Any = pairs
    if isinstance(value, tuple):
        count, total, least, most = value
        point = HistogramDataPoint(attributes, time, time, count, total, [count], [], least, most)
        return Metric(name, None, unit, Histogram([point], AggregationTemporality.DELTA))
    return Metric(name, None, unit, Gauge([NumberDataPoint(attributes, time, time, value)]))


class LibraryChannel:
    """Sends metrics through Microsoft's exporter."""

    name = "azure-monitor"

    def __init__(self, exporters: Exporters) -> None:
        self._exporters = exporters

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn points into requests that stay within the limits."""
        kept: list[_Value] = []
        dropped = Counter[str]()
        for item in items:
            value, pairs = value_of(item.point), pairs_of(item.point)
            reason = lacks(item.metric.name, value, pairs)
            if reason is not None:
                dropped[reason] += 1
                continue
            plain = (value.count, value.total, value.least, value.most) if isinstance(value, Spread) else value
            kept.append((item.metric.name, item.metric.unit or "", plain, dict(pairs), item.point.time_unix_nano))
        parts = [kept[start : start + _MOST] for start in range(0, len(kept), _MOST)]
        return Encoded([(msgspec.json.encode(part), len(part)) for part in parts], dropped)

    def post(self, request: bytes, seconds: float) -> Refusal | None:
        """Send one request; the exporter itself has a limit of 5 seconds.

        Raises:
            NotSentError: It was not taken now, but may be later.
        """
        if seconds < _SECONDS / 5:
            msg = "no time was left to send metrics. Give the function a longer time-out."
            raise NotSentError(msg)
        values = msgspec.json.decode(request, type=list[_Value])
        result = self._exporters.send(values)
        if not result.refused and not result.later:
            return None
        again = [values[place] for place in result.later]
        return Refusal(len(result.refused), result.why, (msgspec.json.encode(again), len(again)) if again else None)


class LibraryInsights:
    """Application Insights, through Microsoft's exporter: a request for the events, and one for the points.

    Args:
        exporters: They.
        time_left: Tells the seconds that the invocation still has.
    """

    name = "azure-monitor"

    def __init__(self, exporters: Exporters, time_left: Callable[[], float]) -> None:
        self._exporters = exporters
        self._time_left = time_left

    def tell(self, events: Sequence[Mapping[str, Any]], points: Sequence[Point], heard: frozenset[str]) -> Sent:
        """Tell all that it has not heard.

        Raises:
            NotSentError: Not all could be told now; of each that was taken it has the digest.
        """
        sender, dropped = (
            Sender(""),
            Counter(reason for p in points if (reason := lacks(p.name, p.value, p.attributes))),
        )
        fine = [point for point in points if lacks(point.name, point.value, point.attributes) is None]
        known = set(heard)
        self._tell({digest(event(sender, told)): told for told in events}, self._exporters.log, known, dropped)
        values = {
            digest(metric(sender, p.name, p.value, p.attributes, p.time)): (
                p.name,
                "",
                p.value,
                dict(p.attributes),
                p.time * 1000,
            )
            for p in fine
        }
        self._tell(values, self._exporters.send, known, dropped)
        return Sent(max(0, len(points) - sum(dropped.values())), dropped)

    def _tell(
        self, told: Mapping[str, Any], send: Callable[[Sequence[Any]], Result], known: set[str], dropped: Counter[str]
    ) -> None:
        left = [key for key in told if key not in known]
        for start in range(0, len(left), _MOST):
            keys = left[start : start + _MOST]
            try:
                seconds_for(self._time_left())
                result = send([told[key] for key in keys])
            except NotSentError as error:
                raise NotSentError(str(error), frozenset(known)) from error
            dropped.update({"refused": len(result.refused)} if result.refused else {})
            known |= {key for place, key in enumerate(keys) if place not in result.later}
            if result.later:
                raise NotSentError(result.why, frozenset(known))
