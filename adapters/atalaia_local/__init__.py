"""Where Atalaia runs on one machine: objects in a folder or in memory."""

from __future__ import annotations

from atalaia_local.directory_store import DirectoryStore
from atalaia_local.memory_store import MemoryStore
from atalaia_local.stored_jobs import StoredJobs

__all__ = ["DirectoryStore", "MemoryStore", "StoredJobs"]
