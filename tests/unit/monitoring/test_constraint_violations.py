import json

import pytest
from worlds import TEXT, lines, make_world, rows

from atalaia.monitoring.baselines import make_baseline
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.layout import violations_key
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia.monitoring.verifying import verify_report
from atalaia.report import Report
from atalaia.window import parse_time
from atalaia_local import MemoryStore

LIMITS = {
    "version": 0,
    "features": [
        {"name": "x", "inferred_type": "Fractional", "completeness": 1.0},
        {
            "name": "word",
            "inferred_type": "String",
            "completeness": 1.0,
            "string_constraints": {"domains": ["a", "b"]},
        },
        {"name": "at", "inferred_type": "String"},
    ],
}


@pytest.fixture
def judge():
    """Evaluate the window of 2 March with these rows."""
    world = make_world(TEXT)
    reference = MemoryStore("reference")
    reference.put("data.jsonl", lines(rows(1, n=2000, seed=9)))
    reference.put("constraints.json", json.dumps(LIMITS).encode())
    source = LogSource(reference, names=payload_names(world.monitor.columns))
    baseline = make_baseline(world.monitor, [source], world.output, chosen=False)

    def judged(name, entries):
        world.logs.put(name, lines(entries))
        ingester = Ingester(world.monitor, baseline, world.output)
        list(ingester.ingest_all(world.source, world.source.objects()))
        evaluator = Evaluator(world.monitor, baseline, world.output, parse_time("2026-03-20T00:00:00Z"))
        (window,) = evaluator.windows()
        report: Report = evaluator.evaluate(window).report
        key = violations_key("churn", window)
        return report, json.loads(world.output.get(key)[0])["violations"], world.output

    return judged


def test_a_window_that_fulfils_its_constraints_has_an_empty_file(judge):
    report, violations, _ = judge("a.jsonl", rows(2))

    assert violations == []
    assert report.status == "ok"


def test_violations_are_alerts_of_the_report_and_stand_in_the_file_of_the_latest_revision(judge):
    judge("a.jsonl", rows(2))
    strange = [row | {"word": "c"} for row in rows(2, n=5)]
    report, violations, output = judge("b.jsonl", strange)
    alerts = [f for f in report.findings if f.status == "alert" and f.metric == "categorical_values_check"]

    assert [f.column for f in alerts] == ["word"]
    assert [(v["feature_name"], v["constraint_check_type"]) for v in violations] == [
        ("word", "categorical_values_check")
    ]
    assert violations[0]["description"].endswith(f"Only {600 / 605 * 100!r}% of the values are in the domain.")
    assert verify_report("churn/reports/20260302T000000Z/r2.json", output).differences == ()
