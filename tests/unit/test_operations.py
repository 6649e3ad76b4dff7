"""What is measured of calls: by which names, and how a log line holds it."""

import json
from pathlib import Path

import pytest

from atalaia.operations import OPERATIONS, Kind, measured
from atalaia.telemetry import UNITS
from atalaia_aws.embedded import embedded, unit_of

DOCUMENTED = (Path(__file__).parents[2] / "docs/aws.md").read_text()
NAMES = [operation.name for operations in OPERATIONS.values() for operation in operations]


def named(measures):
    return {operation.name: value for operation, value in measures}


def test_the_numbers_of_a_log_line_are_metrics():
    told = {"event": "x", "objects": 2, "new": 1, "rows": 5, "rejected": 1, "failed": 0, "gone": 7, "seconds": 0.5}

    assert named(measured("ingest", told)) == {
        "ml.monitor.ingest.objects": 2,
        "ml.monitor.ingest.rows": 5,
        "ml.monitor.ingest.rejected": 1,
        "ml.monitor.ingest.failed": 0,
        "ml.monitor.ingest.duration": 0.5,
    }


def test_a_call_that_ended_midway_has_a_duration():
    assert named(measured("evaluate", {"error": "StoreError", "seconds": 2.0})) == {"ml.monitor.evaluate.duration": 2.0}


def test_functions_that_are_called_rarely_are_not_measured():
    assert measured("status", {"seconds": 2.0}) == []
    assert embedded("Atalaia", 1, []) == {}


def test_what_waits_is_a_level_and_durations_are_spread():
    kinds = {each.name.rpartition(".")[2]: each.kind for operations in OPERATIONS.values() for each in operations}

    assert {name for name, kind in kinds.items() if kind is Kind.LEVEL} == {"untold"}
    assert {name for name, kind in kinds.items() if kind is Kind.SPREAD} == {"duration"}


def test_a_line_says_which_of_its_members_are_metrics():
    line = embedded("Atalaia", 1_700_000_000_000, measured("ingest", {"rows": 5, "seconds": 0.5}))

    assert json.loads(json.dumps(line)) == {
        "_aws": {
            "Timestamp": 1_700_000_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Atalaia",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "ml.monitor.ingest.rows", "Unit": "Count"},
                        {"Name": "ml.monitor.ingest.duration", "Unit": "Seconds"},
                    ],
                }
            ],
        },
        "ml.monitor.ingest.rows": 5,
        "ml.monitor.ingest.duration": 0.5,
    }


@pytest.mark.parametrize(("unit", "word"), [("{row}", "Count"), ("s", "Seconds"), ("1", "None"), ("furlong", "None")])
def test_units_are_written_in_cloudwatchs_words(unit, word):
    assert unit_of(unit) == word


@pytest.mark.parametrize("name", sorted({*UNITS, *NAMES}))
def test_every_metric_is_documented(name):
    start, _, last = name.rpartition(".")

    assert f"`{name}`" in DOCUMENTED or (f"`{start}." in DOCUMENTED and f"`.{last}`" in DOCUMENTED)
