"""Application Insights' ingestion: requests of envelopes, with the real result of each.

What became of every envelope is known: taken, refused for good, or to be sent again later. Azure's own exporter keeps
what failed in files of an instance that will be gone, answers True to every flush, and waits for a server that hangs
for minutes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from atalaia.errors import AtalaiaError, NotSentError
from atalaia_azure.envelopes import Envelope, Sender, Spread, lacks, metric
from atalaia_azure.identity import Identity
from atalaia_otel.exporter import Encoded, Refusal
from atalaia_web.wire import Answer, ask

if TYPE_CHECKING:
    from atalaia_otel.items import Item

_MOST_ITEMS, _MOST_BYTES = 500, 1_000_000
_MOST_HOPS = 3
_MOVED = (307, 308)
_LATER = frozenset({401, 402, 403, 404, 408, 429, 439, 500, 502, 503, 504})
"""401 to 404 until someone has mended rights or the resource, 402 and 439 until the day's quota is a new one."""

_AUDIENCE = "https://monitor.azure.com"


class Connection(Struct, frozen=True):
    """Where telemetry goes.

    Attributes:
        key: The instrumentation key.
        url: The address of its ingestion.
        token: Returns a token where ingestion asks for one of Entra ID; None where the key is enough.
    """

    key: str
    url: str
    token: Callable[[], str] | None = None


def connection_of(env: Mapping[str, str], identity: Identity) -> Connection:
    """Read `APPLICATIONINSIGHTS_CONNECTION_STRING` and `APPLICATIONINSIGHTS_AUTHENTICATION_STRING`.

    Raises:
        AtalaiaError: They do not say where telemetry goes.
    """
    told = _pairs(env.get("APPLICATIONINSIGHTS_CONNECTION_STRING", ""))
    told |= _pairs(env.get("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", ""))
    if not told.get("instrumentationkey") or not told.get("ingestionendpoint"):
        msg = (
            "APPLICATIONINSIGHTS_CONNECTION_STRING names no place. Set InstrumentationKey=...;IngestionEndpoint=..., as"
            " the portal shows it."
        )
        raise AtalaiaError(msg)
    audience = told.get("aadaudience", _AUDIENCE).rstrip("/")
    wants_token = told.get("authorization", "").lower() == "aad"
    url = told["ingestionendpoint"].rstrip("/") + "/v2.1/track"
    return Connection(told["instrumentationkey"], url, (lambda: identity.token(audience)) if wants_token else None)


def _pairs(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, _, value in parts}


class Result(Struct, frozen=True):
    """What became of a request's envelopes, by their places: refused for good, and to be sent again later."""

    refused: tuple[int, ...] = ()
    later: tuple[int, ...] = ()
    why: str = ""


