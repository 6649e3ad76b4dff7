"""Instants as Azure writes them."""

from datetime import UTC, datetime


def iso(unix_time: float) -> str:
    """Seven digits after the point, as .NET has."""
    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
