import csv
import json
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from terminal import atalaia, strict_json

from atalaia.report import Evidence
from atalaia_cli.commands import cli

HOUR = "2026/03/02/12"


def table(path, n, shift=0.0, seed=1):
    random = np.random.default_rng(seed)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["income", "channel", "score"])
        for _ in range(n):
            channel = random.choice(["web", "app"])
            writer.writerow([round(random.normal(100 + shift, 10), 3), channel, round(random.random(), 4)])


def logs(folder, n, shift=0.0, seed=2, day=2):
    random = np.random.default_rng(seed)
    file = folder / f"2026/03/{day:02}/12/log.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "income": random.normal(100 + shift, 10),
            "channel": str(random.choice(["web", "app"])),
            "score": random.random(),
        }
        for _ in range(n)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def place(tmp_path):
    """Reference data, two days of logs (the second one shifted), and a monitor file for them."""
    table(tmp_path / "reference.csv", 3000)
    logs(tmp_path / "logs", 800)
    logs(tmp_path / "logs", 800, shift=10, day=3)
    done = atalaia("init", "reference.csv", "--logs", "logs", "--name", "shop", "-o", "monitor.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_check_does_the_whole_job_and_leaves_with_1_for_an_alert(place):
    done = atalaia("check", "monitor.yaml", cwd=place)

    assert done.returncode == 1, done.stderr
    assert "1 alert and 1 warning in 1 of 2 windows" in done.stdout
    assert (place / "atalaia-out/shop/report.html").is_file()
    assert (place / "atalaia-out/shop/reports/20260303T000000Z/r1.html").is_file()


def test_check_leaves_with_0_when_all_is_fine(place):
    done = atalaia("check", "monitor.yaml", "--logs", "logs/2026/03/02", "--out", "elsewhere", cwd=place)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (place / "elsewhere/shop/report.html").is_file()


def test_a_part_of_the_logs_can_be_read_again_though_others_were_profiled_with_it(place):
    for day in (2, 3):
        logs(place / "logs", 100, day=day)
    atalaia("ingest", "monitor.yaml", cwd=place)
    logs(place / "logs", 120)
    done = atalaia("ingest", "monitor.yaml", "--logs", "logs/2026/03/02", "--json", cwd=place)
    assert [(r["rows"], r["new"]) for r in strict_json(done.stdout)] == [(120, True)]
    found = strict_json(atalaia("evaluate", "monitor.yaml", "--json", cwd=place).stdout)

    assert [(window["rows"], window["rejected"]) for window in found["windows"]] == [(120, {}), (100, {})]


POLICIES = """
policies:
  - {name: retrain, when: drifted > 0.1, within: 520w, file: true}
  - {name: pipeline, when: drifted > 0.1, within: 520w, pipeline: retrain}
  - {name: other, when: rows < 10, file: true}
  - name: hook
    when: drifted > 0.1
    within: 520w
    webhook: {url: "https://ci.example/hook", secret: "secretsmanager:key"}
"""


def test_check_acts_where_it_can_and_says_what_every_policy_decided(place):
    with (place / "monitor.yaml").open("a") as file:
        file.write(POLICIES)
    first = atalaia("check", "monitor.yaml", cwd=place)
    found = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)

    window = found["windows"][1]
    told = {each["policy"]: (each["outcome"], each["why"]) for each in window["decisions"]}
    assert told["retrain"][0] == "acted"
    assert told["pipeline"] == ("held", "`pipeline` is left to the functions in a cloud")
    assert told["hook"] == ("held", "the secret of `webhook` is left to the functions in a cloud, which can read it")
    assert told["other"] == ("no", "rows 800, not < 10")
    (action,) = window["actions"]
    (job,) = (place / "atalaia-out/jobs").iterdir()
    assert (action["policy"], action["job"]) == ("retrain", f"atalaia-out/jobs/{job.name}")
    assert "retrain: acted, drifted" in " ".join(first.stdout.split())
    page = (place / "atalaia-out/shop/reports/20260303T000000Z/r1.html").read_text()
    assert "`pipeline` is left to the functions in a cloud" in page
    assert atalaia("verify", "atalaia-out/shop/reports/20260303T000000Z/r1.json", cwd=place).returncode == 0


