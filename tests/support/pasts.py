"""Weeks that went by: logs that came day by day, evaluated again and again, on a service whose clock is set."""

from services import MONITOR, Told, make_service
from worlds import lines, moment, rows

POLICY = "policies: [{name: retrain, when: drifted > 0.4, file: true}]\n"


class Starter:
    """Starts every job."""

    def __call__(self, policy, store):
        return self

    def start(self, job):
        return f"job-{job.window}"


def moved(day, n=600):
    """Rows of a day whose numbers are larger and whose words are others."""
    return [{**row, "word": "c"} for row in shifted(day, 5.0, n)]


def shifted(day, by, n=600):
    """Rows of a day whose numbers alone are *by* larger."""
    return [{**row, "x": row["x"] + by} for row in rows(day, n, seed=day)]


def a_past(days, more=POLICY, text=MONITOR, ends=()):
    """Return a service after *days*; the outcomes of *ends* were known as soon as a day's job was started."""
    world = make_service(text + more)
    world.starter, world.telemetry = Starter(), Told()
    world.monitor, world.text = world.watches[0].monitor, text + more
    go_by(world, days, ends)
    return world


def go_by(world, days, ends=()):
    """Let each of *days* (March 2026) bring its rows at noon, evaluated again and again.

    The job that the window of a day of *ends* started has the outcome that stands there, as soon as it was started.
    """
    for day, entries in sorted(days.items()):
        world.now = moment(f"2026-03-{day:02}T12:30:00Z")
        assert not world.service.ingest([world.put(f"{day}.jsonl", lines(entries))]).failed
        for time in (f"{day:02}T13:59", f"{day:02}T18:59", f"{day:02}T23:59", f"{day + 1:02}T02:00"):
            world.now = moment(f"2026-03-{time}:00Z")
            world.service.evaluate(world.telemetry, world.starter)
        if day in ends:
            assert world.service.note_outcome(f"job-202603{day:02}T000000Z", ends[day], world.now)


def a_week():
    """Two days of drift among calm ones."""
    return {day: moved(day) if day in (4, 5) else rows(day, seed=day) for day in range(2, 8)}
