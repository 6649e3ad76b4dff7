import numpy as np
import pyarrow as pa
import pytest

from atalaia.baseline import baseline_from_bytes, baseline_to_bytes, build_baseline
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import CheckRule, Limits, Logs, Model, Monitor
from atalaia.report import BaselineRef
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Kind, Role, Type
from atalaia.window import Window

COLUMNS = (
    Column("region", type=Type.STRING, role=Role.SEGMENT),
    Column("approved", type=Type.BOOLEAN, role=Role.PREDICTION),
    Column("score", role=Role.SCORE),
    Column("repaid", type=Type.BOOLEAN, role=Role.LABEL),
    Column("version", type=Type.STRING, role=Role.VERSION),
)
PRICES = (Column("estimate", role=Role.PREDICTION), Column("price", role=Role.LABEL))


def batch(columns):
    rows = len(next(iter(columns.values())))
    arrays = {name: pa.array(values) for name, values in columns.items()}
    return RowBatch(arrays, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.arange(rows))


def loans(n=4000, seed=1, wrong=0.1, labelled=None, **more):
    random = np.random.default_rng(seed)
    repaid = random.random(n) < 0.5
    mistaken = random.random(n) < np.broadcast_to(wrong, n)
    approved = repaid ^ mistaken
    score = np.where(approved, 0.5, 0.0) + random.random(n) / 2
    known = n if labelled is None else labelled
    return {
        "region": random.choice(["north", "south"], n).tolist(),
        "approved": approved,
        "score": score,
        "repaid": [bool(each) if place < known else None for place, each in enumerate(repaid)],
        "version": ["7"] * n,
    } | more


def houses(n=2000, seed=1, noise=10.0):
    random = np.random.default_rng(seed)
    price = random.normal(300, 80, n)
    return {"price": price, "estimate": price + random.normal(0, noise, n)}


BASELINE = build_baseline(COLUMNS, lambda: [batch(loans())])
OF_PRICES = build_baseline(PRICES, lambda: [batch(houses())])


def report(columns, *checks, baseline=BASELINE):
    kept = baseline.grids.columns
    monitor = Monitor("credit", Model("credit"), Logs("logs"), kept, "out", checks=checks)
    window = Window(1772323200_000000, 1772409600_000000)
    occasion = Occasion(window, True, (), BaselineRef(baseline.version, "k", 4000), "d")
    return evaluate(monitor, baseline, baseline.profiler().profile(batch(columns)), occasion)


def judged(found, metric=None):
    return {
        (f.column, f.segment, f.metric): f
        for f in found.findings
        if f.signal == "performance" and metric in (None, f.metric)
    }


def statuses(found):
    return {place: finding.status for place, finding in judged(found).items()}


def metrics(found, column, segment=None):
    return next(each.metrics for each in found.columns if (each.column, each.segment) == (column, segment))


EVERYWHERE = (
    ("approved", None, "accuracy"),
    ("approved", "region=north", "accuracy"),
    ("approved", "region=south", "accuracy"),
    ("score", None, "area_under_roc"),
)


def test_answers_as_good_as_the_baselines_are_fine():
    assert statuses(report(loans(seed=2))) == dict.fromkeys(EVERYWHERE, "ok")


def test_answers_that_became_worse_are_alerts_on_prediction_and_score_in_every_segment():
    found = report(loans(seed=2, wrong=0.3))

    assert statuses(found) == dict.fromkeys(EVERYWHERE, "alert")
    whole = judged(found)["approved", None, "accuracy"]
    before = BASELINE.profile.answers["", "approved"]
    assert whole.threshold == pytest.approx(before.right / before.rows - 0.1)
    assert "share of predictions that are right is" in whole.message
    assert "(baseline 89" in whole.message or "(baseline 90" in whole.message
    assert next(each for each in found.columns if each.column == "approved").status == "alert"


def test_a_segment_that_became_worse_is_found_there():
    columns = loans(seed=2)
    wrong = np.array(columns["region"]) == "north"
    random = np.random.default_rng(5).random(len(wrong)) < 0.2
    columns["approved"] = columns["approved"] ^ (wrong & random)
    bad = {place for place, status in statuses(report(columns)).items() if status == "alert"}

    assert ("approved", "region=north", "accuracy") in bad
    assert ("approved", "region=south", "accuracy") not in bad


def test_the_other_metrics_are_measured_beside_the_one_that_judges():
    found = report(loans(seed=2))

    assert {"accuracy", "precision", "recall", "f1"} <= metrics(found, "approved").keys()
    assert {"accuracy", "f1"} <= metrics(found, "approved", "region=north").keys()
    area, (low, high) = (
        metrics(found, "score")["area_under_roc"],
        next(c for c in found.columns if c.column == "score").bounds["area_under_roc"],
    )
    assert low <= area <= high
    assert "accuracy" not in metrics(found, "repaid")


def test_a_check_takes_the_place_of_the_metric_that_judges():
    limit = CheckRule("recall", columns=("approved",), threshold=Limits(alert=0.95))
    found = statuses(report(loans(seed=2), limit))

    assert found["approved", None, "recall"] == "alert"
    assert ("approved", None, "accuracy") not in found
    assert found["score", None, "area_under_roc"] == "ok"


def test_a_metric_that_is_switched_off_is_measured_and_not_judged():
    found = report(loans(seed=2), CheckRule("accuracy", enabled=False))

    assert {place[0] for place in judged(found)} == {"score"}
    assert metrics(found, "approved")["accuracy"] == pytest.approx(0.9, abs=0.03)