def test_check_tells_decisions_of_the_last_window_that_was_decided_on(place):
    with (place / "monitor.yaml").open("a") as file:
        file.write("policies: [{name: few, when: drifted > 0.1, min_rows: 5000, file: true}]\n")
    done = atalaia("check", "monitor.yaml", "--now", "2026-03-04T00:30:00Z", cwd=place)  # the last one is not final

    assert "2 Mar 2026 few: nothing to do, 800 rows, fewer than the 5,000 needed" in " ".join(done.stdout.split())

    later = atalaia("check", "monitor.yaml", "--now", "2026-03-05", cwd=place).stdout
    assert "3 Mar 2026 few: nothing to do" in " ".join(later.split())
    assert later.count("few: nothing to do") == 1


def test_check_says_what_could_not_be_started(place):
    with (place / "monitor.yaml").open("a") as file:
        file.write(POLICIES)
    (place / "atalaia-out").mkdir()
    (place / "atalaia-out/jobs").write_text("in the way")
    done = atalaia("check", "monitor.yaml", cwd=place)

    assert done.returncode == 1
    assert "retrain: not started. The job could not be started." in done.stderr
    assert "    not started yet: The job could not be started." in done.stdout


def test_check_prints_strict_json_in_the_documented_shape(place):
    found = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)

    assert list(found) == ["monitor", "windows"]
    window = found["windows"][1]
    assert list(window) == [
        "start", "end", "revision", "final", "rows", "rejected", "findings", "inputs", "decisions", "actions",
    ]  # fmt: skip
    assert (window["start"], window["end"], window["rows"]) == ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z", 800)
    finding = window["findings"][0]
    assert list(finding) == [
        "signal", "metric", "column", "segment", "value", "threshold", "status", "message", "evidence",
    ]  # fmt: skip
    assert list(finding["evidence"]) == list(Evidence.__struct_fields__)
    assert (finding["signal"], finding["column"], finding["status"]) == ("data_drift", "income", "alert")


def test_the_two_halves_are_the_whole(place):
    whole = atalaia("check", "monitor.yaml", "--out", "a", cwd=place)
    ingested = atalaia("ingest", "monitor.yaml", "--out", "b", "--json", cwd=place)
    judged = atalaia("evaluate", "monitor.yaml", "--out", "b", cwd=place)

    assert (whole.returncode, ingested.returncode, judged.returncode) == (1, 0, 1)
    assert [(r["rows"], r["new"]) for r in strict_json(ingested.stdout)] == [(800, True), (800, True)]
    for window in ("20260302T000000Z", "20260303T000000Z"):
        report = f"shop/reports/{window}/r1.json"
        assert (place / "a" / report).read_bytes() == (place / "b" / report).read_bytes()


def test_running_again_writes_no_new_revision_and_the_same_report(place):
    atalaia("check", "monitor.yaml", cwd=place)
    before = {p: p.read_bytes() for p in (place / "atalaia-out").rglob("*") if p.is_file()}
    done = atalaia("check", "monitor.yaml", cwd=place)

    assert done.returncode == 1
    assert {p: p.read_bytes() for p in (place / "atalaia-out").rglob("*") if p.is_file()} == before


def test_a_report_verifies_and_an_altered_one_does_not(place):
    atalaia("check", "monitor.yaml", cwd=place)
    report = place / "atalaia-out/shop/reports/20260302T000000Z/r1.json"

    good = atalaia("verify", report)
    report.write_bytes(report.read_bytes().replace(b'"rows": 800', b'"rows": 799', 1))
    bad = atalaia("verify", report, "--json")
    assert (good.returncode, bad.returncode) == (0, 1)
    assert "verified, byte for byte, from 1 log object" in good.stdout
    assert strict_json(bad.stdout)["verified"] is False


def test_a_baseline_from_other_data_holds_from_then_on(place):
    table(place / "newer.csv", 3000, shift=10, seed=5)
    built = strict_json(atalaia("baseline", "monitor.yaml", "newer.csv", "--json", cwd=place).stdout)
    found = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)

    assert (built["rows"], len(built["version"])) == (3000, 16)
    alerts = [[f for f in w["findings"] if f["status"] == "alert"] for w in found["windows"]]
    assert [len(a) for a in alerts] == [1, 0]


