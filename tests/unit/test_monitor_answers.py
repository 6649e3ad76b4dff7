"""What can't be measured beside the labels that there are is refused, in checks and in policies."""

import pytest
import yaml

from atalaia.checks import METRICS
from atalaia.monitor_file import find_faults

SAID = {"name": "said", "type": "string", "role": "prediction"}
PRICE = {"name": "price", "role": "prediction"}
SURE = {"name": "sure", "role": "score"}
TRUE = {"name": "true", "type": "string", "role": "label"}
PAID = {"name": "paid", "role": "label"}
REGION = {"name": "region", "type": "string", "role": "segment"}
HELD_TO = "the prediction 'said' is categorical (string), but its label"


def monitor(columns, **more):
    plain = {"name": "m", "model": {"name": "m"}, "logs": {"source": "logs"}, "columns": columns, "output": "out"}
    return yaml.safe_dump(plain | more)


def faults(columns, metric, *named):
    check = {"metric": metric} | ({"columns": list(named)} if named else {})
    return [str(fault) for fault in find_faults(monitor(columns, checks=[check]), "m.yaml", METRICS)]


def policy_faults(columns, when):
    policies = [{"name": "retrain", "when": when, "file": True}]
    return [str(fault) for fault in find_faults(monitor(columns, policies=policies), "m.yaml", METRICS)]


@pytest.mark.parametrize(
    ("columns", "metric", "named", "told"),
    [
        ([SAID], "accuracy", ["said"], "checks[0].columns[0]: no column has the role 'label', so 'accuracy' has"),
        ([SAID, PAID], "accuracy", ["said"], f"{HELD_TO} 'paid' is numeric (number). Give both the same `type` and"),
        ([SAID, PAID], "f1", [], f"checks[0].metric: {HELD_TO} 'paid' is numeric"),
        ([SAID, TRUE | {"type": "boolean"}], "recall", ["said"], f"{HELD_TO} 'true' is boolean."),
        ([SAID, TRUE, PAID], "accuracy", ["said"], "there are 2 labels for 1 prediction, so it is not known which"),
        ([SAID, PRICE, PAID, TRUE], "accuracy", ["said"], f"{HELD_TO} 'paid' is numeric (number)"),
        ([SURE, TRUE], "accuracy", [], "no column has the role 'prediction' and the kind 'categorical', so 'accuracy'"),
        ([SAID, TRUE], "r_squared", [], "no column has the role 'prediction' and the kind 'numeric', so 'r_squared'"),
        ([SURE, TRUE, PAID], "area_under_roc", ["sure"], "there are 2 labels, so it is not known which of them 'sure'"),
        ([SURE, PAID], "area_under_roc", [], "the label 'paid' is of the kind 'numeric', and a score tells classes"),
        ([SAID, SURE, TRUE], "area_under_roc", ["said"], "the column 'said' has not the role 'score'"),
    ],
)  # fmt: skip
def test_a_check_of_what_cannot_be_measured_is_refused(columns, metric, named, told):
    (found,) = faults(columns, metric, *named)

    assert told in found


@pytest.mark.parametrize(
    ("columns", "metric", "named"),
    [
        ([SAID, TRUE], "accuracy", ["said"]),
        ([SAID, PRICE, TRUE, PAID], "r_squared", []),
        ([SAID, PRICE, PAID], "mean_absolute_error", []),
        ([SURE, TRUE], "area_under_roc", ["sure"]),
    ],
)
def test_a_check_of_what_some_column_has_is_none(columns, metric, named):
    assert faults(columns, metric, *named) == []


@pytest.mark.parametrize(
    ("threshold", "place"),
    [
        (80, "threshold: 80 is above 1"),
        ({"alert": 75}, "threshold.alert: 75 is above 1"),
        (
            {"warning": 90, "alert": 0.8},
            "threshold.warning: 90 is above 1, so every value would be below it. Write 0.8",
        ),
    ],
)
def test_a_limit_in_percent_is_refused(threshold, place):
    def found(metric):
        check = {"metric": metric, "threshold": threshold}
        return [str(fault) for fault in find_faults(monitor(columns, checks=[check]), "m.yaml", METRICS)]

    columns = [SAID, TRUE, PRICE, PAID]

    assert [place in fault for fault in found("accuracy")] == [True]
    assert [place in fault for fault in found("r_squared")] == [True]
    assert len([fault for fault in found("mean_absolute_error") if "above 1" in fault]) == 0


def test_other_faults_of_the_columns_are_told_by_themselves():
    (found,) = faults([SAID | {"type": "strong"}, TRUE], "accuracy")

    assert "strong" in found
    assert len(faults([SAID, TRUE], "accuracy", "sad")) == 1
    assert len(faults([{"name": "at", "type": "time", "role": "time"}, SAID, TRUE], "accuracy", "at")) == 1


@pytest.mark.parametrize(
    ("columns", "when", "told"),
    [
        ([SAID], "accuracy < 0.8", "policies[0].when: no column has the role 'label'"),
        ([SAID, SURE, TRUE], "rows > 5 and not alert(accuracy[sure])", "'sure' has not the role 'prediction'"),
        ([SAID, PAID], "drifted > 0.2 or f1[said] < 0.8", f"policies[0].when: {HELD_TO} 'paid' is numeric"),
        ([SURE, TRUE, REGION], "area_under_roc[sure, region=a] < 0.8", "is measured on all rows only, not in segments"),
    ],
)
def test_a_policy_that_waits_for_what_is_never_measured_is_refused(columns, when, told):
    (found,) = policy_faults(columns, when)

    assert told in found


def test_a_policy_may_ask_for_what_is_measured():
    columns = [SAID, SURE, TRUE, REGION]

    assert policy_faults(columns, "accuracy[said, region=a] < 0.8 or alert(area_under_roc) or missing > 0.1") == []
