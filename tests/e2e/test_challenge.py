"""`atalaia challenge` as users run it, and its page."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from terminal import atalaia

from atalaia.checks import METRICS
from atalaia.monitor_file import find_faults

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/after-the-run.md").read_text()
MONITOR = """
name: {name}
model: {{name: churn}}
logs: {{source: logs/{name}}}
output: out
baseline: {{data: [reference.jsonl]}}
columns:
  - {{name: at, type: time, role: time}}
  - {{name: amount}}
  - {{name: v, type: string, role: version}}
  - {{name: score, role: score}}
"""


def rows(seed, day, shift=0.0, version="7"):
    chance = np.random.default_rng(seed)
    for amount in chance.normal(size=800):
        answer = {"amount": float(amount), "v": version, "score": float(amount) / 2 + shift}
        yield json.dumps({"at": f"2026-03-{day:02}T12:00:00Z", **answer}) + "\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "reference.jsonl").write_text("".join(rows(1, 1)))
    for name, shift in (("champion", 0.0), ("challenger", 0.3)):
        (tmp_path / f"{name}.yaml").write_text(MONITOR.format(name=name))
        (tmp_path / "logs" / name).mkdir(parents=True)
        (tmp_path / "logs" / name / "2.jsonl").write_text("".join(rows(2, 2, shift)))
    return tmp_path


def test_the_commands_of_the_page_find_that_answers_differ(folder):
    (block,) = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    *ingests, challenge = [line.split()[1:] for line in block.splitlines()]

    done = [atalaia(*line, cwd=folder) for line in ingests]
    told = atalaia(*challenge, cwd=folder)

    assert [each.returncode for each in done] == [0, 0]
    assert told.returncode == 1, told.stderr
    first, score, amount, *more = told.stdout.splitlines()
    assert first == "1 window, 800 rows of challenger against 800 of champion: more than chance differs in score."
    assert score.startswith("  alert: score: drift is 0.")
    assert amount.startswith("  ok: amount:")
    assert more == []


def test_two_versions_in_one_log_are_compared(folder):
    logs = folder / "logs/champion/2.jsonl"
    logs.write_text("".join([*rows(2, 2), *rows(3, 2, version="8")]))
    atalaia("ingest", "champion.yaml", cwd=folder)

    done = atalaia("challenge", "champion.yaml", "--versions", "7", "8", "--json", cwd=folder)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["champion"], told["challenger"]["name"]) == (
        {"name": "champion version 7", "rows": 800},
        "champion version 8",
    )
    assert told["windows"] == ["2026-03-02T00:00:00Z"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("challenge", "champion.yaml"), "Give a second monitor file, or two --versions."),
        (("challenge", "champion.yaml", "champion.yaml"), "champion: nothing differs from itself."),
        (("challenge", "champion.yaml", "--versions", "7", "7"), "champion: nothing differs from itself."),
        (
            ("challenge", "champion.yaml", "challenger.yaml", "--windows", "2026-03-03", "2026-03-02"),
            "--windows: 2026-03-02T00:00:00Z is not after 2026-03-03T00:00:00Z",
        ),
        (("challenge", "champion.yaml", "challenger.yaml"), "there is no baseline yet"),
        (("challenge", "champion.yaml", "challenger.yaml", "--windows", "soon", "later"), "--windows 'soon'"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_line(folder, arguments, told):
    done = atalaia(*arguments, cwd=folder)

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_monitor_file_of_the_page_has_no_fault():
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    assert find_faults(text, "churn.yaml", METRICS) == []
