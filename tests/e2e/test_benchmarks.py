"""The benchmarks at small scale: they run, tell honestly what they measured, and notice a profile that is wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JOBS = ["parquet", "csv", "jsonl", "capture-csv", "capture-json", "azure", "merge", "backtest", "objects-jsonl"]
BREAKS = {
    "skipped-column": ("parquet", "f05: missing"),
    "lost-rows": ("jsonl", "rows: 400 were made, 399 profiled"),
    "swapped-numbers": ("capture-csv", "f19: low"),
    "swapped-categories": ("azure", "c02: categories"),
}


def bench(out, *arguments):
    command = [sys.executable, "benchmarks", "--rows", "400", "--runs", "1", "--no-install", "--out", str(out)]
    return subprocess.run([*command, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def measured(out):
    done = bench(out, "--only", *JOBS)
    assert done.returncode == 0, done.stderr
    return json.loads((out / "results.json").read_text())


def ours(measured, job):
    return next(o for o in measured["jobs"][job]["outcomes"] if o["role"] == "ours")


@pytest.mark.parametrize("job", JOBS)
def test_every_job_measures_all_rows_that_were_made(measured, job):
    outcome = ours(measured, job)

    assert outcome["error"] == ""
    assert outcome["figures"]["rows"] == (16 if job.startswith("objects") else 80 if job == "backtest" else 400)


@pytest.mark.parametrize("what", BREAKS)
def test_a_wrong_profile_is_noticed_and_named(out, what):
    job, found = BREAKS[what]

    done = bench(out, "--only", job, "--break", what)

    assert done.returncode == 2
    assert "the profile is wrong" in done.stderr
    assert found in done.stderr


def test_a_goal_is_met_only_when_its_figure_reaches_it(measured):
    costs = ("merge_cpu_s", "window_column_cpu_ms", "times_decode")

    assert {goal["figure"] for goal in measured["goals"] if goal["reached"] is not None} >= {*costs, "rows_per_cpu_s"}
    for goal in measured["goals"]:
        if goal["reached"] is None:
            assert goal["met"] == "not measured"
        else:
            reached = goal["reached"] <= goal["goal"] if goal["figure"] in costs else goal["reached"] >= goal["goal"]
            assert goal["met"] == ("yes" if reached else "no")


def test_metrics_of_all_columns_at_once_are_those_of_a_plain_loop(out):
    done = bench(out, "--only", "metrics")

    told = json.loads((out / "results.json").read_text())["jobs"]["metrics"]
    assert done.returncode == 0, done.stderr
    assert (told["figures"]["columns"], told["figures"]["bins"]) == (1000, 512)
    assert {"metrics_cpu_s", "loop_cpu_s", "times_loop"} <= set(told["figures"])


def test_peers_that_are_not_installed_are_told_and_not_left_out(out):
    done = bench(out, "--only", "peers")

    told = json.loads((out / "results.json").read_text())["jobs"]["peers"]["outcomes"]
    assert done.returncode == 0, done.stderr
    assert {o["name"] for o in told if o["role"] == "peer" and o["error"].startswith("not installed")} == {
        path.stem for path in (ROOT / "benchmarks/peers/requirements").glob("*.txt") if path.stem != "engines"
    }


def test_the_same_rows_are_made_every_time(tmp_path):
    command = [sys.executable, "benchmarks/generate.py", "--rows", "300", "--formats", "jsonl", "csv", "--out"]
    made = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        subprocess.run([*command, str(folder)], cwd=ROOT, check=True, capture_output=True)
        made.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("log.*")})

    assert made[0] == made[1]
    assert len(made[0]) == 4


def test_the_page_tells_of_every_job_and_has_one_place_for_the_tables():
    page = (ROOT / "docs/benchmarks.md").read_text()
    refused = bench(Path("unused"), "--only", "nothing").stderr
    jobs = re.findall(r"[a-z][a-z-]+", refused.partition("choose from")[2])

    assert set(JOBS) < set(jobs)
    assert [job for job in jobs if f"`{job}`" not in page] == []
    assert page.count("<!-- table: begin -->") == page.count("<!-- table: end -->") == 1


def test_what_is_taken_of_telemetry_is_known_but_to_the_distro():
    paths = {"PYTHONPATH": str(ROOT / "tests/support")}
    command = [sys.executable, "benchmarks/insights.py", "--runs", "1"]
    done = subprocess.run(command, cwd=ROOT, env=paths, capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout)

    assert told["ours"]["known"] == {
        "all is well": "59 taken, all told",
        "2 of 59 refused for now": "57 taken, 57 known to be",
        "1 of 59 refused for good": "58 taken, all told",
    }
    assert set(told["Microsoft's distro"]["known"].values()) == {f"{n} taken, all told" for n in (68, 66, 67)}
