import json

import numpy as np
import pytest
from profiling import baseline_of_rows

from atalaia.checks import METRICS
from atalaia.constraints_file import read_constraints
from atalaia.from_sagemaker import carry_constraints, columns_of
from atalaia.infer import Found, carried_monitor, infer_monitor, not_carried
from atalaia.infer_columns import Guess
from atalaia.monitor_file import load_monitor
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.sagemaker_files import statistics_text
from atalaia.schema import Column, Role, Type
from atalaia.statistics_file import read_statistics

FEATURES = {
    "age": {"inferred_type": "Integral", "completeness": 1.0, "num_constraints": {"is_non_negative": True}},
    "fee": {"inferred_type": "Fractional", "completeness": 0.98, "num_constraints": {"is_non_negative": False}},
    "plan": {"inferred_type": "String", "completeness": 0.98, "string_constraints": {"domains": ["basic", "gold"]}},
    "old": {"inferred_type": "Unknown", "completeness": 0.0},
}
FOUND = Found("shop", "logs", ("statistics.json", "constraints.json"), "", "")


def constraints(features=None, **config):
    listed = [{"name": name, **more} for name, more in (features or FEATURES).items()]
    return read_constraints(json.dumps({"features": listed, "monitoring_config": config}).encode(), "c")


def statistics():
    columns = [Column("age", type=Type.INTEGER), Column("fee"), Column("plan", type=Type.STRING), Column("old")]
    rows = {"age": [30, 40], "fee": [1.5, 2.5], "plan": ["basic", "gold"], "old": [None, None]}
    baseline = baseline_of_rows(columns, **rows)
    return read_statistics(statistics_text(baseline, baseline.profile), "s")


def text_of(known, limits, judged=True, served=()):
    columns = columns_of(known, limits)
    return carried_monitor(columns, FOUND, carry_constraints(limits, judged=judged)(columns, {}), served)


def monitor_of(*arguments, **more):
    text = text_of(*arguments, **more)
    return text, load_monitor(text, "monitor.yaml", METRICS)


def test_columns_have_the_types_missing_values_signs_and_domains_of_the_constraints():
    text, monitor = monitor_of(None, constraints())

    assert [(c.name, c.type, c.nullable, c.range, c.set) for c in monitor.columns] == [
        ("age", "integer", False, (0, None), None),
        ("fee", "number", True, None, None),
        ("plan", "string", True, None, ("basic", "gold")),
        ("old", "string", True, None, None),
    ]
    assert monitor.baseline.data == ("statistics.json", "constraints.json")
    assert "six checks are judged from it" in text
    assert "# the file: Integral" in text


def test_limits_become_checks_of_the_columns_that_share_them():
    _, monitor = monitor_of(None, constraints(datatype_check_threshold=0.9, domain_content_threshold=0.95))

    assert [(r.metric, r.columns, r.threshold, r.min_rows) for r in monitor.checks] == [
        ("type_errors", (), 0.1, 1),
        ("missing", ("fee", "plan"), 0.02, 1),
        ("out_of_set", ("plan",), 0.05, 1),
        ("missing", ("old",), 1, 1),
    ]


def test_texts_that_are_booleans_are_read_as_such():
    limits = constraints({"vip": {"inferred_type": "String", "string_constraints": {"domains": ["True", "False"]}}})
    baseline = baseline_of_rows([Column("vip", type=Type.BOOLEAN)], vip=[True, False, None])
    known = read_statistics(statistics_text(baseline, baseline.profile), "s")

    for arguments in ((None, limits), (known, None), (known, limits)):
        _, monitor = monitor_of(*arguments)
        assert (monitor.columns[0].type, monitor.columns[0].set) == ("boolean", None)


def test_statistics_alone_give_columns_without_rules():
    text, monitor = monitor_of(statistics(), None)

    assert [(c.name, c.type) for c in monitor.columns] == [
        ("age", "integer"),
        ("fee", "number"),
        ("plan", "string"),
        ("old", "number"),
    ]
    assert monitor.checks == ()
    assert "Integral; from 30 to 40" in text
    assert "2 distinct values" in text
    assert "without any value" in text
    assert "# checks:" in text


