"""A week of two monitors, told to Application Insights as the product tells it, most of it twice."""

from datetime import timedelta

from envelopes import ago, event, exception, host_exception, metric, request, trace
from reports import a_finding, a_report

from atalaia.monitoring.actions import Action, State, action_event, event_of
from atalaia.telemetry import report_events, report_points

MONITOR = "credit-scoring"
HOUR = timedelta(hours=1)
DECIDED = ago(hours=9)


def microseconds(moment):
    return int(moment.timestamp() * 1e6)


def told(report, moment, revision=1):
    """What a report stored at *moment* becomes."""
    time = microseconds(moment)
    events = [dict(fields) for fields in report_events(report, revision, time)]
    points = report_points(report, time)
    sent = [event(fields.pop("event"), fields, moment) for fields in events]
    return sent + [metric(point.name, point.value, dict(point.attributes), moment) for point in points]


def line(moment, **fields):
    """One line of a function's log."""
    return trace(fields, moment=moment)


def reports():
    """Four days of one monitor, whose second was revised, and one short window of another that fell silent."""
    income, age = a_finding("alert"), a_finding("warning", "age")
    fine = [a_finding("ok"), a_finding("ok", "age")]
    worse = a_finding("alert", "age", value=0.6)
    short = {"monitor": "churn", "rows": 90, "rejected": {"not_json": 8, "bad_time": 2}}
    short |= {"start": "2026-03-01T00:00:00Z", "end": "2026-03-01T01:00:00Z"}
    return [
        *told(a_report(fine, day=1), ago(hours=30)),
        *told(a_report([income], day=2, rejected={"not_json": 5}), ago(hours=20)),
        *told(a_report([income, age], day=2, rows=990, rejected={"not_json": 10}), ago(hours=19), 2),
        *told(a_report([a_finding("ok"), a_finding("alert", "age")], day=3), ago(hours=10)),
        *told(a_report([worse, a_finding("undecided")], day=4, final=False), ago(minutes=30, seconds=30)),
        *told(a_report([a_finding("undecided")], **short), ago(hours=23)),
    ]


def actions():
    """A job that ended, one that could not be started, and four to be approved: waiting, started, declined, expired."""
    until = {"until": "2026-03-14T00:00:00Z"}
    return [
        *(of_action(event_of("approval", MONITOR, an_action(number, "guarded"), until)) for number in (4, 5, 6, 7)),
        of_action(event_of("action_failed", MONITOR, an_action(2), {"why": "throttled"}), ago(hours=8)),
        of_action(event_of("action_failed", MONITOR, an_action(3), {"why": "no such compute"}), ago(hours=2)),
        *(of_action(action_event(MONITOR, each)) for each in settled()),
        heard(ago(hours=6), "Running", "Running"),
        heard(ago(hours=5), "Completed", "Completed"),
        heard(ago(hours=4), "Preparing", "Completed"),
        line(ago(hours=3), event="ml.monitor.lifecycle", job="j1", state="Failed", action=None),
    ]


def settled():
    """What became of four of them."""
    yield an_action(2, state=State.DONE, job="j1")
    yield an_action(5, "guarded", state=State.DONE, job="j5")
    yield an_action(6, "guarded", state=State.DECLINED, by="Ada")
    yield an_action(7, "guarded", state=State.EXPIRED)


def an_action(number, policy="retrain", **more):
    """An action because of that day of March 2026."""
    return Action(f"a{number}", policy, f"202603{number:02}T000000Z", microseconds(DECIDED), **more)


def of_action(told, moment=DECIDED):
    """An event as the product sends it: at the time when the action was decided, or when a try has failed."""
    return event(told["event"], {name: told[name] for name in told.keys() - {"event", "time"}}, moment)


def heard(moment, state, outcome):
    """What a call writes that heard of a job, perhaps late, and what is known of it."""
    about = {"event": "ml.monitor.lifecycle", "job": "j1", "state": state, "monitor": MONITOR, "action": "a2"}
    return line(moment, **about, outcome=outcome, since="2026-03-02T01:00:00Z")


def functions():
    """Calls, of which some failed, and what they wrote."""
    hour = ago(hours=3).replace(minute=0, second=0, microsecond=0)
    return [
        *(request("ingest", seconds, moment=ago(hours=2)) for seconds in (1.0, 2.0, 3.0)),
        request("ingest", 10.0, success=False, operation="o1", moment=ago(hours=1)),
        host_exception("ValueError: no baseline", "o1", "ingest", ago(hours=1)),
        exception("OSError", "no disk", "o2", "evaluate", ago(hours=1)),
        request("evaluate", 4.0, moment=ago(hours=1)),
        line(ago(hours=4), event="ml.monitor.ingest_failed", log="az://logs/a.jsonl", why="not there"),
        line(ago(hours=3), event="ml.monitor.ingest_failed", log="az://logs/a.jsonl", why="too large"),
        line(ago(hours=5), event="ml.monitor.ingest_failed", message="m1", why="no JSON"),
        line(ago(hours=5), event="ml.monitor.ingest", objects=3, given_up=1),
        line(hour + timedelta(minutes=1), event="ml.monitor.evaluate", untold=2, monitors={}),
        line(hour + timedelta(minutes=2), event="ml.monitor.telemetry_dropped", channel="insights", why="400"),
        line(hour - 3 * HOUR, event="ml.monitor.evaluate", untold=0, monitors={}),
    ]


def everything():
    """All of it; what the product may tell twice, twice."""
    sent = reports() + actions()
    return sent + functions() + [each for each in sent if each["data"]["baseType"] == "EventData"]


def turned():
    """Findings whose limits lie below, also below 0, p-values, one of them 0, and one whose limit is 0."""
    rates, tests = {"signal": "performance", "threshold": 0.8}, {"metric": "kolmogorov_smirnov", "threshold": 0.05}
    return [
        a_finding("alert", "approved", metric="accuracy", value=0.7, **rates),
        a_finding("ok", "score", metric="area_under_roc", value=0.9, **rates),
        a_finding("alert", "amount", value=0.0, **tests),
        a_finding("ok", "age", value=0.5, **tests),
        a_finding("warning", "price", signal="performance", metric="r_squared", value=-0.5, threshold=-0.1),
        a_finding("alert", "city", signal="quality", metric="missing_column", value=1.0, threshold=0.0),
    ]


def troubles():
    """A report whose data are bad, after one that had worse, messages given up, and reports that do not get out."""
    bad = a_finding("alert", signal="quality")
    fine = [a_finding("ok", column, signal="quality") for column in ("age", "city", "amount")]
    return [
        *told(a_report([bad], day=1, rejected={"not_json": 90}), ago(hours=3)),
        *told(
            a_report(
                [bad, *fine, *turned(), a_finding("undecided", signal="quality")], day=2, rejected={"not_json": 7}
            ),
            ago(hours=1),
        ),
        *(
            line(ago(hours=hours), event="ml.monitor.ingest", given_up=number)
            for hours, number in ((25, 9), (5, 1), (1, 2))
        ),
        *(
            line(ago(minutes=minutes), event="ml.monitor.evaluate", untold=number)
            for minutes, number in ((20, 1), (10, 2), (2, 5))
        ),
        *(request("evaluate", moment=ago(minutes=minutes)) for minutes in (70, 50, 30, 10)),
    ]


def day(number):
    """The first moment of a day of March 2026, as a query answers it."""
    return f"2026-03-{number:02}T00:00:00Z"
