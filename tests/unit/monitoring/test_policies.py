import pytest
from packets import Died, Interrupted, die
from pasts import moved
from services import MONITOR, Told, actions, make_service
from worlds import lines, moment, rows

from atalaia.checks import METRICS
from atalaia.errors import JobError
from atalaia.monitor_file import find_faults
from atalaia.monitoring.acting import LEASE, patience
from atalaia.monitoring.service import Arrival
from atalaia.window import SECOND

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
POLICY = "policies: [{name: retrain, when: drifted > 0.4, pipeline: p%s}]\n"
DAY = "2026-03-%02dT00:00:00Z"


class Starter:
    """Starts each job once, as its port promises; `plan` lists what happens at the next calls instead."""

    def __init__(self):
        self.jobs, self.calls, self.plan = {}, 0, []

    def __call__(self, policy, store):
        return self

    def start(self, job):
        self.calls += 1
        if self.plan:
            raise self.plan.pop(0)
        return self.jobs.setdefault(job.id, (f"job-{len(self.jobs)}", job))[0]

    @property
    def windows(self):
        return sorted(job.window[:8] for _, job in self.jobs.values())


def a_world(more="", drifting=(2,), calm=()):
    world = make_service(MONITOR + POLICY % more)
    world.starter, world.telemetry = Starter(), Told()
    for day in drifting:
        arrive(world, day, moved(day))
    for day in calm:
        arrive(world, day, rows(day, seed=day))
    return world


def arrive(world, day, entries):
    assert not world.service.ingest([world.put(f"{day}.jsonl", lines(entries))]).failed


def evaluate(world):
    return world.service.evaluate(world.telemetry, world.starter).evaluated["churn"]


def test_drift_starts_a_job_once():
    world = a_world(drifting=[2])

    evaluate(world)
    evaluate(world)
    world.restart()
    world.service.evaluate(world.telemetry, world.starter, everything=True)

    assert world.starter.windows == ["20260302"]
    assert world.starter.calls == 1
    assert [event["job"] for event in world.telemetry.events if event["event"] == "ml.monitor.action"] == ["job-0"]
    (action,) = actions(world)
    assert (action["policy"], action["window"], action["job"]) == ("retrain", "20260302T000000Z", "job-0")


def test_rows_like_the_baseline_start_nothing():
    world = a_world(drifting=[], calm=[2, 3])

    evaluate(world)

    assert not world.starter.jobs


def test_a_window_that_is_not_final_starts_nothing():
    world = a_world(drifting=[2])
    world.now = moment("2026-03-03T01:00:00Z")
    evaluate(world)
    before = world.starter.windows

    world.now = moment("2026-03-03T03:00:00Z")
    evaluate(world)

    assert (before, world.starter.windows) == ([], ["20260302"])


@pytest.mark.parametrize(
    ("drifting", "calm", "started"),
    [
        ([2], [3, 4, 5], []),
        ([2, 3], [4, 5], ["20260303"]),
        ([2, 4], [3, 5], ["20260304"]),
        ([2, 5], [3, 4], []),
        ([2, 3, 4], [5], ["20260303", "20260304"]),
    ],
)
def test_k_of_the_last_n_windows_must_count(drifting, calm, started):
    world = a_world(", windows: 2, of: 3", drifting, calm)

    evaluate(world)

    assert world.starter.windows == started


@pytest.mark.parametrize("order", [(2, 3, 4), (4, 3, 2), (3, 2, 4)])
def test_during_the_cool_down_nothing_is_started_in_whatever_order_logs_come(order):
    world = a_world(", cool_down: 3d", [])

    for day in order:
        arrive(world, day, moved(day))
        evaluate(world)

    assert len(world.starter.jobs) == 1


def test_after_the_cool_down_the_next_job_is_started():
    world = a_world(", cool_down: 3d", [2, 3, 4, 5])

    evaluate(world)

    assert world.starter.windows == ["20260302", "20260305"]


