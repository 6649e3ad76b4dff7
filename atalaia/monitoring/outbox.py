"""The outbox: reports and actions of which operators have not been told yet, kept in the output store.

Before a report or an action is stored, a note of it is put into `state/unsent/`; once it is told, the note is removed.
What is told is made from what is stored and the time that belongs to it, which do not change. So whenever the process
dies, each is told at least once, and what is told twice is the same:

- killed before the report was stored: the note waits for the report, which the next evaluation stores; likewise that of
  an action for its job;
- killed after it was told and before the note was removed, which follow each other at once: it is told again with the
  same ids, values and times, the same to the byte;
- told in one place, while another could not be reached: the note remembers where, and only the other is told later;
- two processes at once: both may tell a report, with the same ids, values and times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from atalaia.decisions import decision_events, decisions_from_json
from atalaia.errors import NotSentError, ObjectNotFoundError, StoredFormError
from atalaia.monitoring.actions import Action, Links, State, action_event, action_from_json, event_of, no_links
from atalaia.monitoring.evidence import in_words
from atalaia.monitoring.layout import (
    actions_prefix,
    all_reports_prefix,
    approvals_prefix,
    is_of_decisions,
    revision_of,
    unsent_prefix,
)
from atalaia.ports import ObjectStore, Point, Sent, Telemetry
from atalaia.report import report_from_json
from atalaia.telemetry import Detail, report_events, report_points
from atalaia.window import iso, parse_time


class Delivered(Struct, frozen=True):
    """What a delivery did: reports and points sent, points dropped by reason, notes left, and why they were left."""

    reports: int
    points: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    left: int = 0
    why: str | None = None

    def __add__(self, later: Delivered) -> Delivered:
        """Return what this and a later delivery did; what is left is what the later one left."""
        dropped = Counter(self.dropped) + Counter(later.dropped)
        return Delivered(self.reports + later.reports, self.points + later.points, dropped, later.left, later.why)


class _Note(Struct, frozen=True):
    """A note: its key, and the key of what it is about."""

    key: str
    about: str


class Outbox:
    """The outbox of one monitor.

    Args:
        monitor: Its name.
        output: The store that holds its reports.
        detail: How much of a report goes into metrics.
        links: Where actions can be approved.

    Attributes:
        noted: Whether anything was announced here since the last delivery.
    """

    def __init__(
        self, monitor: str, output: ObjectStore, detail: Detail = Detail.SUMMARY, links: Links = no_links
    ) -> None:
        self._reports = all_reports_prefix(monitor)
        self._homes = {
            unsent_prefix(monitor, "reports"): self._reports,
            unsent_prefix(monitor, "approvals"): approvals_prefix(monitor),
            unsent_prefix(monitor, "actions"): actions_prefix(monitor),
        }
        self._links = links
        self._monitor = monitor
        self._output = output
        self._detail = detail
        self.noted = False

    def announce(self, key: str) -> None:
        """Note that a report, decisions or an action are to be stored under *key*; who stores them is given this.

        That an action waits for approval is noted by the key of the approval, which somebody else will store.
        """
        self.noted = True
        for notes, home in self._homes.items():
            if key.startswith(home):
                self._output.put(notes + key.removeprefix(home), b"")

    def deliver(self, telemetry: Telemetry, enough_time: Callable[[], bool] = lambda: True) -> Delivered:
        """Tell what is noted, reports first, oldest window first, until one cannot be told or the time runs out."""
        self.noted = False
        notes = list(self._notes())
        reports, points, dropped = 0, 0, Counter[str]()
        for place, note in enumerate(notes):
            if not enough_time():
                return Delivered(reports, points, dropped, len(notes) - place, "no time was left")
            try:
                sent = self._tell(note, telemetry)
            except NotSentError as error:
                return Delivered(reports, points, dropped, len(notes) - place, str(error))
            except ObjectNotFoundError:  # announced, but not stored: the next evaluation does that; or told meanwhile
                continue
            except StoredFormError:  # stored by another release, whose reports this one cannot read
                dropped["unreadable"] += 1
                self._output.delete(note.key)
                continue
            if sent is not None:
                reports, points = reports + self._is_report(note.about), points + sent.points
                dropped.update(sent.dropped)
        return Delivered(reports, points, dropped)

    def _notes(self) -> Iterator[_Note]:
        noted = [info.key for info in self._output.list(unsent_prefix(self._monitor))]
        for prefix, home in self._homes.items():
            names = (key.removeprefix(prefix) for key in noted if key.startswith(prefix))
            order = _by_revision if home == self._reports else None
            yield from (_Note(prefix + name, home + name) for name in sorted(names, key=order))

    def _tell(self, note: _Note, telemetry: Telemetry) -> Sent | None:
        told = self._told(note.about)
        if told is None:
            return None
        heard = frozenset(self._output.get(note.key)[0].decode().split())
        try:
            sent = telemetry.tell(*told, heard)
        except NotSentError as error:
            if not error.heard <= heard:
                self._output.put(note.key, "\n".join(sorted(error.heard | heard)).encode())
            raise
        self._output.delete(note.key)
        return sent

    def _is_report(self, key: str) -> bool:
        return key.startswith(self._reports) and not is_of_decisions(key)

    def _told(self, key: str) -> tuple[Sequence[Mapping[str, Any]], Sequence[Point]] | None:
        """Return the events and points of what is stored under *key*; None if there is nothing to tell of it yet."""
        approvals = approvals_prefix(self._monitor)
        waits = key.startswith(approvals)
        key = actions_prefix(self._monitor) + key.removeprefix(approvals) if waits else key
        data, info = self._output.get(key)
        where = f"{self._output.uri}/{key}"
        if is_of_decisions(key):
            start = parse_time(key.removeprefix(self._reports).partition("/")[0]) or 0
            return list(decision_events(self._monitor, start, decisions_from_json(data, where))), []
        if not key.startswith(self._reports):
            action = action_from_json(data, where)
            if waits:
                return list(self._waiting(action)), []
            event = action_event(self._monitor, action)
            return None if event is None else ([event], [])
        report = report_from_json(data, where)
        events = list(report_events(report, revision_of(key), info.time))
        return events, report_points(report, info.time, self._detail)

    def _waiting(self, action: Action) -> Iterator[Mapping[str, str]]:
        """Yield an event of an action that waits for approval; none if that is over."""
        if action.state is State.PENDING_APPROVAL:
            told = {"time": iso(action.time), "until": iso(action.until), "findings": in_words(action.evidence)}
            yield event_of("approval", self._monitor, action, told | dict(self._links(self._monitor, action)))


def _by_revision(name: str) -> tuple[str, int]:
    return name.rpartition("/")[0], revision_of(name)
