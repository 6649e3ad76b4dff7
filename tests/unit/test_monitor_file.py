"""The monitor file: what loads, and that every fault is told with its place, line and fix."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from atalaia import monitor_file
from atalaia.checks import METRICS
from atalaia.errors import MonitorFileError
from atalaia.monitor_answers import PERFORMANCE
from atalaia.monitor_checks import RULE_METRICS, SHORT_NAMES
from atalaia.monitor_columns import UNMEASURED
from atalaia.monitor_file import find_faults, json_schema, load_monitor, schema_text
from atalaia.monitor_yaml import MAX_CHARACTERS, MAX_VALUES, quote, read
from atalaia.schema import Column, Kind, Role, Type, profiled
from atalaia.spelling import nearest, slug

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "monitor-file.md"

SMALL = """\
name: fraud
model: {name: fraud}
logs: {source: logs}
columns:
  - {name: age}
  - {name: sex, type: string}
output: out
"""


def small(**replaced: object) -> str:
    """The small monitor with other values, one key a line from line 1 on."""
    data = yaml.safe_load(SMALL) | replaced
    return "".join(f"{key}: {json.dumps(value)}\n" for key, value in data.items())


def faults(text: str | bytes) -> list[str]:
    return [str(fault) for fault in find_faults(text, "m.yaml", METRICS)]


def only_fault(text: str | bytes) -> str:
    (fault,) = faults(text)
    return fault


def column(**keys: object) -> str:
    return small(columns=[{"name": "age"} | keys])


def check(**keys: object) -> str:
    return small(checks=[{"metric": "psi"} | keys])


def labelled(metric: str, name: str) -> str:
    """A monitor with a check of *metric* on one of its columns, which has answers and labels."""
    answers = {"said": ("string", "prediction"), "true": ("string", "label"), "sure": ("number", "score")}
    columns = [{"name": name, "type": kind, "role": role} for name, (kind, role) in answers.items()]
    return small(columns=[{"name": "age"}, *columns], checks=[{"metric": metric, "columns": [name]}])


def raised_faults(text: str) -> list[str]:
    try:
        load_monitor(text, "m.yaml")
    except MonitorFileError as error:
        return error.faults
    return []


# ---- what loads


def test_a_convention_is_the_monitors_or_a_checks():
    named = {"metric": "kullback_leibler", "convention": "evidently"}
    others = [{"metric": "drift", "convention": "sagemaker"}, {"metric": "psi", "convention": "atalaia"}]
    kept = [named, *others, {"metric": "missing"}]
    monitor = load_monitor(small(convention="nannyml", checks=kept), "m.yaml", METRICS)

    assert monitor.convention == "nannyml"
    assert [rule.convention for rule in monitor.checks] == ["evidently", "sagemaker", "atalaia", None]
    assert load_monitor(SMALL, "m.yaml").convention == "atalaia"


def test_a_small_file_takes_the_defaults():
    monitor = load_monitor(SMALL, "m.yaml")

    assert (monitor.window, monitor.lateness, monitor.checks, monitor.baseline) == ("1d", "1h", (), None)
    assert monitor.columns[0].type is Type.NUMBER


def test_a_full_file_keeps_what_it_says():
    monitor = load_monitor(
        """
name: credit-risk-2
model: {name: Credit risk, version: "1.10"}
logs: {source: logs, format: sagemaker, include: ["*.jsonl"]}
baseline: {data: [ref.csv], format: csv}
columns:
  - {name: age, type: integer, nullable: false, range: [18, null]}
  - {name: rating, type: integer, kind: categorical, set: [1, 2]}
  - {name: grade, type: string, set: [A, B], pattern: '[A-Z]'}
  - {name: at, type: time, role: time}
window: 6h
lateness: 0s
checks:
  - {metric: psi, columns: [age], threshold: {warning: 0.1, alert: 0.2}, min_rows: 50}
  - {metric: missing, threshold: 0, enabled: false}
