"""Multivariate drift from the log to the finding."""

import io

import numpy as np
import pyarrow as pa
import pytest
from counting import batch_of
from msgspec.structs import replace
from pyarrow import parquet
from worlds import TEXT, content, lines, make_world, moment

from atalaia.errors import BaselineError, DamagedColumnError
from atalaia.html import render_html
from atalaia.monitor_file import load_monitor
from atalaia.monitoring import merging
from atalaia.monitoring.baselines import ensure_baseline, load_baseline
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.merging import merge_profiles
from atalaia.monitoring.sources import LogSource
from atalaia.profile import Profile, pack, profile_to_plain
from atalaia.profile.cross_counter import CrossCounter
from atalaia.schema import Side
from atalaia.window import Window
from atalaia_local import MemoryStore

COLUMNS = TEXT.replace("{name: x}", "{name: x}\n  - {name: y}\n  - {name: z}")
WATCHED = COLUMNS + "multivariate: true\n"


def table(rows, seed, turned=False):
    """Three columns, y following x; turned, it holds the same values, but falls where x rises."""
    draw = np.random.RandomState(seed)
    x, z = draw.standard_normal((2, rows))
    y = x + 0.5 * draw.standard_normal(rows)
    if turned:
        falling = np.sort(y)[::-1]
        y[np.argsort(x)] = falling
    return {"x": x, "y": y, "z": z}


def records(day, columns, without=()):
    names = [name for name in columns if name not in without]
    return [
        {"at": f"2026-03-{day:02}T12:00:{i % 60:02}Z", "word": "ab"[i % 2]} | {n: float(columns[n][i]) for n in names}
        for i in range(len(columns["x"]))
    ]


def watched(text=WATCHED):
    return make_world(text, known=records(1, table(2000, seed=9)))


def findings(world, *windows):
    world.logs.put("a.jsonl", lines([record for window in windows for record in window]))
    world.ingest()
    report = world.evaluate()[-1].report
    return {(f.metric, f.column): f for f in report.findings}, report


def test_a_relation_that_turns_while_every_column_stays_as_it_was_is_an_alert():
    found, _ = findings(watched(), records(2, table(1500, seed=4, turned=True)))

    assert found["correlation_change", None].status == "alert"
    assert {f.status for (_, column), f in found.items() if column is not None} == {"ok"}


def test_the_same_relations_raise_nothing():
    found, _ = findings(watched(), records(2, table(1500, seed=4)))

    together = [found[metric, None] for metric in ("correlation_change", "reconstruction_error")]
    assert [(f.signal, f.status) for f in together] == [("multivariate_drift", "ok")] * 2


def test_the_message_names_the_pair_whose_correlation_changed_most():
    found, _ = findings(watched(), records(2, table(1500, seed=4, turned=True)))

    message = found["correlation_change", None].message
    assert "above the limit of 0.1; most of all that of x and y, from 0.8" in message
    assert " to -0.9" in message


def test_rows_off_the_baselines_components_raise_the_reconstruction_error():
    found, _ = findings(watched(), records(2, table(1500, seed=4, turned=True)))

    error = found["reconstruction_error", None]
    assert (error.status, "; the error went from" in error.message) == ("alert", True)


def test_few_rows_are_undecided():
    found, _ = findings(watched(), records(2, table(499, seed=4, turned=True)))

    together = [found[metric, None] for metric in ("correlation_change", "reconstruction_error")]
    assert [f.status for f in together] == ["undecided"] * 2


def test_a_column_that_is_gone_is_told_of():
    found, _ = findings(watched(), records(2, table(1500, seed=4), without=("y",)))

    message = found["correlation_change", None].message
    assert "2 pairs of 3 left out, because a column is constant" in message
    assert "in y 100% of the rows hold no number and count as the mean" in message


def test_values_too_far_out_are_told_of():
    columns = table(1500, seed=4)
    columns["z"][:3] = 1e9
    found, _ = findings(watched(), records(2, columns))

    assert "in z 0.2% of the rows lie too far out and count as nearer" in found["correlation_change", None].message


