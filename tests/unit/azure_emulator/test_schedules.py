from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulated_azure.functions.cron import Every, schedule_of
from emulated_azure.functions.timer_status import Status, first_status, status_of
from emulated_azure.functions.timespans import seconds_of


def instant(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 */5 * * * *", "2026-11-21T10:02:30", "2026-11-21T10:05:00"),
        ("*/5 * * * *", "2026-11-21T10:05:00", "2026-11-21T10:10:00"),
        ("0 0 2 * * *", "2026-11-21T02:00:00", "2026-11-22T02:00:00"),
        ("30 15 9-17/4 * * mon-fri", "2026-11-20T18:00:00", "2026-11-23T09:15:30"),
        ("0 0 0 1 JAN *", "2026-11-21T00:00:00", "2027-01-01T00:00:00"),
        ("0 0 0 29 2 *", "2026-11-21T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 0 13 * Friday", "2026-11-21T00:00:00", "2027-08-13T00:00:00"),
        ("0 0 0 * * 7", "2026-11-21T00:00:00", "2026-11-22T00:00:00"),
        ("0 5,10 * * * *", "2026-11-21T10:06:00", "2026-11-21T10:10:00"),
    ],
)
def test_a_schedule_fires_when_ncrontab_says(schedule, after, expected):
    assert schedule_of(schedule).next_after(instant(after)) == instant(expected)


@pytest.mark.parametrize("text", ["0 60 * * * *", "* *", "0 0 0 * * noday", "0 5-1 * * * *", "0 */0 * * * *", "often"])
def test_what_is_no_schedule_is_refused(text):
    with pytest.raises(ValueError, match="is no "):
        schedule_of(text)


def test_a_schedule_that_never_fires_is_told():
    with pytest.raises(ValueError, match="never fires"):
        schedule_of("0 0 0 30 2 *").next_after(0)


@given(st.floats(0, 4e9), st.sampled_from(["0 */7 * * * *", "15 1-5 3,9 * * *", "0 0 0 */3 */2 1-5"]))
def test_the_next_firing_is_later_and_the_first(after, text):
    schedule = schedule_of(text)
    first = schedule.next_after(after)

    assert first > after
    assert schedule.next_after(first - 0.5) == first


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:05:00", 300), ("1.02:03:04", 93784), ("00:00:00.5", 0.5), ("24:00:00", 86400)]
)
def test_a_duration_is_read(text, seconds):
    assert seconds_of(text) == seconds
    assert schedule_of(text) == Every(seconds)


def test_a_first_start_has_missed_nothing():
    status, is_past_due = first_status(None, Every(60), 1000)

    assert (status, is_past_due) == (Status(0, 1060, 1000), False)


def test_a_start_after_the_next_firing_has_missed_one():
    before = Status(900, 960, 900)

    assert first_status(before, Every(60), 950) == (before, False)
    assert first_status(before, Every(60), 1e6) == (before, True)


def test_a_changed_schedule_starts_anew_and_has_missed_nothing():
    status, is_past_due = first_status(Status(900, 960, 900), Every(3600), 1e6)

    assert (status.next, is_past_due) == (4500, False)


def test_a_status_is_read_as_it_was_written():
    status = Status(1.7e9, 1.7e9 + 60.25, 1.7e9 + 1)

    assert status_of(status.text().encode()) == status
    assert status_of(b"{}") is None
    assert status_of(b"no json") is None
