"""What is found on free text: drift of lengths, empty texts, and patterns that came or went."""

import numpy as np
import pyarrow as pa
import pytest

from atalaia.baseline import build_baseline
from atalaia.cards import column_cards, windows_of
from atalaia.checks import METRICS
from atalaia.evaluation import Occasion, evaluate
from atalaia.html import render_html
from atalaia.monitor_file import CheckRule, Limits, Logs, Model, Monitor
from atalaia.profile import Profile
from atalaia.profile.profile import empty_summary
from atalaia.report import BaselineRef
from atalaia.rows import ALL_SIDES, NO_TIME, RowBatch, Side
from atalaia.schema import Column, Kind, Role, Type
from atalaia.signals.quality import is_constant, measure_patterns
from atalaia.window import Window
from atalaia.wording import percent

FREE = {"type": Type.STRING, "kind": Kind.TEXT}
COLUMNS = (
    Column("prompt", **FREE, pattern="(?s)[a-z].*|\\s*", patterns={"email": "@", "link": "https?://"}),
    Column("answer", **FREE, role=Role.PREDICTION),
    Column("region", type=Type.STRING, role=Role.SEGMENT),
)


def batch(columns):
    rows = len(columns["prompt"])
    arrays = {name: pa.array(values) for name, values in columns.items()}
    return RowBatch(arrays, rows, ALL_SIDES, np.full(rows, NO_TIME), None, np.arange(rows))


def prompts(n=2000, seed=1, longer=0, email=0.0, blank=0.0):
    random = np.random.default_rng(seed)
    lengths = random.poisson(30, n) + longer + 1
    mails, blanks = random.random(n) < email, random.random(n) < blank
    return [" " if b else "a" * k + "@" * int(m) for k, m, b in zip(lengths, mails, blanks, strict=True)]


def data(**changes):
    made = {"prompt": prompts(), "answer": prompts(seed=2), "region": ["north", "south"] * 1000}
    return made | changes


BASELINE = build_baseline(COLUMNS, lambda: [batch(data(prompt=prompts(email=0.05)))])
OCCASION = Occasion(Window(0, 86_400_000_000), True, (), BaselineRef(BASELINE.version, "k", 2000), "d")


def judged(profile, *checks, baseline=BASELINE, columns=COLUMNS):
    return evaluate(
        Monitor("chat", Model("chat"), Logs("logs"), columns, "out", checks=checks), baseline, profile, OCCASION
    )


def report(*checks, **changes):
    return judged(BASELINE.profiler().profile(batch(data(**changes))), *checks)


def bad(found):
    return {(f.status, f.signal, f.metric, f.column, f.segment) for f in found.findings if f.status != "ok"}


def finding(found, metric, column="prompt"):
    return next(f for f in found.findings if (f.metric, f.column, f.segment) == (metric, column, None))


def test_the_same_kind_of_texts_raise_nothing():
    assert bad(report(prompt=prompts(seed=3, email=0.05))) == set()


def test_longer_texts_are_data_drift_in_words_of_length():
    found = report(prompt=prompts(seed=3, longer=20, email=0.05))

    places = (None, "region=north", "region=south")
    assert bad(found) == {("alert", "data_drift", "cramer_von_mises", "prompt", place) for place in places}
    message = finding(found, "cramer_von_mises").message
    assert message.startswith("length of prompt: root mean square distance between the distribution functions is ")
    assert message.endswith(" characters")
    assert "; its mean went from 31" in message


def test_longer_answers_are_prediction_drift():
    found = report(prompt=prompts(seed=3, email=0.05), answer=prompts(seed=4, longer=20))

    assert {f[1:4] for f in bad(found)} == {("prediction_drift", "cramer_von_mises", "answer")}


def test_the_drift_of_lengths_is_measured_like_that_of_numbers():
    now = prompts(seed=3, longer=5)
    lengths = (Column("prompt"),)
    numbers = [{"prompt": list(map(len, texts))} for texts in (prompts(email=0.05), now)]
    baseline = build_baseline(lengths, lambda: [batch(numbers[0])])
    of_numbers = judged(baseline.profiler().profile(batch(numbers[1])), baseline=baseline, columns=lengths).columns[0]

    of_texts = report(prompt=now).columns[0]
    assert (of_texts.metrics, of_texts.bounds) == (of_numbers.metrics, of_numbers.bounds)
    assert of_texts.bars == of_numbers.bars
    assert (of_texts.current.mean, of_texts.current.max) == (of_numbers.current.mean, of_numbers.current.max)


def test_blank_texts_are_judged_against_the_baseline():
    found = finding(report(prompt=prompts(seed=3, blank=0.2)), "empty")

    assert found.value == pytest.approx(0.2, abs=0.05)
    assert (found.status, found.signal, found.threshold) == ("alert", "quality", 0.05)
    assert "prompt: share of texts that are empty or blank is" in found.message


def test_a_share_of_blank_texts_that_the_baseline_has_too_is_fine():
    baseline = build_baseline(COLUMNS, lambda: [batch(data(prompt=prompts(blank=0.2)))])
    found = judged(baseline.profiler().profile(batch(data(prompt=prompts(seed=3, blank=0.2)))), baseline=baseline)

    assert finding(found, "empty").status == "ok"
    assert finding(found, "empty").threshold == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(("share", "status"), [(0.05, "ok"), (0.5, "alert")])
