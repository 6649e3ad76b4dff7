"""Metrics: pure functions that measure."""
