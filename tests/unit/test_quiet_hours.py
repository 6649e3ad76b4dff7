import pytest
from hypothesis import given
from hypothesis import strategies as st

from atalaia.quiet_hours import parse_quiet, quiet_until
from atalaia.window import SECOND, iso, parse_time

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("quiet", "time", "over"),
    [
        (["22:00-06:00"], "2026-11-22T21:59:59Z", "2026-11-22T21:59:59Z"),
        (["22:00-06:00"], "2026-11-22T22:00:00Z", "2026-11-23T06:00:00Z"),
        (["22:00-06:00"], "2026-11-23T05:59:59Z", "2026-11-23T06:00:00Z"),
        (["22:00-06:00"], "2026-11-23T06:00:00Z", "2026-11-23T06:00:00Z"),
        (["Sat-Sun"], "2026-11-21T10:00:00Z", "2026-11-23T00:00:00Z"),
        (["Sat"], "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        (["Sat-Mon"], "2026-11-21T10:00:00Z", "2026-11-24T00:00:00Z"),
        (["Fri 18:00-24:00", "sat-sun", "Mon 00:00-06:00"], "2026-11-20T19:00:00Z", "2026-11-23T06:00:00Z"),
        (["Sun 22:00-06:00"], "2026-11-23T02:00:00Z", "2026-11-23T06:00:00Z"),
        (["Sun 22:00 - 6:00"], "2026-11-24T02:00:00Z", "2026-11-24T02:00:00Z"),
        ([], "2026-11-24T02:00:00Z", "2026-11-24T02:00:00Z"),
    ],
)
def test_quiet_hours_end_across_midnight_and_the_week(quiet, time, over):
    assert iso(quiet_until(parse_time(time), quiet)) == over


@pytest.mark.parametrize("quiet", [["Mon-Sun"], ["00:00-24:00"], ["06:00-22:00", "22:00-06:00"]])
def test_hours_that_never_end_are_told(quiet):
    assert quiet_until(0, quiet) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "22:00",
        "Foo",
        "Sat-Foo",
        "Sat 25:00-26:00",
        "10:60-11:00",
        "22:00-22:00",
        "Sat-",
        "22-6",
        "Sat22:00-23:00",
    ],
)
def test_what_is_no_part_of_the_week_is_refused(text):
    with pytest.raises(ValueError, match=r"day|hours|time"):
        parse_quiet(text)


def by_minute(minute, quiet):
    """Say of each single minute whether it is quiet, without any arithmetic of spans."""
    day, clock = (minute // 1440 + 3) % 7, minute % 1440
    yesterday = (day - 1) % 7
    from_today = any(of == day and start <= clock and (clock < end or end <= start) for of, start, end in quiet)
    from_yesterday = any(of == yesterday and end <= start and clock < end for of, start, end in quiet)
    return from_today or from_yesterday


spans = st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1439)).filter(lambda span: span[1] != span[2])


@given(st.lists(spans, max_size=6), st.integers(0, 20_000))
def test_the_first_minute_that_is_not_quiet_is_found(quiet, minute):
    texts = [f"{DAYS[day]} {a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for day, a, b in quiet]

    first = next(at for at in range(minute, minute + 10_081) if not by_minute(at, quiet))

    assert quiet_until(minute * MINUTE, texts) == first * MINUTE
