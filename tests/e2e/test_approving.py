"""`atalaia actions` and `atalaia approve` as users run them."""

import json
import os

import numpy as np
import pytest
import servers
from databricks_server import JOB, Databricks
from terminal import atalaia, strict_json
from web_service import TOKEN, serving

from atalaia.monitoring.actions import Action, State, to_json
from atalaia.window import parse_time

POLICY = "policies: [{name: retrain, when: drifted > 0.3, file: true, approval: true}]\n"
MONITOR = """name: churn
model: {name: churn}
logs: {source: logs}
output: out
baseline: {data: [reference.jsonl]}
window: 1d
columns: [{name: at, type: time, role: time}, {name: x}]
"""


def written(path, day, shift, n):
    random = np.random.default_rng(day)
    rows = [{"at": f"2026-03-{day:02}T12:00:00Z", "x": float(random.normal(shift, 1))} for _ in range(n)]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def place(tmp_path):
    """A monitor whose policy waits for approval."""
    written(tmp_path / "reference.jsonl", 1, 0, 2000)
    written(tmp_path / "logs/a.jsonl", 2, 5, 500)
    (tmp_path / "monitor.yaml").write_text(MONITOR + POLICY)
    checked(tmp_path)
    return tmp_path


def checked(place):
    done = atalaia("check", "monitor.yaml", "--now", "2026-03-05", cwd=place)
    assert done.returncode == 1, done.stderr
    return done


def listed(place):
    return strict_json(atalaia("actions", "monitor.yaml", "--json", cwd=place).stdout)["actions"]


def approve(place, *more):
    return atalaia("approve", "monitor.yaml", "retrain", *more, "--now", "2026-03-06", cwd=place)


def test_what_is_approved_is_started_by_the_next_evaluation(place):
    (before,) = listed(place)
    done = approve(place, "2026-03-02", "--by", "Ada")
    checked(place)

    (after,) = listed(place)
    assert (before["state"], before["until"][:13], before["job"]) == ("pending-approval", "2026-03-12T00", None)
    assert done.stdout.startswith("Approved: churn, policy retrain, window 20260302T000000Z.")
    assert (after["state"], after["by"], after["until"]) == ("done", "Ada", None)
    (job,) = (place / "out/jobs").iterdir()
    assert after["job"].endswith(job.name)
    assert json.loads(job.read_text())["evidence"] == after["evidence"] == before["evidence"]