def test_too_few_labels_are_undecided_and_never_silently_ok():
    found = report(loans(seed=2, wrong=0.9, labelled=499))

    assert judged(found)["approved", None, "accuracy"].status == "undecided"
    assert "499 rows are too few to judge: it takes 500" in judged(found)["approved", None, "accuracy"].message
    assert "accuracy" not in metrics(found, "approved")
    assert statuses(report(loans(seed=2, labelled=300), CheckRule("accuracy", min_rows=100)))[
        "approved", None, "accuracy"
    ] == "ok"  # fmt: skip


def test_labels_that_have_not_come_yet_are_no_mistakes():
    assert judged(report(loans(seed=2, labelled=0))) == {}
    assert statuses(report(loans(seed=2, labelled=1500)))["approved", None, "accuracy"] == "ok"


def test_a_baseline_without_labels_sets_no_limit_but_the_monitor_file_can():
    baseline = build_baseline(COLUMNS, lambda: [batch(loans(labelled=0))])
    measured = report(loans(seed=2, wrong=0.4), baseline=baseline)
    limit = CheckRule("accuracy", threshold=0.8)

    assert judged(measured) == {}
    assert metrics(measured, "approved")["accuracy"] == pytest.approx(0.6, abs=0.03)
    assert (
        judged(report(loans(seed=2, wrong=0.4), limit, baseline=baseline), "accuracy")[EVERYWHERE[0]].status == "alert"
    )


def test_each_version_of_the_model_is_held_against_the_whole_baseline():
    versions = ["7"] * 2000 + ["8"] * 2000
    found = statuses(report(loans(seed=2, wrong=np.repeat([0.1, 0.3], 2000), version=versions)))

    assert found["approved", "version=7", "accuracy"] == "ok"
    assert found["approved", "version=8", "accuracy"] == "alert"


@pytest.mark.parametrize(("noise", "status"), [(10.0, "ok"), (14.0, "ok"), (16.0, "alert")])
def test_the_error_of_numbers_may_grow_by_half(noise, status):
    found = report(houses(seed=2, noise=noise), baseline=OF_PRICES)

    assert statuses(found) == {("estimate", None, "mean_absolute_error"): status}
    finding = judged(found)["estimate", None, "mean_absolute_error"]
    assert finding.threshold == pytest.approx(1.5 * 10 * np.sqrt(2 / np.pi), rel=0.05)
    assert {"root_mean_square_error", "r_squared"} <= metrics(found, "estimate").keys()


def test_how_much_is_explained_may_fall_by_a_fifth():
    rule = CheckRule("r_squared")

    assert statuses(report(houses(seed=2), rule, baseline=OF_PRICES)) == {("estimate", None, "r_squared"): "ok"}
    assert statuses(report(houses(seed=2, noise=50.0), rule, baseline=OF_PRICES)) == {
        ("estimate", None, "r_squared"): "alert"
    }


def test_scores_on_another_scale_are_not_told_to_be_worse_than_chance():
    columns = loans(seed=2)
    columns["score"] = 7 + 1000 * columns["score"]
    finding = judged(report(columns))["score", None, "area_under_roc"]

    assert (finding.status, finding.value) == ("undecided", None)
    assert "too many scores lie in one cell of the baseline's grid" in finding.message


def test_a_segment_where_only_performance_is_judged_has_its_status():
    off = [CheckRule(metric, enabled=False) for metric in ("cohen_w", "cramer_von_mises")]
    found = {(each.column, each.segment): each.status for each in report(loans(seed=2), *off).columns}

    assert found["approved", "region=north"] == "ok"
    assert found["repaid", "region=north"] == "undecided"


def test_what_is_positive_is_the_same_in_a_segment_where_some_classes_never_come():
    random = np.random.default_rng(1)
    columns = (
        Column("region", type=Type.STRING, role=Role.SEGMENT),
        Column("said", type=Type.INTEGER, kind=Kind.CATEGORICAL, role=Role.PREDICTION),
        Column("true", type=Type.INTEGER, kind=Kind.CATEGORICAL, role=Role.LABEL),
    )
    said = np.concatenate([random.integers(0, 3, 2000), random.integers(0, 2, 2000)])
    some = {"region": ["north"] * 2000 + ["south"] * 2000, "said": said, "true": np.where(said == 1, 0, said)}
    found = report(some, baseline=build_baseline(columns, lambda: [batch(some)]))

    assert metrics(found, "said", "region=south")["precision"] == pytest.approx(0.5)


def test_a_score_is_not_held_against_labels_of_three_classes():
    columns = (Column("score", role=Role.SCORE), Column("kind", type=Type.STRING, role=Role.LABEL))
    three = {"score": np.random.default_rng(1).random(900), "kind": ["a", "b", "c"] * 300}
    baseline = build_baseline(columns, lambda: [batch(three)])

    assert judged(report(three, baseline=baseline)) == {}
    limit = CheckRule("area_under_roc", threshold=0.8)
    assert statuses(report(three, limit, baseline=baseline)) == {("score", None, "area_under_roc"): "undecided"}


def test_a_limit_of_the_area_is_undecided_where_the_baseline_has_no_labels_to_tell_scores_apart_by():
    baseline = build_baseline(COLUMNS, lambda: [batch(loans(labelled=0))])
    limit = CheckRule("area_under_roc", threshold=0.8)
    finding = judged(report(loans(seed=2), limit, baseline=baseline))["score", None, "area_under_roc"]

    assert finding.status == "undecided"
    assert "or its labels are not 0 and 1" in finding.message
    assert judged(report(loans(seed=2, labelled=0), limit, baseline=baseline)) == {}


def test_a_stored_baseline_keeps_its_performance():
    again = baseline_from_bytes(baseline_to_bytes(BASELINE), "b")

    assert again.version == BASELINE.version
    assert again.profile.answers == BASELINE.profile.answers
