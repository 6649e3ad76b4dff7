"""The outbox: reports of which logs and metrics have not been told yet, kept in the output store.

Before a report is stored, a note of it is put into `state/unsent/reports/`; once its points are sent and its events
logged, the note is removed. What is told is made from the stored report and the time at which it was stored, which do
not change. So whenever the process dies, each report is told at least once, and what is told twice is the same:

- killed before the report was stored: the note waits for the report, which the next evaluation stores;
- killed after it was told and before the note was removed, which follow each other at once: the points are sent again
  with the same values and times, the events logged again, the same to the byte;
- points that could not be sent: the note remembers that the events were logged, and only the points are sent later;
- two processes at once: both may tell a report, with the same ids, values and times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from atalaia.errors import NotSentError, ObjectNotFoundError, StoredFormError
from atalaia.monitoring.layout import all_reports_prefix, revision_of, unsent_prefix
from atalaia.ports import ObjectStore, Sent, Telemetry
from atalaia.report import report_from_json
from atalaia.telemetry import Detail, report_events, report_points

_NEW, _LOGGED = b"", b"logged\n"


class Delivered(Struct, frozen=True):
    """What a delivery did: reports and points sent, points dropped by reason, notes left, and why they were left."""

    reports: int
    points: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    left: int = 0
    why: str | None = None


class Outbox:
    """The outbox of one monitor.

    Args:
        monitor: Its name.
        output: The store that holds its reports.
        detail: How much of a report goes into metrics.
    """

    def __init__(self, monitor: str, output: ObjectStore, detail: Detail = Detail.SUMMARY) -> None:
        self._reports = all_reports_prefix(monitor)
        self._notes = unsent_prefix(monitor, "reports")
        self._output = output
        self._detail = detail

    def announce(self, key: str) -> None:
        """Note that a report is about to be stored under *key*; an Evaluator does so if it is given this method."""
        self._output.put(self._notes + key.removeprefix(self._reports), _NEW)

    def deliver(self, telemetry: Telemetry, enough_time: Callable[[], bool] = lambda: True) -> Delivered:
        """Tell every report that is noted, oldest window first, until one cannot be sent or the time runs out."""
        notes = sorted((info.key for info in self._output.list(self._notes)), key=_order)
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
                self._output.delete(note)
                continue
            reports, points = reports + 1, points + sent.points
            dropped.update(sent.dropped)
        return Delivered(reports, points, dropped)

    def _tell(self, note: str, telemetry: Telemetry) -> Sent:
        key = self._reports + note.removeprefix(self._notes)
        data, info = self._output.get(key)
        report = report_from_json(data, f"{self._output.uri}/{key}")
        logged = self._output.get(note)[0] == _LOGGED
        events = () if logged else report_events(report, revision_of(key), info.time)
        try:
            sent = telemetry.send(report_points(report, info.time, self._detail))
        except NotSentError:
            if not logged:
                telemetry.log(events)
                self._output.put(note, _LOGGED)
            raise
        telemetry.log(events)
        self._output.delete(note)
        return sent


def _order(note: str) -> tuple[str, int]:
    return note.rpartition("/")[0], revision_of(note)
