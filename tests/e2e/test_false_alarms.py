"""The simulation of false alarms at small scale, as a command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def simulate(out, *arguments):
    command = [sys.executable, "benchmarks/false_alarms.py", "--out", str(out), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def records(out):
    told = json.loads((out / "false-alarms.json").read_text())
    rows = (zip(told["fields"], row, strict=True) for row in told["records"])
    return [{field: value for field, value in row if value is not None} for row in rows]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("alarms")


@pytest.fixture(scope="module")
def told(out):
    done = simulate(out, "--quick", "--only", "normal", "few categories")
    assert done.returncode == 0, done.stderr
    assert "No drift, one column: windows with an alarm" in done.stdout
    assert "60 windows, each 0.02 sd further: monitors that alarm" in done.stdout
    return records(out)


def test_every_rule_is_told_in_every_setting(told):
    single = [record for record in told if "course" not in record]
    settings = {(r["population"], r["rows"], r["columns"], r["shift"]) for r in single}

    assert len(settings) == 2 * 2 * 2 * 3
    for rule in {r["rule"] for r in single}:
        assert {(r["population"], r["rows"], r["columns"], r["shift"]) for r in single if r["rule"] == rule} == settings


def test_shares_are_shares_and_have_errors_and_repetitions(told):
    rates = [r[name] for r in told for name in ("family_wise", "false_discovery", "power", "ever") if r.get(name)]

    assert len(rates) > 100
    assert all(0 <= share <= 1 and error >= 0 and repetitions > 0 for share, error, repetitions in rates)


def test_one_part_run_again_gives_the_same_figures_and_keeps_the_others(told, out, tmp_path):
    simulate(tmp_path, "--quick", "--only", "few categories", "--parts", "windows", "--who", "peers")
    again = records(tmp_path)

    assert again
    assert all(record in told for record in again)


def test_runs_of_different_parts_are_joined(told, tmp_path):
    for part in ("windows", "courses"):
        simulate(tmp_path / part, "--quick", "--only", "normal", "--who", "ours", "--parts", part)
    simulate(tmp_path, "--parts", "--add", str(tmp_path / "windows"), str(tmp_path / "courses"))
    ours = [r for r in told if r["population"] == "normal" and r["rule"].startswith("Atalaia")]

    joined = records(tmp_path)

    assert {"course" in record for record in ours} == {True, False}
    assert all(record in joined for record in ours)


def test_rules_are_not_called_proven_where_their_packages_are_not(tmp_path):
    done = simulate(tmp_path, "--prove", "--no-install")

    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.strip()] == [
        f"{tool}: not installed, and nothing was to be" for tool in ("Evidently", "NannyML", "whylogs")
    ]