def test_a_pattern_is_judged_by_the_change_of_its_share(share, status):
    now = prompts(seed=3, email=share)
    found = finding(report(prompt=now), "pattern_share[email]")

    before, after = (sum("@" in text for text in texts) / 2000 for texts in (prompts(email=0.05), now))
    assert found.value == pytest.approx(abs(after - before), abs=1e-15)
    assert (found.status, found.signal, found.threshold) == (status, "quality", 0.1)
    assert found.message.endswith(f"; 'email' went from {percent(before)} to {percent(after)}")


def test_a_pattern_that_went_is_found_as_one_that_came():
    baseline = build_baseline(COLUMNS, lambda: [batch(data(prompt=prompts(email=0.5)))])
    found = judged(baseline.profiler().profile(batch(data())), baseline=baseline)

    assert finding(found, "pattern_share[email]").value == pytest.approx(0.5, abs=0.05)
    assert finding(found, "pattern_share[email]").status == "alert"


def test_each_pattern_has_a_finding_of_its_own_on_all_rows_only():
    found = [f for f in report().findings if f.metric.startswith("pattern_share")]

    assert [(f.metric, f.column, f.segment) for f in found] == [
        ("pattern_share[email]", "prompt", None),
        ("pattern_share[link]", "prompt", None),
    ]


def test_a_check_names_the_metric_for_all_patterns_of_its_columns():
    strict = CheckRule("pattern_share", ("prompt",), Limits(warning=0.01, alert=0.02))
    off = CheckRule("pattern_share", enabled=False)

    assert finding(report(strict), "pattern_share[email]").status == "alert"  # 5 % of the baseline have it, none now
    assert finding(report(strict), "pattern_share[link]").threshold == 0.01
    assert not [f for f in report(off).findings if f.metric.startswith("pattern_share")]


def test_few_texts_are_undecided():
    found = report(prompt=prompts(20, seed=3), answer=prompts(20), region=["north"] * 20)

    metrics = ("cramer_von_mises", "empty", "pattern_share[email]")
    assert {finding(found, metric).status for metric in metrics} == {"undecided"}


def test_a_window_without_a_text_is_undecided_and_the_pattern_is_named():
    found = report(prompt=[None] * 2000)

    assert finding(found, "pattern_share[link]").status == "undecided"
    assert finding(found, "pattern_share[link]").value is None
    assert finding(found, "pattern_share[link]").message.endswith("there are no values for it; 'link' is the pattern")
    assert finding(found, "missing").status == "alert"


def test_texts_off_the_pattern_are_a_broken_rule():
    found = report(prompt=["A" * 30] * 2000)

    assert (finding(found, "off_pattern").value, finding(found, "off_pattern").status) == (1.0, "alert")


def test_nothing_of_numbers_and_no_constant_is_judged_on_text():
    found = {f.metric for f in report(answer=["same"] * 2000).findings if f.column in ("prompt", "answer")}

    assert not found & {"nan", "infinity", "denormal", "overflow", "constant", "out_of_set", "out_of_range"}


def test_whether_texts_are_one_and_the_same_is_not_known():
    assert not is_constant(BASELINE.profile.columns["", "prompt"])


def test_a_pattern_is_not_measured_where_one_side_has_no_text():
    nothing = empty_summary(BASELINE.grids.grids["prompt"])

    measured = measure_patterns(COLUMNS[0], BASELINE.profile.columns["", "prompt"], nothing)
    assert {(m.value, m.rows) for m in measured.values()} == {(None, 0)}


def test_a_column_of_a_side_that_was_not_captured_has_no_findings_of_patterns():
    profile = Profile(BASELINE.version, rows=5, captured={Side.OUTPUT.value: 5})

    assert not [f for f in judged(profile).findings if f.metric.startswith("pattern_share")]


def test_the_report_tells_of_lengths_and_of_each_pattern():
    found = report(prompt=prompts(seed=3, longer=20, email=0.5))
    cards, _ = column_cards(windows_of([found], 0), {c.column: c.column for c in found.columns})
    card = next(card for card in cards if card.column.column == "prompt")

    titles = [title for title, _, _ in card.summary]
    assert titles == ["Rows", "Missing", "Mean length", "Standard deviation of lengths", "Shortest", "Longest"]
    assert {"pattern_share[email]", "pattern_share[link]", "empty"} <= {measure.metric for measure in card.measures}
    assert card.histogram is not None


def test_the_page_shows_no_text_but_says_what_is_drawn():
    page = render_html([report(prompt=["secretword here"] * 2000)])

    assert "Share of texts per interval of length in characters;" in page
    assert "pattern share: email" in page
    assert "secretword" not in page


def test_the_metrics_of_text_have_defaults_like_their_kin():
    assert METRICS["empty"].limits == METRICS["missing"].limits
    assert (METRICS["empty"].relative, METRICS["empty"].min_rows) == (True, 100)
    assert (METRICS["pattern_share"].limits.alert, METRICS["pattern_share"].min_rows) == (0.1, 500)
