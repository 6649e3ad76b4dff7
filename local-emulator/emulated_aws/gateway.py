"""The gate before MiniStack: lets in only what is addressed to the emulator and signed with its credential."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from emulated_aws.asgi import Application, Receive, Scope, Send, headers_of, read_body, replay, respond
from emulated_aws.knobs import Knobs
from emulated_aws.lambdas.settings import ASYNCHRONOUS_LIMIT, SYNCHRONOUS_LIMIT
from emulated_aws.otlp import MetricsEndpoint
from emulation.chaos import Chaos
from emulation.loopback import is_ours

SignatureCheck = Callable[[str, str, Mapping[str, list[str]], Mapping[str, str], bytes, str], tuple[str, str] | None]
INVOCATION = re.compile(r"/functions/[^/]+/invocations$")
FUNCTION_URL_PATH = "/_aws/lambda-url/"
CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/(\d+)/([^/]*)/([^/]*)/")
JSON_TYPE = {"content-type": "application/x-amz-json-1.1"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One request at the gate.

    Attributes:
        raw_path: As it came, and as it was signed.
        body: Empty for S3.
        key: The access key it is signed with; empty if it is not.
        service: What it is signed for.
    """

    method: str
    path: str
    raw_path: str
    headers: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: bytes
    key: str
    service: str


@dataclass(frozen=True, slots=True)
class Guard:
    """Who is let in.

    Attributes:
        key: The access key of the emulator's credential, which may do all.
        secret: Its secret.
        secret_of: The secret of another access key that was given out, None for an unknown one.
        check: Why a signature is not good, None if it is.
        refusal: Why who has an access key may not send OTLP's metrics, None if it may; nothing else judges that.
    """

    key: str
    secret: str
    secret_of: Callable[[str], str | None]
    check: SignatureCheck
    refusal: Callable[[str], str | None]


class Gateway:
    """The application that the endpoint's port serves."""

    def __init__(self, application: Application, guard: Guard, chaos: Chaos[Knobs]) -> None:
        self._application = application
        self._guard = guard
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
        if not is_ours(headers.get("host", "")):
            await self._refuse(send, "s3", "AccessDenied", f"{headers.get('host')} is not the emulator.")
            return
        query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
        key, service = credential_of(headers, query)
        if not key and _is_function_url(headers, scope["path"]):
            await self._application(scope, receive, send)  # which lets in only whom the URL's AuthType lets in
            return
        body = b"" if service == "s3" else await read_body(receive)  # S3 signs a hash that stands in a header
        if service != "s3":
            receive = replay(body, receive)
        raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
        request = Request(scope["method"], scope["path"], raw_path, headers, query, body, key, service)
        fault = self._fault(request)
        if fault:
            await self._refuse(send, service, *fault)
        elif is_otlp(request):
            await self.metrics.serve(headers, body, send)
        elif not await self._strike(request, receive, send):
            await self._application(scope, receive, send)

    def _fault(self, request: Request) -> tuple[str, str] | None:
        """Why the request's credential is not good enough."""
        if not request.key:
            return "MissingAuthenticationToken", "Missing Authentication Token"
        guard = self._guard
        secret = guard.secret if request.key == guard.key else guard.secret_of(request.key)
        if secret is None:
            message = f"The security token included in the request is invalid: {request.key} is not the emulator's."
            return "UnrecognizedClientException", message
        fault = guard.check(request.method, request.raw_path, request.query, request.headers, request.body, secret)
        refusal = None if fault or not is_otlp(request) else guard.refusal(request.key)
        return ("AccessDeniedException", refusal) if refusal else fault

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

    async def _strike(self, request: Request, receive: Receive, send: Send) -> bool:
        """Answer in MiniStack's stead where a limit or the chaos wants it."""
        code = self._s3_fault() if request.service == "s3" else None
        if code:
            await read_body(receive)  # or the client, still sending, sees a broken connection instead
            text = (
                f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Reduce your request rate.</Message></Error>"
            )
            await respond(send, 503, text.encode(), {"content-type": "application/xml"})
            return True
        message = too_large(request)
        if message:
            answer = json.dumps({"Type": "User", "message": message})
            fault = {"x-amzn-errortype": "RequestTooLargeException"}
            await respond(send, 413, answer.encode(), {**JSON_TYPE, **fault})
        return message is not None

    def _s3_fault(self) -> str | None:
        knobs = (("s3_unavailable", "ServiceUnavailable"), ("s3_slow_down", "SlowDown"))
        return next((code for knob, code in knobs if self._chaos.strikes(knob)), None)


def is_otlp(request: Request) -> bool:
    """Whether the request sends metrics as OpenTelemetry does."""
    return request.service == "monitoring" and request.path == "/v1/metrics"


def too_large(request: Request) -> str | None:
    """Why an invocation's event is too large, None if it is not, or is no invocation."""
    if request.service != "lambda" or not INVOCATION.search(request.path):
        return None
    kind = request.headers.get("x-amz-invocation-type") or "RequestResponse"
    limit = ASYNCHRONOUS_LIMIT if kind == "Event" else SYNCHRONOUS_LIMIT
    size = len(request.body)
    if size <= limit:
        return None
    return f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"


def _is_function_url(headers: Mapping[str, str], path: str) -> bool:
    """Whether the request calls a function by its URL, which need not be signed."""
    return ".lambda-url." in headers.get("host", "") or path.startswith(FUNCTION_URL_PATH)


def credential_of(headers: Mapping[str, str], query: Mapping[str, Any]) -> tuple[str, str]:
    """Access key and service that a request is signed with and for; empty if it is not signed."""
    found = CREDENTIAL.search(headers.get("authorization", ""))
    if found:
        return found[1], found[4]
    [presigned, *_] = query.get("X-Amz-Credential") or [""]
    key, _, scope = presigned.partition("/")
    return (key, scope.split("/")[2]) if scope.count("/") == 3 else ("", "")  # date/region/service/aws4_request