def test_a_baseline_tells_which_columns_its_data_lack_and_have_beside(place):
    header, *rest = (place / "reference.csv").read_text().splitlines(keepends=True)
    (place / "renamed.csv").write_text("".join([header.replace("channel", "chanel"), *rest]))
    told = atalaia("baseline", "monitor.yaml", "renamed.csv", cwd=place).stdout
    found = strict_json(atalaia("baseline", "monitor.yaml", "renamed.csv", "--json", cwd=place).stdout)

    assert "The data have no column channel.\nThe monitor file has no column chanel.\n" in told
    assert (found["absent"], found["extra"]) == (["channel"], ["chanel"])


def test_compare_tells_what_another_tool_would_say(place):
    table(place / "current.csv", 1000, shift=10, seed=6)
    sides = ("reference.csv", "current.csv", "--convention", "azureml")
    done = atalaia("compare", *sides, "--json", cwd=place)
    income = next(c for c in strict_json(done.stdout)["columns"] if c["column"] == "income")
    read = atalaia("compare", *sides, cwd=place)

    assert done.returncode == read.returncode == 1
    assert income["finding"]["metric"] == "normalized_wasserstein_distance[azureml]"
    assert income["finding"]["value"] == income["metrics"]["wasserstein_normalised"]
    assert set(income["metrics"]) == {"wasserstein_normalised", "jensen_shannon", "psi"}
    assert set(income["p_values"]) == {"kolmogorov_smirnov"}
    assert "income: Azure ML would raise an alarm: its normalized_wasserstein_distance" in " ".join(read.stdout.split())


def test_check_judges_by_the_convention_of_the_monitor(place):
    monitor = place / "monitor.yaml"
    monitor.write_text(monitor.read_text() + "\nconvention: evidently\n")
    found = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)
    drift = [[f for f in w["findings"] if f["signal"].endswith("_drift")] for w in found["windows"]]

    assert {finding["metric"].partition("[")[2] for findings in drift for finding in findings} == {"evidently]"}
    assert [[f["column"] for f in findings if f["status"] == "alert"] for findings in drift] == [[], ["income"]]


def test_compare_needs_no_monitor(place):
    table(place / "current.csv", 1000, shift=10, seed=6)
    done = atalaia("compare", "reference.csv", "current.csv", "--json", cwd=place)
    found = strict_json(done.stdout)

    assert done.returncode == 1
    assert (found["reference"]["rows"], found["current"]["rows"]) == (3000, 1000)
    income = next(c for c in found["columns"] if c["column"] == "income")
    finding = income["finding"]
    assert list(finding) == ["metric", "value", "threshold", "status", "evidence"]
    assert (finding["metric"], finding["status"]) == ("cramer_von_mises", "alert")
    assert finding["value"] == income["metrics"]["cramer_von_mises"] > finding["threshold"]
    assert (finding["evidence"]["baseline_rows"], finding["evidence"]["rows"]) == (3000, 1000)
    assert (finding["evidence"]["basis"], finding["evidence"]["tested"]) == ("chance", len(found["columns"]))
    assert set(income["metrics"]) >= {
        "kolmogorov_smirnov", "wasserstein", "wasserstein_normalised", "jensen_shannon", "psi", "l_infinity",
        "hellinger", "total_variation", "chi_square", "kullback_leibler", "jensen_shannon_divergence",
        "l_infinity_robust", "cramer_von_mises", "g_test",
    }  # fmt: skip


def test_compare_leaves_with_0_when_nothing_drifts(place):
    table(place / "current.csv", 1000, seed=7)

    assert atalaia("compare", "reference.csv", "current.csv", cwd=place).returncode == 0


def test_validate_lists_every_fault_and_leaves_with_2(place):
    (place / "bad.yaml").write_text(
        "name: Shop!\nmodel: {name: shop}\nlogs: {sorce: logs}\noutput: out\n"
        "columns: [{name: x, range: [3, 1]}]\nchecks: [{metric: kolmogorov, threshold: -1}]\n"
    )
    done = atalaia("validate", "bad.yaml", "--json", cwd=place)

    faults = strict_json(done.stdout)["faults"]
    assert done.returncode == 2
    assert {f["path"] for f in faults} >= {"name", "columns[0].range", "checks[0].metric", "checks[0].threshold"}
    assert any("source" in f["fix"] for f in faults)


def test_validate_is_content_with_what_init_wrote(place):
    done = atalaia("validate", "monitor.yaml", cwd=place)

    assert (done.returncode, done.stderr) == (0, "")


