"""Numbers and verdicts of evidently 0.7.23 itself (NumPy 2.4, SciPy 1.17), run on the columns of `drawn`.

Each is `get_stattest(reference, current, kind, name)(reference, current, kind, None)` of
`evidently.legacy.calculations.stattests.registry`, where "whole" was given as int64.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from conventional import by_cells_alone, column, numbers, off, words
from drawn import COLUMNS

from atalaia.conventions import evidently
from atalaia.conventions.sides import Asked
from atalaia.profile.numeric import NumericSummary
from atalaia.profile.text import TextGrid, TextSummary
from atalaia.schema import Column, Kind, Type

SCORES = [
    ("normal", None, "wasserstein", 0.26787528172467967, True),
    ("normal", "wasserstein_normalised", "wasserstein", 0.26787528172467967, True),
    ("normal", "jensen_shannon", "jensenshannon", 0.1101675349665512, True),
    ("normal", "psi", "psi", 0.09667904888069306, False),
    ("normal", "kullback_leibler", "kl_div", 0.04573762215579022, False),
    ("normal", "hellinger", "hellinger", 0.11128318672824355, True),
    ("normal", "kolmogorov_smirnov", "ks", 1.2453918493708556e-13, True),
    ("squared", None, "wasserstein", 0.03567045655239378, False),
    ("squared", "wasserstein_normalised", "wasserstein", 0.03567045655239378, False),
    ("squared", "jensen_shannon", "jensenshannon", 0.03050508218568143, False),
    ("squared", "psi", "psi", 0.007692218856883233, False),
    ("squared", "kullback_leibler", "kl_div", 0.004137584790059046, False),
    ("squared", "hellinger", "hellinger", 0.03074798557952269, False),
    ("squared", "kolmogorov_smirnov", "ks", 0.49202443466751494, False),
    ("small", None, "ks", 0.36052707019858005, False),
    ("small", "wasserstein_normalised", "wasserstein", 0.09476952891980803, False),
    ("small", "jensen_shannon", "jensenshannon", 0.0920837514861887, False),
    ("small", "psi", "psi", 0.07971738247318282, False),
    ("small", "kullback_leibler", "kl_div", 0.030795390449515136, False),
    ("small", "hellinger", "hellinger", 0.09835887477576247, False),
    ("small", "kolmogorov_smirnov", "ks", 0.36052707019858005, False),
    ("whole", None, "wasserstein", 0.438207723134854, True),
    ("whole", "wasserstein_normalised", "wasserstein", 0.438207723134854, True),
    ("whole", "jensen_shannon", "jensenshannon", 0.15775464702658848, True),
    ("whole", "psi", "psi", 0.20320993672232296, True),
    ("whole", "kullback_leibler", "kl_div", 0.09629647728394573, False),
    ("whole", "hellinger", "hellinger", 0.14710302690658947, True),
    ("whole", "kolmogorov_smirnov", "ks", 1.0519920078557133e-18, True),
    ("few", None, "chisquare", 3.554090147525416e-06, True),
    ("few", "wasserstein_normalised", "wasserstein", 0.21716027510202185, True),
    ("few", "jensen_shannon", "jensenshannon", 0.0835595501724549, False),
    ("few", "psi", "psi", 0.056618818371561366, False),
    ("few", "kullback_leibler", "kl_div", 0.027967614460011104, False),
    ("few", "hellinger", "hellinger", 0.0833601833175938, False),
    ("few", "kolmogorov_smirnov", "ks", 0.006802593937027962, True),
    ("few of many", None, "jensenshannon", 0.1393286585161929, True),
    ("few of many", "wasserstein_normalised", "wasserstein", 0.404348133494875, True),
    ("few of many", "jensen_shannon", "jensenshannon", 0.1393286585161929, True),
    ("few of many", "psi", "psi", 0.158778453729022, True),
    ("few of many", "kullback_leibler", "kl_div", 0.07836611337601122, False),
    ("few of many", "hellinger", "hellinger", 0.0917633353587933, False),
    ("few of many", "kolmogorov_smirnov", "ks", 1.4971571243560527e-05, True),
    ("words", None, "jensenshannon", 0.1619688500935301, True),
    ("words", "jensen_shannon", "jensenshannon", 0.1619688500935301, True),
    ("words", "psi", "psi", 0.4769089965043605, True),
    ("words", "kullback_leibler", "kl_div", 0.0769898110079316, False),
    ("words", "hellinger", "hellinger", 0.1925531101285131, True),
    ("words", "chi_square", "chisquare", 0.0, True),
    ("few words", None, "chisquare", 0.0040170029090895645, True),
    ("few words", "jensen_shannon", "jensenshannon", 0.04440343456699144, False),
    ("few words", "psi", "psi", 0.01578397729476477, False),
    ("few words", "kullback_leibler", "kl_div", 0.007902492026425165, False),
    ("few words", "hellinger", "hellinger", 0.04441093116260136, False),
    ("few words", "chi_square", "chisquare", 0.0040170029090895645, True),
    ("two words", None, "z", 0.22835034751953476, False),
    ("two words", "jensen_shannon", "jensenshannon", 0.021468999338517484, False),
    ("two words", "psi", "psi", 0.0036879165082351123, False),
    ("two words", "kullback_leibler", "kl_div", 0.0018459233730234031, False),
    ("two words", "hellinger", "hellinger", 0.02146983336422986, False),
    ("two words", "chi_square", "chisquare", 0.1085718497630654, False),
]  # fmt: skip


@pytest.mark.parametrize(("name", "metric", "test", "score", "drifted"), SCORES)
def test_metric_choice_and_verdict_are_evidentlys(name, metric, test, score, drifted):
    judged = evidently.judge(*column(name, *COLUMNS[name]), Asked(metric))

    assert judged.metric == test
    assert judged.value == pytest.approx(score, rel=1e-7, abs=max(off(judged), 1e-12))
    assert judged.drifted == drifted or "could turn the verdict" in judged.notes[-1]


def test_only_columns_with_many_distinct_values_are_off_and_then_by_little():
    offs = {name: off(evidently.judge(*column(name, *sides), Asked("psi"))) for name, sides in COLUMNS.items()}

    assert {name for name, most in offs.items() if most} == {"normal", "squared"}
    assert max(offs.values()) < 0.01


def test_the_small_vector_has_the_published_values():
    sides = Column("x", Type.STRING), *words("a" * 50 + "b" * 30 + "c" * 20, "a" * 40 + "b" * 30 + "c" * 20 + "d" * 10)
    found = {metric: evidently.judge(*sides, Asked(metric)) for metric in ("psi", "kullback_leibler", "jensen_shannon")}

    assert found["psi"].value == pytest.approx(0.7123991075017365, rel=1e-12)
    assert found["kullback_leibler"].value == pytest.approx(0.11076991813755938, rel=1e-12)
    assert found["jensen_shannon"].value == pytest.approx(0.19349646201204068, rel=1e-12)
    assert evidently.judge(*sides, Asked("hellinger")).value == pytest.approx(0.22975292054736132, rel=1e-12)
    assert evidently.judge(*sides, Asked("chi_square")).value == 0.0
    assert "1 bin is empty on one side" in found["psi"].notes[0]
    assert found["jensen_shannon"].notes == ()


def test_the_smallest_share_decides_what_empty_bins_are_filled_with():
    before, now = ["a"] * 20_000 + ["b"], ["a"] * 20_000 + ["c"]
    judged = evidently.judge(Column("x", Type.STRING), *words(before, now), Asked("psi"))

    rare = 1 / 20_001
    assert judged.value == pytest.approx(2 * (rare - rare / 1e6) * np.log(1e6), rel=1e-9)


@pytest.mark.parametrize(("rows", "metric"), [(1000, "ks"), (1001, "wasserstein")])
def test_a_reference_of_1000_rows_is_tested_and_one_more_is_measured(rows, metric):
    judged = evidently.judge(Column("x"), *numbers(range(rows), range(rows)))

    assert (judged.metric, judged.drifted) == (metric, False)


def test_a_value_at_the_limit_alarms_for_distances_only():
    grid, before, now = numbers([0.0, 2.0] * 600, [0.1, 2.1] * 600)
    distance = evidently.judge(Column("x"), grid, before, now, Asked("wasserstein_normalised"))
    at = evidently.judge(Column("x"), grid, before, now, Asked("wasserstein_normalised", distance.value))

    assert at.drifted
    assert not evidently.judge(Column("x"), grid, before, now, Asked("wasserstein_normalised", 0.11)).drifted


def test_an_empty_side_is_not_judged_and_the_note_says_what_evidently_does():
    grid, before, _ = numbers([1.0, 2.0], [1.0])
    judged = evidently.judge(Column("x"), grid, before, NumericSummary.empty(grid))

    assert (judged.value, judged.drifted) == (None, None)
    assert judged.notes == ("the window has no value of it; an empty column fails the whole report there",)
    assert evidently.judge(Column("x"), grid, NumericSummary.empty(grid), before).notes[0].startswith("the baseline")


def test_free_text_is_not_judged():
    grid, before, _ = numbers([1.0, 2.0], [1.0])
    text = TextSummary(before, 0, 0, {})
    judged = evidently.judge(Column("x", Type.STRING, kind=Kind.TEXT), TextGrid(grid), text, text)

    assert judged.notes == ("it is free text, of which profiles keep no values",)


def test_what_needs_all_values_or_another_kind_is_not_defined():
    many = by_cells_alone(*numbers(range(1200), range(1200)))
    texts = words("abc", "abc")

    for sides, metric in [(many, "chi_square"), (texts, "wasserstein_normalised"), (texts, "kolmogorov_smirnov")]:
        judged = evidently.judge(Column("x"), *sides, Asked(metric))
        assert (judged.value, judged.drifted) == (None, None), metric


def test_few_values_before_and_very_many_now_are_not_counted_by_value():
    judged = evidently.judge(Column("x"), *numbers([1.0, 2.0] * 600, range(1200)), Asked("psi"))

    assert judged.value is None


def test_a_guessed_number_of_distinct_values_is_told_where_it_could_change_the_bins():
    values = np.linspace(0, 1, 2040)
    judged = evidently.judge(Column("x"), *numbers(values, values), Asked("hellinger"))

    assert judged.notes[0] == "its bins are 12 or 13: distinct values are estimated"


def test_evidentlys_own_tests_agree():
    path = Path(__file__).resolve().parents[4] / "shared/oracles/evidently_stattest_tests.json"
    if not path.exists():
        pytest.skip("the file of other tools' tests is not here")
    names = {"chisquare_p": "chi_square", "hellinger_cat": "hellinger"}
    cases = [case for case in json.loads(path.read_text())["cases"] if case["test"] in names]

    assert cases
    for case in cases:
        before, now = (
            [str(v) for v, times in zip(side["values"], side["repeat"], strict=True) for _ in range(times)]
            for side in (case["reference"], case["current"])
        )
        judged = evidently.judge(Column("x", Type.STRING), *words(before, now), Asked(names[case["test"]]))
        assert judged.value == pytest.approx(case["expected"], abs=case["abs_tol"])
