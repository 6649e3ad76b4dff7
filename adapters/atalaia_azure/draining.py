"""Many messages of a queue in one call: the host hands out one, and what else waits there is taken along.

Event Grid writes a message for each blob, and the Functions host calls once for each message. A call costs more than a
small object, and small objects are profiled together; so the call that is woken by one message receives the others
itself, as long as there is time, and deletes those that are done. What failed others see again after a pause, and a
message that has failed too often goes to the poison queue, as the host does it with its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from atalaia.monitoring.service import Arrival, Ingested
from atalaia_azure.events import EventError, arrivals_of
from atalaia_azure.queues import MOST, Message, Queue

MOST_TRIES = 5
"""A message that has failed so often is put aside, as host.json has it for the host's own."""

_BATCH = 1024  # messages whose objects are ingested together: a packet holds 1,000
_AT_ONCE = 8  # messages that are deleted at a time
_PAUSE_SECONDS = 30

Ingest = Callable[[Iterable[Arrival]], Ingested]


class Source(Struct, frozen=True):
    """Where the messages come from.

    Attributes:
        queue: Theirs.
        poison: Where those go that failed too often.
        account: The storage account that they must tell of; empty for any.
        hidden_seconds: Tells how long a message that is received now must stay hidden from others.
    """

    queue: Queue
    poison: Queue
    account: str
    hidden_seconds: Callable[[], int]

    def close(self) -> None:
        """End the connections."""
        self.queue.close()
        self.poison.close()


class Drained(Struct):
    """What became of messages, all together.

    Attributes:
        counts: As of `Ingested.counts`, and how many messages there were.
        failed: By URI or by a message's id, why it could not be ingested now.
        fault: Why the message that the host handed out must come again; None if it is done.
    """

    counts: dict[str, int]
    failed: dict[str, str]
    fault: str | None = None

    def add(self, done: Ingested, messages: int) -> None:
        """Add what became of a batch."""
        for name, count in {**done.counts(), "messages": messages}.items():
            self.counts[name] = self.counts.get(name, 0) + count
        self.failed |= done.failed

    def demand_first(self) -> None:
        """Do nothing if the message that the host handed out is done.

        Raises:
            EventError: It must be delivered again.
        """
        if self.fault is not None:
            raise EventError(self.fault)


class _Told(Struct, frozen=True):
    """A message, None for the one that is the host's, and what it tells."""

    message: Message | None
    arrivals: tuple[Arrival, ...] = ()
    fault: str | None = None


def drain(first: str, source: Source, ingest: Ingest, enough_time: Callable[[], bool]) -> Drained:
    """Ingest what *first* tells of, and what waits in its queue, as long as there is time.

    Raises:
        QueueError: The queue did not answer; what was received is seen again by others after its time.
    """
    drained = Drained({}, {})
    batch = [_told(None, first, source.account)]
    try:
        while batch:
            batch += _received(source, _BATCH - len(batch), enough_time)
            done = ingest([arrival for told in batch for arrival in told.arrivals])
            drained.add(done, len(batch))
            _settle(batch, done, source, drained)
            batch = _received(source, MOST, enough_time) if len(batch) >= _BATCH else []
    finally:
        source.close()
    return drained


def _received(source: Source, most: int, enough_time: Callable[[], bool]) -> list[_Told]:
    """Receive up to *most* messages and a few more, unless the queue is empty before, or the time is up."""
    batch: list[_Told] = []
    while len(batch) < most and enough_time():
        received = source.queue.receive(MOST, source.hidden_seconds())
        if not received:
            break
        batch += [_told(message, message.text, source.account) for message in received]
    return batch


def _told(message: Message | None, text: str, account: str) -> _Told:
    try:
        return _Told(message, tuple(arrivals_of(text, account)))
    except EventError as error:
        return _Told(message, (), str(error))


def _settle(batch: list[_Told], done: Ingested, source: Source, drained: Drained) -> None:
    fine: list[Message] = []
    undone: list[Message] = []
    for told in batch:
        why = told.fault or next((done.failed[a.uri] for a in told.arrivals if a.uri in done.failed), None)
        if told.fault is not None:
            drained.failed["first" if told.message is None else told.message.id] = told.fault
        if told.message is None:
            drained.fault = why
        else:
            (fine if why is None else undone).append(told.message)
    with ThreadPoolExecutor(_AT_ONCE) as several:
        list(several.map(source.queue.delete, fine))
    for message in undone:
        _give_back(message, source)


def _give_back(message: Message, source: Source) -> None:
    if message.tries < MOST_TRIES:
        source.queue.release(message, _PAUSE_SECONDS * message.tries)
    else:
        source.poison.put(message.text)
        source.queue.delete(message)
