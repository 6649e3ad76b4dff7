"""Draws docs/dashboards.svg: what the emulator answers to the panels' queries, of two made-up days of three monitors.

    .venv/bin/python tests/support/dashboard_picture.py

Times are told from the last full hour, so that the same days give the same picture. They are two, as Application
Insights takes nothing older.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from envelopes import event
from reports import a_finding, a_report
from telling import line, told
from workspaces import own_workspace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra/dashboards"))

from drawing import picture  # noqa: E402 - it lies on no path but that
from library import kql, question, rows  # noqa: E402 - as above

HOUR, WINDOWS = timedelta(hours=1), 42
LIMIT = 0.2


def judged(column, value, signal="data_drift", metric="psi", limit=LIMIT):
    status = "alert" if value > limit else "warning" if value > 0.7 * limit else "ok"
    return a_finding(status, column, signal=signal, metric=metric, value=round(value, 4), threshold=limit)


def credit(number):
    """Its income drifts more and more from the 26th window on, its age follows, and its answers get worse."""
    late = max(0, number - 26)
    values = {"income": 0.06 + 0.045 * late, "age": 0.05 + 0.02 * max(0, late - 4), "city": 0.08 + 0.01 * (number % 3)}
    return [
        *(judged(*each) for each in values.items()),
        *missing(0.0),
        judged("score", 0.05 + 0.012 * late, "prediction_drift"),
        right(0.9 - 0.01 * late + 0.004 * (number % 3)),
    ]


def churn(number):
    """It is fine but for one noisy window."""
    values = {"tenure_months": 0.23 if number == 9 else 0.04 + 0.01 * (number % 4), "plan": 0.03}
    return [*(judged(*each) for each in values.items()), *missing(0.0), right(0.93 + 0.006 * (number % 2))]


def fraud(number):
    """Its logs lack values since the 30th window, and have no labels."""
    return [judged("amount", 0.09 + 0.01 * (number % 2)), *missing(0.08 if number > 30 else 0.0)]


def missing(share):
    return [
        judged(each, share * place, "quality", "missing_share", 0.05)
        for place, each in enumerate(("amount", "country"))
    ]


def right(share):
    about = {"signal": "performance", "metric": "accuracy", "value": round(share, 4), "threshold": 0.8}
    return a_finding("alert" if share < 0.8 else "ok", "approved", **about)


MODELS = {"credit": credit, "churn": churn, "fraud": fraud}


def days(now):
    """All that is told of them."""
    for number in range(WINDOWS):
        end = now - HOUR * (WINDOWS - 1 - number)
        start = f"{end - HOUR:%Y-%m-%dT%H:00:00Z}"
        for monitor, findings in MODELS.items():
            about = {"monitor": monitor, "model": monitor, "start": start, "end": f"{end:%Y-%m-%dT%H:00:00Z}"}
            yield from told(a_report(findings(number), rows=11_000 + 40 * number, **about), end)
    yield from jobs(now)


def jobs(now):
    """What was started of the drift: the first job ended, the next runs."""
    for hours, job in ((9, "credit-retrain-1"), (3, "credit-retrain-2")):
        begun = now - hours * HOUR
        about = {"id": job, "monitor": "credit", "policy": "retrain", "job": job}
        yield event("ml.monitor.action", about | {"window_start": f"{begun - HOUR:%Y-%m-%dT%H:00:00Z}"}, begun)
        state, since = ("Completed", begun + 2 * HOUR) if hours > 3 else ("Running", begun + HOUR)
        heard = {"state": state, "outcome": state, "since": f"{since:%Y-%m-%dT%H:00:00Z}"}
        yield line(since, event="ml.monitor.lifecycle", monitor="credit", action=job, job=job, **heard)


def main():
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)  # noqa: TID251 - the emulator's clock is the real one
    shown = rows()[:-1]  # the last tells of the monitor itself
    with tempfile.TemporaryDirectory() as folder, own_workspace(Path(folder)) as workspace:
        sent = list(days(now))
        for first in range(0, len(sent), 200):
            assert workspace.track(*sent[first : first + 200]).status_code == 200
        panels = [panel for row in shown for panel in row.panels]
        titles = [question(panel, "kql") if panel.query else panel.title for panel in panels]
        answers = [workspace.rows(kql(panel, "timestamp > ago(7d)", "'*'")) for panel in panels]
    drawn = picture(shown, list(zip(titles, answers, strict=True)), now)
    (ROOT / "docs/dashboards.svg").write_text(drawn)


if __name__ == "__main__":
    main()
