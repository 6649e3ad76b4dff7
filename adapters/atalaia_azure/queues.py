"""A storage queue over its REST API: the few calls that ingesting needs, without an SDK.

azure-storage-queue would take 0.3 s more of a cold start. Connections are kept until `close`, one for each thread that
asks at the same time, so that messages are deleted a few at a time.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from msgspec import Struct

from atalaia.errors import AtalaiaError
from atalaia_azure.identity import Token
from atalaia_azure.shared_key import VERSION, SharedKey
from atalaia_web.wire import Answer, Host, NoAnswerError

MOST = 32
"""Messages that one request gives out at most."""

_SECONDS = 10.0
_TRIES = 3
_RESOURCE = "https://storage.azure.com"
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class QueueError(AtalaiaError):
    """The queue refused, or did not answer."""


class Message(Struct, frozen=True):
    """A message that was received: it is hidden from others until some time, and must be deleted before.

    Attributes:
        id: Its own, always the same.
        receipt: What this receiver has to show to delete it.
        tries: How often it was received, this time included.
        text: What was put into the queue.
    """

    id: str
    receipt: str
    tries: int
    text: str


Signer = Callable[[str, str, Mapping[str, str]], dict[str, str]]
"""From method, URL and headers to all headers of a request that shows who asks."""


class Queue:
    """One storage queue.

    Args:
        url: Its address, such as `https://account.queue.core.windows.net/name`.
        sign: Signs requests.
    """

    def __init__(self, url: str, sign: Signer) -> None:
        self.url = url.rstrip("/")
        self._sign = sign
        self._free: list[Host] = []

    def receive(self, most: int, hidden_seconds: int) -> list[Message]:
        """Return up to *most* messages, at most `MOST`, that no one else will see for so many seconds.

        Raises:
            QueueError: None could be received.
        """
        asked = {"numofmessages": most, "visibilitytimeout": hidden_seconds}
        answer = self._ask("GET", f"/messages?{urlencode(asked)}")
        told = ET.fromstring(answer.body)  # noqa: S314 - the service's own answer, and expat limits what entities become
        return [_message(each) for each in told.iter("QueueMessage")]

    def delete(self, message: Message) -> bool:
        """Remove a message; False if it is another receiver's by now, or gone.

        Raises:
            QueueError: It is not known whether it was removed.
        """
        asked = urlencode({"popreceipt": message.receipt})
        answer = self._ask("DELETE", f"/messages/{quote(message.id)}?{asked}", fine=(204, 400, 404))
        return answer.status == 204

    def release(self, message: Message, seconds: int) -> None:
        """Let others see a message again after so many seconds; if it is another receiver's by now, it stays so.

        Raises:
            QueueError: They will see it when its time is over.
        """
        asked = urlencode({"popreceipt": message.receipt, "visibilitytimeout": seconds})
        self._ask("PUT", f"/messages/{quote(message.id)}?{asked}", fine=(204, 400, 404))

    def put(self, text: str) -> None:
        """Add a message; the queue is made if there is none.

        Raises:
            QueueError: It is not known whether it was added.
        """
        body = f"<QueueMessage><MessageText>{html.escape(text)}</MessageText></QueueMessage>".encode()
        if self._ask("POST", "/messages", body, fine=(201, 404)).status == 404:
            self.make()
            self._ask("POST", "/messages", body, fine=(201,))

    def make(self) -> None:
        """Make the queue, unless it is there.

        Raises:
            QueueError: It could not be made.
        """
        self._ask("PUT", "", fine=(201, 204))

    def _ask(self, method: str, rest: str, body: bytes = b"", fine: tuple[int, ...] = (200,)) -> Answer:
        headers = {"Content-Length": str(len(body))} if body else {}
        headers |= {"Content-Type": "application/xml"} if body else {}
        for attempt in range(_TRIES):
            last = attempt + 1 == _TRIES
            try:
                signed = self._sign(method, self.url + rest, headers)
                answer = self._answer(method, self.url + rest, body, signed)
            except NoAnswerError as error:
                if last:
                    raise QueueError(str(error)) from error
                continue
            if answer.status in fine:
                return answer
            if last or answer.status not in _PASSING:
                msg = (
                    f"{self.url}: HTTP status {answer.status} ({answer.headers.get('x-ms-error-code', '')}). {_ADVICE}"
                )
                raise QueueError(msg)
            time.sleep(0.2 * 2**attempt)
        raise AssertionError

    def _answer(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            host = self._free.pop()
        except IndexError:
            host = Host(self.url)
        try:
            return host.ask(method, url, body, headers, _SECONDS)
        finally:
            self._free.append(host)

    def close(self) -> None:
        """End the connections; the next request opens another."""
        while self._free:
            self._free.pop().close()


_ADVICE = "Look whether the queue is there, and give this app the right to read, add and delete its messages."


def _message(told: ET.Element) -> Message:
    text = {child.tag: child.text or "" for child in told}
    return Message(text["MessageId"], text["PopReceipt"], int(text["DequeueCount"]), text["MessageText"])


def queue_of(env: Mapping[str, str], name: str, token: Token, clock: Callable[[], float] = time.time) -> Queue:
    """Return the queue of that name in the app's own storage account, as `AzureWebJobsStorage` names it.

    Raises:
        AtalaiaError: The settings name no account.
    """
    held = dict(part.split("=", 1) for part in env.get("AzureWebJobsStorage", "").split(";") if "=" in part)
    account = held.get("AccountName") or env.get("AzureWebJobsStorage__accountName", "")
    url = held.get("QueueEndpoint") or env.get("AzureWebJobsStorage__queueServiceUri") or _address(account, held)
    if held.get("AccountKey"):
        key = SharedKey(account, held["AccountKey"])
        return Queue(f"{url.rstrip('/')}/{name}", lambda method, at, headers: key.sign(method, at, headers, clock()))

    def bearing(method: str, at: str, headers: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG001 - a Signer's
        return {**headers, "x-ms-version": VERSION, "Authorization": f"Bearer {token(_RESOURCE)}"}

    return Queue(f"{url.rstrip('/')}/{name}", bearing)


def _address(account: str, held: Mapping[str, str]) -> str:
    if not account:
        msg = "AzureWebJobsStorage names no storage account. Set it, or AzureWebJobsStorage__accountName."
        raise AtalaiaError(msg)
    scheme, ending = held.get("DefaultEndpointsProtocol", "https"), held.get("EndpointSuffix", "core.windows.net")
    return f"{scheme}://{account}.queue.{ending}"