def test_a_run_is_asked_after_from_this_machine_until_it_has_ended(place, monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
    with serving(Databricks()) as service:
        databricks = f"{{host: '{service.address}', job_id: {JOB}, token: 'env:DATABRICKS_TOKEN'}}"
        policy = f"policies: [{{name: train, when: drifted > 0.3, databricks: {databricks}, new_baseline: {{}}}}]\n"
        (place / "monitor.yaml").write_text(MONITOR + policy)
        checked(place)
        (place / "monitor.yaml").write_text(MONITOR + policy.replace("env:DATABRICKS_TOKEN", "secretsmanager:t"))
        elsewhere = checked(place)
        (place / "monitor.yaml").write_text(MONITOR + policy)
        monkeypatch.setenv("DATABRICKS_TOKEN", "wrong")
        refused = checked(place)
        monkeypatch.setenv("DATABRICKS_TOKEN", TOKEN)
        service.end("Succeeded")
        done = checked(place)
        monkeypatch.setenv("DATABRICKS_TOKEN", "another")
        after = checked(place)

    (action,) = [each for each in listed(place) if each["policy"] == "train"]
    assert (action["job"], action["outcome"]) == ("1000", "Succeeded")
    assert f"It is not known what became of a job. Databricks job {JOB}: HTTP status 403" in refused.stderr
    assert elsewhere.stderr == done.stderr == after.stderr == ""
    assert len(list((place / "out/churn/renewals").iterdir())) == 1


def test_what_is_declined_is_not_started(place):
    done = approve(place, "20260302T000000Z", "--decline")
    checked(place)

    (after,) = listed(place)
    assert done.stdout.startswith("Declined: churn")
    assert (after["state"], after["until"]) == ("declined", None)
    assert after["by"]
    assert not (place / "out/jobs").exists()


def test_a_table_tells_how_far_actions_are(place):
    waiting = atalaia("actions", "monitor.yaml", cwd=place).stdout
    approve(place, "2026-03-02", "--by", "Ada", "--decline")
    checked(place)
    declined = atalaia("actions", "monitor.yaml", cwd=place).stdout

    assert "pending-approval   waits until 2026-03-12" in waiting
    assert "declined   by Ada" in declined


def test_the_table_tells_of_files_as_paths_from_here(place):
    approve(place, "2026-03-02")
    checked(place)
    (job,) = (place / "out/jobs").iterdir()

    told = atalaia("actions", f"{place.name}/monitor.yaml", cwd=place.parent).stdout
    assert f"{place.name}/out/jobs/{job.name}" in "".join(told.split())


def test_the_table_tells_why_nothing_could_be_started(place):
    (place / "monitor.yaml").write_text(
        MONITOR + "policies: [{name: tell, when: drifted > 0.3, webhook: {url: 'http://127.0.0.1:9/x'}}]\n"
    )
    checked(place)

    assert "no answer (ConnectionRefusedError)" in " ".join(
        atalaia("actions", "monitor.yaml", cwd=place).stdout.split()
    )


@pytest.mark.parametrize(("more", "word"), [([], "approved"), (["--decline"], "declined")])
def test_a_decision_is_told_before_the_next_evaluation_acts_on_it(place, more, word):
    approve(place, "2026-03-02", "--by", "Ada", *more)

    (action,) = listed(place)
    assert (action["state"], action["by"]) == ("pending-approval", "Ada")
    shown = " ".join(atalaia("actions", "monitor.yaml", cwd=place).stdout.split())
    assert f"{word} by Ada, as of the next evaluation" in shown


def test_what_is_no_approval_is_told_in_the_list(place):
    (place / "out/churn/approvals/retrain").mkdir(parents=True)
    (place / "out/churn/approvals/retrain/20260302T000000Z.json").write_text("yes")

    (action,) = listed(place)
    assert "not an approval. Write {" in action["why"]
    assert "not an approval. Write" in " ".join(atalaia("actions", "monitor.yaml", cwd=place).stdout.split())


def test_check_tells_how_to_decide(place):
    text = atalaia("check", "monitor.yaml", "--now", "2026-03-05", cwd=place).stdout

    assert "to decide: atalaia approve MONITOR retrain 20260302T000000Z\n" in text


def test_how_to_decide_names_another_output_that_was_given(place):
    text = atalaia("check", "monitor.yaml", "--out", "else where", "--now", "2026-03-05", cwd=place).stdout

    assert "to decide: atalaia approve MONITOR retrain 20260302T000000Z --out 'else where'\n" in text


def test_why_there_are_no_actions_is_told(place):
    idle = (MONITOR + POLICY).replace("drifted > 0.3", "rows > 9000")
    for name, text in (("idle", idle), ("bare", MONITOR)):
        (place / f"{name}.yaml").write_text(text.replace("name: churn\nmodel", f"name: {name}\nmodel"))
    atalaia("check", "idle.yaml", "--now", "2026-03-05", cwd=place)

    told = {name: atalaia("actions", f"{name}.yaml", cwd=place).stdout for name in ("idle", "bare")}
    elsewhere = atalaia("actions", "monitor.yaml", "--out", "elsewhere", cwd=place)
    assert told["idle"] == "No policy has started anything, or wants to.\n"
    assert told["bare"] == "bare has no policies, and no action is stored.\n"
    assert "elsewhere/churn: nothing is stored there yet." in elsewhere.stdout
    assert not (place / "elsewhere").exists()


def test_who_approves_what_there_is_not_is_told_what_waits(place):
    before = atalaia("approve", "monitor.yaml", "retran", "2026-03-02", cwd=place)
    approve(place, "2026-03-02", "--decline")
    checked(place)
    after = approve(place, "2026-03-03")

    assert (before.returncode, after.returncode) == (2, 2)
    assert "policy retran has no action because of window 20260302T000000Z." in before.stderr
    assert "What waits for approval: retrain 20260302T000000Z." in before.stderr
    assert "Nothing waits for approval." in after.stderr


@pytest.mark.parametrize(
    ("window", "told"),
    [("2026-03-03", "has no action"), ("soon", "no start of a window"), ("20260302T000000Z", "declined by")],
)
def test_what_cannot_be_approved_is_told(place, window, told):
    approve(place, "2026-03-02", "--decline")

    done = approve(place, window)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_an_output_in_a_cloud_is_asked_there(tmp_path):
    action = Action("id", "retrain", "20260302T000000Z", 0, State.PENDING_APPROVAL, parse_time("2026-03-12"))
    (tmp_path / "monitor.yaml").write_text((MONITOR + POLICY).replace("output: out", "output: s3://approving/out"))
    with servers.moto() as moto:
        moto.make_bucket("approving")
        key = "out/churn/actions/retrain/20260302T000000Z.json"
        moto.client("s3").put_object(Bucket="approving", Key=key, Body=to_json(action))
        settings = {"AWS_ENDPOINT_URL": moto.address, "AWS_REGION": moto.region}
        settings |= {"AWS_ACCESS_KEY_ID": moto.key, "AWS_SECRET_ACCESS_KEY": moto.secret}
        at = {"cwd": tmp_path, "env": {**os.environ, **settings}}  # noqa: TID251 - of the process to start
        shown = atalaia("actions", "monitor.yaml", **at)
        done = atalaia("approve", "monitor.yaml", "retrain", "2026-03-02", "--now", "2026-03-06", **at)

        assert "pending-approval" in shown.stdout, shown.stderr
        assert done.returncode == 0, done.stderr
        stored = moto.client("s3").get_object(Bucket="approving", Key=key.replace("actions", "approvals"))
        assert json.loads(stored["Body"].read())["decision"] == "approve"
