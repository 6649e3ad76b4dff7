import json

import numpy as np
import pyarrow as pa
import pytest
from msgspec.structs import replace
from worlds import TEXT, lines, make_world, moment, rows

from atalaia.baseline import baseline_from_bytes, baseline_to_bytes, build_baseline, count_rows
from atalaia.evaluation import pairs_of
from atalaia.monitor_file import load_monitor
from atalaia.monitoring import history as module
from atalaia.monitoring.baselines import ensure_baseline, history_asked, make_baseline
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.history import measure_history, sampled
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.layout import report_key
from atalaia.monitoring.promoting import promote_windows
from atalaia.monitoring.sources import LogSource
from atalaia.monitoring.verifying import verify_report
from atalaia.rows import ALL_SIDES, NO_TIME, Reject, RowBatch
from atalaia.schema import Column, Role, Type
from atalaia.signals.drift import measure_all
from atalaia.window import SECOND
from atalaia_local import MemoryStore

DAY = 86_400 * SECOND
START = moment("2026-02-01T00:00:00Z")
COLUMNS = (Column("at", Type.TIME, Role.TIME), Column("x"), Column("word", Type.STRING, Role.SEGMENT))
METRICS = ("cramer_von_mises", "jensen_shannon", "missing", "row_count")
FROM_HISTORY = (
    TEXT
    + """
checks:
  - {metric: cramer_von_mises, threshold: {history: sd, k: 4}}
  - {metric: jensen_shannon, columns: [word], threshold: {history: quantile, quantile: 1}}
  - {metric: missing, threshold: {history: sd}}
  - {metric: row_count, threshold: {history: sd}}
"""
)


def batch(times, x, words, record_times=None):
    columns = {"at": pa.array(times, pa.int64()), "x": pa.array(x), "word": pa.array(words)}
    records = np.full(len(x), NO_TIME) if record_times is None else record_times
    return RowBatch(columns, len(x), ALL_SIDES, records, None, np.arange(len(x)))


def made(n=1200, days=12, seed=1, timed=True):
    random = np.random.default_rng(seed)
    times = START + np.sort(random.integers(0, days, n)) * DAY
    x, words = random.normal(0, 1, n), random.choice(["a", "b"], n).tolist()
    return batch(times if timed else [None] * n, x, words, None)


def taken(whole, places):
    columns = {name: array.take(pa.array(places)) for name, array in whole.columns.items()}
    return RowBatch(columns, len(places), ALL_SIDES, whole.record_times[places], None, whole.record_index[places])


def history(*batches, metrics=METRICS):
    baseline = build_baseline(COLUMNS, lambda: batches)
    return measure_history(baseline, lambda: batches, DAY, metrics)


def test_each_window_is_measured_against_the_whole_baseline():
    whole = made()
    baseline = build_baseline(COLUMNS, lambda: [whole])
    days = (whole.columns["at"].to_numpy() - START) // DAY
    expected = []
    for day in range(12):
        part = count_rows(baseline.profiler(), [taken(whole, np.flatnonzero(days == day))])
        pair = pairs_of(COLUMNS, baseline, part)[0]
        measured = measure_all([(pair.grid, pair.baseline, pair.current)])[0]
        expected.append((measured.metrics["cramer_von_mises"], part.rows))

    found = history(whole)

    assert (found.width, found.windows) == (DAY, 12)
    assert found.values["", "x", "cramer_von_mises"] == tuple(expected)


def test_segments_are_measured_by_themselves():
    found = history(made())

    assert len(found.values["word=a", "x", "cramer_von_mises"]) == 12
    assert ("word=a", "x", "missing") not in found.values


@pytest.mark.parametrize("timed", [True, False])
def test_the_order_of_rows_within_a_part_does_not_matter(timed):
    whole = made(timed=timed)
    size = 1200 // module.PARTS
    random = np.random.default_rng(2)
    within = np.concatenate([random.permutation(size) + start for start in range(0, 1200, size)])
    mixed = random.permutation(1200) if timed else within

    assert history(taken(whole, mixed)) == history(whole)


