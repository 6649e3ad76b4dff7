import json

import numpy as np
import pytest
from profiling import baseline_of_rows, profile_of_rows

from atalaia.baseline import baseline_from_bytes, baseline_to_bytes, constrained
from atalaia.constraints import constraint_findings, violations_text
from atalaia.constraints_file import read_constraints
from atalaia.conventions.sagemaker import subtracted
from atalaia.monitor_checks import CONSTRAINT_CHECKS
from atalaia.monitor_file import ConstraintThresholds
from atalaia.schema import Column, Kind, Role, Side, Type

AGE, PLAN, FEE = Column("age", type=Type.INTEGER), Column("plan", type=Type.STRING), Column("fee")
COLUMNS = (AGE, PLAN, FEE)
N = 1000


def known(n=N, seed=1):
    random = np.random.default_rng(seed)
    return {
        "age": random.integers(18, 90, n).tolist(),
        "plan": random.choice(["basic", "gold"], n, p=[0.7, 0.3]).tolist(),
        "fee": random.normal(10, 2, n).tolist(),
    }


FEATURES = {
    "age": {"inferred_type": "Integral", "completeness": 1.0, "num_constraints": {"is_non_negative": True}},
    "plan": {"inferred_type": "String", "completeness": 0.9, "string_constraints": {"domains": ["basic", "gold"]}},
    "fee": {"inferred_type": "Fractional", "completeness": 1.0},
}


def held(features=None, columns=COLUMNS, rows=None, thresholds="container", **config):
    features = FEATURES if features is None else features
    content = {"features": [{"name": name, **more} for name, more in features.items()], "monitoring_config": config}
    read = read_constraints(json.dumps(content).encode(), "c.json", ConstraintThresholds(thresholds))
    return constrained(baseline_of_rows(columns, **(rows or known())), read)


def found(baseline, sides=None, **rows):
    """The findings of the window with these rows, by check and column."""
    current = profile_of_rows(baseline, **({"sides": sides} if sides else {}), **(known(seed=2) | rows))
    findings = list(constraint_findings(baseline, current))
    return {(finding.metric, finding.column): finding for finding in findings}


def statuses(findings, check):
    return {column: finding.status for (metric, column), finding in findings.items() if metric == check}


def test_a_window_like_the_baseline_fulfils_everything():
    findings = found(held())

    assert {metric for metric, _ in findings} == set(CONSTRAINT_CHECKS)
    assert {finding.status for finding in findings.values()} == {"ok"}
    assert json.loads(violations_text(findings.values())) == {"violations": []}


def test_without_constraints_or_rows_or_when_switched_off_nothing_is_judged():
    plain = baseline_of_rows(COLUMNS, **known())
    empty = held()

    assert list(constraint_findings(plain, profile_of_rows(plain, **known()))) == []
    assert list(constraint_findings(empty, profile_of_rows(empty, age=[], plan=[], fee=[]))) == []
    assert found(held(evaluate_constraints="Disabled")) == {}


def test_one_value_of_another_type_is_a_violation_told_as_the_container_does():
    ages = [*known()["age"][:-1], 3.3]
    finding = found(held(), age=ages)["data_type_check", "age"]

    assert (finding.status, finding.value, finding.threshold) == ("alert", 0.999, 1.0)
    assert finding.message == (
        "age: Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
        "Observed: Only 99.9% of data is Integral."
    )


@pytest.mark.parametrize(("wrong", "status"), [(100, "ok"), (101, "alert")])
def test_by_the_documents_up_to_a_tenth_may_be_of_another_type(wrong, status):
    ages = [*map(str, known()["age"][wrong:]), *["old"] * wrong]

    assert found(held(thresholds="documents"), age=ages)["data_type_check", "age"].status == status


def test_missing_values_count_for_completeness_and_not_for_types():
    rows = known()
    findings = found(held(), age=[None, *rows["age"][1:]], plan=[*rows["plan"][100:], *[None] * 100])

    assert statuses(findings, "completeness_check") == {"age": "alert", "plan": "ok", "fee": "ok"}
    assert statuses(findings, "data_type_check") == {"age": "ok", "plan": "ok", "fee": "ok"}
    assert "Observed: Only 99.9% of the values are there." in findings["completeness_check", "age"].message