def test_a_baseline_that_its_components_tell_in_full_has_no_reconstruction_error():
    columns = {name: values * (name == "x") for name, values in table(1500, seed=9).items()}
    columns["y"] = columns["x"]
    world = make_world(WATCHED, known=records(1, columns))
    found, _ = findings(world, records(2, columns))

    error = found["reconstruction_error", None]
    assert (error.value, error.status) == (None, "undecided")
    assert "the baseline's components tell all of it" in error.message


def test_an_empty_window_between_others_has_no_relations():
    world = watched()
    findings(world, records(2, table(600, seed=4)), records(4, table(600, seed=5)))

    reports = [item.report for item in world.evaluate()]
    told = [sum(f.signal == "multivariate_drift" for f in report.findings) for report in reports]
    assert told == [2, 0, 2]


def test_the_page_shows_the_finding():
    _, report = findings(watched(), records(2, table(1500, seed=4, turned=True)))

    page = render_html([report])
    assert "multivariate drift" in page
    assert "most of all that of x and y" in page


def test_a_check_can_be_switched_off_or_given_another_limit():
    text = f"""{WATCHED}checks:
  - {{metric: correlation_change, threshold: 1.5}}
  - {{metric: reconstruction_error, enabled: false}}
"""
    found, _ = findings(watched(text), records(2, table(1500, seed=4, turned=True)))

    assert found["correlation_change", None].status == "ok"
    assert ("reconstruction_error", None) not in found


def merged(world, day):
    """The stored form of a day's profiles, merged."""
    start = moment(f"2026-03-{day:02}T00:00:00Z")
    prefix = f"churn/profiles/202603{day:02}T"
    infos = [info for info in world.output.list("churn/profiles/") if info.key.startswith(prefix)]
    profile = merge_profiles(world.baseline, world.output, infos, Window(start, start + world.day)).profile
    return pack(profile_to_plain(profile))


def test_rows_in_any_files_and_order_are_the_whole_to_the_stored_byte():
    columns = table(9000, seed=6)
    columns["z"][::7] = np.nan
    columns["y"][5] = 1e12
    every = [*records(2, columns), *records(3, table(700, seed=7))]
    whole, parts = watched(), watched()
    whole.logs.put("a.jsonl", lines(every))
    mixed = [every[place] for place in np.random.RandomState(8).permutation(len(every))]
    for name, cut in {"p": slice(0, 10), "q": slice(10, 6000), "r": slice(6000, None)}.items():
        parts.logs.put(f"{name}.jsonl", lines(mixed[cut]))

    whole.ingest()
    parts.ingest()

    assert [merged(parts, day) for day in (2, 3)] == [merged(whole, day) for day in (2, 3)]


def test_profiles_merged_one_by_one_are_those_merged_at_once_to_the_stored_byte(monkeypatch):
    world = watched()
    for number in range(4):
        world.logs.put(f"{number}.jsonl", lines(records(2, table(50, seed=number))))
    for info in world.source.objects():  # each in a profile of its own
        Ingester(world.monitor, world.baseline, world.output).ingest(world.source, info)
    at_once = merged(world, 2)

    monkeypatch.setattr(merging, "_TOGETHER", 0)

    assert merged(world, 2) == at_once


def group_of(columns):
    """A Parquet row group, read column by column."""
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file)
    store = MemoryStore("logs")
    store.put("a.parquet", file.getvalue())
    source = LogSource(store)
    (batch,) = source.read(next(source.objects()), columnwise=True)
    return batch


@pytest.mark.parametrize("spread", ["in order", "mixed"])
def test_columns_read_again_in_slices_give_the_same_as_columns_held(spread):
    world, rows = watched(), 40_000
    batch = group_of(table(rows, seed=6))
    windows = np.random.RandomState(1).randint(0, 3, rows)
    windows = np.sort(windows) if spread == "in order" else windows
    parts = [np.flatnonzero(windows == window) for window in range(3)]
    if spread == "in order":
        parts = [slice(int(places[0]), int(places[-1]) + 1) for places in parts]
    grid, shape = world.baseline.grids.cross, world.monitor.columns

    def read():
        return ((name, batch.columns[name].to_numpy()) for name in "zyx")

    held = CrossCounter(grid, shape).count(batch, parts, read())
    sliced = CrossCounter(grid, shape, held_values=100_000).count(batch, parts, read())

    assert batch.read_slices is not None
    assert [pack(plain(part)) for part in sliced] == [pack(plain(part)) for part in held]
    assert sum(part.rows for part in sliced) == rows