@pytest.mark.parametrize("timed", [True, False])
def test_how_the_rows_are_cut_into_batches_does_not_matter(timed):
    whole = made(timed=timed)
    cut = [taken(whole, np.arange(start, min(start + 170, 1200))) for start in range(0, 1200, 170)]

    assert history(*cut) == history(whole)


def test_rows_without_times_are_cut_into_equal_parts_and_have_no_number_of_rows():
    found = history(made(n=1000, timed=False))
    sizes = [rows for _, rows in found.values["", "x", "cramer_von_mises"]]

    assert (found.width, found.windows) == (0, module.PARTS)
    assert (set(sizes), sum(sizes)) == ({33, 34}, 1000)
    assert ("", "", "row_count") not in found.values


def test_a_record_dates_its_rows_where_no_event_does():
    whole = made(timed=False)
    times = np.repeat(START + np.arange(12) * DAY, 100)

    assert history(replace(whole, record_times=times)).windows == 12


def test_the_first_and_last_window_are_not_counted_as_they_may_be_cut():
    whole = made()
    _, counts = np.unique(whole.columns["at"].to_numpy(), return_counts=True)

    assert [value for value, _ in history(whole).values["", "", "row_count"]] == counts[1:-1].tolist()


def test_shares_without_a_value_are_of_each_window():
    x = [None, 1.0, 2.0, 3.0] * 3 + [1.0] * 4
    days = START + np.repeat(np.arange(4), 4) * DAY

    found = history(batch(days, x, ["a", "b"] * 8))

    assert found.values["", "x", "missing"] == ((0.25, 4), (0.25, 4), (0.25, 4), (0.0, 4))


def test_only_what_is_asked_for_is_kept():
    found = history(made(), metrics=("psi",))

    assert {metric for _, _, metric in found.values} == {"psi"}


def test_rows_that_lack_the_column_of_times_count_as_without_one():
    whole = made()
    columns = {name: array for name, array in whole.columns.items() if name != "at"}

    assert history(replace(whole, columns=columns)).width == 0


def test_rejects_are_passed_over():
    whole = made()

    assert history(whole, Reject("not_json", 0, 1)) == history(whole)


def test_of_many_windows_the_same_sample_is_taken_in_whatever_order_they_come(monkeypatch):
    monkeypatch.setattr(module, "joined", lambda batches: batches)
    whole = made(n=4000, days=400)
    order = np.random.default_rng(4).permutation(4000)
    mixed = [taken(whole, order[start : start + 500]) for start in range(0, 4000, 500)]

    assert history(whole).windows == module.MOST_WINDOWS
    assert history(*mixed) == history(whole)


def test_a_sample_keeps_its_members_whatever_else_there_is():
    every = sampled(range(1000))

    assert len(every) == module.MOST_WINDOWS
    assert sampled([*sampled(range(600)), *range(600, 1000)]) == every
    assert sampled(range(5)) == set(range(5))


@pytest.mark.parametrize("bound", ["_MOST_OPEN", "MOST_WAITING"])
@pytest.mark.parametrize("timed", [True, False])
def test_to_count_some_columns_or_values_at_a_time_changes_nothing(monkeypatch, bound, timed):
    whole = made(timed=timed)
    mixed = np.random.default_rng(3).permutation(1200) if timed else np.arange(1200)
    cut = [taken(whole, mixed[start : start + 100]) for start in range(0, 1200, 100)]
    expected = history(whole)
    monkeypatch.setattr(module, bound, 5)
    monkeypatch.setattr(module, "joined", lambda batches: batches)

    assert history(*cut) == expected


# ---- held with the baseline


def reference(days=range(1, 31), size=150):
    return [row for day in days for row in rows(day, n=size + day, seed=100 + day)]


@pytest.fixture(scope="module")
def known():
    return reference()


@pytest.fixture
def world(known):
    return make_world(FROM_HISTORY, known=known)


