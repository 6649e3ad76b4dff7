"""Blob and queue storage: Azurite, a front before it that raises events and fails on request, and a client."""