def test_of_types_the_statistics_know_and_the_difference_is_told():
    features = FEATURES | {"age": {"inferred_type": "String", "completeness": 1.0}}
    text, monitor = monitor_of(statistics(), constraints(features))

    assert monitor.columns[0].type == "integer"
    assert "its constraint says String" in text


def test_a_column_that_the_statistics_lack_is_only_looked_for():
    text, monitor = monitor_of(statistics(), constraints(FEATURES | {"new": FEATURES["plan"]}))

    assert (monitor.columns[-1].name, monitor.columns[-1].role, monitor.columns[-1].set) == ("new", Role.IGNORED, None)
    assert "not in the statistics" in text


def test_what_has_no_place_here_is_told():
    long = {"inferred_type": "String", "string_constraints": {"domains": [str(i) for i in range(1001)]}}
    quiet = {"monitoringConfigOverrides": {"evaluate_constraints": "Disabled", "emit_metrics": "Disabled"}}
    features = {"long": long, "quiet": {"inferred_type": "String", **quiet}, "odd": {"colour": 1}}
    told = not_carried(text_of(None, constraints(features)))
    silent = not_carried(text_of(None, constraints(evaluate_constraints="Disabled")))

    assert [line.removeprefix("Not carried over: ") for line in told] == [
        "not understood, and without effect: features[2].colour.",
        "that quiet is Disabled; only Model Monitor's own checks heed it.",
        "that emit_metrics is Disabled for quiet; what is sent is set where functions run.",
        "the domains of long, which are too long to be listed here.",
    ]
    assert silent == ["Not carried over: that evaluate_constraints is Disabled; Atalaia's own checks go on."]


def test_without_a_baseline_the_file_says_what_the_six_checks_need():
    assert "six checks need a baseline" in text_of(None, constraints(), judged=False)


def batch(**values):
    import pyarrow as pa

    arrays = {name: pa.array(held) for name, held in values.items()}
    n = len(next(iter(arrays.values())))
    return RowBatch(arrays, n, ALL_SIDES, np.full(n, NO_TIME), None, np.arange(n))


def test_constraints_amend_what_is_inferred_from_rows():
    rows = batch(id=list(range(200)), age=[30.0, 40.0] * 100, code=["1", "x"] * 100, plan=["basic", "gold"] * 100)
    features = FEATURES | {"id": {"inferred_type": "Integral"}, "code": {"inferred_type": "Integral"}}
    features["age"] = FEATURES["age"] | {"inferred_type": "Fractional"}
    found = Found("shop", "logs", ("rows.csv", "constraints.json"), "csv", "it has commas")
    text = infer_monitor([rows], found, carry=carry_constraints(constraints(features), judged=True))
    monitor = load_monitor(text, "monitor.yaml", METRICS)
    columns = {column.name: column for column in monitor.columns}

    assert (columns["id"].role, columns["id"].nullable) == (Role.ID, True)
    assert (columns["age"].type, columns["code"].type) == ("number", "string")
    assert columns["plan"].set == ("basic", "gold")
    assert "its constraint says Integral" in text
    assert "the constraints on fee, old, which the data do not have" in text.replace(" and ", ", ")


def test_columns_that_are_codes_or_bounded_already_get_no_other_bounds():
    code, score = Guess("age", "integer", categorical=True), Guess("fee", "number", share=True)
    limits = constraints(FEATURES | {"fee": FEATURES["age"] | {"inferred_type": "Fractional"}})
    carry_constraints(limits, judged=True)([code, score], {})

    assert (code.range, score.range) == ("", "")


def test_outputs_are_told_by_the_logs():
    served = [batch(prediction=[0.5], age=[1], fee=[2.0], plan=["basic"])]
    features = {"age": FEATURES["age"], "out": {"inferred_type": "Fractional"}}
    import pyarrow as pa

    output = RowBatch({"out": pa.array([0.5])}, 1, frozenset({"output"}), np.full(1, NO_TIME), None, np.arange(1))
    _, monitor = monitor_of(None, constraints(features), served=[*served, output])

    assert [c.role for c in monitor.columns] == [Role.FEATURE, Role.PREDICTION]


@pytest.mark.parametrize("judged", [True, False])
def test_without_constraints_nothing_is_carried(judged):
    assert carry_constraints(None, judged=judged)([], {}).keys == ()