def test_a_history_is_measured_only_if_a_check_asks_for_it(world, known):
    plain = make_world(TEXT, known=known)

    assert history_asked(plain.monitor) == ()
    assert plain.baseline.history is None
    assert history_asked(world.monitor) == ("1d", "cramer_von_mises", "jensen_shannon", "missing", "row_count")
    assert world.baseline.history.windows == 30


def test_a_check_that_is_switched_off_asks_for_nothing():
    off = "{metric: psi, enabled: false, threshold: {history: sd}}"
    text = f"{TEXT}\nchecks: [{off}, {{metric: missing, threshold: 0.1}}]"

    assert history_asked(load_monitor(text, "m")) == ()


def test_baselines_without_a_history_keep_their_bytes_and_those_with_one_their_version(world):
    without = replace(world.baseline, history=None)

    assert b"history" not in baseline_to_bytes(without)
    assert baseline_from_bytes(baseline_to_bytes(without), "b").version == world.baseline.version
    assert baseline_from_bytes(baseline_to_bytes(world.baseline), "b").history == world.baseline.history


def test_baselines_with_another_history_are_stored_apart_and_profiles_stay_good(world):
    world.logs.put("a.jsonl", lines(rows(2, 160)))
    world.ingest()
    before = world.evaluate()[0]
    other = FROM_HISTORY.replace("jensen_shannon", "psi")
    baseline, _ = held(world, other)
    monitor = load_monitor(other, "m")
    after = Evaluator(monitor, baseline, world.output, moment("2026-04-20")).evaluate(before.window)

    assert baseline.version == world.baseline.version
    assert baseline.name != world.baseline.name
    assert (after.report.rows, after.report.baseline.key) == (160, f"churn/baseline/{baseline.name}.profile")
    for evaluated in (before, after):
        key = report_key("churn", evaluated.window, evaluated.revision)
        assert verify_report(key, world.output).differences == ()


def held(world, text):
    return ensure_baseline(load_monitor(text, "m"), [LogSource(world.reference)], world.output)


def test_a_baseline_is_built_again_when_its_history_does_not_tell_what_is_asked(world):
    assert held(world, FROM_HISTORY)[1] is False
    assert held(world, FROM_HISTORY.replace("jensen_shannon", "psi"))[1] is True
    assert held(world, FROM_HISTORY.replace("window: 1d", "window: 2d"))[0].history.windows == 16
    assert held(world, TEXT)[1] is False


def test_a_baseline_chosen_by_hand_stays_and_findings_say_that_it_has_no_history(world, known):
    make_baseline(load_monitor(TEXT, "m"), [LogSource(world.reference)], world.output, chosen=True)
    baseline, built = held(world, FROM_HISTORY)
    world.logs.put("a.jsonl", lines(rows(2, 160)))
    Ingester(world.monitor, baseline, world.output).ingest(world.source, next(world.source.objects()))
    (found,) = findings(world, baseline, "row_count")

    assert not built
    assert (found.status, found.message) == (
        "undecided",
        "the number of rows in the window is 160; it has no limit, as the baseline has no history of such windows. "
        "Run `atalaia baseline` again, on rows or on windows",
    )


# ---- judged by it


def findings(world, baseline, metric, column=None, now="2026-04-20"):
    evaluator = Evaluator(world.monitor, baseline, world.output, moment(now))
    reports = [evaluator.evaluate(window).report for window in evaluator.windows()]
    found = [finding for report in reports for finding in report.findings]
    return [each for each in found if (each.metric, each.column, each.segment) == (metric, column, None)]


def judged(world, metric, column=None, now="2026-04-20", *, day=2, n=160, **changed):
    entries = [row | {name: change(row[name]) for name, change in changed.items()} for row in rows(day, n, seed=77)]
    world.logs.put("a.jsonl", lines(entries))
    world.ingest()
    (found,) = findings(world, world.baseline, metric, column, now)
    return found


