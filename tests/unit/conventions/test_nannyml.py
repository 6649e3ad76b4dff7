"""Numbers, limits and verdicts of nannyml 0.13.1 itself (NumPy 2.4, SciPy 1.17), run on the columns of `drawn`.

Each is a method of `MethodFactory` with `DefaultChunker` and the calculator's `DEFAULT_THRESHOLDS`, fitted on the
reference and calculated on the window as one chunk.
"""

import re

import numpy as np
import pytest
from conventional import by_cells_alone, column, numbers, off, words
from drawn import COLUMNS
from profiling import rows_of

from atalaia.baseline import build_baseline, count_rows
from atalaia.conventions import nannyml
from atalaia.conventions.chunks import profiles_of_chunks
from atalaia.conventions.sides import Asked
from atalaia.profile.numeric import NumericSummary
from atalaia.rows import Reject
from atalaia.schema import Column, Type

SCORES = [
    ("normal", "jensen_shannon", 0.13116288425697303, 0.17359535124046468, False),
    ("normal", "hellinger", 0.11128420745235913, 0.15063080772363582, False),
    ("normal", "kolmogorov_smirnov", 0.13283333333333333, 0.144221505819091, False),
    ("normal", "wasserstein", 0.2748110993356753, 0.22263782142635236, True),
    ("squared", "jensen_shannon", 0.0684757472480568, 0.16965406293278165, False),
    ("squared", "hellinger", 0.060962131619890066, 0.15765712750740576, False),
    ("squared", "kolmogorov_smirnov", 0.029, 0.0685473044636089, False),
    ("squared", "wasserstein", 0.048462991435560404, 0.1664430009994178, False),
    ("small", "jensen_shannon", 0.10481133459905054, 0.2959835132829919, False),
    ("small", "hellinger", 0.09576558251232457, 0.276562714059983, False),
    ("small", "kolmogorov_smirnov", 0.059166666666666666, 0.1865656981546529, False),
    ("small", "wasserstein", 0.09422985064989912, 0.27213273726821074, False),
    ("whole", "jensen_shannon", 0.18600226608188924, 0.10527773053433691, True),
    ("whole", "hellinger", 0.15646889633208574, 0.10072689003111188, True),
    ("whole", "kolmogorov_smirnov", 0.167, 0.050175598085514174, True),
    ("whole", "wasserstein", 1.0583333333333336, 0.232891047824877, True),
    ("few", "jensen_shannon", 0.10036524818025123, 0.1671050538822743, False),
    ("few", "hellinger", 0.08383572148319147, 0.14812524075675218, False),
    ("few", "kolmogorov_smirnov", 0.0955, 0.10673345319807201, False),
    ("few", "wasserstein", 0.14425000000000007, 0.20159291303131277, False),
    ("few of many", "jensen_shannon", 0.16735077392995432, 0.1260903120293117, True),
    ("few of many", "hellinger", 0.14056310044123366, 0.10492860066446463, True),
    ("few of many", "kolmogorov_smirnov", 0.12222222222222222, 0.07224766010546252, True),
    ("few of many", "wasserstein", 0.18988888888888888, 0.11620638270785262, True),
    ("words", "jensen_shannon", 0.19454441537271222, 0.11013036594520556, True),
    ("words", "hellinger", 0.19255311012851303, 0.09187429924451794, True),
    ("words", "l_infinity", 0.07066666666666667, 0.0925459237123657, False),
    ("words", "chi_square", 153.19422273646387, None, True),
    ("few words", "jensen_shannon", 0.053333960285496265, 0.08888503882773269, False),
    ("few words", "hellinger", 0.044410931162600135, 0.07404050142589308, False),
    ("few words", "l_infinity", 0.0625396825396825, 0.0888888888888889, False),
    ("few words", "chi_square", 6.203858128488366, None, True),
    ("two words", "jensen_shannon", 0.025786896199714814, 0.1321800157292085, False),
    ("two words", "hellinger", 0.021469833364228783, 0.11010924766955416, False),
    ("two words", "l_infinity", 0.03031746031746041, 0.1542183063361437, False),
    ("two words", "chi_square", 1.3320943769713425, None, False),
]  # fmt: skip


@pytest.fixture(scope="module")
def with_chunks():
    """Return what a tool is given of each column, and of the chunks of its reference."""
    found = {}
    for name, (before, now) in COLUMNS.items():
        kept = Column("x", Type.STRING if name.endswith("words") else Type.NUMBER)
        parts = [rows_of(x=before[:700]), Reject("not_json", 0, 1), rows_of(x=before[700:])]
        parts = [part for part in parts if isinstance(part, Reject) or part.rows]
        baseline = build_baseline((kept,), lambda parts=parts: parts)
        current = count_rows(baseline.profiler(), [rows_of(x=now)])
        summaries = (profile.columns["", "x"] for profile in (baseline.profile, current))
        chunks = tuple(chunk.columns["", "x"] for chunk in profiles_of_chunks(baseline, parts))
        found[name] = ((kept, baseline.grids.grids["x"], *summaries), chunks)
    return found


