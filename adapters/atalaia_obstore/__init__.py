"""Objects in S3 and Azure Blob Storage, through obstore, which is imported when a store is first used."""

from __future__ import annotations

from atalaia_obstore.clients import Clients
from atalaia_obstore.patience import Patience
from atalaia_obstore.store import CloudStore, open_store

__all__ = ["Clients", "CloudStore", "Patience", "open_store"]
