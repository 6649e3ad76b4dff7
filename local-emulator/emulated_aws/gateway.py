"""The gate before MiniStack: lets in only what is addressed to the emulator and signed with its credential."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from emulated_aws.asgi import Application, Receive, Scope, Send, headers_of, is_ours, read_body, replay, respond
from emulated_aws.chaos import Chaos
from emulated_aws.lambdas.settings import ASYNCHRONOUS_LIMIT, SYNCHRONOUS_LIMIT
from emulated_aws.otlp import MetricsEndpoint

SignatureCheck = Callable[[str, str, Mapping[str, list[str]], Mapping[str, str], bytes, str], tuple[str, str] | None]
INVOCATION = re.compile(r"/functions/[^/]+/invocations$")
FUNCTION_URL_PATH = "/_aws/lambda-url/"
CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d+)/([^/]*)/([^/]*)/")
JSON_TYPE = {"content-type": "application/x-amz-json-1.1"}
_log = logging.getLogger(__name__)


class Gateway:
    """The application that the endpoint's port serves."""

    def __init__(self, application: Application, check: SignatureCheck, credential: tuple[str, str], chaos: Chaos) -> None:
        self._application = application
        self._check = check
        self._key, self._secret = credential
        self._chaos = chaos
        self.metrics = MetricsEndpoint()
        self.requests = 0
        self.refused = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection's request."""
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
        elif scope["type"] == "http":
            self.requests += 1
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope)
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        if not is_ours(headers.get("host", "")):
            await self._refuse(send, "s3", "AccessDenied", f"{headers.get('host')} is not the emulator.")
            return
        if _is_function_url(headers, scope["path"]):
            await self._application(scope, receive, send)
            return
        key, service = credential_of(headers, query)
        if service != "s3":
            body = await read_body(receive)
            receive = replay(body, receive)
        else:
            body = b""
        fault = self._fault(scope, headers, query, body, key)
        if fault:
            await self._refuse(send, service, *fault)
        elif service == "monitoring" and scope["path"] == "/v1/metrics":
            await self.metrics.serve(headers, body, send)
        elif not await self._strike(scope, headers, body, service, send):
            await self._application(scope, receive, send)

    def _fault(
        self, scope: Scope, headers: Mapping[str, str], query: Mapping[str, list[str]], body: bytes, key: str
    ) -> tuple[str, str] | None:
        """Why the request's credential is not good enough."""
        if not key:
            return "MissingAuthenticationToken", "Missing Authentication Token"
        if key != self._key:
            return "UnrecognizedClientException", f"The security token included in the request is invalid: {key} is not the emulator's."
        raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
        return self._check(scope["method"], raw_path, query, headers, body, self._secret)

    async def _refuse(self, send: Send, service: str, code: str, message: str) -> None:
        self.refused += 1
        _log.warning("refused: %s: %s", code, message)
        if service in ("s3", ""):
            code = {"UnrecognizedClientException": "InvalidAccessKeyId"}.get(code, code)
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
            await respond(send, 403, body.encode(), {"content-type": "application/xml"})
            return
        code = {"SignatureDoesNotMatch": "InvalidSignatureException"}.get(code, code)
        body = json.dumps({"__type": code, "message": message, "Message": message})
        await respond(send, 403, body.encode(), {**JSON_TYPE, "x-amzn-errortype": code})

    async def _strike(self, scope: Scope, headers: Mapping[str, str], body: bytes, service: str, send: Send) -> bool:
        """Answer in MiniStack's stead where a limit or the chaos wants it."""
        if service == "s3":
            for knob, code in (("s3_unavailable", "ServiceUnavailable"), ("s3_slow_down", "SlowDown")):
                if self._chaos.strikes(knob):
                    text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Reduce your request rate.</Message></Error>"
                    await respond(send, 503, text.encode(), {"content-type": "application/xml"})
                    return True
        if service == "lambda" and INVOCATION.search(scope["path"]):
            event = headers.get("x-amz-invocation-type") == "Event"
            limit = ASYNCHRONOUS_LIMIT if event else SYNCHRONOUS_LIMIT
            if len(body) > limit:
                message = f"{len(body)} byte payload is too large for the {'Event' if event else 'RequestResponse'} invocation type (limit {limit} bytes)"
                answer = json.dumps({"Type": "User", "message": message})
                await respond(send, 413, answer.encode(), {**JSON_TYPE, "x-amzn-errortype": "RequestTooLargeException"})
                return True
        return False


def _is_function_url(headers: Mapping[str, str], path: str) -> bool:
    """Function URLs check their callers themselves."""
    return ".lambda-url." in headers.get("host", "") or path.startswith(FUNCTION_URL_PATH)


def credential_of(headers: Mapping[str, str], query: Mapping[str, Any]) -> tuple[str, str]:
    """Access key and service that a request is signed with and for; empty if it is not signed."""
    found = CREDENTIAL.search(headers.get("authorization", ""))
    if found:
        return found[1], found[4]
    [presigned, *_] = query.get("X-Amz-Credential") or [""]
    key, _, scope = presigned.partition("/")
    return (key, scope.split("/")[2]) if scope.count("/") == 3 else ("", "")  # noqa: PLR2004 (date/region/service/aws4_request)