def plain(moments):
    return {name: getattr(moments, name) for name in ("grid", "rows")} | {
        name: getattr(moments, name).tobytes() for name in ("imputed", "clipped", "totals", "high", "low")
    }


def test_the_choice_of_columns_decides_whether_a_baseline_still_holds():
    world = watched()
    other = load_monitor(COLUMNS + "multivariate: {columns: [x, y]}\n", "m")

    with pytest.raises(BaselineError, match="multivariate"):
        load_baseline(other, world.output)

    baseline, built = ensure_baseline(other, [LogSource(world.reference)], world.output)
    assert (built, baseline.grids.cross.columns) == (True, ("x", "y"))


def test_the_order_in_which_columns_are_named_changes_nothing():
    one, other = (watched(COLUMNS + f"multivariate: {{columns: [{names}]}}\n") for names in ("x, z", "z, x"))

    assert one.baseline.version == other.baseline.version


def test_without_the_wish_nothing_is_kept_of_columns_together():
    world = watched(COLUMNS)
    found, _ = findings(world, records(2, table(600, seed=4)))

    assert (world.baseline.grids.cross, world.baseline.profile.cross) == (None, None)
    assert ("correlation_change", None) not in found


def test_a_baseline_read_back_has_the_same_grid_and_moments():
    world = watched()
    again = load_baseline(world.monitor, world.output)

    assert (again.version, again.grids.cross) == (world.baseline.version, world.baseline.grids.cross)
    assert pack(profile_to_plain(again.profile)) == pack(profile_to_plain(world.baseline.profile))


def test_ingesting_again_changes_nothing():
    world = watched()
    world.logs.put("a.jsonl", lines(records(2, table(600, seed=4))))
    world.ingest()
    before = content(world.output)
    world.ingest()

    assert content(world.output) == before


def test_rows_that_do_not_carry_the_columns_together_are_left_out():
    world = watched()
    batch = group_of(table(20_000, seed=6))
    outputs = replace(batch, captured=frozenset({Side.OUTPUT}))
    profiler = world.baseline.profiler()

    assert (profiler.profile(outputs).cross.rows, profiler.profile(batch).cross.rows) == (0, 20_000)


def test_a_profile_without_relations_changes_nothing_in_a_merge():
    world = watched()
    profile = world.baseline.profile

    merged_with_none = Profile.merged([Profile(profile.baseline), profile, Profile(profile.baseline)])
    assert pack(profile_to_plain(merged_with_none)) == pack(profile_to_plain(profile))


def test_a_column_that_no_row_holds_counts_as_missing_in_slices_too():
    world, columns = watched(), table(40_000, seed=6)
    batch = group_of({"x": columns["x"], "z": columns["z"]})
    grid, shape = world.baseline.grids.cross, world.monitor.columns

    moments = CrossCounter(grid, shape, held_values=100_000).count(batch, [slice(None)], ())[0]
    assert moments.imputed.tolist() == [0, 40_000, 0]


@pytest.mark.parametrize("rows", [slice(None), slice(3, 25_000), np.arange(0, 30_000, 7)])
def test_slices_of_a_batch_at_hand_are_counted_as_the_whole(rows):
    world, columns = watched(), table(30_000, seed=6)
    batch = batch_of(columns)
    grid, shape = world.baseline.grids.cross, world.monitor.columns

    held = CrossCounter(grid, shape).count(batch, [rows], columns.items())[0]
    sliced = CrossCounter(grid, shape, held_values=60_000).count(batch, [rows], columns.items())[0]
    assert plain(sliced) == plain(held)


def test_a_group_that_cannot_be_decoded_together_is_a_damaged_column():
    batch = group_of(table(20_000, seed=6))
    group = batch.columns
    group._source._source = io.BytesIO(b"?" * 2_000_000)

    with pytest.raises(DamagedColumnError, match="columns x, y cannot be decoded"):
        list(batch.slices(("x", "y"), 8192))
