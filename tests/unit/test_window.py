import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.window import SECOND, Window, iso, parse_duration, parse_time, window_at_key, window_of

MOMENT = 1773135965_123456  # 2026-03-10T09:46:05.123456Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("15m", 900), ("6h", 21_600), ("1d", 86_400), ("2w", 1_209_600), (" 3 h ", 10_800)],
)
def test_a_duration_is_a_number_and_a_unit(text, seconds):
    assert parse_duration(text) == seconds * SECOND


@pytest.mark.parametrize("text", ["", "h", "1", "1.5h", "-1h", "1y", "1h30m"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-10T09:46:05.123456Z",
        "2026-03-10T09:46:05.123456789Z",
        "2026-03-10T09:46:05.1234567+00:00",
        "2026-03-10 09:46:05.123456",
        "2026-03-10T10:46:05.123456+01:00",
        "2026-03-10T09:46:05,123456Z",
        dt.datetime(2026, 3, 10, 9, 46, 5, 123456, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 10, 9, 46, 5, 123456),  # noqa: DTZ001  # as tables hold times without a zone
        1773135965123456,
        "1773135965.123456",
        1773135965123456000,
    ],
    ids=repr,
)
def test_every_way_to_write_a_moment_is_read(value):
    assert parse_time(value) == MOMENT


@pytest.mark.parametrize("value", [1773135965, 1773135965000, "1773135965000", 1773135965.0, "1773135965"], ids=repr)
def test_seconds_and_milliseconds_are_told_apart_by_their_size(value):
    assert parse_time(value) == MOMENT // SECOND * SECOND


@pytest.mark.parametrize(
    "value",
    ["", "{%s}", "0001-01-01T00:00:00Z", "1970-01-01", 0, -1, "yesterday", None, True, [], float("nan"), float("inf"),
     "9999-12-31T00:00:00Z", 10**400, -(10**30)],
    ids=repr,
)  # fmt: skip
def test_what_is_no_believable_moment_is_none(value):
    assert parse_time(value) is None


def test_a_compact_date_is_a_moment():
    assert iso(parse_time("20260310")) == "2026-03-10T00:00:00Z"


@given(st.integers(631152000, 7258118399), st.sampled_from(["1m", "15m", "1h", "6h", "1d", "1w", "2w"]))
def test_every_moment_lies_in_its_window_and_windows_tile_time(seconds, width):
    window = window_of(seconds * SECOND, parse_duration(width))

    assert window.start <= seconds * SECOND < window.end
    assert window.end - window.start == parse_duration(width)
    assert window_of(window.end, parse_duration(width)).start == window.end


@given(st.integers(631152000, 7258118399))
def test_a_time_written_is_read_back(seconds):
    assert parse_time(iso(seconds * SECOND)) == seconds * SECOND


def test_days_begin_at_midnight_and_weeks_on_mondays():
    assert iso(window_of(MOMENT, parse_duration("1d")).start) == "2026-03-10T00:00:00Z"
    assert iso(window_of(MOMENT, parse_duration("1w")).start) == "2026-03-09T00:00:00Z"


def test_a_windows_key_gives_back_the_window():
    window = window_of(MOMENT, parse_duration("1h"))

    assert window.key == "20260310T090000Z"
    assert window_at_key(window.key, parse_duration("1h")) == window
    assert window_at_key("notes.txt", parse_duration("1h")) is None


def test_windows_stand_in_the_order_of_time():
    assert Window(0, 10) < Window(10, 20)
