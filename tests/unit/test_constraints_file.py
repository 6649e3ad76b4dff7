import json
from pathlib import Path

import pytest

from atalaia.constraints_file import Rule, Settings, is_constraints_file, read_constraints
from atalaia.errors import StatisticsFileError
from atalaia.monitor_file import ConstraintThresholds

SAMPLES = Path(__file__).resolve().parents[3] / "shared/samples/sagemaker/sagemaker-python-sdk"

AGE = {
    "name": "age",
    "inferred_type": "Integral",
    "completeness": 0.98,
    "num_constraints": {"is_non_negative": True},
}
PLAN = {
    "name": "plan",
    "inferred_type": "String",
    "completeness": 1.0,
    "string_constraints": {"domains": ["basic", "gold"]},
}


def read(*features, thresholds="container", **config):
    content = {"version": 0, "features": list(features), "monitoring_config": config}
    return read_constraints(json.dumps(content).encode(), "constraints.json", ConstraintThresholds(thresholds))


def test_a_file_is_read_with_all_it_says():
    compared = {
        "perform_comparison": "Disabled",
        "comparison_threshold": 0.2,
        "comparison_method": "Simple",
        "categorical_comparison_threshold": 0.3,
        "categorical_drift_method": "ChiSquared",
    }
    found = read(
        AGE,
        PLAN,
        evaluate_constraints="Enabled",
        emit_metrics="Disabled",
        datatype_check_threshold=0.9,
        domain_content_threshold=0.8,
        distribution_constraints=compared,
    )
    age, plan = found.features

    assert (age.name, age.inferred_type, age.completeness, age.non_negative, age.domains) == (
        "age",
        "Integral",
        0.98,
        True,
        None,
    )
    assert (plan.non_negative, plan.domains) == (None, ("basic", "gold"))
    assert found.settings == Settings(True, False, 0.9, 0.8, False, Rule(0.2, "Simple", 0.3, "ChiSquared"))
    assert age.settings == plan.settings == found.settings
    assert found.notes == ()


def test_what_is_left_out_has_the_containers_values():
    found = read_constraints(b'{"features": [{"name": "x"}]}', "c.json")

    assert found.settings == Settings(True, True, 1.0, 1.0, True, Rule(0.1, "Robust", None, "LInfinity"))
    assert found.features[0].inferred_type == "Unknown"
    assert (found.features[0].completeness, found.features[0].domains) == (None, None)


def test_by_the_documents_the_shares_are_those_that_may_differ():
    bare, given = (
        read(AGE, thresholds="documents"),
        read(AGE, thresholds="documents", datatype_check_threshold=0.25, domain_content_threshold=0),
    )

    assert (bare.settings.type_match, bare.settings.domain_match) == (0.9, 0.9)
    assert (given.settings.type_match, given.settings.domain_match) == (0.75, 1.0)
    assert bare.settings.rule == Rule()


@pytest.mark.parametrize("key", ["monitoringConfigOverrides", "monitoring_config_overrides"])
@pytest.mark.parametrize("inside", [None, "string_constraints"])
def test_a_column_overrides_what_it_names_wherever_that_stands(key, inside):
    override = {key: {"evaluate_constraints": "Disabled", "distribution_constraints": {"comparison_threshold": 0.5}}}
    feature = PLAN | override if inside is None else PLAN | {inside: PLAN[inside] | override}
    found = read(feature, AGE, datatype_check_threshold=0.9)

    assert found.features[0].settings == Settings(evaluate=False, type_match=0.9, rule=Rule(threshold=0.5))
    assert found.features[1].settings == found.settings == Settings(type_match=0.9)
    assert found.notes == ()


def test_unknown_keys_are_told_and_have_no_effect():
    found = read(AGE | {"colour": 1}, distribution_constraints={"min_domain_mass": 1.0})

    (note,) = found.notes
    assert note.startswith("not understood, and without effect: features[0].colour, monitoring_config.distribution")
    assert note.endswith("min_domain_mass")


FAULTS = [
    ({"completeness": 1.2}, "features[0].completeness: 1.2 is not a share"),
    ({"completeness": "all"}, "features[0].completeness: not a finite number"),
    ({"completeness": [1]}, "features[0].completeness: not a finite number"),
    ({"inferred_type": "Text"}, "features[0].inferred_type: not one of Integral"),
    ({"num_constraints": {"is_non_negative": "yes"}}, "is_non_negative: not true or false"),
    ({"string_constraints": {"domains": [1]}}, "domains[0]: not text"),
    ({"string_constraints": {"domains": "a"}}, "domains: not a list"),
    ({"monitoringConfigOverrides": {"evaluate_constraints": "Off"}}, "not one of Enabled, Disabled"),
    ({"monitoringConfigOverrides": {"distribution_constraints": {"comparison_threshold": -1}}}, "-1 is below 0"),
    ({"monitoringConfigOverrides": {"distribution_constraints": {"comparison_method": "Loose"}}}, "Robust, Simple"),
    ({"name": 3}, "features[0].name: not text"),
]


@pytest.mark.parametrize(("change", "told"), FAULTS)
def test_every_fault_is_told_with_its_place(change, told):
    with pytest.raises(StatisticsFileError) as raised:
        read(AGE | change)

    assert told in str(raised.value)


def test_all_faults_are_told_at_once():
    with pytest.raises(StatisticsFileError) as raised:
        read(AGE, AGE | {"completeness": 7}, datatype_check_threshold=3)

    assert [line.partition(": ")[0] for line in str(raised.value).splitlines()] == [
        "constraints.json, monitoring_config.datatype_check_threshold",
        "constraints.json, features[1].completeness",
        "constraints.json, features[1].name",
    ]


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(StatisticsFileError, match="data quality baseline; those of model quality"):
        read_constraints(b'{"version": 0.0, "regression_constraints": {}}', "c.json")
    with pytest.raises(StatisticsFileError, match=r"not JSON\. Give the constraints\.json"):
        read_constraints(b"features:", "c.json")


def test_a_file_is_known_by_its_beginning():
    assert is_constraints_file(json.dumps({"version": 0, "features": [AGE]}).encode()[:1024])
    assert not is_constraints_file(b'{"version": 0, "dataset": {"item_count": 3}, "features": []}')
    assert not is_constraints_file(b'{"features": [1, 2, 3]}\n')
    assert not is_constraints_file(b"completeness,features\n")


def test_the_published_samples_are_read():
    if not SAMPLES.exists():
        pytest.skip("the published samples are not here; the tests above hold the same shapes")
    folder = SAMPLES / "pipeline/quality_check_step/data_quality"
    good, bad = (read_constraints((folder / f"{k}_cases/constraints.json").read_bytes(), k) for k in ("good", "bad"))
    old = read_constraints((SAMPLES / "monitor/constraints.json").read_bytes(), "old")

    assert [f.inferred_type for f in good.features] == ["Fractional"] * 6
    assert bad.features[5].inferred_type == "String"
    assert old.features[0].domains == ("preproc-not-YET-supported-for-csv-json",)
    assert old.settings.rule.threshold == 1.0
    assert "min_domain_mass" in old.notes[0]
