"""Readers for every log format."""
