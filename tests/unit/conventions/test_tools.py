import pytest
from conventional import numbers, words

from atalaia.conventions.asking import asked, limits_of, metrics_of, under_convention
from atalaia.conventions.sides import Asked
from atalaia.conventions.tools import TOOLS, measured
from atalaia.monitor_checks import BY_CONVENTION
from atalaia.monitor_file import CheckRule, Convention, Limits
from atalaia.schema import Column, Kind, Type

NUMBER, WORD = Column("x"), Column("w", Type.STRING)
VALUES, TEXTS = numbers(range(50), range(50)), words("abc" * 20, "abc" * 20)


def test_every_convention_of_the_monitor_file_has_a_tool_and_metrics():
    names = [convention.value for convention in Convention if convention is not Convention.ATALAIA]

    assert sorted(names) == sorted(TOOLS) == sorted(BY_CONVENTION)


@pytest.mark.parametrize("convention", TOOLS)
def test_every_tool_measures_what_it_is_said_to_have_and_judges_by_its_own_choice(convention):
    for column, sides in ((NUMBER, VALUES), (WORD, TEXTS)):
        found = measured(convention, column, sides)
        assert list(found) == list(metrics_of(convention, column.effective_kind))
        assert all(judged.value is not None for judged in found.values())
        assert TOOLS[convention].judge(column, *sides, Asked()).drifted is False


def test_free_text_has_no_metrics():
    assert metrics_of("evidently", Kind.TEXT) == ()


@pytest.mark.parametrize("convention", TOOLS)
def test_an_asked_threshold_holds(convention):
    assert TOOLS[convention].judge(WORD, *TEXTS, Asked(threshold=0.37)).threshold == 0.37


def test_sagemakers_test_is_asked_for_by_name():
    judged = TOOLS["sagemaker"].judge(WORD, *TEXTS, Asked("chi_square"))

    assert (judged.metric, judged.below) == ("chi_squared_p_value", True)


def test_a_monitors_convention_is_that_of_its_drift_checks_and_its_tools_choice_comes_first():
    rules = (CheckRule("psi"), CheckRule("missing"), CheckRule("hellinger", convention=Convention.ATALAIA))
    found = under_convention(rules, Convention.EVIDENTLY)

    assert [(rule.metric, rule.convention) for rule in found] == [
        ("drift", "evidently"), ("psi", "evidently"), ("missing", None), ("hellinger", "atalaia"),
    ]  # fmt: skip
    assert under_convention(rules, Convention.ATALAIA) == rules


def asked_for(column, *rules):
    return [(rule.convention, rule.metric) for rule in asked(rules, column)]


def of(metric, convention="evidently", **more):
    return CheckRule(metric, convention=Convention(convention), **more)


def test_named_metrics_of_a_tool_take_the_place_of_its_choice():
    assert asked_for(NUMBER, of("drift")) == [("evidently", "drift")]
    assert asked_for(NUMBER, of("drift"), of("psi"), of("hellinger")) == [
        ("evidently", "psi"),
        ("evidently", "hellinger"),
    ]
    assert asked_for(NUMBER, of("drift", "azureml"), of("psi")) == [("azureml", "drift"), ("evidently", "psi")]


def test_rules_for_other_columns_kinds_or_conventions_and_disabled_ones_ask_nothing():
    assert asked_for(NUMBER, of("psi", columns=("y",)), CheckRule("psi"), of("psi", "atalaia")) == []
    assert asked_for(WORD, of("drift"), of("kolmogorov_smirnov")) == [("evidently", "drift")]
    assert asked_for(NUMBER, of("drift"), of("drift", enabled=False)) == []


def test_the_last_rule_for_a_metric_holds():
    (rule,) = asked((of("psi", threshold=0.1), of("psi", threshold=0.3)), NUMBER)

    assert limits_of(rule) == (0.3, None)
    assert limits_of(of("psi", threshold=Limits(warning=0.1, alert=0.2))) == (0.2, 0.1)
    assert limits_of(of("psi")) == (None, None)
