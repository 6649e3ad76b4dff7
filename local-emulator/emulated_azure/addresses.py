"""Which part answers where: on the plain port of telemetry, and on the port with TLS."""

from aiohttp import web

from emulated_azure.identity import ARM, LOGS, Identity
from emulated_azure.insights.service import Insights
from emulated_azure.machine_learning import MachineLearning


def plain(insights: Insights, identity: Identity) -> list[web.RouteDef]:
    """Ingestion of telemetry, and managed identity."""
    return [*insights.ingestion_routes(), *identity.managed_routes()]


def secure(insights: Insights, identity: Identity, learning: MachineLearning) -> list[web.RouteDef]:
    """The query API and ARM with Azure ML, both only with a token; OAuth, which gives them."""
    guarded = [*insights.query_routes(identity.guard(LOGS)), *learning.routes(identity.guard(ARM))]
    return [*guarded, *identity.routes()]