def test_init_prints_to_stdout_and_does_not_overwrite(place):
    printed = atalaia("init", "reference.csv", cwd=place)
    refused = atalaia("init", "reference.csv", "-o", "monitor.yaml", cwd=place)

    assert "columns:" in printed.stdout
    assert refused.returncode == 2
    assert "--force" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "none.yaml"], "none.yaml: no such file"),
        (["check", "reference.csv"], "reference.csv"),
        (["check", "."], "is a directory"),
        (["compare", "reference.csv", "none.csv"], "none.csv: there is no such file"),
        (["compare", "reference.csv", "empty"], "empty: no usable rows"),
        (["compare", "empty", "reference.csv"], "empty: no row"),
        (["compare", "reference.csv", "other.csv"], "other.csv: its columns (a, b) are not those of ./reference.csv"),
        (["check", "monitor.yaml", "--logs", "empty"], "empty: no log objects there"),
        (["check", "monitor.yaml", "--logs", "none"], "none: there is no such file"),
        (["evaluate", "monitor.yaml"], "atalaia baseline"),
        (["evaluate", "monitor.yaml", "--now", "tomorrow"], "atalaia baseline"),
        (["verify", "reference.csv"], "reference.csv"),
        (["verify", "none.json"], "none.json: no such file"),
        (["init", "empty"], "empty: no data there"),
        (["baseline", "monitor.yaml", "empty"], "empty: there are no reference data"),
        (["baseline", "monitor.yaml", "other.jsonl"], "other.jsonl: the reference data has none of the columns"),
        (["check", "monitor.yaml", "--logs", "s3://bucket/logs"], "cloud adapters"),
        (["check", "monitor.yaml", "--fast"], "No such option"),
        (["chekc", "monitor.yaml"], "No such command"),
        (["check"], "Missing argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_one_line_of_help_and_exit_code_2_never_a_traceback(place, arguments, words):
    (place / "empty").mkdir()
    (place / "other.csv").write_text("a,b\n1,2\n")
    (place / "other.jsonl").write_text('{"a": 1}\n')
    done = atalaia(*arguments, cwd=place)

    assert done.returncode == 2, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_column_with_a_hostile_name_is_shown_as_text(place):
    name = "<script>alert(1)</script> [red]"
    rows = [{name: i % 7 + i % 3 / 10} for i in range(600)]
    folder = place / "hostile"
    folder.mkdir()
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    atalaia("init", "hostile", "--name", "hostile", "-o", "hostile.yaml", cwd=place)
    done = atalaia("check", "hostile.yaml", cwd=place)

    assert done.returncode in (0, 1), done.stderr
    page = (place / "atalaia-out/hostile/report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; [red]" in page


def test_damaged_lines_are_counted_and_the_rest_goes_through(place):
    file = logs(place / "logs", 800, day=4)
    file.write_text(file.read_text() + "not json\n" + '{"income": 1}\n')
    found = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)

    window = found["windows"][-1]
    assert (window["rows"], window["rejected"]) == (801, {"not_json": 1})


def test_the_monitors_own_output_is_never_read_as_logs(place):
    text = (place / "monitor.yaml").read_text().replace("output: atalaia-out", "output: logs/out")
    (place / "inside.yaml").write_text(text)
    first = strict_json(atalaia("check", "inside.yaml", "--json", cwd=place).stdout)
    second = strict_json(atalaia("check", "inside.yaml", "--json", cwd=place).stdout)

    assert [w["rows"] for w in first["windows"]] == [w["rows"] for w in second["windows"]] == [800, 800]


def test_the_same_logs_named_in_another_way_are_the_same_logs(place):
    first = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)
    done = atalaia("check", place / "monitor.yaml", "--json", "--logs", place / "logs", cwd="/")
    again = strict_json(done.stdout)

    assert again == first


def test_output_in_the_folder_of_the_logs_is_not_read_as_logs(place):
    text = (place / "monitor.yaml").read_text().replace("output: atalaia-out", "output: logs")
    (place / "same.yaml").write_text(text)
    first = strict_json(atalaia("check", "same.yaml", "--json", cwd=place).stdout)

    assert strict_json(atalaia("check", "same.yaml", "--json", cwd=place).stdout) == first


def test_a_link_that_leads_outside_is_told(place):
    (place / "elsewhere.jsonl").write_text('{"income": 1}\n')
    (place / "logs/link.jsonl").symlink_to(place / "elsewhere.jsonl")
    done = atalaia("ingest", "monitor.yaml", cwd=place)

    assert done.returncode == 0
    assert "Left out logs/link.jsonl: a link that leads outside the folder." in done.stderr


