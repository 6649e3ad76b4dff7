"""The environment of an instance: what Azure gives, what the emulator adds, the application's settings. No more."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emulated_azure.functions.settings import App
from emulated_azure.names import IDENTITY_HEADER
from emulated_azure.places import Places
from emulation.loopback import PROXIES


@dataclass(frozen=True, slots=True)
class Platform:
    """What all instances share.

    Attributes:
        python: Runs them; has Microsoft's worker library.
        mark: The argument by which a left instance is found.
        logs: A folder; one file per application.
        scratch: A folder; temporary files of instances.
        certificate: The emulator's own, which clients of its TLS ports have to trust.
    """

    python: Path
    mark: str
    logs: Path
    scratch: Path
    places: Places
    certificate: Path


def app_environment(app: App, platform: Platform) -> dict[str, str]:
    """What every instance of an application sees; settings of its own stand above what Azure gives."""
    places = platform.places
    trusted = {name: str(platform.certificate) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "FUNCTIONS_EXTENSION_VERSION": "~4",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Production",
        "WEBSITE_SITE_NAME": app.name,
        "WEBSITE_SKU": "FlexConsumption",
        "WEBSITE_HOSTNAME": places.at("functions").removeprefix("http://"),
        "AzureWebJobsStorage": places.connection_string,
        "APPLICATIONINSIGHTS_CONNECTION_STRING": places.insights_connection_string,
        "IDENTITY_ENDPOINT": places.at("insights") + "/msi/token",
        "IDENTITY_HEADER": IDENTITY_HEADER,
        "AZURE_STORAGE_ACCOUNT_NAME": places.account,
        "AZURE_STORAGE_ENDPOINT": places.storage("blob"),
        "AZURE_STORAGE_ACCOUNT_KEY": places.account_key,
        "AZURE_ALLOW_HTTP": "true",
        "ATALAIA_ARM_ENDPOINT": places.at("secure"),
        **trusted,
        **app.settings,
        **PROXIES,
    }


def instance_environment(shared: Mapping[str, str], instance: str, scratch: Path) -> dict[str, str]:
    """What one instance sees."""
    return {**shared, "WEBSITE_INSTANCE_ID": instance, "TMPDIR": str(scratch), "HOME": str(scratch)}