def test_late_rows_can_make_a_later_window_due():
    world = a_world(", windows: 2", [3])
    evaluate(world)
    arrive(world, 2, moved(2))

    evaluate(world)

    assert world.starter.windows == ["20260303"]


def test_old_logs_start_nothing():
    world = a_world(", within: 3d", [2, 18])

    evaluate(world)

    assert world.starter.windows == ["20260318"]


def test_a_job_that_could_not_be_started_is_tried_again():
    world = a_world(drifting=[2])
    world.starter.plan = [JobError("SageMaker: throttled")]
    evaluate(world)
    evaluate(world)
    calls = world.starter.calls
    world.now += 60 * SECOND
    evaluate(world)

    told = [event for event in world.telemetry.events if event["event"].startswith("ml.monitor.action")]

    assert [event["event"] for event in told] == ["ml.monitor.action_failed", "ml.monitor.action"]
    assert len({event["id"] for event in told}) == 1
    assert (calls, world.starter.calls) == (1, 2)
    assert world.starter.windows == ["20260302"]


def test_patience_grows_up_to_an_hour():
    waits = [patience(tries) // SECOND for tries in range(1, 10)]

    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert patience(10**6) // SECOND == 3600


def test_a_job_is_told_its_parameters():
    world = a_world(', parameters: {since: "{window}", of: "{monitor}/{model}", x: "{y}"}', [2])

    evaluate(world)

    ((_, job),) = world.starter.jobs.values()
    assert job.parameters == {"since": "20260302T000000Z", "of": "churn/churn", "x": "{y}"}


def test_killed_at_any_call_one_job_is_started():
    for calls in range(1, 400):
        world = a_world(", cool_down: 4w", [2, 3])
        whole = world.stores.opened["mem://out"]
        world.stores.opened["mem://out"] = world.output = Interrupted(whole, calls, die)
        world.restart()
        try:
            evaluate(world)
            break
        except Died:
            world.stores.opened["mem://out"] = world.output = whole
            world.restart()
            evaluate(world)
            world.now += LEASE  # whoever was killed may have been calling
            evaluate(world)
            assert world.starter.windows == ["20260302"]
            assert world.service.note_outcome("job-0", "Succeeded", world.now)
    assert calls > 40


def test_another_evaluator_at_any_call_starts_no_second_job():
    for calls in range(1, 400):
        world, whole = a_world(", cool_down: 4w", [2, 3]), None
        whole = world.stores.opened["mem://out"]
        other = []

        def happens(world=world, whole=whole, other=other):
            world.stores.opened["mem://out"] = whole
            world.restart()
            other.append(evaluate(world))

        world.stores.opened["mem://out"] = world.output = Interrupted(whole, calls, happens)
        world.restart()
        evaluate(world)
        assert world.starter.windows == ["20260302"]
        if not other:
            break
    assert calls > 40


def test_the_outcome_of_a_job_is_noted():
    world = a_world(drifting=[2])
    evaluate(world)

    monitor, action = world.service.note_outcome("job-0", "Executing", 10)
    world.service.note_outcome("job-0", "Succeeded", 20)

    assert (monitor, action.policy, action.outcome) == ("churn", "retrain", "Executing")
    assert [(a["outcome"], a["outcome_time"]) for a in actions(world)] == [("Succeeded", 20)]


def test_outcomes_that_come_late_or_twice_change_nothing():
    world = a_world(drifting=[2])
    evaluate(world)

    for outcome, time in [("Succeeded", 20), ("Executing", 10), ("Succeeded", 20), ("Executing", 30)]:
        world.service.note_outcome("job-0", outcome, time)

    assert [(a["outcome"], a["outcome_time"]) for a in actions(world)] == [("Succeeded", 20)]


@pytest.mark.parametrize("late", ["Failed", "Executing", "Stopped"])
def test_a_job_that_failed_and_was_retried_ends_well_once(late):
    world = a_world(drifting=[2])
    evaluate(world)

    for outcome, time in [("Failed", 20), ("Executing", 30), ("Succeeded", 40), (late, 50), ("Completed", 60)]:
        world.service.note_outcome("job-0", outcome, time)

    assert [(a["outcome"], a["outcome_time"]) for a in actions(world)] == [("Succeeded", 40)]


def test_a_failure_that_is_heard_of_late_changes_nothing():
    world = a_world(drifting=[2])
    evaluate(world)

    for outcome, time in [("Failed", 20), ("Succeeded", 10), ("Stopped", 30)]:
        world.service.note_outcome("job-0", outcome, time)

    assert [(a["outcome"], a["outcome_time"]) for a in actions(world)] == [("Failed", 20)]


@pytest.mark.parametrize(
    ("heard", "known"),
    [
        ([("Stopping", 20), ("Executing", 10)], ("Stopping", 20)),
        ([("Executing", 20), ("Failed", 10)], ("Failed", 10)),  # by another clock
    ],
)
def test_what_is_heard_late_is_news_only_if_it_is_the_end(heard, known):
    world = a_world(drifting=[2])
    evaluate(world)

    for outcome, time in heard:
        world.service.note_outcome("job-0", outcome, time)

    assert [(a["outcome"], a["outcome_time"]) for a in actions(world)] == [known]


def test_a_job_of_somebody_else_has_no_action():
    world = a_world(drifting=[2])
    evaluate(world)

    assert world.service.note_outcome("theirs", "Succeeded", 20) is None


def test_after_a_call_without_an_answer_no_outcome_is_dismissed():
    world = a_world(drifting=[2])
    world.starter.plan = [JobError("no answer")]
    evaluate(world)

    with pytest.raises(JobError, match="not known yet"):
        world.service.note_outcome("job-0", "Succeeded", 20)


def test_while_a_job_is_being_started_no_outcome_is_dismissed():
    world = a_world(drifting=[2])
    start, heard = world.starter.start, []

    def quick(job):
        name = start(job)
        with pytest.raises(JobError, match="not known yet"):
            world.service.note_outcome(name, "Succeeded", 20)
        heard.append(name)
        return name

    world.starter.start = quick
    evaluate(world)

    assert heard == ["job-0"]


def test_policies_need_nothing_in_the_monitors_that_have_none():
    world = make_service()
    world.service.ingest([world.put("a.jsonl", lines(rows(2, 5))), Arrival("mem://logs/none.jsonl")])
    world.service.evaluate(Told(), Starter())

    assert not [info.key for info in world.output.list("churn/") if "polic" in info.key or "actions" in info.key]


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("{name: Re train, when: drifted > 0.3, pipeline: p}", "not a name"),
        ("{name: a, when: drifted > 1.5, pipeline: p}", "at character 11 of 'drifted > 1.5': 1.5 is not a share"),
        ("{name: a, when: '', pipeline: p}", "at character 1 of '': the text ends"),
        ("{name: a, when: pis > 1, pipeline: p}", "there is no metric 'pis'"),
        ("{name: a, when: 'alert(missing[y])', pipeline: p}", "there is no column 'y'"),
        (f"{{name: a, when: {'rows > 1 or ' * 20}rows, pipeline: p}}", "of '... or rows > 1 or"),
        ("{name: a, pipeline: p}", "nothing says when it acts"),
        ("{name: a, schedule: 0 3 * *, pipeline: p}", "4 fields instead of 5"),
        ("{name: a, schedule: 0 3 * * *, windows: 2, pipeline: p}", "`windows` has no effect without `when`"),
        ("{name: a, schedule: 0 3 * * *, approval_within: 2d, pipeline: p}", "no effect without `approval`"),
        ("{name: a, when: drifted > 0.3, only_if_changed: true, pipeline: p}", "no effect without `schedule`"),
        ("{name: a, when: drifted > 0.3, min_rows: -1, pipeline: p}", "-1 is below 0"),
        ("{name: a, when: drifted > 0.3, most_per_week: 0, pipeline: p}", "0 is below 1"),
        ("{name: a, when: drifted > 0.3, quiet_hours: [22-6], pipeline: p}", "'22-6' are no hours"),
        ("{name: a, when: drifted > 0.3, quiet_hours: [Mon-Fri, Sat-Sun], pipeline: p}", "no time of the week"),
        ("{name: a, when: drifted > 0.3, approval: true, approval_within: soon, pipeline: p}", "with a unit"),
        ("{name: a, when: drifted > 0.3, approval: true, approval_within: 0s, pipeline: p}", "'0s' is not above 0"),
        ("{name: a, when: drifted > 0.3, within: 999999w, pipeline: p}", "'999999w' is longer than 520w"),
        ("{name: a, schedule: 0 3 * * *, within: 0s, pipeline: p}", "'0s' is not above 0"),
        ("{name: a, when: drifted > 0.3, within: 2h, pipeline: p}", "windows are final 2h after they end"),
        ("{name: a, when: drifted > 0.3, sagemaker_traffic: {endpoint: e, weights: {a: 1}}}", "without approval"),
        ("{name: a, when: drifted > 0.3, pipeline: p, windows: 0}", "not from 1"),
        ("{name: a, when: drifted > 0.3, pipeline: p, windows: 3, of: 2}", "not from 3"),
        ("{name: a, when: drifted > 0.3, pipeline: p, of: 1000}", "not from 1"),
        ("{name: a, when: drifted > 0.3, pipeline: p, cool_down: soon}", "not a whole number with a unit"),
        ("{name: a, when: drifted > 0.3}", "nothing is named"),
        ("{name: a, when: drifted > 0.3, pipeline: p, training_job: {RoleArn: r}}", "both"),
        ("{name: a, when: drifted > 0.3, pipeline: ''}", "is empty"),
        ("{name: a, when: drifted > 0.3, file: false}", "`file` is off"),
        (
            "{name: a, when: drifted > 0.3, file: true, parameters: {x: 'from {train_form} to {train_to} in {ds}'}}",
            "nothing is filled in for {train_form}",
        ),
        (
            "{name: a, when: drifted > 0.3, azureml_batch: {workspace: ws, endpoint: score}}",
            "'ws' is no resource id",
        ),
        (
            f"{{name: a, when: drifted > 0.3, approval: true, azureml_traffic: "
            f"{{workspace: {WORKSPACE}, endpoint: credit, traffic: {{blue: 10, green: 80}}}}}}",
            "not from 0 on with a sum of 100",
        ),
        (
            f"{{name: a, when: drifted > 0.3, approval: true, azureml_traffic: "
            f"{{workspace: {WORKSPACE}, endpoint: credit, traffic: {{blue: -10, green: 110}}}}}}",
            "not from 0 on with a sum of 100",
        ),
        (
            "{name: a, when: drifted > 0.3, event_grid_topic: 'https://example.com/api/events'}",
            "is no address of an Event Grid topic",
        ),
        (
            "{name: a, when: drifted > 0.3, azureml_job: {workspace: ws, properties: {jobType: Command}}}",
            "no resource id",
        ),
        (
            f"{{name: a, when: drifted > 0.3, azureml_job: {{workspace: {WORKSPACE}, properties: {{a: 1}}}}}}",
            "`jobType`",
        ),
        *(
            (
                f"{{name: a, when: drifted > 0.3, azureml_job: {{workspace: {WORKSPACE}, "
                f"properties: {{jobType: Command, {key}: [a]}}}}}}",
                f"`{key}` is no map",
            )
            for key in ("environmentVariables", "inputs", "tags")
        ),
        *(
            (f"{{name: a, when: drifted > 0.3, training_job: {{RoleArn: r, {key}: depth}}}}", f"`{key}` is no map")
            for key in ("HyperParameters", "Environment")
        ),
        *(
            (
                f"{{name: a, when: drifted > 0.3, azureml_batch: {{workspace: {WORKSPACE}, {names}}}}}",
                "is no name of letters, digits, hyphens and underscores",
            )
            for names in ("endpoint: 'sc ore'", "endpoint: größe", "endpoint: score, deployment: blau/grün")
        ),
        (
            f"{{name: a, when: drifted > 0.3, approval: true, azureml_traffic: "
            f"{{workspace: {WORKSPACE}, endpoint: '../x', traffic: {{blue: 100}}}}}}",
            "is no name of letters, digits, hyphens and underscores",
        ),
        ("{name: b, when: drifted > 0.3, pipeline: p}", "already stands"),
        ("{name: a, when: drifted > 0.3, file: true, new_baseline: {}}", "nobody tells how `file` ends"),
        ("{name: a, when: drifted > 0.3, pipeline: p, parameters: {x: 1}}", "not text"),
        ("{name: a, when: drifted > 0.3, pipeline: p, parameter: {}}", "unknown key"),
    ],
)
def test_a_policy_that_could_not_work_is_a_fault(policy, told):
    text = MONITOR + f"policies: [{{name: b, when: drifted > 0.1, pipeline: p}}, {policy}]\n"

    (fault,) = find_faults(text, "monitor.yaml", METRICS)
    assert told in fault.found


