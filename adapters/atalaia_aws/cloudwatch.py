"""Metrics to CloudWatch by PutMetricData."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from atalaia.errors import NotSentError
from atalaia_aws.answers import answer_of
from atalaia_aws.clients import BotoClients
from atalaia_aws.datums import Datum, datums_of
from atalaia_otel.exporter import Encoded, Refusal
from atalaia_otel.items import Item

_MOST_DATUMS = 1000
_MOST_BYTES = 900_000  # of JSON; the call may hold 1 MB, and CBOR, which botocore writes, is shorter than JSON


class CloudWatchChannel(Struct, frozen=True):
    """Sends metrics with PutMetricData.

    Attributes:
        clients: Where the calls go.
        namespace: CloudWatch's name for a set of metrics.
    """

    clients: BotoClients
    namespace: str = "Atalaia"

    @property
    def name(self) -> str:
        """Name of the form of its requests."""
        return "cloudwatch"

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn points into requests that stay within the limits."""
        datums, dropped = datums_of(items)
        requests: list[tuple[bytes, int]] = []
        held: list[bytes] = []
        size = 0
        for datum in datums:
            text = json.dumps(_plain(datum), separators=(",", ":")).encode()
            if held and (len(held) == _MOST_DATUMS or size + len(text) + 1 > _MOST_BYTES):
                requests.append((_request(held), len(held)))
                held, size = [], 0
            held.append(text)
            size += len(text) + 1
        if held:
            requests.append((_request(held), len(held)))
        return Encoded(requests, dropped)

    def post(self, request: bytes, seconds: float) -> Refusal | None:
        """Send one request within *seconds*.

        Raises:
            NotSentError: It was not taken now, but may be later.
        """
        client = self.clients.within("cloudwatch", seconds)
        try:
            client.put_metric_data(Namespace=self.namespace, MetricData=json.loads(request))
        except Exception as error:
            answer = answer_of(error)
            if answer is None:
                raise
            where = f"CloudWatch metrics: {answer.code}"
            if answer.for_good:
                return Refusal(None, f"{where}: {answer.text}")
            advice = "Give this role cloudwatch:PutMetricData." if answer.lacks_rights else "It will be tried again."
            msg = f"{where} ({answer.text}). {advice}"
            raise NotSentError(msg) from error
        return None


def _request(texts: list[bytes]) -> bytes:
    return b"[" + b",".join(texts) + b"]"


def _plain(datum: Datum) -> dict[str, Any]:
    return {
        "MetricName": datum.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in datum.dimensions],
        "Timestamp": datum.milliseconds / 1000,
        "Unit": datum.unit,
        "Value": datum.value,
    }