class Ingestion:
    """Posts requests to Application Insights, each over a connection of its own: the last one was some calls ago."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._url = connection.url

    def post(self, request: bytes, count: int, seconds: float) -> Result:
        """Send one request of *count* envelopes within *seconds*.

        Raises:
            NotSentError: None was taken now, but they may be later.
        """
        return result_of(self._answer(request, seconds), count)

    def _answer(self, request: bytes, seconds: float) -> Answer:
        headers = {"Content-Type": "application/json"}
        try:
            if self._connection.token is not None:
                headers["Authorization"] = f"Bearer {self._connection.token()}"
            for _ in range(_MOST_HOPS):
                answer = ask("POST", self._url, request, headers, seconds)
                if answer.status not in _MOVED or "location" not in answer.headers:
                    return answer
                self._url = answer.headers["location"]
        except AtalaiaError as error:
            self._url = self._connection.url
            msg = f"Application Insights: {error}"
            raise NotSentError(msg) from error
        self._url = self._connection.url
        msg = f"{self._connection.url}: it was led on {_MOST_HOPS} times. Correct the connection string."
        raise NotSentError(msg)


def result_of(answer: Answer, count: int) -> Result:
    """Read what became of a request of *count* envelopes.

    Raises:
        NotSentError: None was taken now, but they may be later.
    """
    if answer.status == 206:
        return _partly(answer, count)
    if 200 <= answer.status < 300:
        return Result()
    why = f"Application Insights: HTTP status {answer.status} ({answer.text[:200]})"
    if answer.status in _LATER or answer.status >= 500:
        advice = " Correct its key, rights or token." if answer.status in (401, 403, 404) else ""
        msg = f"{why}. It will be tried again.{advice}"
        raise NotSentError(msg)
    return Result(refused=tuple(range(count)), why=why)


def _partly(answer: Answer, count: int) -> Result:
    """Read which envelopes were not taken; where it does not say which, none of them can be sent again."""
    refused: list[int] = []
    later: list[int] = []
    why = ""
    for fault in _faults(answer.body):
        place, status = fault.get("index"), fault.get("statusCode")
        if isinstance(place, int) and 0 <= place < count:
            (later if status in _LATER else refused).append(place)
            why = f"Application Insights: {status} ({str(fault.get('message', ''))[:200]})"
    return Result(tuple(sorted(set(refused))), tuple(sorted(set(later))), why)


def _faults(body: bytes) -> Iterable[Mapping[str, Any]]:
    try:
        told = json.loads(body)
    except ValueError:
        return ()
    faults = told.get("errors") if isinstance(told, dict) else None
    return [fault for fault in faults if isinstance(fault, dict)] if isinstance(faults, list) else ()


def packed(envelopes: Iterable[Envelope]) -> list[list[bytes]]:
    """Encode envelopes, and divide them into requests within the limits."""
    requests: list[list[bytes]] = []
    size = 0
    for envelope in envelopes:
        text = msgspec.json.encode(envelope)
        if not requests or len(requests[-1]) == _MOST_ITEMS or size + len(text) > _MOST_BYTES:
            requests.append([])
            size = 0
        requests[-1].append(text)
        size += len(text) + 1
    return requests


def body_of(texts: Iterable[bytes]) -> bytes:
    """Return the body of a request with these envelopes."""
    return b"[" + b",".join(texts) + b"]"


class InsightsChannel:
    """Sends metrics to Application Insights.

    Args:
        connection: Where to.
        tags: Names this process, such as `ai.cloud.role`.
    """

    def __init__(self, connection: Connection, tags: Mapping[str, str] | None = None) -> None:
        self.sender = Sender(connection.key, tags or {})
        self.ingestion = Ingestion(connection)

    @property
    def name(self) -> str:
        """Name of the form of its requests."""
        return "application-insights"

    def encode(self, items: Sequence[Item]) -> Encoded:
        """Turn points into requests that stay within the limits."""
        kept, dropped = [], Counter[str]()
        for item in items:
            name, value, pairs = item.metric.name, value_of(item.point), pairs_of(item.point)
            reason = lacks(name, value, pairs)
            if reason is None:
                kept.append(metric(self.sender, name, value, pairs, item.point.time_unix_nano // 1000))
            else:
                dropped[reason] += 1
        return Encoded([(body_of(texts), len(texts)) for texts in packed(kept)], dropped)

    def post(self, request: bytes, seconds: float) -> Refusal | None:
        """Send one request within *seconds*.

        Raises:
            NotSentError: It was not taken now, but may be later.
        """
        texts = msgspec.json.decode(request, type=list[msgspec.Raw])
        result = self.ingestion.post(request, len(texts), seconds)
        if not result.refused and not result.later:
            return None
        again = [bytes(texts[place]) for place in result.later]
        return Refusal(len(result.refused), result.why, (body_of(again), len(again)) if again else None)


def value_of(point: Any) -> float | Spread:
    """Return a number's value; of a histogram what Application Insights keeps of it, which is no percentile."""
    if hasattr(point, "bucket_counts") or hasattr(point, "scale"):
        return Spread(point.count, point.sum, point.min, point.max)
    return float(point.value)


def pairs_of(point: Any) -> list[tuple[str, str]]:
    """Return a point's attributes as text."""
    return [(name, str(value)) for name, value in (point.attributes or {}).items()]