def test_a_window_like_the_baselines_is_fine_and_says_what_that_rests_on(world):
    found = judged(world, "cramer_von_mises", "x")
    past = found.evidence.past

    assert (found.status, found.evidence.basis, found.threshold) == ("ok", "history", past.limit)
    assert (past.windows, past.k, past.timed, past.rows) == (30, 4.0, True, 165)
    assert past.limit == pytest.approx(past.median + 4 * past.spread)
    assert found.message.endswith(
        f", not above the limit of {past.limit:.4g} from 30 windows of the baseline "
        f"(median {past.median:.4g}, spread {past.spread:.4g}, k = 4)"
    )


def test_a_window_unlike_any_of_the_baselines_is_an_alert(world):
    found = judged(world, "cramer_von_mises", "x", x=lambda x: x + 1)

    assert found.status == "alert"
    assert " above the limit of " in found.message
    assert "k = 4); its mean went from " in found.message


def test_a_quantile_is_told_as_such(world):
    found = judged(world, "jensen_shannon", "word", word=lambda word: "a")

    assert found.status == "alert"
    assert found.message.partition("(")[2].startswith("median ")
    assert ", 1 quantile); " in found.message


def test_missing_values_may_be_as_many_as_in_the_baselines_windows(known):
    holes = [row | {"x": None} if place % 20 == 0 else row for place, row in enumerate(known)]
    world = make_world(FROM_HISTORY, known=holes)
    none = judged(world, "missing", "x", n=160)
    half = judged(world, "missing", "x", n=160, x=lambda x: None if x > 0 else x)

    assert (none.status, half.status) == ("ok", "alert")
    assert "share of rows without a value is 0%, not above the limit of " in none.message
    assert none.evidence.past.median == pytest.approx(0.05, abs=0.005)


def test_a_window_with_too_few_rows_is_an_alert_of_their_number_and_leaves_distances_undecided(world):
    count = judged(world, "row_count", n=50)
    (distance,) = findings(world, world.baseline, "cramer_von_mises", "x")

    assert count.status == "alert"
    assert "is 50, below the limit of " in count.message
    assert "from 28 windows of the baseline" in count.message
    assert distance.status == "undecided"
    assert distance.message.endswith("but 50 rows are too few to judge: it takes 83")


def test_the_rows_of_a_window_that_goes_on_are_not_counted_yet(world):
    found = judged(world, "row_count", n=50, now="2026-03-02T13:00:00Z")

    assert (found.status, found.message) == (
        "undecided",
        "the number of rows in the window is 50; it has no limit, as the window may still get more rows",
    )


def test_too_few_windows_set_no_limit(known):
    world = make_world(FROM_HISTORY, known=reference(range(1, 6)))
    found = judged(world, "cramer_von_mises", "x", n=160)

    assert found.status == "undecided"
    assert found.message.endswith(
        "; it has no limit, as the baseline has 5 windows of its own with 30 rows or more to take it from, "
        "and it takes 6"
    )


def test_small_windows_of_the_baseline_do_not_count():
    world = make_world(FROM_HISTORY, known=reference(range(1, 6)) + reference(range(6, 30), size=-5)[:120])
    found = judged(world, "cramer_von_mises", "x", n=160)

    assert "the baseline has 5 windows of its own" in found.message


def test_rows_without_times_set_limits_of_distances_but_not_of_their_number(known):
    world = make_world(FROM_HISTORY, known=[row | {"at": None} for row in known])
    distance = judged(world, "cramer_von_mises", "x", n=160)
    (count,) = findings(world, world.baseline, "row_count")

    assert distance.status == "ok"
    assert " from 30 equal parts of the baseline (165 rows each; median " in distance.message
    assert (count.status, "the baseline's rows have no times" in count.message) == ("undecided", True)


def test_a_value_that_could_not_be_measured_is_undecided_for_that_reason(world):
    found = judged(world, "cramer_von_mises", "x", x=lambda x: None)

    assert (found.status, found.value) == ("undecided", None)
    assert found.message.endswith(": there are no values for it")