def test_a_policy_that_comes_too_late_for_every_window_is_a_fault():
    text = MONITOR.replace("lateness: 2h", "lateness: 30d")
    policies = "policies: [{name: a, when: drifted > 0.3, pipeline: p}, {name: b, schedule: 0 3 * * *, pipeline: p}]\n"
    unsound = MONITOR.replace("lateness: 2h", "lateness: soon")

    (fault,) = find_faults(text + policies, "monitor.yaml", METRICS)
    (other,) = find_faults(unsound + policies, "monitor.yaml", METRICS)

    assert fault.found == "windows are final 30d after they end, which is too late for `within`, 4w: it never acts"
    assert "lateness" in str(other)


@pytest.mark.parametrize(("minutes", "faults"), [(46079, 0), (46080, 1)])
def test_a_policy_that_asks_for_silence_longer_than_it_is_looked_for_is_a_fault(minutes, faults):
    """After the last logs 31 windows without rows are evaluated, and the last row is a window before these at most."""
    when = f"when: 'rows > 1 or not (silent > {minutes} and silent < 99999)'"
    text = MONITOR + f"policies: [{{name: a, {when}, pipeline: p}}]\n"

    found = find_faults(text, "monitor.yaml", METRICS)

    told = "`silent` is never above 46080: after the last logs 31 windows without rows are evaluated"
    assert [fault.found for fault in found] == [told] * faults