def test_a_value_outside_the_domain_is_a_violation_up_to_the_threshold():
    plans = [*known()["plan"][1:], "platinum"]
    strict, loose = found(held(), plan=plans), found(held(domain_content_threshold=0.99), plan=plans)

    assert strict["categorical_values_check", "plan"].status == "alert"
    assert strict["categorical_values_check", "plan"].value == 0.999
    assert loose["categorical_values_check", "plan"].status == "ok"


def test_drift_is_judged_with_what_is_subtracted_told():
    fees = np.random.default_rng(3).normal(14, 2, N).tolist()
    findings = found(held(), fee=fees, plan=["gold"] * N)
    fee, plan = findings["baseline_drift_check", "fee"], findings["baseline_drift_check", "plan"]

    assert (fee.status, plan.status) == ("alert", "alert")
    share = known()["plan"].count("basic") / N
    assert plan.value == pytest.approx(share - subtracted(N, N))
    assert fee.message.startswith(f"fee: Baseline drift distance: {fee.value!r} exceeds threshold: 0.1 (0.0805 was")
    assert statuses(findings, "baseline_drift_check")["age"] == "ok"


def test_a_p_value_below_the_threshold_is_drift():
    compared = {"categorical_drift_method": "ChiSquared"}
    baseline = held(distribution_constraints=compared)
    moved, same = found(baseline, plan=["gold", "basic"] * 500), found(baseline, **known())

    assert moved["baseline_drift_check", "plan"].status == "alert"
    assert "Baseline drift p-value: " in moved["baseline_drift_check", "plan"].message
    assert same["baseline_drift_check", "plan"].status == "ok"


def test_comparisons_and_columns_can_be_switched_off():
    features = FEATURES | {"age": FEATURES["age"] | {"monitoringConfigOverrides": {"evaluate_constraints": "Disabled"}}}
    findings = found(held(features, distribution_constraints={"perform_comparison": "Disabled"}))

    assert {metric for metric, _ in findings} == set(CONSTRAINT_CHECKS) - {"baseline_drift_check"}
    assert {column for _, column in findings} == {"plan", "fee", None}


def test_columns_that_are_missing_or_new_are_told_together():
    baseline = held(FEATURES | {"region": {"inferred_type": "String"}, "town": {"inferred_type": "String"}})
    findings = found(baseline, surprise=[1] * N)
    missing, extra = findings["missing_column_check", None], findings["extra_column_check", None]

    assert (missing.status, missing.value) == ("alert", 2.0)
    assert missing.message == (
        "There are missing columns in current dataset. Number of columns in current dataset: 4, "
        "Number of columns in baseline constraints: 5: region, town"
    )
    assert (extra.status, extra.value) == ("alert", 1.0)
    told = json.loads(violations_text(findings.values()))["violations"]
    assert [(v["feature_name"], v["constraint_check_type"]) for v in told] == [
        ("Missing columns", "missing_column_check"),
        ("Extra columns", "extra_column_check"),
    ]


def test_what_was_not_captured_is_not_judged():
    label = Column("churned", type=Type.STRING, role=Role.LABEL)
    rows = known() | {"churned": ["yes", "no"] * 500}
    features = FEATURES | {"churned": {"inferred_type": "String", "completeness": 1.0}}
    baseline = held(features, (*COLUMNS, label), rows)
    findings = found(baseline, sides={Side.INPUT})

    assert findings["missing_column_check", None].status == "ok"
    assert "churned" not in {column for _, column in findings}


def test_a_label_without_constraints_is_no_extra_column():
    label = Column("churned", type=Type.STRING, role=Role.LABEL)
    rows = known() | {"churned": ["yes", "no"] * 500}

    assert found(held(columns=(*COLUMNS, label), rows=rows), **rows)["extra_column_check", None].status == "ok"