@pytest.mark.parametrize(("name", "metric", "value", "limit", "drifted"), SCORES)
def test_value_limit_and_verdict_are_nannymls(with_chunks, name, metric, value, limit, drifted):
    sides, chunks = with_chunks[name]
    judged = nannyml.judge(*sides, Asked(metric, chunks=chunks))

    assert judged.metric == nannyml.NAMES[metric]
    assert judged.value == pytest.approx(value, rel=1e-6, abs=max(off(judged), 1e-12))
    assert judged.drifted is drifted
    if limit is not None:
        assert judged.threshold == pytest.approx(limit, rel=1e-6, abs=limit_off(judged))


def limit_off(judged):
    """Return by how much the limit may be off, as the notes say."""
    told = re.search(r"and may be off by ([\d.e-]+)", judged.notes[-1])
    return 1.001 * float(told[1].rstrip(".")) if told else 1e-12


def test_jensen_shannon_judges_everything_if_nothing_is_asked(with_chunks):
    for sides, chunks in with_chunks.values():
        assert nannyml.judge(*sides, Asked(chunks=chunks)).metric == "jensen_shannon"


def test_without_chunks_the_limit_is_drawn_by_chance_and_the_note_says_so():
    judged = nannyml.judge(*column("whole", *COLUMNS["whole"]))

    assert judged == nannyml.judge(*column("whole", *COLUMNS["whole"]))
    assert judged.drifted is True
    assert judged.notes[-1].startswith(
        "the baseline keeps no chunks, so the limit is that of ten chunks of rows in random"
    )


@pytest.mark.parametrize("metric", ["jensen_shannon", "hellinger", "l_infinity"])
def test_the_limit_by_chance_is_that_of_shuffled_rows_of_categories(metric):
    check_limit(metric, *words("abc" * 400 + "d" * 300, "abcd" * 100), np.array(list("abc" * 400 + "d" * 300)))


@pytest.mark.parametrize("metric", ["jensen_shannon", "kolmogorov_smirnov", "wasserstein"])
def test_the_limit_by_chance_is_that_of_shuffled_rows_of_numbers(metric):
    values = np.random.default_rng(3).normal(size=900)
    check_limit(metric, *numbers(values, values[:500]), values)