@pytest.mark.parametrize(
    "target",
    [
        "pipeline: p",
        "training_job: {RoleArn: r}",
        f"azureml_job: {{workspace: {WORKSPACE}, properties: {{jobType: Command}}}}",
        f"azureml_batch: {{workspace: {WORKSPACE}, endpoint: score}}",
        "databricks: {host: 'https://h', job_id: 1, token: 'env:T'}",
        "github_workflow: {repository: a/b, token: 'env:T', workflow: w}",
        "azure_devops: {organization: 'https://o', project: p, pipeline_id: 1, token: 'env:T'}",
    ],
)
def test_a_new_baseline_may_follow_from_what_somebody_tells_the_end_of(target):
    text = MONITOR + f"policies: [{{name: a, when: drifted > 0.3, {target}, new_baseline: {{}}}}]\n"

    assert find_faults(text, "monitor.yaml", METRICS) == []


def test_an_azure_job_is_given_as_its_rest_api_takes_it():
    job = f"{{workspace: {WORKSPACE}, properties: {{jobType: Command, command: train}}}}"
    text = MONITOR + f"policies: [{{name: a, when: drifted > 0.3, azureml_job: {job}}}]\n"

    assert find_faults(text, "monitor.yaml", METRICS) == []


def test_a_training_job_is_given_as_sagemaker_takes_it():
    job = "{RoleArn: r, HyperParameters: {depth: '6'}, Environment: null}"
    text = MONITOR + f"policies: [{{name: a, when: drifted > 0.3, training_job: {job}}}]\n"

    assert find_faults(text, "monitor.yaml", METRICS) == []