output: out
""",
        "m.yaml",
        METRICS,
    )

    assert monitor.model.version == "1.10"
    assert monitor.columns[0].range == (18.0, None)
    assert monitor.columns[1].kind is Kind.CATEGORICAL
    assert monitor.columns[3].role is Role.TIME
    assert monitor.checks[0].threshold.alert == 0.2
    assert monitor.checks[1].threshold == 0


def test_bytes_with_a_byte_order_mark_load():
    assert load_monitor(b"\xef\xbb\xbf" + SMALL.encode(), "m.yaml").name == "fraud"


def test_words_that_yaml_1_1_takes_for_booleans_are_text():
    monitor = load_monitor(
        column(type="string").replace('"age"', "on").replace('"string"', "string, set: [yes, no]"), "m"
    )

    assert monitor.columns[0].name == "on"
    assert monitor.columns[0].set == ("yes", "no")


def test_a_date_is_text():
    assert (
        load_monitor(SMALL.replace("name: fraud}", "name: fraud, version: 2026-03-01}"), "m").model.version
        == "2026-03-01"
    )


@pytest.mark.parametrize("written", ["1e-1", ".1", "0.1", "+0.1", "1.0E-1"])
def test_a_number_with_an_exponent_or_without_a_leading_zero_is_a_number(written):
    monitor = load_monitor(check(threshold=7).replace("7", written), "m")

    assert monitor.checks[0].threshold == 0.1


@pytest.mark.parametrize(("written", "number"), [("010", 10), ("0o10", 8), ("0x10", 16), ("!!int 10", 10)])
def test_an_integer_is_read_by_yaml_1_2(written, number):
    assert load_monitor(check(min_rows=7777).replace("7777", written), "m").checks[0].min_rows == number


def test_anchors_aliases_and_merge_keys_work():
    text = (
        SMALL
        + "checks:\n  - &a {metric: psi, min_rows: 5}\n  - {<<: *a, min_rows: 6}\n  - {<<: [*a, {threshold: 1}]}\n"
    )

    rules = load_monitor(text, "m").checks

    assert [rule.min_rows for rule in rules] == [5, 6, 5]
    assert rules[2].threshold == 1.0


def test_without_known_metrics_any_metric_name_is_taken():
    assert load_monitor(check(metric="mine"), "m").checks[0].metric == "mine"


def test_a_list_of_numbers_may_be_the_set_of_a_number_column():
    assert load_monitor(column(type="integer", set=[1, 2]), "m").columns[0].set == (1.0, 2.0)


@pytest.mark.parametrize(("kind", "values"), [("boolean", [True]), ("string", ["a"]), ("number", [0.5])])
def test_a_set_may_hold_the_values_of_each_type(kind, values):
    assert faults(column(type=kind, set=values)) == []


# ---- faults of the text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "m.yaml:1: the file is empty"),
        ("# only a comment\n", "m.yaml:1: the file is empty"),
        ("a: 1\nb: {when: psi[income] > 1}\n", "quote texts with brackets"),
        ("a: 1\nb: {when: psi[income] > 0.1, c: 2}\n", "quote texts with brackets"),
        ("- a\n", 'm.yaml:1: ["a"] is a list, not a mapping. Give a mapping.'),
        ("a: 1\n\tb: 2\n", "m.yaml:2: not valid YAML"),
        ("a: 1\n\tb: 2\n", "Indent with blanks, not tabs"),
        ("a: [1\nb: 2\n", "m.yaml:2: not valid YAML"),
        ("a: 'x\n", "quotes and brackets"),
        ("a: @x\n", "m.yaml:1: not valid YAML"),
        ("a: \x00\n", "a character that YAML does not allow"),
        (b"a: \xff\n", "the file is not UTF-8 text"),
        ("a: \ud800\n", "the file is not UTF-8 text"),
        ("a: 1\n---\nb: 2\n", "m.yaml:2: a second YAML document begins"),
        ("[" * 100_000, "nested more than 32 deep"),
        ("x" * (MAX_CHARACTERS + 1), "the limit is 4,000,000"),
    ],
)
def test_a_text_that_cannot_be_read_is_one_fault(text, said):
    assert said in only_fault(text)


def test_a_tower_of_aliases_is_bounded():
    levels = "abcdefgh"
    tower = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in itertools.pairwise(levels)
    )

    assert f"more than {MAX_VALUES:,} values" in only_fault(tower)


def test_an_alias_inside_its_own_anchor_is_a_fault():
    assert "m.yaml:8, checks[0]: the alias *a refers to nothing" in only_fault(SMALL + "checks: &a [*a]\n")


def test_a_key_that_stands_twice_is_a_fault_with_the_second_line():
    assert only_fault(SMALL + "output: there\n").startswith(
        "m.yaml:8, output: the key 'output' stands here for the second time"
    )


def test_a_key_that_stands_twice_does_not_hide_the_fault_of_its_value():
    assert len(faults(SMALL + "output: 5\n")) == 2


@pytest.mark.parametrize("value", ["!!python/name:os.system x", "!mine x", "!!timestamp 2026-01-01", "!!binary aGk="])
def test_a_tag_without_meaning_is_a_fault(value):
    assert "has no meaning here. Remove it." in only_fault(SMALL.replace("output: out", f"output: {value}"))


def test_a_tag_on_a_list_is_a_fault():
    assert "has no meaning here" in only_fault(SMALL + "checks: !!set {}\n".replace("{}", "[]"))


@pytest.mark.parametrize("value", ["!!int many", "!!bool maybe", "!!float x", "0x1234567890abcdef12"])
def test_a_scalar_that_its_tag_does_not_fit_is_a_fault(value):
    assert "cannot be read as" in only_fault(check(threshold=7777).replace("7777", value))


@pytest.mark.parametrize("value", [".inf", "-.INF", ".nan", "1e999", "1" * 400])
def test_a_number_that_is_not_finite_is_a_fault(value):
    assert "is not a finite number" in only_fault(check(threshold=7777).replace("7777", value))


def test_merging_what_is_no_mapping_is_a_fault():
    assert "`<<` merges mappings only" in only_fault(SMALL + "<<: 5\n")


def test_a_list_as_a_key_is_a_fault():
    assert any("a key is not a plain text" in fault for fault in faults(SMALL + "? [a]\n: 3\n"))


# ---- faults of the structure


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL + "windw: 1d\n", "m.yaml:8, windw: unknown key 'windw'. Did you mean 'window'?"),
        (
            SMALL + "zzz: 1d\n",
            "Choose one of the keys: alarm_rate, baseline, checks, convention, lateness, multivariate, policies, win",
        ),
        (column(typ="number"), "columns[0].typ: unknown key 'typ'. Did you mean 'type'?"),
        (column(type="strng"), '"strng" is none of boolean, integer, number, string, time. Did you mean \'string\'?'),
        (column(role="zzz"), "Choose one of these."),
        (column(role=5), "columns[0].role: 5 is none of feature"),
        (column(kind="catgorical"), "Did you mean 'categorical'?"),
        (column(nullable="no"), 'columns[0].nullable: "no" is text, not true or false. Write false.'),
        (column(nullable="on"), "Write true."),
        (column(nullable="perhaps"), "Give true or false."),
        (column(range=[1]), "columns[0].range: the list has 1 values instead of 2. Write [smallest, largest]"),
        (column(range=[1, 2, 3]), "the list has 3 values instead of 2"),
        (column(range=5), "5 is a number, not a list. Write [smallest, largest]"),
        (column(range=["0", 1]), 'columns[0].range[0]: "0" is text, not a number. Write it without quotes: 0.'),
        (column(range=["low", 1]), "Give a number."),
        (column(set="A"), 'columns[0].set: "A" is text, not a list. Write a list: ["A"].'),
        (column(set={"a": 1}), "is a mapping, not a list. Give a list."),
        (column(type="string", set=[None]), "set[0]: nothing is given. Give text or a number or true or false."),
        (small(name=None), "m.yaml:1, name: nothing is given. Give text."),
        (small(columns=["age"]), 'columns[0]: "age" is text, not a mapping'),
        (small(model={"name": "m", "version": 1.5}), 'version: 1.5 is a number, not text. Put it in quotes: "1.5".'),
        (small(model={"name": "m", "version": True}), "true is a boolean, not text"),
        (small(window=5), "m.yaml:6, window: 5 is a number, not text. Write a whole number and a unit"),
        (small(policies=[{"name": "p", "when": "rows > 1", "file": True, "cool_down": 7}]), "such as 7d"),
        (small(policies=[{"name": "p", "when": True, "file": True}]), "Write a condition, such as drifted > 0.3."),
        (small(policies=[{"name": "p", "when": "rows > 1", "pipeline": "p", "new_baseline": 3}]), "Write {windows: 3}"),
        (small(baseline={"data": "a.csv"}), 'baseline.data: "a.csv" is text, not a list. Write a list: ["a.csv"].'),
        (small(baseline={}), "baseline.data: the key 'data' is missing. Add it: Files or folders"),
        (check(threshold="high"), "'high' is not a threshold"),
        (check(threshold={"alarm": 1}), "checks[0].threshold.alarm: unknown key 'alarm'."),
        (check(threshold={"alert": "x"}), "checks[0].threshold.alert: \"x\" is text, not a number"),
        (check(min_rows=1.0), "checks[0].min_rows: 1.0 is a number, not a whole number"),
        (check(columns=["age", 5]), 'checks[0].columns[1]: 5 is a number, not text. Put it in quotes: "5".'),
        (small(logs={"source": "x" * 100, "format": ["x" * 100]}), "..."),
    ],
)  # fmt: skip
def test_a_fault_of_structure_is_told_with_its_fix(text, said):
    assert said in only_fault(text)


def test_a_version_given_as_a_number_is_shown_as_it_was_written():
    text = SMALL.replace("name: fraud}", "name: fraud, version: 1.10}")

    assert only_fault(text) == 'm.yaml:2, model.version: 1.10 is a number, not text. Put it in quotes: "1.10".'


def test_every_missing_key_is_told():
    told = "\n".join(faults("window: 1d\n"))

    assert all(f"the key '{key}' is missing" in told for key in ("name", "model", "logs", "columns", "output"))


def test_a_misspelt_key_is_not_told_as_missing_too():
    assert only_fault(SMALL.replace("output:", "ouput:")).endswith("ouput: unknown key 'ouput'. Did you mean 'output'?")


def test_keys_that_are_there_are_not_told_as_missing():
    assert only_fault(SMALL.replace("output: out\n", "")).startswith("m.yaml:1, output: the key 'output' is missing.")


# ---- faults of meaning


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (small(name="My Model"), "m.yaml:1, name: 'My Model' is not a name"),
        (small(name="My Model"), "Write 'my-model', for example."),
        (small(name="-a"), "is not a name"),
        (small(name="a" * 64), "is not a name"),
        (small(name="a\n"), "is not a name"),
        (small(output=""), "m.yaml:5, output: the text is empty"),
        (small(logs={"source": ""}), "logs.source: the text is empty"),
        (small(model={"name": ""}), "model.name: the text is empty"),
        (small(columns=[]), "m.yaml:4, columns: no column is listed"),
        (small(baseline={"data": []}), "baseline.data: no file is listed"),
        (small(window="day"), "window: 'day' is not a whole number with a unit (s, m, h, d, w)"),
        (small(window="0h"), "window: '0h' is not above 0"),
        (small(window="521w"), "window: '521w' is longer than 520w"),
        (small(lateness="-1h"), "lateness: '-1h' is negative"),
        (small(columns=[{"name": "a"}, {"name": "a"}]), "columns[1].name: the name 'a' already stands at columns[0]"),
        (small(columns=[{"name": "a", "role": "id"}, {"name": "b", "role": "id"}]), "second column has the role 'id'"),
        (small(columns=[{"name": "a", "role": "time"}, {"name": "b", "role": "time"}]), "role 'time'; the first is"),
        (column(range=[5, 1]), "columns[0].range: 5 is above 1. Write the smallest first: [1, 5]."),
        (column(type="string", range=[1, 5]), "a range on a column of the type 'string'"),
        (column(set=[]), "the set is empty"),
        (column(set=[1, "a"]), "columns[0].set[1]: 'a' does not fit the column's type 'number'. Write a number"),
        (column(set=[True]), "true does not fit the column's type 'number'"),
        (column(type="integer", set=[1.5]), "Write a whole number, or change the type."),
        (column(type="boolean", set=["yes"]), "Write true or false"),
        (column(type="string", set=[5]), "put it in quotes"),
        (column(type="time", set=["2026-03-01"]), "columns[0].set: a set on a column of the type 'time'"),
        (column(type="time", kind="categorical", set=["2026-03-01"]), "Remove the set, or give the type string."),
        (column(type="string", kind="numeric", set=["a"]), "set[0]: 'a' is no number, but the column's kind"),
        (column(type="string", kind="numeric", set=["1", "nan"]), "set[1]: 'nan' is no number"),
        (column(type="string", kind="numeric", set=["1", "-"]), "in quotes, or remove `kind: numeric`"),
        (column(type="string", kind="numeric", pattern="a+"), "columns[0].pattern: a pattern on a column of the kind"),
        (column(type="string", kind="numeric", pattern="a+"), "Remove the pattern, or remove `kind: numeric`."),
        (column(kind="categorical", range=[1, 5]), "columns[0].range: a range on a column of the kind 'categorical'"),
        (column(kind="categorical", range=[1, 5]), "list the values as `set`, or remove `kind: categorical`."),
        (column(role="segment"), "columns[0].role: a segment whose kind is 'numeric' divides no rows. Add `kind: cat"),
        (column(role="segment", type="time"), "Add `kind: categorical`, or give the type string."),
        (column(role="segment", type="string", kind="numeric"), "Write `kind: categorical`."),
        (column(type="string", segments=5), "columns[0].segments: `segments` has no effect on a column of the role"),
        (column(type="string", role="label", segments=5), "Remove it, or write `role: segment`."),
        (column(role="segment", type="string", segments=0), "columns[0].segments: 0 is not from 1 to 200. Write how"),
        (column(role="segment", type="string", segments=201), "columns[0].segments: 201 is not from 1 to 200."),
        (column(role="segment", type="string", segments=2.5), "columns[0].segments"),
        (check(metric="segment_rest", columns=["age"]), "has not the role 'segment', so 'segment_rest' has nothing to"),
        (column(pattern="a+"), "a pattern on a column of the type 'number'"),
        (column(type="string", pattern="(["), "is not a regular expression that can run"),
        (column(type="string", pattern="a(?=b)"), "patterns know no lookaround and no backreferences"),
        (check(metric="pis"), "checks[0].metric: there is no metric 'pis'. Did you mean 'psi'?"),
        (check(metric="qqq"), f"Choose one of the metrics: {', '.join(sorted(METRICS))}."),
        (
            check(convention="nannyml"),
            "checks[0].metric: 'nannyml' has no metric 'psi'. Choose one of the metrics: chi_square, drift, hellinger, "
            "jensen_shannon, kolmogorov_smirnov, l_infinity, wasserstein. `convention: atalaia` takes our own "
            "definition.",
        ),
        (check(metric="missing", convention="azureml"), "'azureml' has no metric 'missing'."),
        (check(metric="drift"), "there is no metric 'drift'"),
        (check(metric="drift", convention="azureml", threshold=-1), "checks[0].threshold: -1 is below 0"),
        (check(metric="drift", convention="azureml", columns=["agee"]), "there is no column 'agee'"),
        (small(convention="nannyml", checks=[{"metric": "psi"}]), "'nannyml' has no metric 'psi'."),
        (check(columns=["agee"]), "checks[0].columns[0]: there is no column 'agee'. Did you mean 'age'?"),
        (check(threshold=-0.1), "m.yaml:6, checks[0].threshold: -0.1 is below 0. Give the largest"),
        (check(threshold={"warning": -1}), "checks[0].threshold.warning: -1 is below 0"),
        (check(threshold={"alert": -1}), "checks[0].threshold.alert: -1 is below 0"),
        (check(threshold={"warning": 2, "alert": 1}), "the warning limit 2 is above the alert limit 1"),
        (check(threshold={}), "checks[0].threshold: no limit is given, so every value would be fine. Give `warning`"),
        (check(threshold={"alert": None}), "no limit is given"),
        (check(threshold={"history": None}), "no limit is given"),
        (check(threshold={"history": "mean"}), 'checks[0].threshold.history: "mean" is none of quantile, sd.'),
        (check(threshold={"history": "sd", "k": 0}), "checks[0].threshold.k: 0 is not above 0. Give how many standard"),
        (check(threshold={"history": "quantile", "quantile": 0.5}), "threshold.quantile: 0.5 is not above 0.5 and up"),
        (check(threshold={"history": "quantile", "quantile": 1.1}), "threshold.quantile: 1.1 is not above 0.5 and up"),
        (check(threshold={"history": "quantile", "k": 2}), "threshold.k: `k` has no meaning without `history: sd`."),
        (check(threshold={"k": 2}), "threshold.k: `k` has no meaning without `history: sd`. Remove it, or add that."),
        (check(threshold={"history": "sd", "alert": 2}), "threshold.alert: a limit has no meaning beside `history`"),
        (check(metric="late", threshold={"history": "sd"}), "threshold.history: this metric has no history in the bas"),
        (check(floor=0.1, threshold={"history": "sd"}), "a floor has no meaning beside a given threshold"),
        (check(metric="out_of_set", columns=["age"]), "columns[0]: the column 'age' has no `set`, so 'out_of_set' has"),
        (check(metric="out_of_range", columns=["age"]), "Give the column a `range`, or remove it here."),
        (check(metric="off_pattern", columns=["sex"]), "the column 'sex' has no `pattern`"),
        (check(min_rows=0), "checks[0].min_rows: 0 is not above 0"),
        (check(metric="accuracy"), "checks[0].metric: no column has the role 'label', so 'accuracy' has nothing to"),
        (labelled("accuracy", "age"), "columns[0]: the column 'age' has not the role 'prediction', so 'accuracy' has"),
        (labelled("area_under_roc", "said"), "the column 'said' has not the role 'score'"),
        (labelled("r_squared", "said"), "the column 'said' is of the kind 'categorical', so 'r_squared' has nothing"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_with_its_fix(text, said):
    assert said in only_fault(text)


def test_the_limits_of_a_floor_metric_stand_the_other_way_round():
    fine = small(checks=[{"metric": "row_count", "threshold": {"warning": 1000, "alert": 100}}])
    swapped = small(checks=[{"metric": "row_count", "threshold": {"warning": 100, "alert": 1000}}])

    assert faults(fine) == []
    assert "the warning limit 100 is below the alert limit 1000" in only_fault(swapped)


@pytest.mark.parametrize("metric", sorted(name for name, metric in METRICS.items() if metric.history))
def test_drift_missing_values_and_the_number_of_rows_can_have_a_limit_from_history(metric):
    assert METRICS[metric].family == "drift" or metric in ("missing", "row_count")
    assert faults(small(checks=[{"metric": metric, "threshold": {"history": "sd", "k": 2.5}}])) == []
    assert faults(small(checks=[{"metric": metric, "threshold": {"history": "quantile", "quantile": 1}}])) == []


@pytest.mark.parametrize("metric", sorted(name for name, metric in METRICS.items() if metric.of_window))
def test_a_check_of_the_whole_window_names_no_columns(metric):
    said = f"checks[0].columns: '{metric}' is measured once for the whole window, not for columns. Remove `columns`."

    assert said in only_fault(together(True, checks=[{"metric": metric, "columns": ["age"]}]))
    assert faults(together(True, checks=[{"metric": metric, "columns": []}])) == []


# ---- columns taken together


def together(choice: object, columns: int = 0, **more: object) -> str:
    """A monitor of two features, a category and an id, or of so many features, with a *choice* of those together."""
    features = [{"name": f"f{place}"} for place in range(columns)]
    mixed = [{"name": "age"}, {"name": "debt"}, {"name": "zip", "type": "string"}, {"name": "who", "role": "id"}]
    return small(columns=features or mixed, multivariate=choice, **more)


def test_by_default_the_numeric_features_are_taken_together():
    columns = [{"name": "age"}, {"name": "zip", "type": "string"}, {"name": "p", "role": "score"}, {"name": "debt"}]

    assert load_monitor(small(columns=columns, multivariate=True), "m").together == ("age", "debt")
    assert load_monitor(small(columns=columns, multivariate=False), "m").together == ()
    assert load_monitor(small(columns=columns), "m").together == ()


def test_columns_named_together_may_be_of_any_numeric_role_and_keep_the_order_of_the_file():
    columns = [{"name": "age"}, {"name": "p", "role": "score"}, {"name": "debt"}]
    text = small(columns=columns, multivariate={"columns": ["debt", "p"]})

    assert faults(text) == []
    assert load_monitor(text, "m").together == ("p", "debt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (together("yes"), 'multivariate: "yes" is text, not true or false or a mapping. Write true.'),
        (together({"colums": ["age", "debt"], "columns": ["age", "debt"]}), "unknown key 'colums'"),
        (together({}), "multivariate.columns: the key 'columns' is missing"),
        (together({"columns": "age"}), 'Write a list: ["age"].'),
        (together({"columns": ["age"]}), "multivariate.columns: only 1 column is to be taken together, so there is no"),
        (together({"columns": []}), "no columns are to be taken together"),
        (together(True, columns=1), "multivariate: only 1 column is to be taken together"),
        (together(True, columns=101), "multivariate: 101 columns are to be taken together, but 100 are the most."),
        (
            together({"columns": ["age", "debt", "age"]}),
            "columns[2]: the column 'age' is listed twice. Remove it here.",
        ),
        (together({"columns": ["age", "debt", "det"]}), "there is no column 'det'. Did you mean 'debt'?"),
        (together({"columns": ["age", "debt", "zip"]}), "the column 'zip' is compared by its categories"),
        (together({"columns": ["age", "debt", "who"]}), "the column 'who' has the role 'id', so nothing is measured"),
        (check(metric="correlation_change"), "checks[0].metric: the relations between columns are not watched."),
        (together(False, checks=[{"metric": "reconstruction_error"}]), "Write `multivariate: true` at the top level"),
    ],
)
def test_a_choice_of_columns_together_that_cannot_be_is_a_fault(text, said):
    assert said in only_fault(text)


def test_a_hundred_columns_may_be_taken_together():
    assert faults(together(True, columns=100)) == []


@pytest.mark.parametrize("role", UNMEASURED)
@pytest.mark.parametrize("metric", ["psi", "missing", "out_of_set", "nan"])
def test_a_check_that_names_a_column_without_measures_is_a_fault(role, metric):
    text = small(columns=[{"name": "age", "role": role}], checks=[{"metric": metric, "columns": ["age"]}])

    assert f"checks[0].columns[0]: the column 'age' has the role '{role}', so nothing is measured" in only_fault(text)


@pytest.mark.parametrize("role", UNMEASURED)
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("nullable", False),
        ("range", [0, 1]),
        ("set", ["a"]),
        ("pattern", "a+"),
        ("range", [None, None]),
        ("segments", 3),
    ],
)
def test_a_rule_on_a_column_without_measures_is_a_fault(role, key, value):
    said = f"columns[0].{key}: `{key}` has no effect on a column of the role '{role}'. Remove it"

    assert said in only_fault(column(role=role, **{key: value}))


@pytest.mark.parametrize("role", UNMEASURED)
def test_a_column_without_measures_may_say_the_defaults(role):
    assert faults(column(role=role, nullable=True, range=None, set=None, pattern=None)) == []


def test_the_roles_without_measures_are_those_that_are_not_profiled():
    assert [role for role in Role if not profiled((Column("x", role=role),))] == sorted(
        UNMEASURED, key=list(Role).index
    )


def test_every_column_that_is_measured_may_have_each_rule_and_its_check():
    keys = {"range": [0, 1], "set": [0, 1]}
    columns = [{"name": "age"} | keys, {"name": "sex", "type": "string", "pattern": "[FM]"}]
    rules = [("out_of_range", "age"), ("out_of_set", "age"), ("off_pattern", "sex")]

    assert faults(small(columns=columns, checks=[{"metric": m, "columns": [c]} for m, c in rules])) == []


def test_metrics_of_answers_may_name_their_columns():
    assert faults(labelled("f1", "said")) == faults(labelled("area_under_roc", "sure")) == []


def test_the_metrics_of_rules_are_metrics():
    assert set(PERFORMANCE) == {name for name, metric in METRICS.items() if metric.family == "performance"}
    assert set(RULE_METRICS) <= set(METRICS)
    assert set(RULE_METRICS.values()) <= set(Column.__struct_fields__)


def test_a_categorical_segment_is_no_fault():
    assert faults(column(role="segment", kind="categorical")) == faults(column(role="segment", type="string")) == []


@pytest.mark.parametrize("most", [1, 10, 200, None])
def test_a_segment_may_say_how_many_of_its_values_are_told_apart(most):
    columns = [{"name": "age"}, {"name": "region", "type": "string", "role": "segment", "segments": most}]
    text = small(columns=columns, checks=[{"metric": "segment_rest", "columns": ["region"]}])

    assert faults(text) == []
    assert load_monitor(text, "m", METRICS).columns[1].most_segments == (most or 10)


def test_a_text_column_compared_as_a_number_may_list_numbers():
    assert faults(column(type="string", kind="numeric", set=["1", "-2.5", "1e3"])) == []


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("KS", "kolmogorov_smirnov"),
        ("CvM", "cramer_von_mises"),
        ("KL", "kullback_leibler"),
        ("G", "g_test"),
        ("JS", "jensen_shannon"),
        ("PSI", "psi"),
        ("TVD", "total_variation"),
        ("L-inf", "l_infinity"),
        ("W", "wasserstein"),
        ("chi²", "chi_square"),
        ("Kolmogorov-Smirnov", "kolmogorov_smirnov"),
        ("NaN", "nan"),
        ("AUC", "area_under_roc"),
        ("RMSE", "root_mean_square_error"),
        ("R²", "r_squared"),
    ],
)
def test_the_short_name_of_a_metric_suggests_its_long_one(short, long):
    assert f"there is no metric '{short}'. Did you mean '{long}'?" in only_fault(check(metric=short))


def test_every_short_name_stands_for_a_metric():
    assert set(SHORT_NAMES.values()) <= set(METRICS)


def test_a_short_name_suggests_no_metric_that_is_not_known():
    known = {"missing": METRICS["missing"]}

    assert str(find_faults(check(metric="KS"), "m", known)[0]).endswith("Choose one of the metrics: missing.")


def test_a_long_list_of_columns_is_cut():
    text = small(columns=[{"name": f"c{i}"} for i in range(30)], checks=[{"metric": "psi", "columns": ["zzz"]}])

    assert only_fault(text).endswith(", ….")


def test_a_fault_inside_a_merged_mapping_stands_where_the_merge_is():
    text = (
        SMALL
        + "checks:\n  - &a {metric: psi}\n  - {<<: *a, threshold: -1}\n"
        + "  - &b {metric: psi,\n     min_rows: 0}\n  - *b\n"
    )

    assert [fault.line for fault in find_faults(text, "m.yaml")] == [10, 12, 13]


def test_all_faults_come_at_once_in_the_order_of_lines():
    text = "name: A\nmodel: {name: 5}\nlogs: {sorce: logs}\ncolumns: []\noutput: out\nwindow: x\n"

    lines = [fault.line for fault in find_faults(text, "m.yaml")]

    assert lines == [1, 2, 3, 4, 6]


def test_load_raises_with_every_fault():
    with pytest.raises(MonitorFileError) as caught:
        load_monitor(small(window="x", name="A"), "m.yaml")

    assert caught.value.name == "m.yaml"
    assert caught.value.faults == faults(small(window="x", name="A"))
    assert len(caught.value.faults) == 2


def test_load_refuses_an_unknown_metric_when_the_metrics_are_known():
    with pytest.raises(MonitorFileError, match="Did you mean 'psi'"):
        load_monitor(check(metric="pis"), "m.yaml", METRICS)


# ---- laws

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(-1, 1)
    | st.text(max_size=5)
    | st.sampled_from(["1h", "psi", "age"])
)
KEYS = st.sampled_from(
    ["name", "type", "range", "set", "metric", "columns", "threshold", "alert", "data", "source", "odd"]
)
VALUES = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(KEYS, v, max_size=4), max_leaves=8)
TOP = st.dictionaries(
    st.sampled_from(["name", "model", "logs", "columns", "output", "baseline", "window", "checks"]), VALUES
)


@given(TOP)
@settings(max_examples=150, deadline=None)
def test_load_raises_the_faults_that_find_faults_returns_and_only_then(replaced):
    text = small(**replaced)

    told = [str(fault) for fault in find_faults(text, "m.yaml")]

    assert raised_faults(text) == told


@given(st.binary(max_size=60) | st.text(alphabet="ab:-[]{}&*!<>?|'\"\n\t #,", max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_reading_crash(text):
    assert find_faults(text, "m.yaml") != []


TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=8)  # one JSON escape each
SIMPLE = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | TEXTS
JSON = st.recursive(SIMPLE, lambda v: st.lists(v, max_size=3) | st.dictionaries(TEXTS, v, max_size=3), max_leaves=10)


@given(JSON)
@settings(deadline=None)
def test_both_loaders_read_json_as_it_is(data):
    text = json.dumps(data)
    fast, slow = read(text, "m"), read(text, "m", yaml.SafeLoader)

    assert fast.data == slow.data == data
    assert fast.lines == slow.lines


@given(st.text(max_size=20))
def test_a_quoted_text_is_read_back_by_both_versions_of_yaml(text):
    line = f"{{a: {quote(text)}}}"

    assert read(line, "m").data == yaml.safe_load(line) == {"a": text}


@given(st.text())
def test_a_slug_is_a_valid_name(text):
    assert faults(small(name=slug(text))) == []


def test_a_lone_surrogate_is_quoted_as_the_replacement_character():
    assert quote("\ud800") == '"\ufffd"'


def test_the_nearest_word_is_found_whatever_its_case():
    assert nearest("Psi", METRICS) == "psi"
    assert nearest("zzz", METRICS) is None


# ---- the schema


def test_the_shipped_schema_is_the_generated_one():
    shipped = Path(monitor_file.__file__).with_name("monitor.schema.json").read_text(encoding="utf-8")

    assert json.loads(shipped) == json_schema()


def test_the_command_of_the_reference_page_prints_the_shipped_schema():
    (command,) = re.findall(r'^python -c "(.*)" > monitor.schema.json$', PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    run = subprocess.run([sys.executable, "-W", "error", "-c", command], capture_output=True, check=True, cwd=ROOT)

    assert run.stdout.decode().replace("\r\n", "\n") == schema_text()


def test_the_shipped_schema_is_written_as_it_is_printed():
    assert (ROOT / "atalaia" / "monitor.schema.json").read_text(encoding="utf-8") == schema_text()


def test_every_key_of_the_schema_has_a_description():
    for definition in json_schema()["$defs"].values():
        assert definition["description"]
        for schema in definition.get("properties", {}).values():
            assert schema["description"]


def test_the_good_path_imports_neither_jsonschema_nor_scipy():
    code = (
        "import sys; from atalaia.monitor_file import load_monitor; load_monitor(sys.argv[1], 'm');"
        "print([m for m in ('jsonschema', 'scipy', 'pandas') if m in sys.modules])"
    )

    run = subprocess.run([sys.executable, "-c", code, SMALL], capture_output=True, check=True, text=True, cwd=ROOT)

    assert run.stdout.strip() == "[]"


# ---- the reference page


def type_in_words(schema: dict) -> str:
    if "$ref" in schema:
        return f"[{schema['$ref'].rsplit('/', 1)[1]}](#{schema['$ref'].rsplit('/', 1)[1].lower()})"
    if "anyOf" in schema:
        return " or ".join(type_in_words(inner) for inner in schema["anyOf"] if inner != {"type": "null"})
    if "prefixItems" in schema:
        return "[low, high]"
    if schema["type"] == "array":
        return f"list of {type_in_words(schema['items'])}"
    if schema["type"] == "object" and "additionalProperties" not in schema:
        return "mapping"
    if schema["type"] == "object":
        return f"mapping of names to {type_in_words(schema['additionalProperties'])}"
    return {"string": "text", "integer": "whole number"}.get(schema["type"], schema["type"])


def reference() -> str:
    """The tables of docs/monitor-file.md."""
    parts = []
    for name, definition in json_schema()["$defs"].items():
        parts.append(f"### {name}\n\n{definition['description']}\n")
        if "enum" in definition:
            parts.append("One of " + ", ".join(f"`{value}`" for value in definition["enum"]) + ".\n")
            continue
        parts.append("| key | type | default | meaning |\n|---|---|---|---|")
        for key, schema in definition["properties"].items():
            default = "**required**" if key in definition["required"] else f"`{json.dumps(schema['default'])}`"
            parts.append(f"| `{key}` | {type_in_words(schema)} | {default} | {schema['description']} |")
        parts.append("")
    return "\n".join(parts)


def test_the_reference_page_lists_every_key_as_the_types_have_it():
    page = PAGE.read_text(encoding="utf-8")
    written = page.split("<!-- keys -->\n")[1].split("<!-- end of keys -->")[0]

    assert written.strip() == reference().strip()


def test_every_example_of_the_reference_page_loads():
    examples = [part.split("```")[0] for part in PAGE.read_text(encoding="utf-8").split("```yaml\n")[1:]]

    assert len(examples) > 0
    assert [find_faults(example, "example", METRICS) for example in examples] == [[]] * len(examples)


EXAMPLES = sorted((PAGE.parents[1] / "infra").glob("**/examples/**/monitors/*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parts[-5]}/{path.parts[-3]}/{path.stem}")
def test_the_monitors_of_deployed_examples_have_no_fault(path):
    assert find_faults(path.read_bytes(), path.name, METRICS) == []
