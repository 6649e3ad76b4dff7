"""Telemetry for both clouds: OpenTelemetry metrics, sent when told to, and logs of one JSON line an event."""

from __future__ import annotations

from atalaia_otel.exporter import Channel, Encoded, Exporter, Outcome, Refusal
from atalaia_otel.otlp import OtlpChannel
from atalaia_otel.reader import OnDemandReader
from atalaia_otel.telemetry import JsonLog, SentTelemetry
from atalaia_otel.unsent import UnsentRequests

__all__ = [
    "Channel",
    "Encoded",
    "Exporter",
    "JsonLog",
    "OnDemandReader",
    "OtlpChannel",
    "Outcome",
    "Refusal",
    "SentTelemetry",
    "UnsentRequests",
]
