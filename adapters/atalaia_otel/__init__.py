"""Telemetry for both clouds: OpenTelemetry metrics, sent when told to, and logs of one JSON line an event.

Import from the modules: only some of them load OpenTelemetry.
"""
