"""What a report says of segments beyond the values told apart, and whether these still fit."""

import numpy as np
import pyarrow as pa
import pytest

from atalaia.baseline import build_baseline
from atalaia.evaluation import Occasion, evaluate
from atalaia.monitor_file import CheckRule, Logs, Model, Monitor
from atalaia.profile import Profile
from atalaia.report import BaselineRef, Rest, SegmentColumn, report_from_json, to_json
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch
from atalaia.schema import Column, Role, Type
from atalaia.window import Window
from atalaia.wording import measured, segments

COLUMNS = (
    Column("amount"),
    Column("region", type=Type.STRING, role=Role.SEGMENT, segments=2),
    Column("tier", type=Type.STRING, role=Role.SEGMENT),
)


def batch(regions, shift=0.0, seed=1):
    random, rows = np.random.default_rng(seed), len(regions)
    columns = {
        "amount": pa.array(random.normal(shift, 1, rows)),
        "region": pa.array(regions, pa.string()),
        "tier": pa.array(random.choice(["gold", "tin"], rows, p=[0.7, 0.3])),
    }
    return RowBatch(columns, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.arange(rows))


USUAL = ["north"] * 2000 + ["south"] * 1500 + ["east"] * 400 + ["west"] * 100
BASELINE = build_baseline(COLUMNS, lambda: [batch(USUAL)])


def report(*batches, baseline=BASELINE, checks=()):
    profile = Profile.merged([baseline.profiler().profile(one) for one in batches])
    monitor = Monitor("shop", Model("shop"), Logs("logs"), baseline.grids.columns, "out", checks=checks)
    occasion = Occasion(Window(0, 86_400_000_000), True, (), BaselineRef(baseline.version, "k", 4000), "d")
    return evaluate(monitor, baseline, profile, occasion)


def of_rest(found):
    return {f.column: f for f in found.findings if f.metric == "segment_rest"}


def test_the_report_says_which_segments_there_are_and_what_is_in_the_rest():
    found = report(batch(["north"] * 900 + ["mars"] * 70 + ["west"] * 20 + [None] * 10))

    assert found.segments == (
        SegmentColumn(
            "region", ("region=north", "region=south"), "region (rest)", baseline=Rest(500, 2), current=Rest(100, 2)
        ),
        SegmentColumn("tier", ("tier=gold", "tier=tin"), "tier (rest)", baseline=Rest(0, 0), current=Rest(0, 0)),
    )
    assert report_from_json(to_json(found), "r").segments == found.segments


def test_it_is_told_in_one_sentence():
    region, tier = report(batch(["mars", "venus", None])).segments

    assert segments(region) == (
        "3 segments of region: region=north, region=south; "
        "region (rest) is the other 3 rows, with 2 other values or none"
    )
    assert segments(tier).endswith("tier (rest) is empty")


def test_of_very_many_values_the_number_is_about_right_and_said_to_be_so():
    current = report(batch([f"city {place}" for place in range(3000)])).segments[0]

    assert current.current.values == pytest.approx(3000, rel=0.1)
    assert ", with about " in segments(current)


def test_drift_within_the_rest_is_found():
    regions = USUAL[:-500]
    drifted = batch(["mars"] * 1000, shift=1.0, seed=3)

    bad = {(f.column, f.segment) for f in report(batch(regions, seed=2), drifted).findings if f.status == "alert"}
    assert ("amount", "region (rest)") in bad
    assert not bad & {("amount", "region=north"), ("amount", "region=south")}


def test_the_same_regions_are_no_finding():
    finding = of_rest(report(batch(USUAL, seed=2)))["region"]

    assert (finding.status, finding.value, finding.segment, finding.signal) == ("ok", 0.125, None, "quality")
    assert finding.threshold == pytest.approx(0.225)


def test_values_that_have_grown_large_outside_the_segments_are_a_warning_that_names_them():
    finding = of_rest(report(batch(USUAL[:3000] + ["mars"] * 800 + ["east"] * 200)))["region"]

    assert (finding.status, finding.value) == ("warning", 0.25)
    assert finding.message == (
        "region: share of values that are no segment of their own is 25% (baseline 12.5%), above the limit of 22.5%; "
        "among them 'mars' (20%), 'east' (5%)"
    )
    assert measured("segment_rest", finding.value) == "25%"


@pytest.mark.parametrize(("checks", "limit"), [((), None), ((CheckRule("segment_rest", threshold=0.99),), 0.99)])
def test_a_rest_that_was_nearly_all_has_no_limit_but_ones_own(checks, limit):
    stores = [f"store {place % 100}" for place in range(1000)]
    found = of_rest(report(batch(stores), baseline=build_baseline(COLUMNS, lambda: [batch(stores)]), checks=checks))

    assert (found["region"].value, found["region"].status, found["region"].threshold) == (0.98, "ok", limit)


def test_missing_values_are_no_growth_of_the_rest():
    found = report(batch(USUAL + [None] * 4000))

    assert (found.segments[0].current.rows, of_rest(found)["region"].status) == (4500, "ok")
    assert of_rest(found)["region"].value == 0.125


def test_of_few_rows_and_of_none_nothing_is_said():
    assert of_rest(report(batch(["mars"] * 499)))["region"].status == "undecided"
    assert of_rest(report(batch([None] * 600)))["region"].status == "undecided"
    assert of_rest(report(batch([]))) == {}


def test_the_check_can_be_switched_off_and_have_a_limit_of_its_own():
    off = CheckRule("segment_rest", columns=("tier",), enabled=False)
    strict = CheckRule("segment_rest", columns=("region",), threshold=0.1)
    found = of_rest(report(batch(USUAL), checks=(off, strict)))

    assert {column: finding.status for column, finding in found.items()} == {"region": "alert"}


def test_a_column_that_is_no_category_or_unknown_to_the_baseline_divides_nothing():
    columns = (Column("amount", role=Role.SEGMENT), *COLUMNS[1:])
    sample = [batch([None] * 600)]
    found = report(*sample, baseline=build_baseline(columns, lambda: sample))

    assert [each.column for each in found.segments] == ["tier"]
    assert of_rest(found).keys() == {"tier"}