TYPES = [
    (Column("c", type=Type.STRING), "String", ["a", "b"], ["a", "7"], 0.5),
    (Column("c", type=Type.STRING), "Integral", ["1", "2"], ["1", "2.5"], 0.5),
    (Column("c", type=Type.STRING), "Fractional", ["1.5", "2.5"], ["1.5", "x"], 0.5),
    (Column("c", type=Type.STRING, kind=Kind.TEXT), "String", ["a b", "c"], ["d", "e"], 1.0),
    (Column("c"), "String", [1.0, 2.0], [1.0, 2.0], 0.0),
    (Column("c"), "Fractional", [1.0, 2.0], [1.0, 2.0], 1.0),
    (Column("c"), "Integral", [1.0, 2.0], [1.0, 2.0], None),
    (Column("c", type=Type.INTEGER), "Fractional", [1, 2], [1, 2], 1.0),
    (Column("c", type=Type.INTEGER), "Fractional", [1, 2], [1.5, 2], None),
    (Column("c", type=Type.INTEGER), "String", [1, 2], [1, 2], 0.0),
    (Column("c", type=Type.INTEGER, kind=Kind.CATEGORICAL), "Integral", [1, 2], [1, 2.5], 0.5),
    (Column("c", type=Type.BOOLEAN), "String", [True, False], [True, False], 1.0),
    (Column("c", type=Type.TIME), "String", ["2026-01-01", "2026-01-02"], ["2026-01-01", "2026-01-02"], None),
]


@pytest.mark.parametrize(("column", "inferred", "before", "now", "share"), TYPES)
def test_values_count_as_of_a_type_as_far_as_a_profile_tells(column, inferred, before, now, share):
    baseline = held({"c": {"inferred_type": inferred}}, (column,), {"c": before})
    (finding,) = [
        f for f in constraint_findings(baseline, profile_of_rows(baseline, c=now)) if f.metric == "data_type_check"
    ]

    assert finding.value == share
    assert finding.status == {None: "undecided", 1.0: "ok"}.get(share, "alert")
    assert ("give it the type" in finding.message) is (share is None)


def test_a_column_of_unknown_type_is_judged_by_completeness_alone():
    findings = found(held({"fee": {"inferred_type": "Unknown", "completeness": 0.0}}))

    assert {metric for metric, column in findings if column} == {"completeness_check"}


def test_whole_numbers_kept_as_categories_are_compared_as_amounts():
    code = Column("code", type=Type.INTEGER, kind=Kind.CATEGORICAL)
    settings = {"comparison_method": "Simple"}
    baseline = held(
        {"code": {"inferred_type": "Integral"}}, (code,), {"code": [1, 2, 3, 4]}, distribution_constraints=settings
    )
    findings = list(constraint_findings(baseline, profile_of_rows(baseline, code=[3, 4, 5, 6])))
    (drift,) = [finding for finding in findings if finding.metric == "baseline_drift_check"]

    assert drift.value == 0.5  # the largest difference of a share would be 0.25


@pytest.mark.parametrize("strange", ["a", "inf"])
def test_categories_that_are_no_amounts_are_compared_by_share(strange):
    baseline = held(
        {"plan": {"inferred_type": "Integral"}},
        (PLAN,),
        {"plan": ["1", strange] * 50},
        distribution_constraints={"comparison_method": "Simple"},
    )
    findings = list(constraint_findings(baseline, profile_of_rows(baseline, plan=["1", "1", "1", strange] * 25)))
    (drift,) = [finding for finding in findings if finding.metric == "baseline_drift_check"]

    assert drift.value == 0.25


def test_a_domain_on_a_column_without_categories_is_undecided():
    baseline = held({"fee": {"inferred_type": "String", "string_constraints": {"domains": ["1"]}}})
    finding = found(baseline)["categorical_values_check", "fee"]

    assert finding.status == "undecided"
    assert "kind: categorical" in finding.message


def test_values_that_a_profile_does_not_name_are_told():
    baseline = held()
    findings = found(baseline, plan=[f"n{i}" for i in range(3000)], age=[30] * 3000, fee=[1.0] * 3000)

    assert "were not kept by name; they count as outside" in findings["categorical_values_check", "plan"].message
    assert "they count as String" in findings["data_type_check", "plan"].message


def test_columns_without_a_value_are_undecided():
    findings = found(held(), fee=[None] * N)

    assert findings["data_type_check", "fee"].status == "undecided"
    assert findings["baseline_drift_check", "fee"].message == "fee: not judged: one side has no values"
    assert findings["completeness_check", "fee"].status == "alert"


def test_constraints_are_stored_with_the_baseline_and_change_its_version():
    plain, baseline = baseline_of_rows(COLUMNS, **known()), held()

    again = baseline_from_bytes(baseline_to_bytes(baseline), "b")

    assert baseline.version != plain.version
    assert (again.version, again.constraints) == (baseline.version, baseline.constraints)
    assert baseline_from_bytes(baseline_to_bytes(plain), "p").constraints is None
