"""The closed loop in either cloud: logs of one window after the other, on the real clock, and facts of what follows.

A training is asked for because of a drifted window. Its end begins a new baseline, which is made of the first window
with logs that lies wholly after it, and holds from then on.
"""

import hashlib
import json
import time
from datetime import UTC, datetime

from accounts import captured, lines, rows
from emulators import until

from atalaia.monitoring.layout import revision_of
from atalaia.monitoring.verifying import verify_report
from atalaia.window import SECOND, Window, iso, window_of
from atalaia_local import MemoryStore

SECONDS = 60  # many processes start, perhaps on a busy machine
WIDTH = 5 * SECOND
ROOT, HOME = "out/", "out/credit/"
WINDOWS = "window: 5s\nlateness: 1s\n"
POLICY = """\
    when: drifted > 0.4
    cool_down: 1h
    new_baseline: {windows: 1, rows: 500}
    parameters: {report: '{report}', fingerprint: '{fingerprint}', train_from: '{train_from}', train_to: '{train_to}'}
"""


def watched(monitor, target):
    """The text of a monitor file with short windows and one policy, which starts the *target*."""
    return f"{monitor.partition('policies:')[0]}{WINDOWS}policies:\n  - name: retrain\n{target}{POLICY}"


class Loop:
    """What came of three windows of logs: one drifted, one after the training, and one under the new baseline.

    Args:
        account: Its monitor `credit` is as above.

    Attributes:
        windows: The three.
    """

    def __init__(self, account):
        self.account = account
        drifted = window_of(time.time_ns() // 1000, WIDTH)
        self._log(drifted, 600)
        [renewal] = self._found(lambda: self.values("renewals/"))
        trained = _next(window_of(renewal["since"] - 1, WIDTH))
        self._log(trained, 601)
        held = self._found(self._renewed)
        after = Window(held["since"], held["since"] + WIDTH)
        self._log(after, 602)
        self.windows = drifted, trained, after
        self._found(lambda: self.values(f"reports/{after.key}/decisions.json"))

    def _log(self, window, count):
        """Put a window's logs there twice: so many rows, drawn for themselves, and not from what the reference is."""
        moment = datetime.fromtimestamp(window.start / SECOND, UTC).isoformat()
        content = lines(captured(number, row, moment) for number, row in enumerate(rows(count, 3, "bc")))
        for _ in range(2):
            self.account.put(f"capture/credit/AllTraffic/2026/03/01/12/{window.key}.jsonl", content)

    def _found(self, fact):
        value = until(fact, SECONDS)
        assert value, self.account.lines()
        return value

    def _renewed(self):
        [held] = self.values("state/baseline.json")
        return held if held.get("renewal") else None

    def values(self, prefix):
        """What is stored below the monitor's folder."""
        return [json.loads(self.account.stored(key)) for key in self.account.keys(f"{HOME}{prefix}")]

    def reports(self):
        """The newest report of each window."""
        return [json.loads(self.account.stored(self._report_key(window))) for window in self.windows]

    def _report_key(self, window):
        return max(self.account.keys(f"{HOME}reports/{window.key}/r", ".json"), key=revision_of)

    def decisions(self):
        """What the policy decided because of each window."""
        return [self.values(f"reports/{window.key}/decisions.json")[0][0] for window in self.windows]

    def differences(self):
        """What comes out otherwise when each report is computed again, from a copy of what is stored."""
        copy = MemoryStore()
        for key in self.account.keys(HOME):
            copy.put(key.removeprefix(ROOT), self.account.stored(key))
        return [verify_report(self._report_key(each).removeprefix(ROOT), copy).differences for each in self.windows]

    def why(self):
        """What the job is to be told, by what is stored of the first window."""
        key = self._report_key(self.windows[0])
        fingerprint = hashlib.sha256(self.account.stored(key)).hexdigest()
        start, end = (iso(moment) for moment in (self.windows[0].start, self.windows[0].end))
        return {"report": self.account.uri + key, "fingerprint": fingerprint, "train_from": start, "train_to": end}


def _alerts(report):
    return {found["column"] for found in report["findings"] if found["status"] == "alert"}


def _next(window):
    return Window(window.end, window.end + WIDTH)


def assert_noted_once(loop, ended, told):
    """Assert that the action has the job's name and outcome, *ended*, by what the functions *told* of events of it."""
    [action] = loop.values("actions/")

    assert (action["job"], action["outcome"]) == ended
    assert len(told) > 2  # it was told of twice
    # without an action, one came before the start was noted
    assert {each["action"] for each in told if "action" in each} == {action["id"]}


def a_new_baseline_follows_and_the_window_after_is_healthy(loop):
    drifted, trained, after = loop.reports()
    [renewal] = loop.values("renewals/")

    assert _alerts(drifted) == _alerts(trained) == {"amount", "city"}
    assert _alerts(after) == set()
    assert [each["rows"] for each in (drifted, trained, after)] == [600, 601, 602]
    assert drifted["baseline"] == trained["baseline"] != after["baseline"]
    assert (after["baseline"]["version"], after["baseline"]["rows"]) == (renewal["baseline"], 601)


def each_decision_is_explained(loop):
    assert [each["outcome"] for each in loop.decisions()] == ["acted", "held", "no"]
    assert "less than 1h apart" in loop.decisions()[1]["why"]


def reports_of_both_baselines_can_be_proved(loop):
    assert loop.differences() == [(), (), ()]


FACTS = [
    a_new_baseline_follows_and_the_window_after_is_healthy,
    each_decision_is_explained,
    reports_of_both_baselines_can_be_proved,
]
