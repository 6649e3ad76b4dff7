import pytest
from worlds import lines, moment, rows

from atalaia.errors import BaselineError
from atalaia.monitoring.baselines import ensure_baseline, load_baseline
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.promoting import promote_windows
from atalaia.monitoring.sources import LogSource
from atalaia_local import MemoryStore


def moved(day, seed):
    return [row | {"x": row["x"] + 50} for row in rows(day, 800, seed=seed)]


@pytest.fixture
def days(world):
    """Four days of which the last three lie far off the baseline's grid."""
    world.logs.put("2026/03/02/a.jsonl", lines(rows(2, 800, seed=2)))
    for day in (3, 4, 5):
        world.logs.put(f"2026/03/0{day}/a.jsonl", lines(moved(day, seed=day)))
    world.ingest()
    return world


def test_what_is_no_window_among_the_profiles_is_passed_over(days):
    days.output.put("churn/profiles/notes/readme.profile", b"?")

    assert promote(days, "2026-03-03", "2026-03-05").profile.rows == 1600


def promote(world, start, end):
    return promote_windows(world.monitor, world.output, moment(start), moment(end))


def test_the_windows_within_the_span_are_the_baseline_from_then_on(days):
    made = promote(days, "2026-03-03", "2026-03-05")

    assert made.profile.rows == 1600
    assert made.origin == (
        f"from 2 windows of 2026-03-03T00:00:00Z to 2026-03-05T00:00:00Z, counted on baseline {days.baseline.version}"
    )
    assert load_baseline(days.monitor, days.output).version == made.version
    assert ensure_baseline(days.monitor, [LogSource(days.reference)], days.output)[0].version == made.version


def test_against_the_promoted_baseline_the_next_window_is_fine(days):
    made = promote(days, "2026-03-03", "2026-03-05")
    ingester = Ingester(days.monitor, made, days.output)
    for info in days.source.objects():
        ingester.ingest(days.source, info)
    evaluator = Evaluator(days.monitor, made, days.output, moment("2026-03-20"))
    reports = [evaluator.evaluate(window).report for window in evaluator.windows()]
    of_x = [f.status for report in reports for f in report.findings if f.signal == "data_drift" and f.column == "x"]

    assert of_x == ["alert", "ok", "ok", "ok"]


def test_promoting_twice_gives_the_same_baseline(days):
    first = promote(days, "2026-03-03", "2026-03-05")
    other = MemoryStore("out")
    for info in days.output.list(""):
        other.put(info.key, days.output.get(info.key)[0])
    with pytest.raises(BaselineError, match="another baseline"):
        promote(days, "2026-03-03", "2026-03-05")  # the profiles are the old one's

    assert load_baseline(days.monitor, other).version == first.version


def test_profiles_of_another_baseline_are_left_out_and_told(days):
    made = promote(days, "2026-03-03", "2026-03-05")
    days.logs.put("2026/03/05/b.jsonl", lines(moved(5, seed=9)))
    ingester = Ingester(days.monitor, made, days.output)
    ingester.ingest(days.source, next(i for i in days.source.objects() if i.key == "2026/03/05/b.jsonl"))
    again = promote(days, "2026-03-05", "2026-03-06")

    assert again.profile.rows == 800
    assert again.origin.endswith("; 1 profile of another baseline left out")


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2026-04-01", "2026-04-02", "no whole window with rows. There are 4 windows of 1d from 2026-03-02T00:00:00Z"),
        ("2026-03-03T01:00:00Z", "2026-03-04T00:00:00Z", "no whole window with rows"),
    ],
)
def test_without_a_window_in_the_span_the_error_says_which_there_are(days, start, end, words):
    with pytest.raises(BaselineError, match=words):
        promote(days, start, end)


def test_a_span_that_ends_before_it_starts_is_an_error(days):
    with pytest.raises(BaselineError, match="2026-03-03T00:00:00Z is not after 2026-03-05T00:00:00Z"):
        promote(days, "2026-03-05", "2026-03-03")


def test_without_any_window_the_error_says_to_ingest(world):
    with pytest.raises(BaselineError, match="Run `atalaia ingest` first"):
        promote(world, "2026-03-03", "2026-03-05")
