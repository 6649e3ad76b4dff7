"""Timers: on the emulated clock, one at a time, with a status that tells what was missed."""

import itertools
import json
import time

from azure_emulators import write_app
from emulators import until

SOURCE = """
import json, time
import azure.functions as func

app = func.FunctionApp()

def tell(**what):
    print("TOLD " + json.dumps({**what, "at": time.time()}), flush=True)
"""
EACH_MINUTE = """
@app.timer_trigger(schedule="0 * * * * *", arg_name="timer")
def each_minute(timer: func.TimerRequest) -> None:
    tell(past_due=timer.past_due)
"""
SLOW = """
@app.timer_trigger(schedule="0 * * * * *", arg_name="timer", use_monitor=False)
def slow(timer: func.TimerRequest) -> None:
    begun = time.time()
    time.sleep(1.5)
    tell(begun=begun)
"""
TRYING = """
@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer", run_on_startup=True)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:30")
def trying(timer: func.TimerRequest, context: func.Context) -> None:
    tell(retry=context.retry_context.retry_count, most=context.retry_context.max_retry_count)
    raise ValueError("not this time")
"""
WRONG = """
@app.timer_trigger(schedule="0 99 * * * *", arg_name="timer")
def wrong(timer: func.TimerRequest) -> None:
    pass

@app.queue_trigger(arg_name="message", queue_name="q", connection="Absent")
def unconnected(message: func.QueueMessage) -> None:
    pass
"""


def test_a_timer_fires_each_emulated_minute(azure, tmp_path):
    app = azure.deploy("minutes", write_app(tmp_path, SOURCE + EACH_MINUTE))

    told = app.told(4)
    app.remove()

    gaps = [later["at"] - earlier["at"] for earlier, later in itertools.pairwise(told)]
    assert len(gaps) >= 3
    assert 0.5 < sorted(gaps)[len(gaps) // 2] < 2
    assert not any(each["past_due"] for each in told)


def test_what_was_missed_is_made_up_for_once(azure, tmp_path):
    """The status stays in storage while the application is away."""
    folder = write_app(tmp_path, SOURCE + EACH_MINUTE)
    app = azure.deploy("missing", folder)
    before = len(app.told(2))
    app.remove()
    before = max(before, len(app.told(0)))
    status = azure.blobs.get_blob_client("azure-webjobs-hosts", "timers/missing/Host.Functions.each_minute/status")
    due = json.loads(status.download_blob().readall())["Next"]
    time.sleep(3)

    app = azure.deploy("missing", folder)
    told = app.told(before + 2)[before:]
    app.remove()

    assert [each["past_due"] for each in told][:2] == [True, False]
    assert json.loads(status.download_blob().readall())["Next"] > due


def test_a_slow_run_is_never_overlapped(azure, tmp_path):
    app = azure.deploy("slow", write_app(tmp_path, SOURCE + SLOW))

    told = app.told(3)
    app.remove()

    assert len(told) >= 3
    assert all(later["begun"] > earlier["at"] for earlier, later in itertools.pairwise(told))


def test_a_retry_policy_is_followed_and_told(azure, tmp_path):
    app = azure.deploy("trying", write_app(tmp_path, SOURCE + TRYING))

    told = app.told(3)
    assert until(lambda: app.now()["counts"]["failed"] == 3)
    app.remove()

    assert [(each["retry"], each["most"]) for each in told] == [(0, 2), (1, 2), (2, 2)]


def test_a_timer_whose_instance_is_lost_runs_again(azure, tmp_path):
    app = azure.deploy("losing", write_app(tmp_path, SOURCE + SLOW))
    assert until(lambda: [each for each in app.now()["instances"] if each["load"]])

    azure.admin("POST", "/kill", {"process": app.now()["instances"][0]["process"]})

    assert app.told(1)
    assert app.now()["counts"]["lost"] == 1
    app.remove()


def test_what_cannot_be_listened_for_is_a_fault_and_the_rest_runs(azure, tmp_path):
    app = azure.deploy("faulty", write_app(tmp_path, SOURCE + EACH_MINUTE + WRONG))
    app.remove()

    assert list(app.made["functions"]) == ["each_minute"]
    assert sorted(app.made["faults"]) == [
        "unconnected: no setting 'Absent', the connection of 'message'",
        "wrong: '99' is no minute: 0 to 59",
    ]
