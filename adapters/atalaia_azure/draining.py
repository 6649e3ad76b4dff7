"""Many messages of a queue in one call: the host hands out one, and what else waits there is taken along.

Event Grid writes a message for each blob, and the Functions host calls once for each message. A call costs more than a
small object, and small objects are profiled together; so the call that is woken by one message receives the others
itself, as long as there is time, and deletes those that are done. What failed others see again after a pause, and a
message that has failed too often goes to the poison queue, as the host does it with its own.

If the process is killed, what it had received is seen again after a while. That another has begun with it by then, as
this one was slow, changes nothing but costs, as it is ingested once; so the while is short. A message that came before
is ingested by itself, so that an object that kills the process takes no others along for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from atalaia.monitoring.service import Arrival, Ingested
from atalaia_azure.events import EventError, arrivals_of
from atalaia_azure.queues import MOST, Message, Queue

MOST_TRIES = 5
"""A message that has failed so often is put aside."""

_BATCH, _BATCH_BYTES = 1024, 256 << 20  # messages whose objects are ingested together: a packet holds 1,000
_HIDDEN_SECONDS = 120  # such a batch takes some tens of them
_AT_ONCE = 8  # messages that are deleted at a time
_PAUSE_SECONDS = 30

Ingest = Callable[[Iterable[Arrival]], Ingested]


class Source(Struct, frozen=True):
    """Where the messages come from.

    Attributes:
        queue: Theirs.
        poison: Where those go that failed too often.
        account: The storage account that they must tell of; empty for any.
    """

    queue: Queue
    poison: Queue
    account: str

    def close(self) -> None:
        """End the connections."""
        self.queue.close()
        self.poison.close()


class Drained(Struct):
    """What became of messages, all together.

    Attributes:
        counts: As of `Ingested.counts`, how many messages there were, and if any, how many were given up.
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
    """What a message tells, how often it was received, and the message itself; None for the one that is the host's."""

    message: Message | None
    text: str
    tries: int
    arrivals: tuple[Arrival, ...] = ()
    fault: str | None = None


class First(Struct, frozen=True):
    """The message that the host handed out: its text, and how often it was received, this time included."""

    text: str
    tries: int = 1


def drain(first: First, source: Source, ingest: Ingest, enough_time: Callable[[], bool]) -> Drained:
    """Ingest what *first* tells of, and what waits in its queue, as long as there is time.

    Raises:
        QueueError: The queue did not answer; what was received is seen again by others after its time.
    """
    drained = Drained({}, {})
    batch = [_told(None, first.text, first.tries, source.account)]
    try:
        while batch:
            more = _receive(source, batch, enough_time)
            for part in _apart(batch):
                done = ingest([arrival for told in part for arrival in told.arrivals])
                drained.add(done, len(part))
                _settle(part, done, source, drained)
            batch = []
            if more:
                _receive(source, batch, enough_time)
    finally:
        source.close()
    return drained


def _receive(source: Source, batch: list[_Told], enough_time: Callable[[], bool]) -> bool:
    """Receive messages until *batch* is full; tell whether more may wait: neither the queue nor the time has ended."""
    while enough_time():
        size = sum(arrival.size or 0 for told in batch for arrival in told.arrivals)
        if len(batch) >= _BATCH or size >= _BATCH_BYTES:
            return True
        received = source.queue.receive(MOST, _HIDDEN_SECONDS)
        if not received:
            return False
        batch += [_told(message, message.text, message.tries, source.account) for message in received]
    return False


def _apart(batch: list[_Told]) -> list[list[_Told]]:
    """Return what is to be ingested together: all that came for the first time, and each of the others alone."""
    again = [told for told in batch if told.tries > 1]
    fresh = [told for told in batch if told.tries == 1]
    return [fresh, *([told] for told in again)] if fresh else [[told] for told in again]


def _told(message: Message | None, text: str, tries: int, account: str) -> _Told:
    try:
        return _Told(message, text, tries, tuple(arrivals_of(text, account)))
    except EventError as error:
        return _Told(message, text, tries, (), str(error))


def _settle(batch: list[_Told], done: Ingested, source: Source, drained: Drained) -> None:
    fine: list[Message] = []
    undone: list[Message] = []
    for told in batch:
        why = told.fault or next((done.failed[a.uri] for a in told.arrivals if a.uri in done.failed), None)
        if told.fault is not None:
            drained.failed["first" if told.message is None else told.message.id] = told.fault
        given_up = why is not None and told.tries >= MOST_TRIES
        if given_up:
            source.poison.put(told.text)
            drained.counts["given_up"] = drained.counts.get("given_up", 0) + 1
        if told.message is None:
            drained.fault = None if given_up else why
        else:
            (fine if why is None or given_up else undone).append(told.message)
    with ThreadPoolExecutor(_AT_ONCE) as several:
        list(several.map(source.queue.delete, fine))
    for message in undone:
        source.queue.release(message, _PAUSE_SECONDS * message.tries)