def check_limit(metric, grid, before, now, values):
    """Compare the drawn limit with the mean of those of 60 references whose rows were shuffled."""
    kept = Column("x", Type.STRING if values.dtype.kind == "U" else Type.NUMBER)
    count, random, limits = (words if values.dtype.kind == "U" else numbers), np.random.default_rng(5), []
    for _ in range(60):
        rows = random.permutation(values)
        parts = [rows[start : start + len(rows) // 10] for start in range(0, len(rows), len(rows) // 10)]
        chunks = tuple(_on_grid(count, values, part) for part in parts)
        limits.append(nannyml.judge(kept, grid, before, now, Asked(metric, chunks=chunks)).threshold)

    drawn = nannyml.judge(kept, grid, before, now, Asked(metric))
    error = np.std(limits) / np.sqrt(60) + np.std(limits) / np.sqrt(40)
    assert drawn.threshold == pytest.approx(np.mean(limits), abs=3 * error)


def _on_grid(count, values, part):
    return count(values, part)[2]


def test_a_value_within_the_spread_of_the_drawn_limit_has_no_verdict():
    before = ["a"] * 500 + ["b"] * 500
    verdicts = [
        nannyml.judge(Column("x", Type.STRING), *words(before, ["a"] * (500 + more) + ["b"] * (500 - more))).drifted
        for more in (0, 120, 400)
    ]

    assert verdicts == [False, None, True]


@pytest.mark.parametrize("metric", ["jensen_shannon", "hellinger", "l_infinity"])
def test_a_window_nearer_to_the_reference_than_any_chunk_raises_nothing(metric):
    # its calculator's DEFAULT_THRESHOLDS are StandardDeviationThreshold(std_lower_multiplier=None) for every method
    kept, halves = Column("x", Type.STRING), ["a"] * 500 + ["b"] * 500
    grid, before, now = words(halves, halves)
    chunks = tuple(words(halves, halves[at : at + 100])[2] for at in range(0, 1000, 100))
    judged = nannyml.judge(kept, grid, before, now, Asked(metric, chunks=chunks))

    assert judged.value == 0.0  # each chunk's is the same, above 0, so they have no spread
    assert judged.threshold == pytest.approx(nannyml.judge(kept, grid, before, chunks[0], Asked(metric, 0.0)).value)
    assert judged.drifted is False


def test_the_limit_of_kolmogorov_smirnov_is_one_at_most():
    # its methods give this one alone an upper_threshold_limit that counts; chunks of sorted rows differ most
    values = np.arange(1000.0)
    grid, before, now = numbers(values, values)
    chunks = tuple(numbers(values, values[at : at + 100])[2] for at in range(0, 1000, 100))
    by_chunks = nannyml.judge(Column("x"), grid, before, now, Asked("kolmogorov_smirnov", chunks=chunks))
    by_chance = nannyml.judge(Column("x"), *numbers(values[:10], values[:10]), Asked("kolmogorov_smirnov"))

    assert by_chunks.threshold == 1.0  # the mean and three deviations would be 1.12
    assert 0.9 < by_chance.threshold <= 1.0


def test_fewer_rows_than_chunks_have_no_limit():
    judged = nannyml.judge(Column("x"), *numbers(range(9), range(9)))

    assert (judged.threshold, judged.drifted) == (None, None)
    assert judged.notes[-1] == "the reference has fewer than 10 rows, of which NannyML makes no chunks"
    baseline = build_baseline((Column("x"),), lambda: [rows_of(x=[1.0, 2.0])])
    assert profiles_of_chunks(baseline, [rows_of(x=[1.0, 2.0])]) == []


def test_a_limit_that_is_as_near_as_it_may_be_off_is_told(with_chunks):
    sides, chunks = with_chunks["squared"]
    judged = nannyml.judge(*sides[:3], chunks[-1], Asked(chunks=chunks[-1:]))

    assert judged.notes[-1].endswith(", which could turn the verdict")


def test_chunks_without_values_are_left_out(with_chunks):
    (kept, grid, before, now), chunks = with_chunks["normal"]
    asked = Asked(chunks=(*chunks, NumericSummary.empty(grid)))

    assert nannyml.judge(kept, grid, before, now, asked) == nannyml.judge(kept, grid, before, now, Asked(chunks=chunks))


def test_an_own_threshold_holds_but_for_chi2():
    sides = column("words", *COLUMNS["words"])
    asked = nannyml.judge(*sides, Asked("jensen_shannon", 0.5))
    chi2 = nannyml.judge(*sides, Asked("chi_square", 1e9))

    assert (asked.threshold, asked.drifted) == (0.5, False)
    assert (chi2.threshold, chi2.drifted) == (None, True)
    assert "a threshold of one's own is ignored there, and so it is here" in chi2.notes


def test_the_small_vector_has_the_published_values():
    sides = Column("x", Type.STRING), *words("a" * 50 + "b" * 30 + "c" * 20, "a" * 40 + "b" * 30 + "c" * 20 + "d" * 10)
    chi2 = nannyml.judge(*sides, Asked("chi_square"))

    assert nannyml.judge(*sides, Asked("jensen_shannon")).value == pytest.approx(0.2324129365435581, rel=1e-12)
    assert nannyml.judge(*sides, Asked("hellinger")).value == pytest.approx(0.22975292054736132, rel=1e-12)
    assert nannyml.judge(*sides, Asked("l_infinity")).value == pytest.approx(0.1, rel=1e-12)
    assert chi2.value == pytest.approx(11.11111111111111, rel=1e-12)
    assert chi2.notes[0] == "it alarms by the p-value, 0.0111, below 0.05"


def test_what_is_not_defined_for_a_kind_has_no_value():
    texts, values = words("ab" * 9, "ab" * 9), numbers(range(20), range(20))

    for sides, metric in [(texts, "wasserstein"), (values, "l_infinity"), (values, "chi_square")]:
        judged = nannyml.judge(Column("x"), *sides, Asked(metric))
        assert (judged.value, judged.drifted) == (None, None)
    assert nannyml.judge(Column("x"), *texts[:2], words("ab", [], "ab")[2]).notes == ("the window has no value of it",)


def test_values_beyond_the_reference_fill_a_bin_of_their_own():
    judged = nannyml.judge(Column("x"), *numbers(range(100), range(1000, 1100)))

    assert judged.value == pytest.approx(1.0, abs=1e-12)


def test_a_constant_reference_has_one_bin():
    same = nannyml.judge(Column("x"), *numbers([5.0] * 50, [5.0] * 50), Asked(threshold=0.1))
    moved = nannyml.judge(Column("x"), *numbers([5.0] * 50, [7.0] * 50), Asked(threshold=0.1))

    assert (same.value, moved.value) == (0.0, pytest.approx(1.0))


def test_from_10000_rows_on_the_note_says_that_nannyml_approximates():
    values = np.linspace(0, 1, 10_000)
    judged = nannyml.judge(Column("x"), *numbers(values, values), Asked("wasserstein", 0.1))

    assert "NannyML approximates it on 10,000 equal bins" in judged.notes


def test_the_skewness_is_known_within_its_bound_and_a_doubtful_number_of_bins_is_told():
    for seed in range(20):
        values = np.random.default_rng(seed).lognormal(size=8000)
        grid, before, _ = by_cells_alone(*numbers(values, values))
        skewness, off_by = nannyml._skewness(grid, before)
        exact = np.mean(((values - values.mean()) / values.std()) ** 3)
        assert abs(skewness - exact) <= off_by + 1e-9
        assert off_by > 0

    heavy = by_cells_alone(*numbers([0.0, *np.linspace(1, 2, 300), 1e3], [1.0]))
    assert nannyml._doane_edges(*heavy[:2])[1] == ()
