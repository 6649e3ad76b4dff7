"""Azure ML's definitions, against SciPy and NumPy as its own components call them."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from conventional import by_cells_alone, column, numbers, off, words
from drawn import COLUMNS
from scipy.spatial.distance import jensenshannon

from atalaia.conventions import azureml
from atalaia.conventions.sides import Asked
from atalaia.profile.numeric import NumericSummary
from atalaia.schema import Column, Kind, Type

NUMERIC = [name for name in COLUMNS if not name.endswith("words")]
SMALL = Column("x", Type.STRING), *words("a" * 50 + "b" * 30 + "c" * 20, "a" * 40 + "b" * 30 + "c" * 20 + "d" * 10)


def counted(before, now):
    """Count as Azure ML does: bins of equal width over both, by Sturges' rule for the smaller."""
    bins = math.ceil(math.log2(min(len(before), len(now))) + 1)
    edges = np.linspace(min(*before, *now), max(*before, *now), bins + 1)
    return [np.histogram(side, edges)[0] for side in (before, now)]


@pytest.mark.parametrize("name", NUMERIC)
def test_distances_of_numbers_are_azures(name):
    sides, (before, now) = column(name, *COLUMNS[name]), COLUMNS[name]
    p, q = counted(before, now)
    a, b = (p + 1) / (len(before) + len(p)), (q + 1) / (len(now) + len(q))
    found = {metric: azureml.judge(*sides, Asked(metric)) for metric in ("jensen_shannon", "psi")}
    default = azureml.judge(*sides)

    assert default.metric == "normalized_wasserstein_distance"
    exact = scipy.stats.wasserstein_distance(before, now) / np.std(before, ddof=1)
    assert default.value == pytest.approx(exact, rel=1e-9, abs=off(default))
    assert default.drifted == (exact > 0.1)
    js = jensenshannon(p, q, base=2)
    assert found["jensen_shannon"].value == pytest.approx(js, rel=1e-9, abs=off(found["jensen_shannon"]))
    assert found["psi"].value == pytest.approx(((b - a) * np.log(b / a)).sum(), rel=1e-9, abs=off(found["psi"]))


@pytest.mark.parametrize("name", NUMERIC)
def test_the_test_of_numbers_is_scipys_and_alarms_below(name):
    before, now = COLUMNS[name]
    judged = azureml.judge(*column(name, before, now), Asked("kolmogorov_smirnov"))

    exact = scipy.stats.ks_2samp(before, now).pvalue
    assert judged.value == pytest.approx(exact, rel=1e-9, abs=off(judged))
    assert judged.below
    assert judged.drifted == (exact < 0.05)


def test_the_test_of_numbers_fails_from_10000_rows_on():
    values = np.linspace(0, 1, 10_000)
    fine = azureml.judge(Column("x"), *numbers(values[1:], values[1:]), Asked("kolmogorov_smirnov"))
    judged = azureml.judge(Column("x"), *numbers(values, values[:50]), Asked("kolmogorov_smirnov"))

    assert fine.drifted is False
    assert (judged.value, judged.drifted) == (None, None)
    assert judged.notes[0].startswith("it raises an error with 10,000 rows or more on a side; the p-value is ")


def test_the_small_vector_has_the_published_values():
    assert azureml.judge(*SMALL).metric == "jensen_shannon_distance"
    assert azureml.judge(*SMALL).value == pytest.approx(0.2324129365435581, rel=1e-12)
    assert azureml.judge(*SMALL, Asked("psi")).value == pytest.approx(0.2515527729633066, rel=1e-12)
    chi2 = azureml.judge(*SMALL, Asked("chi_square"))
    assert (chi2.value, chi2.drifted) == (0.0, True)
    assert chi2.notes == ("a category that the baseline does not have makes it 0, however rare it is",)


def test_a_known_category_that_is_rarer_now_does_not_make_the_test_0():
    judged = azureml.judge(Column("x", Type.STRING), *words("aabbc" * 20, "aabb" * 20), Asked("chi_square"))

    assert judged.value == pytest.approx(scipy.stats.chisquare([40, 40, 0], [32, 32, 16]).pvalue, rel=1e-9)
    assert judged.notes == ()


def test_the_limit_itself_is_no_drift():
    distance = azureml.judge(*SMALL).value

    assert not azureml.judge(*SMALL, Asked(threshold=distance)).drifted
    assert azureml.judge(*SMALL, Asked(threshold=distance - 1e-12)).drifted


