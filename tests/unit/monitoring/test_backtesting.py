import msgspec
import pytest
from pasts import a_past, a_week
from worlds import moment

from atalaia.monitoring.backtesting import backtest
from atalaia.monitoring.evaluating import latest_report
from atalaia.monitoring.replaying import Period, replay

NOW = Period(moment("2026-03-20T00:00:00Z"))


@pytest.fixture(scope="module")
def week():
    return a_past(a_week())


def test_the_same_monitor_gives_what_happened(week):
    found = backtest(week.monitor, week.output, NOW)

    assert len(found.windows) == 6
    assert not any(each.differs for each in found.windows)
    assert found.then == found.now
    assert (found.then.alarms, found.then.actions) == (2, 2)


def test_the_reports_are_those_that_were_stored(week):
    done = replay(week.monitor, week.output, NOW)

    for window in done.windows:
        then, now = (latest_report(week.monitor.name, store, window) for store in (week.output, done.output))
        assert plain(then.report) == plain(now.report)


def plain(report):
    """A report without its predecessor's number, as a window that went on has several."""
    trail = report.trail and msgspec.structs.replace(report.trail, after="")
    return msgspec.structs.replace(report, trail=trail)
