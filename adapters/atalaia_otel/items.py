"""OpenTelemetry's nested metrics data as a flat list of points, and back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from msgspec import Struct
from opentelemetry.sdk.metrics.export import (
    DataPointT,
    Gauge,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from atalaia.ports import Point
from atalaia.telemetry import UNITS

_SCOPE = InstrumentationScope("atalaia")


class Item(Struct, frozen=True):
    """One data point with what it belongs to."""

    resource: Resource
    scope: InstrumentationScope
    metric: Metric
    point: DataPointT


def items_of(data: MetricsData) -> tuple[list[Item], Counter[str]]:
    """Return the points of *data* that can be sent, and how many cannot, by reason: NaN and infinity."""
    kept, dropped = [], Counter[str]()
    for item in _flat(data):
        if _is_finite(item.point):
            kept.append(item)
        else:
            dropped["not_finite"] += 1
    return kept, dropped


def data_of(items: Iterable[Item]) -> MetricsData:
    """Nest *items* again; each metric comes once for each resource and scope."""
    nested: dict[int, tuple[Item, dict[int, tuple[Item, dict[int, list[Item]]]]]] = {}
    for item in items:
        _, scopes = nested.setdefault(id(item.resource), (item, {}))
        _, metrics = scopes.setdefault(id(item.scope), (item, {}))
        metrics.setdefault(id(item.metric), []).append(item)
    return MetricsData(
        [
            ResourceMetrics(
                first.resource,
                [
                    ScopeMetrics(inner.scope, [_metric_of(held) for held in metrics.values()], "")
                    for inner, metrics in scopes.values()
                ],
                "",
            )
            for first, scopes in nested.values()
        ]
    )


def metrics_data(points: Sequence[Point], resource: Resource | None = None) -> MetricsData:
    """Return *points* as gauges of their own times.

    They do not pass through instruments, which would stamp them with the time of collection and keep no more than 2,000
    series of a metric.
    """
    by_name: dict[str, list[Point]] = {}
    for point in points:
        by_name.setdefault(point.name, []).append(point)
    metrics = [
        Metric(name, None, UNITS.get(name, ""), Gauge([_number_of(point) for point in held]))
        for name, held in by_name.items()
    ]
    return MetricsData([ResourceMetrics(resource or Resource.get_empty(), [ScopeMetrics(_SCOPE, metrics, "")], "")])


def _number_of(point: Point) -> NumberDataPoint:
    nanoseconds = point.time * 1000
    return NumberDataPoint(dict(point.attributes), nanoseconds, nanoseconds, point.value)


def _flat(data: MetricsData) -> Iterator[Item]:
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    yield Item(resource.resource, scope.scope, metric, point)


def _metric_of(items: list[Item]) -> Metric:
    metric = items[0].metric
    data: Any = metric.data  # of one of four classes, and the points are of its own kind
    points = [item.point for item in items]
    return Metric(metric.name, metric.description, metric.unit, replace(data, data_points=points))


def _is_finite(point: DataPointT) -> bool:
    numbers = (point.value,) if isinstance(point, NumberDataPoint) else (point.sum, point.min, point.max)
    return all(math.isfinite(number) for number in numbers)
