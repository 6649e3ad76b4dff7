"""A model whose answers become worse while its inputs stay as they are: only labels tell, and a policy acts on them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from terminal import atalaia, strict_json

PAGE = (Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text().partition("## Performance")[2]
NOW = "2026-03-07T00:00:00Z"


def loans(n, seed, wrong):
    """Rows whose answers are wrong so often, with scores that go with the answers."""
    random = np.random.default_rng(seed)
    for _ in range(n):
        repaid = bool(random.random() < 0.5)
        approved = repaid ^ bool(random.random() < wrong)
        yield {
            "income": round(float(random.normal(3000, 500)), 2),
            "score": round(float(random.random() / 2 + approved / 2), 4),
            "approved": approved,
            "repaid": repaid,
        }


def write_csv(path, day, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["decided_at,income,score,approved,repaid"]
    for row in rows:
        text = json.dumps([f"2026-03-{day:02}T12:00:00Z", *row.values()])
        lines.append(text[1:-1].replace('"', "").replace(" ", ""))
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The page's monitor, and four days: two like the reference data, two with a quarter of the answers wrong."""
    folder = tmp_path_factory.mktemp("loans")
    write_csv(folder / "reference.csv", 1, loans(3000, 1, 0.1))
    for day, wrong in ((2, 0.1), (3, 0.1), (4, 0.25), (5, 0.25)):
        write_csv(folder / f"logs/2026/03/{day:02}/12/log.csv", day, loans(1200, day, wrong))
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.partition("## ")[0], re.DOTALL)
    (folder / "monitor.yaml").write_text(example.replace("pipeline: loans-retrain", "file: true"))
    return folder


@pytest.fixture(scope="module")
def checked(place):
    done = atalaia("check", "monitor.yaml", "--now", NOW, "--json", cwd=place)
    assert done.returncode == 1, done.stderr
    return strict_json(done.stdout)


def performance(window):
    return {(f["column"], f["metric"]): f for f in window["findings"] if f["signal"] == "performance"}


def test_only_performance_tells_of_the_days_with_worse_answers(checked):
    alerts = [{f["signal"] for f in w["findings"] if f["status"] == "alert"} for w in checked["windows"]]

    assert alerts == [set(), set(), {"performance"}, {"performance"}]
    assert performance(checked["windows"][2]).keys() == {("approved", "recall"), ("score", "area_under_roc")}
    assert performance(checked["windows"][2])["approved", "recall"]["value"] == pytest.approx(0.75, abs=0.04)


def test_the_policy_acts_once_because_of_accuracy_and_hands_the_findings_on(place, checked):
    decided = [each for window in checked["windows"] for each in window["decisions"]]
    (job,) = (place / "atalaia-out/jobs").iterdir()
    evidence = strict_json(job.read_text())

    assert [each["outcome"] for each in decided] == ["no", "no", "held", "acted"]
    assert re.search(r"accuracy\[approved\] 0\.7\d* < 0\.8", decided[-1]["why"])
    assert "2026-03-05T00:00:00Z" in json.dumps(evidence)
    assert "area_under_roc" in json.dumps(evidence)

    atalaia("check", "monitor.yaml", "--now", NOW, cwd=place)
    assert len(list((place / "atalaia-out/jobs").iterdir())) == 1


def test_a_backtest_tells_what_another_limit_of_accuracy_would_have_done(place, checked):
    text = (place / "monitor.yaml").read_text()
    (place / "changed.yaml").write_text(text.replace("accuracy[approved] < 0.8", "f1[approved] < 0.95"))
    done = atalaia("backtest", "monitor.yaml", "--with", "changed.yaml", "--json", cwd=place)
    acted = [[len(each[side]["actions"]) for each in strict_json(done.stdout)["windows"]] for side in ("then", "now")]

    assert done.returncode == 0, done.stderr
    assert acted == [[0, 0, 0, 1], [0, 1, 1, 1]]


def test_the_page_of_the_window_shows_the_metric_and_its_limit(place, checked):
    page = (place / "atalaia-out/loans/report.html").read_text()

    assert "area under ROC" in page
    assert "share of positive labels that are predicted is" in page


def merged(place, row, hour):
    """A record as SageMaker's merge job writes it."""
    payload = {"observedContentType": "text/csv", "encoding": "CSV"}
    return {
        "captureData": {
            "endpointInput": payload | {"mode": "INPUT", "data": str(row["income"])},
            "endpointOutput": payload | {"mode": "OUTPUT", "data": str(int(row["approved"]))},
        },
        "groundTruthData": {"data": str(int(row["repaid"])), "encoding": "CSV"},
        "eventMetadata": {"eventId": f"e{place}", "inferenceTime": f"2026-03-02T{hour:02}:00:00Z"},
        "eventVersion": "0",
    }


def test_files_that_sagemaker_merged_hold_answers_and_labels(tmp_path):
    rows = list(loans(800, 7, 0.3))
    write_csv(tmp_path / "reference.csv", 1, loans(3000, 1, 0.1))
    reference = (tmp_path / "reference.csv").read_text().replace("true", "1").replace("false", "0")
    (tmp_path / "reference.csv").write_text(reference)
    (tmp_path / "merged").mkdir()
    lines = [json.dumps(merged(place, row, 12)) for place, row in enumerate(rows)]
    (tmp_path / "merged/labels.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "monitor.yaml").write_text(
        "name: loans\nmodel: {name: loans}\nlogs: {source: merged}\nbaseline: {data: [reference.csv]}\noutput: out\n"
        "columns:\n  - {name: income}\n  - {name: approved, type: integer, kind: categorical, role: prediction}\n"
        "  - {name: repaid, type: integer, kind: categorical, role: label}\n"
    )
    done = atalaia("check", "monitor.yaml", "--now", NOW, "--json", cwd=tmp_path)
    (window,) = strict_json(done.stdout)["windows"]

    assert (window["rows"], window["rejected"]) == (800, {})
    found = performance(window)["approved", "accuracy"]
    assert found["value"] == sum(row["approved"] == row["repaid"] for row in rows) / 800
    assert found["status"] == "alert"
