"""Where everything of the emulated Azure answers, and the account it has."""

from collections.abc import Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses without a slash at the end.

    Attributes:
        ports: Of our own listeners, by name.
        azurite: Azurite's own ports: blob, queue, table.
    """

    ports: Mapping[str, int]
    azurite: Mapping[str, int]
    account: str
    account_key: str
    instrumentation_key: str

    def at(self, name: str) -> str:
        """Our own listener *name*."""
        return f"{'https' if name == 'secure' else 'http'}://{HOST}:{self.ports[name]}"

    def storage(self, service: str) -> str:
        """The account's endpoint of blob or queue (through the front) or table."""
        port = self.azurite[service] if service == "table" else self.ports[service]
        return f"http://{HOST}:{port}/{self.account}"

    @property
    def connection_string(self) -> str:
        """As applications get it."""
        ends = "".join(f"{each.title()}Endpoint={self.storage(each)};" for each in ("blob", "queue", "table"))
        return f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={self.account_key};{ends}"

    @property
    def insights_connection_string(self) -> str:
        """As applications get it."""
        return f"InstrumentationKey={self.instrumentation_key};IngestionEndpoint={self.at('insights')}/"