def test_a_link_that_is_named_itself_is_followed(place):
    (place / "links").mkdir()
    (place / "links/reference.csv").symlink_to(place / "reference.csv")

    done = atalaia("compare", "links/reference.csv", "reference.csv", cwd=place)
    assert done.returncode == 0, done.stderr


def test_an_unknown_metric_stops_check_with_a_line_of_help(place):
    (place / "bad.yaml").write_text((place / "monitor.yaml").read_text() + "checks: [{metric: psy}]\n")
    done = atalaia("check", "bad.yaml", cwd=place)

    assert done.returncode == 2
    assert "psi" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_into_a_folder_that_is_not_there_is_a_line_of_help(place):
    done = atalaia("init", "reference.csv", "-o", "nowhere/m.yaml", cwd=place)

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_a_full_disk_behind_stdout_is_a_line_of_help(place):
    command = [sys.executable, "-m", "atalaia_cli", "init", "reference.csv"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=place, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_compare_tells_what_is_missing_and_what_is_new(place):
    rows = [{"income": None if i % 2 else 100 + i % 9, "channel": "web", "surprise": 1} for i in range(900)]
    (place / "current.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = atalaia("compare", "reference.csv", "current.jsonl", cwd=place)

    assert "income: missing in 50% of the current rows, 0% before" in done.stdout
    assert "score: missing in 100% of the current rows, 0% before" in done.stdout
    assert "new columns: surprise" in done.stdout
    assert "All fine" not in done.stdout


def commands(group, before=()):
    """Every command of a group and of the groups in it, as it is called."""
    for name, command in group.commands.items():
        called = *before, name
        yield from commands(command, called) if isinstance(command, click.Group) else [called]


@pytest.mark.parametrize("command", [*commands(cli)], ids=" ".join)
def test_help_of_every_command_has_an_example(command):
    done = CliRunner().invoke(cli, [*command, "--help"])

    assert done.exit_code == 0
    assert f"Example: atalaia {' '.join(command)}" in done.output


def statistics_file(path, names):
    """SageMaker's file, as a baselining job writes it, about columns of numbers."""
    random, features = np.random.default_rng(5), []
    for name in names:
        kll = {
            "kll": {"sketch": {"parameters": {"c": 0.64, "k": 2048}, "data": [random.normal(100, 10, 900).tolist()]}}
        }
        known = {"common": {"num_present": 900, "num_missing": 0}, "distribution": kll}
        features.append({"name": name, "inferred_type": "Fractional", "numerical_statistics": known})
    path.write_text(json.dumps({"version": 0.0, "dataset": {"item_count": 900}, "features": features}))


def test_a_statistics_file_of_sagemaker_makes_a_baseline(place):
    statistics_file(place / "statistics.json", ["income", "channel"])
    refused = atalaia("baseline", "monitor.yaml", "statistics.json", cwd=place)
    (place / "numbers.yaml").write_text(
        "name: numbers\nmodel: {name: m}\nlogs: {source: logs}\noutput: out\n"
        "baseline: {data: [statistics.json]}\ncolumns: [{name: income}, {name: channel, role: ignored}]\n"
    )
    made = strict_json(atalaia("baseline", "numbers.yaml", "--json", cwd=place).stdout)
    checked = atalaia("check", "numbers.yaml", cwd=place)

    assert refused.returncode == 2
    assert "column channel is Fractional, but string in the monitor file" in refused.stderr
    assert (made["rows"], made["origin"], made["loss"]) == (900, "from the statistics of 900 rows", {})
    assert checked.returncode == 1, checked.stderr


def test_windows_become_the_baseline(place):
    atalaia("check", "monitor.yaml", cwd=place)
    made = atalaia("baseline", "monitor.yaml", "--from-windows", "2026-03-03", "2026-03-04", "--json", cwd=place)
    found = strict_json(made.stdout)
    checked = strict_json(atalaia("check", "monitor.yaml", "--json", cwd=place).stdout)
    status = [
        {f["column"]: f["status"] for f in w["findings"] if f["signal"] == "data_drift"} for w in checked["windows"]
    ]

    assert (made.returncode, found["rows"], found["loss"]) == (0, 800, {})
    assert found["origin"].startswith("from 1 window of 2026-03-03T00:00:00Z to 2026-03-04T00:00:00Z")
    assert [day["income"] for day in status] == ["alert", "ok"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from-windows", "2026-03-03", "2026-03-04"], "there is no baseline yet"),
        (["--from-windows", "2026-03-03", "soon"], "--from-windows 'soon': not a moment"),
        (["reference.csv", "--from-windows", "2026-03-03", "2026-03-04"], "two ways to give one baseline"),
    ],
    ids=["none", "moment", "both"],
)
def test_windows_that_cannot_become_the_baseline_are_a_line_of_help(place, arguments, words):
    done = atalaia("baseline", "monitor.yaml", *arguments, cwd=place)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_baseline_command_says_what_was_lost(place):
    (place / "long").mkdir()
    logs(place / "long", 4000, shift=500, day=7)
    atalaia("baseline", "monitor.yaml", cwd=place)
    atalaia("ingest", "monitor.yaml", "--logs", "long", cwd=place)
    done = atalaia("baseline", "monitor.yaml", "--from-windows", "2026-03-07", "2026-03-08", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "4,000 rows." in done.stdout
    assert "Made from 1 window of 2026-03-07T00:00:00Z" in done.stdout
    assert "Ranks may be off by a share of the values of up to: income" in done.stdout


def test_who_leaves_model_monitor_is_told_the_same_violations(place):
    atalaia("check", "monitor.yaml", cwd=place)
    left = place / "left"
    exported = atalaia("export", "monitor.yaml", "left", cwd=place)
    made = atalaia(
        "init", "--from", "left/constraints.json", "left/statistics.json", "--logs", "logs", "-o", "m.yaml", cwd=place
    )
    checked = strict_json(atalaia("check", "m.yaml", "--json", cwd=place).stdout)
    alerts = [
        {(f["metric"], f["column"]) for f in window["findings"] if f["status"] == "alert"}
        for window in checked["windows"]
    ]
    files = [
        strict_json(
            (place / f"atalaia-out/statistics/reports/2026030{day}T000000Z/constraint_violations.json").read_text()
        )
        for day in (2, 3)
    ]
    told = [{(v["constraint_check_type"], v["feature_name"]) for v in file["violations"]} for file in files]

    assert sorted(exported.stdout.split()) == ["left/constraints.json", "left/statistics.json"]
    assert sorted(path.name for path in left.iterdir()) == ["constraints.json", "statistics.json"]
    assert made.returncode == 0, made.stderr
    assert told == [set(), {("baseline_drift_check", "income")}]
    assert alerts[0] == set()
    assert alerts[1] >= {("baseline_drift_check", "income"), ("cramer_von_mises", "income")}


def test_a_window_is_exported_as_it_was_judged(place):
    atalaia("check", "monitor.yaml", cwd=place)
    done = atalaia("export", "monitor.yaml", "window", "--window", "2026-03-03", cwd=place)
    statistics = strict_json((place / "window/statistics.json").read_text())
    violations = strict_json((place / "window/constraint_violations.json").read_text())["violations"]
    nothing = atalaia("export", "monitor.yaml", "window", "--window", "2026-04-03", cwd=place)
    blocked = atalaia("export", "monitor.yaml", "reference.csv", cwd=place)

    assert done.returncode == 0, done.stderr
    assert statistics["dataset"] == {"item_count": 800}
    assert [v["feature_name"] for v in violations] == ["income"]
    assert (nothing.returncode, blocked.returncode) == (2, 2)
    assert "reference.csv: file exists. Give the path of a folder." in blocked.stderr
    assert "no rows in the window from 2026-04-03T00:00:00Z" in nothing.stderr


def test_times_are_told_to_have_no_statistics(place):
    rows = [{"at": "2026-03-02T12:00:00Z", "x": i} for i in range(10)]
    (place / "dated.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    atalaia("init", "dated.jsonl", "-o", "dated.yaml", cwd=place)
    (place / "dated.yaml").write_text((place / "dated.yaml").read_text().replace("role: ignored", "role: time"))
    atalaia("baseline", "dated.yaml", cwd=place)
    done = atalaia("export", "dated.yaml", "out", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "Without statistics: at (times, or not measured)." in done.stderr


SCHEDULE = """name: shop_monitoring
trigger: {type: recurrence, frequency: hour, interval: 6}
create_monitor:
  monitoring_signals:
    drift: {type: data_drift, features: {top_n_feature_importance: 3}}
"""


def test_a_schedule_of_azure_gives_checks_and_window(place):
    (place / "schedule.yaml").write_text(SCHEDULE)
    done = atalaia("init", "reference.csv", "--from", "schedule.yaml", "--logs", "logs", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "Not carried over: drift: features by importance; all columns are watched" in done.stderr
    assert "name: shop-monitoring\n" in done.stdout
    assert "window: 6h\n" in done.stdout
    check = "{metric: wasserstein_normalised, columns: [income], threshold: {alert: 0.1}, convention: azureml}"
    assert check in done.stdout


REFUSED = [
    ((), "nothing to start from"),
    (("--from", "reference.csv"), "reference.csv: not known. --from takes a constraints.json"),
    (("--from", "schedule.yaml"), "a schedule names no columns"),
    (("reference.csv", "--from", "schedule.yaml", "--from", "schedule.yaml"), "a second file of its kind"),
    (("reference.csv", "--from", "left/statistics.json"), "statistics are the whole baseline"),
    (("reference.csv", "--from", "left/constraints.json", "--from", "schedule.yaml"), "are of two tools"),
    (("nothing.csv",), "there is no such file or folder"),
]


@pytest.mark.parametrize(("arguments", "told"), REFUSED)
def test_what_no_monitor_can_be_made_of_is_refused(place, arguments, told):
    (place / "schedule.yaml").write_text(SCHEDULE)
    atalaia("baseline", "monitor.yaml", cwd=place)
    atalaia("export", "monitor.yaml", "left", cwd=place)
    done = atalaia("init", *arguments, cwd=place)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""


HISTORY = """
name: shop
model: {name: shop}
logs: {source: logs}
baseline: {data: [reference.csv]}
output: out
columns:
  - {name: at, type: time, role: time}
  - {name: income}
checks:
  - {metric: kolmogorov_smirnov, threshold: {history: sd, k: 5}}
  - {metric: row_count, threshold: {history: quantile, quantile: 0.9}}
"""


def dated(path, days, rows=200, shift=0.0, month=3):
    random = np.random.default_rng(month * 100 + days[0])
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at", "income"])
        for day in days:
            for _ in range(rows + day):
                writer.writerow([f"2026-{month:02}-{day:02}T12:00:00Z", round(random.normal(100 + shift, 10), 3)])


def test_the_baselines_own_windows_set_limits(tmp_path):
    dated(tmp_path / "reference.csv", range(1, 25), month=2)
    dated(tmp_path / "logs/a.csv", [20])
    dated(tmp_path / "logs/b.csv", [21], rows=150, shift=10)
    (tmp_path / "monitor.yaml").write_text(HISTORY)
    built = atalaia("baseline", "monitor.yaml", cwd=tmp_path)
    done = atalaia("check", "monitor.yaml", "--json", cwd=tmp_path)
    windows = strict_json(done.stdout)["windows"]
    found = [
        {f["metric"]: f for f in window["findings"] if f["metric"] in ("kolmogorov_smirnov", "row_count")}
        for window in windows
    ]
    reports = sorted((tmp_path / "out/shop/reports").rglob("r1.json"))
    told = [
        {f["metric"]: f["evidence"] for f in json.loads(path.read_text())["findings"] if f["evidence"]}
        for path in reports
    ]

    assert "Limits from history rest on 24 windows of it." in built.stdout
    assert (done.returncode, [w["kolmogorov_smirnov"]["status"] for w in found]) == (1, ["ok", "alert"])
    assert [window["row_count"]["status"] for window in found] == ["ok", "alert"]
    assert "from 24 windows of the baseline (median " in found[1]["kolmogorov_smirnov"]["message"]
    assert (
        "below the limit of 204.1 from 22 windows of the baseline (median 212.5, 0.9 quantile)"
        in (found[1]["row_count"]["message"])
    )
    assert told[1]["kolmogorov_smirnov"]["basis"] == "history"
    assert told[1]["kolmogorov_smirnov"]["past"]["windows"] == 24
    assert [atalaia("verify", path).returncode for path in reports] == [0, 0]


def test_a_metric_without_a_history_is_a_fault(tmp_path):
    (tmp_path / "monitor.yaml").write_text(HISTORY.replace("row_count", "duplicates"))
    done = atalaia("validate", "monitor.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert "this metric has no history in the baseline" in " ".join(done.stdout.split())