def test_integers_with_few_distinct_values_are_categories_unless_the_monitor_says_what_they_are():
    sides = numbers(list(range(4)) * 25, list(range(4)) * 25)
    many = numbers(list(range(5)) * 20, list(range(5)) * 20)

    assert azureml.judge(Column("x", Type.INTEGER), *sides).metric == "jensen_shannon_distance"
    assert azureml.judge(Column("x", Type.INTEGER), *many).metric == "normalized_wasserstein_distance"
    assert azureml.judge(Column("x"), *sides).metric == "normalized_wasserstein_distance"
    declared = Column("x", Type.INTEGER, kind=Kind.NUMERIC)
    assert azureml.judge(declared, *sides).metric == "normalized_wasserstein_distance"


def test_a_constant_column_is_divided_by_a_thousandth_and_fills_one_bin():
    sides = Column("x"), *numbers([50.0] * 9000, [51.0] * 9000)

    assert azureml.judge(*sides).value == pytest.approx(1000.0)
    assert azureml.judge(Column("x"), *numbers([5.0] * 9, [5.0] * 9), Asked("psi")).value == 0.0


def test_missing_values_are_told_of_and_an_empty_side_is_not_judged():
    grid, before, now = numbers([1.0, 2.0], [1.0, 2.0])
    gaps = NumericSummary.empty(grid).merge(now)
    gaps = type(gaps)(**{name: getattr(gaps, name) for name in gaps.__struct_fields__} | {"missing": 3})

    assert azureml.judge(Column("x"), grid, before, gaps).notes == (
        "rows without x count in no column at all there, which is not copied",
    )
    assert azureml.judge(Column("x"), grid, before, NumericSummary.empty(grid)).drifted is None


def test_what_is_not_defined_for_a_kind_has_no_value():
    values = Column("x"), *numbers(range(20), range(20))

    assert azureml.judge(*values, Asked("chi_square")).value is None
    for metric in ("kolmogorov_smirnov", "wasserstein_normalised"):
        assert azureml.judge(*SMALL, Asked(metric)).value is None


def test_values_that_were_not_kept_by_name_are_told_of():
    many = [f"{n}" for n in range(3000)]
    judged = azureml.judge(Column("x", Type.STRING), *words(["a"] * 3000, many, known=["a"]))

    assert judged.notes == ("values that the profiles did not keep by name count as one category",)


def test_the_deviation_that_is_stated_holds_for_a_column_of_which_only_cells_are_known():
    before, now = np.random.default_rng(1).normal(size=200_000), np.random.default_rng(2).normal(0.1, 1, 50_000)
    p, q = counted(before, now)
    judged = azureml.judge(Column("x"), *by_cells_alone(*numbers(before, now)), Asked("jensen_shannon"))

    assert abs(judged.value - jensenshannon(p, q, base=2)) <= off(judged) < 0.05


NAMES = {
    "NormalizedWassersteinDistance": "wasserstein_normalised",
    "JensenShannonDistance": "jensen_shannon",
    "PopulationStabilityIndex": "psi",
    "TwoSampleKolmogorovSmirnovTest_pvalue": "kolmogorov_smirnov",
    "PearsonsChiSquaredTest_pvalue": "chi_square",
}


def cases(kind):
    path = Path(__file__).resolve().parents[4] / "shared/oracles/azureml_model_monitor_expected.json"
    if not path.exists():
        pytest.skip("the file of other tools' tests is not here")
    found = json.loads(path.read_text())[kind]
    assert found
    return found


def test_azures_own_cases_of_numbers_agree():
    """Its tests divide by the standard deviation of all n values; its component, as we do, by that of n - 1."""
    for case in cases("numeric"):
        drawn = [
            np.random.RandomState(0).normal(case[f"{side}_mean"], case[f"{side}_std"], case[f"{side}_n"])
            for side in "xy"
        ]
        sides = Column("x"), *numbers(*drawn)
        for name, expected in case["expected"].items():
            judged = azureml.judge(*sides, Asked(NAMES[name]))
            fair = expected * math.sqrt(1 - 1 / case["x_n"]) if "Wasserstein" in name and case["x_std"] else expected
            assert judged.value == pytest.approx(fair, rel=1e-6, abs=max(off(judged), 1e-9)), (case["name"], name)


def test_azures_own_cases_of_categories_agree():
    for case in cases("categorical"):
        before, now = ([w for w, n in case[side].items() for _ in range(n)] for side in ("baseline", "production"))
        for name, expected in case["expected"].items():
            judged = azureml.judge(Column("x", Type.STRING), *words(before, now), Asked(NAMES[name]))
            assert judged.value == pytest.approx(expected, rel=1e-9, abs=1e-9), (case["name"], name)
