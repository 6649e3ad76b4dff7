"""CloudWatch's own OTLP endpoint for metrics: /v1/metrics, with its limits; what came is kept, to be read."""

import base64
import gzip
import json
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, Parse, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from emulated_aws.asgi import Send, respond

MAX_BYTES = 1_048_576
MAX_POINTS = 1000
MAX_ATTRIBUTES = 150
KEPT_POINTS = 200_000
KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


class MetricsEndpoint:
    """Takes points; the last ones are kept."""

    def __init__(self) -> None:
        self.points: deque[dict[str, Any]] = deque(maxlen=KEPT_POINTS)
        self.requests = 0

    async def serve(self, headers: Mapping[str, str], body: bytes, send: Send) -> None:
        """Answer one export whose signature is right."""
        self.requests += 1
        as_json = "json" in headers.get("content-type", "")
        try:
            points = list(self._points(headers, body, as_json=as_json))
        except (ValueError, DecodeError, ParseError, OSError) as error:
            answer = json.dumps({"message": str(error)}).encode()
            await respond(send, 400, answer, {"content-type": "application/json"})
            return
        self.points.extend(points)
        if as_json:
            await respond(send, 200, b"{}", {"content-type": "application/json"})
        else:
            answer = ExportMetricsServiceResponse().SerializeToString()
            await respond(send, 200, answer, {"content-type": "application/x-protobuf"})

    def _points(self, headers: Mapping[str, str], body: bytes, *, as_json: bool) -> Iterator[dict[str, Any]]:
        raw = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        if len(raw) > MAX_BYTES:
            message = f"The request has {len(raw)} bytes uncompressed, more than {MAX_BYTES}."
            raise ValueError(message)
        request = ExportMetricsServiceRequest()
        if as_json:
            Parse(raw, request, ignore_unknown_fields=True)
        else:
            request.ParseFromString(raw)
        points = list(points_of(MessageToDict(request)))
        if len(points) > MAX_POINTS:
            message = f"The request has {len(points)} data points, more than {MAX_POINTS}."
            raise ValueError(message)
        for point in points:
            if len(point["attributes"]) + len(point["resource"]) > MAX_ATTRIBUTES:
                message = f"A data point of {point['name']} has more than {MAX_ATTRIBUTES} labels."
                raise ValueError(message)
        return iter(points)


def points_of(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each data point, flat: name, unit, kind, temporality, resource, attributes, and its own fields."""
    for resource in request.get("resourceMetrics", []):
        named = attributes_of(resource.get("resource", {}))
        for scope in resource.get("scopeMetrics", []):
            for metric in scope.get("metrics", []):
                yield from _points_of_metric(metric, named)


def _points_of_metric(metric: Mapping[str, Any], resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        for point in metric.get(kind, {}).get("dataPoints", []):
            yield {
                "name": metric.get("name", ""),
                "unit": metric.get("unit", ""),
                "kind": kind,
                "temporality": metric[kind].get("aggregationTemporality", ""),
                "resource": dict(resource),
                **point,
                "attributes": attributes_of(point),
            }


def attributes_of(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Key-value pairs as a mapping."""
    return {each["key"]: _value(each.get("value", {})) for each in holder.get("attributes", [])}


def _value(value: Mapping[str, Any]) -> Any:
    if "arrayValue" in value:
        return [_value(each) for each in value["arrayValue"].get("values", [])]
    if "bytesValue" in value:
        return base64.b64decode(value["bytesValue"]).hex()
    if "intValue" in value:
        return int(value["intValue"])
    return next(iter(value.values()), None)
