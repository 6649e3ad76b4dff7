import json

import pytest
from worlds import lines, make_world, moment, rows

from atalaia.errors import ObjectNotFoundError
from atalaia.monitoring.exporting import sagemaker_files


@pytest.fixture
def world():
    world = make_world()
    world.logs.put("a.jsonl", lines([*rows(2), {"at": "2026-03-02T13:00:00Z", "x": 1.0, "word": "new"}]))
    world.ingest()
    return world


def exported(world, time=None):
    files = sagemaker_files(world.monitor, world.baseline, world.output, time)
    return {name: json.loads(data) for name, data in files.items()}


def test_a_baseline_is_written_as_statistics_and_constraints(world):
    files = exported(world)

    assert sorted(files) == ["constraints.json", "statistics.json"]
    assert files["statistics.json"]["dataset"] == {"item_count": 2000}
    assert [feature["name"] for feature in files["constraints.json"]["features"]] == ["x", "word", "at"]


def test_of_a_window_there_are_its_statistics_and_what_it_violates_of_the_baselines_constraints(world):
    files = exported(world, moment("2026-03-02T08:00:00Z"))

    assert files["statistics.json"]["dataset"] == {"item_count": 601}
    assert files["constraints.json"] == exported(world)["constraints.json"]
    assert [
        (v["feature_name"], v["constraint_check_type"]) for v in files["constraint_violations.json"]["violations"]
    ] == [("word", "categorical_values_check")]


def test_a_window_without_rows_is_refused(world):
    with pytest.raises(ObjectNotFoundError, match="no rows in the window from 2026-03-05"):
        exported(world, moment("2026-03-05"))
