"""Stores in Blob Storage, by the environment's settings."""

from __future__ import annotations

from collections.abc import Mapping

from atalaia_obstore.patience import Patience
from atalaia_obstore.store import CloudStore, open_store

_NAMES = {
    "account_name": "AZURE_STORAGE_ACCOUNT_NAME",
    "account_key": "AZURE_STORAGE_ACCOUNT_KEY",
    "endpoint": "AZURE_STORAGE_ENDPOINT",
}


def open_container(uri: str, patience: Patience, env: Mapping[str, str]) -> CloudStore:
    """Open `az://container/folder`, with the account's key if there is one, else with this process's own identity.

    Args:
        uri: Where; the folder may be absent.
        patience: How long to go on trying.
        env: `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`, `AZURE_STORAGE_ENDPOINT` of another account's
            kind or of an emulator, the platform's `IDENTITY_ENDPOINT`, and what obstore reads itself.
    """
    config = {key: env[name] for key, name in _NAMES.items() if env.get(name)}
    if "account_key" not in config and env.get("IDENTITY_ENDPOINT"):
        config["msi_endpoint"] = env["IDENTITY_ENDPOINT"]
    return open_store(uri, patience, **config)
