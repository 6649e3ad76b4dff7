"""What the simulation of false alarms makes of its counts: rates, tables, and a page that tells them."""

from pathlib import Path

import numpy as np
import pytest

from simulation.picture import draw
from simulation.rates import Rate, of_columns, of_families
from simulation.results import into_page, joined, percent, read

ROOT = Path(__file__).resolve().parents[3]


def test_rates_of_independent_columns_make_the_rates_of_windows():
    random = np.random.default_rng(10)
    false, true = (random.binomial(columns, rate, 200_000).astype(float) for columns, rate in ((90, 0.01), (10, 0.6)))

    told = of_columns(Rate(0.01, 0.001, 100), Rate(0.6, 0.01, 100), 90, 10)
    counted_ = of_families(false, true, 90, 10)

    assert told.family_wise.share == pytest.approx(1 - 0.99**90)
    assert told.family_wise.share == pytest.approx(counted_.family_wise.share, abs=4 * counted_.family_wise.error)
    assert told.false_discovery.share == pytest.approx(
        counted_.false_discovery.share, abs=4 * counted_.false_discovery.error
    )
    assert (told.power.share, told.power.error) == (0.6, 0.01)


def test_without_drift_every_discovery_is_false():
    told = of_columns(Rate(0.05, 0.001, 100), None, 20, 0)

    assert told.false_discovery.share == pytest.approx(told.family_wise.share)
    assert told.power is None


def test_a_share_of_none_has_an_error_all_the_same():
    rate = Rate.of(np.zeros(100))

    assert rate.share == 0
    assert rate.error == pytest.approx(0.0098, abs=0.0002)
    assert percent([rate.share, rate.error]) == "0.0 ± 1.0"
    assert percent([0.0, 0.4]) == "≤ 40"


def test_later_results_replace_earlier_ones_of_the_same_setting():
    one, other = ({"rule": "a", "rows": 50, "power": share} for share in (0.1, 0.2))

    assert joined([one, {"rule": "b", "rows": 50}], [other]) == [other, {"rule": "b", "rows": 50}]


def test_the_page_and_its_picture_tell_the_figures_that_are_kept_with_them():
    kept = read(ROOT / "docs/false-alarms.json")
    page = (ROOT / "docs/false-alarms.md").read_text()

    assert len(kept) > 100
    assert into_page(page, kept) == page
    assert draw(kept) == (ROOT / "docs/false-alarms.svg").read_text()