def test_a_history_of_windows_of_another_width_is_none(world):
    hourly = load_monitor(FROM_HISTORY.replace("window: 1d", "window: 12h"), "m")
    world.logs.put("a.jsonl", lines(rows(2, 160)))
    Ingester(hourly, world.baseline, world.output).ingest(world.source, next(world.source.objects()))
    evaluator = Evaluator(hourly, world.baseline, world.output, moment("2026-04-20"))
    (report,) = [evaluator.evaluate(window).report for window in evaluator.windows()]

    told = [found.message for found in report.findings if found.metric == "cramer_von_mises"]
    assert all("has no history of such windows" in message for message in told)


# ---- of windows whose rows are gone


def promoted(world, first, last, shift=0.0):
    for day in range(first, last):
        world.logs.put(f"{day}.jsonl", lines([row | {"x": row["x"] + shift} for row in rows(day, 300, seed=day)]))
    world.ingest()
    return promote_windows(world.monitor, world.output, moment(f"2026-03-{first:02}"), moment(f"2026-03-{last:02}"))


def test_windows_that_become_a_baseline_are_its_history(world):
    baseline = promoted(world, 5, 13)

    assert (baseline.history.windows, baseline.history.width) == (8, DAY)
    assert baseline.history.values["", "", "row_count"] == ((300.0, 300),) * 8
    assert [rows for _, rows in baseline.history.values["", "x", "cramer_von_mises"]] == [300] * 8


def test_of_many_windows_that_become_a_baseline_a_sample_is_its_history(world, monkeypatch):
    monkeypatch.setattr(module, "MOST_WINDOWS", 3)

    assert promoted(world, 5, 13).history.windows == 3


@pytest.mark.parametrize("shift", [0.0, 50.0])
def test_their_history_is_that_of_their_rows_within_the_stated_loss(world, shift):
    """With a shift of 50 all values lie in one cell of the old grid."""
    baseline = promoted(world, 5, 13, shift)
    entries = [row | {"x": row["x"] + shift} for day in range(5, 13) for row in rows(day, 300, seed=day)]
    rebuilt = make_world(FROM_HISTORY, known=entries).baseline
    place = ("", "x", "cramer_von_mises")
    found, exact = (np.array([v for v, _ in b.history.values[place]]) for b in (baseline, rebuilt))

    assert baseline.loss["x"] < 0.03
    assert found == pytest.approx(exact, abs=baseline.loss["x"])


def test_without_a_check_that_asks_promoted_windows_keep_no_history(known):
    assert promoted(make_world(TEXT, known=known), 5, 13).history is None


def test_what_could_not_be_measured_says_so_also_without_a_history(known):
    world = make_world(FROM_HISTORY, known=reference(range(1, 3)))
    found = judged(world, "cramer_von_mises", "x", x=lambda x: None)

    assert found.message.endswith(": there are no values for it")


def test_statistics_tell_of_no_windows_and_are_not_read_again_for_that():
    kll = {"kll": {"sketch": {"parameters": {"c": 0.64, "k": 2048}, "data": [[0.5, 1.5, 2.5]]}}}
    common = {"num_present": 3, "num_missing": 0}
    numbers = {"common": common, "distribution": kll}
    feature = {"name": "x", "inferred_type": "Fractional", "numerical_statistics": numbers}
    found = {"version": 0.0, "dataset": {"item_count": 3}, "features": [feature]}
    text = TEXT.replace("  - {name: word, type: string}\n", "").replace("  - {name: at, type: time, role: time}\n", "")
    monitor = load_monitor(f"{text}\nchecks: [{{metric: missing, threshold: {{history: sd}}}}]", "m")
    store, output = MemoryStore("sagemaker"), MemoryStore("out")
    store.put("statistics.json", json.dumps(found).encode())

    made = [ensure_baseline(monitor, [LogSource(store)], output) for _ in range(2)]

    assert [(baseline.history, built) for baseline, built in made] == [(None, True), (None, False)]
