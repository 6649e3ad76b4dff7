"""Who asks: App Service's managed identity, OAuth and OpenID discovery, and the guard before ARM and queries."""

import uuid
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from emulated_azure.ports import Guard, Handler
from emulated_azure.tokens import LIFETIME_SECONDS, TENANT, TokenError, Tokens

ARM = ("https://management.azure.com", "https://management.core.windows.net", "https://ml.azure.com")
LOGS = ("https://api.loganalytics.io", "https://api.loganalytics.azure.com", "https://api.applicationinsights.io")
IDENTITY_API = "2019-08-01"
MANAGED = "00000000-0000-0000-0000-000000000006"


class Identity:
    """One tenant.

    Args:
        header: What `IDENTITY_HEADER` holds in an app: who asks for the app's token must show it.
    """

    def __init__(self, header: str) -> None:
        self._tokens = Tokens()
        self._header = header

    def token(self, audience: str) -> str:
        """A token for *audience*, such as https://management.azure.com."""
        return self._tokens.make(audience, MANAGED)[0]

    def managed_routes(self) -> list[web.RouteDef]:
        """Managed identity, over HTTP."""
        return [web.get("/msi/token", self._managed)]

    def routes(self) -> list[web.RouteDef]:
        """OAuth and discovery, over TLS."""
        return [
            web.get("/common/discovery/instance", self._instance),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            web.get("/{tenant}/.well-known/openid-configuration", self._configuration),
            web.get("/{tenant}/discovery/v2.0/keys", self._keys),
            web.post("/{tenant}/oauth2/v2.0/token", self._token),
            web.post("/{tenant}/oauth2/token", self._token),
        ]

    def application(self) -> web.Application:
        """All of it alone."""
        application = web.Application()
        application.add_routes([*self.managed_routes(), *self.routes()])
        return application

    def guard(self, audiences: Collection[str]) -> Guard:
        """Let in who has a token for one of *audiences*, or for the address it is sent to."""

        def guarded(handler: Handler) -> Handler:
            async def handle(request: web.Request) -> web.StreamResponse:
                refusal = self._refusal(request, audiences)
                return await handler(request) if refusal is None else refusal

            return handle

        return guarded

    def _refusal(self, request: web.Request, audiences: Collection[str]) -> web.Response | None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            message = "Authentication failed. The 'Authorization' header is missing."
            return _unauthorized(401, "AuthenticationFailed", message)
        try:
            audience = str(self._tokens.claims(token)["aud"])
        except TokenError as error:
            return _unauthorized(401, "InvalidAuthenticationToken", str(error))
        allowed = (*audiences, f"https://{request.host}")
        if audience.rstrip("/") in allowed or _origin(audience) == allowed[-1]:
            return None
        message = (
            f"The access token has been obtained from wrong audience or resource '{audience}'. It should exactly match "
            f"(including forward slash) with one of the allowed audiences {', '.join(repr(each) for each in allowed)}."
        )
        return _unauthorized(
            403 if request.path.startswith("/v1/") else 401, "InvalidAuthenticationTokenAudience", message
        )

    async def _managed(self, request: web.Request) -> web.Response:
        if request.headers.get("X-IDENTITY-HEADER") != self._header:
            return web.json_response(
                {"statusCode": 401, "message": "X-IDENTITY-HEADER is missing or wrong."}, status=401
            )
        if request.query.get("api-version") != IDENTITY_API or not request.query.get("resource"):
            message = f"api-version must be {IDENTITY_API}, and resource name what the token is for."
            return web.json_response({"statusCode": 400, "message": message}, status=400)
        resource = request.query["resource"]
        client = request.query.get("client_id", MANAGED)
        token, ends = self._tokens.make(resource, client)
        told = {"access_token": token, "expires_on": str(ends), "resource": resource, "token_type": "Bearer"}
        return web.json_response(told | {"client_id": client})

    async def _instance(self, request: web.Request) -> web.Response:
        here = f"https://{request.host}"
        names = {"preferred_network": request.host, "preferred_cache": request.host, "aliases": [request.host]}
        endpoint = f"{here}/{TENANT}/v2.0/.well-known/openid-configuration"
        return web.json_response(
            {"tenant_discovery_endpoint": endpoint, "api-version": "1.1", "metadata": [names]},
        )

    async def _configuration(self, request: web.Request) -> web.Response:
        here = f"https://{request.host}/{request.match_info['tenant']}"
        return web.json_response(
            {
                "issuer": f"{here}/v2.0",
                "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
                "token_endpoint": f"{here}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "jwks_uri": f"{here}/discovery/v2.0/keys",
                "response_types_supported": ["code", "token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "tenant_region_scope": "EU",
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response(self._tokens.published())

    async def _token(self, request: web.Request) -> web.Response:
        asked = await request.post()
        scope = str(asked.get("scope") or asked.get("resource") or "")
        if asked.get("grant_type") != "client_credentials":
            return _oauth_error("unsupported_grant_type", "AADSTS70003: only client_credentials is emulated.")
        if not asked.get("client_secret") and not asked.get("client_assertion"):
            return _oauth_error("invalid_client", "AADSTS7000216: client_assertion or client_secret is required.")
        audience = next((each for each in scope.split() if each not in ("openid", "profile", "offline_access")), "")
        if not audience:
            return _oauth_error("invalid_scope", "AADSTS1002012: scope must name a resource and /.default.")
        token, _ = self._tokens.make(audience.removesuffix("/.default"), str(asked.get("client_id", MANAGED)))
        told = {"token_type": "Bearer", "expires_in": LIFETIME_SECONDS, "ext_expires_in": LIFETIME_SECONDS}
        return web.json_response(told | {"access_token": token})


def _origin(audience: str) -> str:
    parts = urlsplit(audience)
    return f"{parts.scheme}://{parts.netloc}"


def _unauthorized(status: int, code: str, message: str) -> web.Response:
    challenge = {
        "WWW-Authenticate": f'Bearer authorization_uri="https://login.windows.net/{TENANT}", error="invalid_token"'
    }
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=challenge)


def _oauth_error(error: str, description: str) -> web.Response:
    told: dict[str, Any] = {"error": error, "error_description": description, "correlation_id": str(uuid.uuid4())}
    return web.json_response(told, status=401 if error == "invalid_client" else 400)
