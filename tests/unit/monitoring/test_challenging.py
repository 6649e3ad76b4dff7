import pytest
from services import MONITOR, Told, make_service
from worlds import lines, moment, rows

from atalaia.drifting import drift_of
from atalaia.errors import BaselineError, LogError
from atalaia.findings import pair_of
from atalaia.judging import Promise
from atalaia.monitoring.challenging import Side, Span, challenge, in_words
from atalaia.monitoring.service import NewVersion
from atalaia.profile import Profile
from atalaia.schema import profiled

ANSWERED = MONITOR + "  - {name: score, role: score}\n"
CHAMPION = ANSWERED.replace("mem://logs", "mem://logs/a")
CHALLENGER = ANSWERED.replace("mem://logs", "mem://logs/b").replace("name: churn\nmodel", "name: shadow\nmodel")


def answered(day, shift=0.0, seed=None, n=600):
    return [{**row, "score": row["x"] / 2 + shift} for row in rows(day, n, seed=seed or day)]


def a_world(ours, theirs, challenger=CHALLENGER):
    world = make_service(CHAMPION, challenger)
    world.stores("mem://reference").put("data.jsonl", lines(answered(1, n=2000, seed=9)))
    for folder, days in (("a", ours), ("b", theirs)):
        for day, entries in days.items():
            uri, data = f"mem://logs/{folder}", lines(entries)
            world.stores(uri).put(f"{day}.jsonl", data)
    for watch in world.watches:
        list(watch.ingester.ingest_all(watch.source, watch.source.objects()))
    return world


def sides(world):
    return [Side(watch.monitor, watch.output) for watch in world.watches]


def statuses(result):
    return {column["column"]: column["finding"]["status"] for column in result["columns"]}


def test_a_shadow_that_answers_like_the_champion_does_not_differ():
    world = a_world({2: answered(2), 3: answered(3)}, {2: answered(2), 3: answered(3)})

    result = challenge(*sides(world))

    assert statuses(result) == {"score": "ok", "x": "ok", "word": "ok"}
    assert result["champion"] == {"name": "churn", "rows": 1200}
    assert result["challenger"] == {"name": "shadow", "rows": 1200}
    assert result["windows"] == ["2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"]
    assert in_words(result)[0] == (
        "2 windows, 1,200 rows of shadow against 1,200 of churn: no column differs by more than chance."
    )


def test_another_sample_of_the_same_rows_does_not_differ():
    world = a_world({2: answered(2)}, {2: answered(2, seed=77)})

    assert set(statuses(challenge(*sides(world))).values()) == {"ok"}


def test_a_shadow_that_answers_otherwise_differs_in_its_answers_alone():
    world = a_world({2: answered(2)}, {2: answered(2, shift=0.4)})

    result = challenge(*sides(world))

    assert statuses(result) == {"score": "alert", "x": "ok", "word": "ok"}
    assert result["columns"][0]["column"] == "score"
    assert not [line for line in in_words(result) if line.startswith("Inputs differ")]


def test_it_is_judged_as_a_window_against_a_baseline_is():
    world = a_world({2: answered(2)}, {2: answered(2, shift=0.05)})
    baseline = world.watches[0].eras.latest
    profiler = baseline.profiler()
    ours, theirs = (profile_of(profiler, world, uri) for uri in ("mem://logs/a", "mem://logs/b"))
    pairs = [
        pair_of(type(baseline)(baseline.version, baseline.grids, ours), theirs, column)
        for column in profiled(baseline.grids.columns)
    ]
    expected = {d.findings[0].column: d.findings[0].value for d in drift_of((), pairs, Promise(0.05))}

    found = {each["column"]: each["finding"]["value"] for each in challenge(*sides(world))["columns"]}

    assert found == expected


def profile_of(profiler, world, uri):
    watch = next(w for w in world.watches if w.source.store.uri == uri)
    profile = Profile("")
    for batch in watch.source.batches():
        profile = profiler.profile(batch) if not profile.rows else profile.merge(profiler.profile(batch))
    return profile


def test_other_requests_are_told():
    moved = [{**row, "x": row["x"] + 3} for row in answered(2)]
    world = a_world({2: answered(2)}, {2: moved})

    told = in_words(challenge(*sides(world)))

    assert told[-1] == "Inputs differ (x), so these were other requests: answers may differ because of that."


def test_many_columns_that_do_not_differ_are_told_in_a_line():
    def column(name, status="ok"):
        finding = {"status": status, "message": f"{name} in words"}
        return {"column": name, "role": "feature", "performance": {}, "finding": finding}

    side = {"name": "m", "rows": 10}
    columns = [column("c1", "alert"), *(column(f"c{number}") for number in range(2, 9))]
    result = {"champion": side, "challenger": side, "windows": ["2026-03-02T00:00:00Z"], "columns": columns}

    assert in_words(result)[1:3] == ["  alert: c1 in words", "  ok: 7 columns: c2, c3, c4, c5, c6, c7, c8"]
    few = in_words(result | {"columns": columns[:6]})
    assert few[1:7] == ["  alert: c1 in words", *(f"  ok: c{number} in words" for number in range(2, 7))]


def test_only_windows_that_both_logged_are_compared():
    world = a_world({2: answered(2), 3: answered(3, shift=1)}, {2: answered(2), 4: answered(4)})

    result = challenge(*sides(world))

    assert (result["windows"], statuses(result)["score"]) == (["2026-03-02T00:00:00Z"], "ok")


def test_the_span_says_which_windows_are_looked_at():
    world = a_world({2: answered(2), 3: answered(3)}, {2: answered(2, shift=1), 3: answered(3)})

    result = challenge(*sides(world), Span(moment("2026-03-03"), moment("2026-03-04")))

    assert (result["windows"], statuses(result)["score"]) == (["2026-03-03T00:00:00Z"], "ok")


def test_without_a_window_of_both_nothing_can_be_compared():
    world = a_world({2: answered(2)}, {3: answered(3)})

    told = "no window in which both have rows; churn has profiles of 1 window, shadow of 1 window"
    with pytest.raises(LogError, match=told):
        challenge(*sides(world))


def test_other_columns_make_another_baseline():
    world = a_world({2: answered(2)}, {2: answered(2)}, CHALLENGER + "  - {name: more}\n")

    with pytest.raises(BaselineError, match="in 1 window both have rows, but counted on different baselines"):
        challenge(*sides(world))


def test_other_windows_cannot_be_compared():
    world = a_world({2: answered(2)}, {2: answered(2)}, CHALLENGER.replace("window: 1d", "window: 6h"))

    with pytest.raises(BaselineError, match="Give both monitors the same `window`"):
        challenge(*sides(world))


def test_two_versions_in_the_logs_of_one_monitor_are_compared():
    world = make_service(ANSWERED + "  - {name: v, type: string, role: version}\n")
    world.stores("mem://reference").put("data.jsonl", lines(answered(1, n=2000, seed=9)))
    both = [{**row, "v": v} for v, shift in (("7", 0.0), ("8", 0.5)) for row in answered(2, shift)]
    world.service.ingest([world.put("a.jsonl", lines(both))])
    watch = world.watches[0]

    result = challenge(*(Side(watch.monitor, watch.output, version) for version in ("7", "8")))

    assert statuses(result) == {"score": "alert", "x": "ok", "word": "ok"}
    assert (result["champion"], result["challenger"]["rows"]) == ({"name": "churn version 7", "rows": 600}, 600)
    with pytest.raises(LogError, match="no window"):
        challenge(*(Side(watch.monitor, watch.output, version) for version in ("7", "9")))


def test_without_a_column_for_versions_these_cannot_be_told_apart():
    world = a_world({2: answered(2)}, {2: answered(2)})
    watch = world.watches[0]

    with pytest.raises(LogError, match="no column has the role `version`"):
        challenge(*(Side(watch.monitor, watch.output, version) for version in ("7", "8")))


def test_windows_on_a_new_baseline_of_one_of_them_are_left_out():
    renewed = "{windows: 1, rows: 1}"
    challenger = CHALLENGER.replace("model: {name: churn}", f"model: {{name: churn, new_baseline: {renewed}}}")
    world = a_world({2: answered(2), 3: answered(3)}, {2: answered(2)}, challenger)
    world.service.note_model(NewVersion("churn", "8", moment("2026-03-01")))
    world.service.evaluate(Told(), lambda policy: None, everything=True)
    world.stores("mem://logs/b").put("3.jsonl", lines(answered(3)))
    watch = world.watches[1]
    list(watch.ingester.ingest_all(watch.source, watch.source.objects()))

    assert watch.eras.latest.origin
    assert challenge(*sides(world))["windows"] == ["2026-03-02T00:00:00Z"]


LABELLED = """  - {name: said, type: string, role: prediction}
  - {name: truth, type: string, role: label}
  - {name: v, type: string, role: version}
  - {name: score, role: score}
"""


def labelled(entries, wrong, version="7"):
    """Rows with labels, of which every so many-th answer is wrong."""
    for place, row in enumerate(entries):
        true = "yes" if row["x"] > 0 else "no"
        mistaken = {"yes": "no", "no": "yes"}[true] if place % wrong == 0 else true
        yield {**row, "truth": true, "said": mistaken, "v": version}


def a_labelled_world(ours, theirs, reference):
    changed = [text.replace("  - {name: score, role: score}\n", LABELLED) for text in (CHAMPION, CHALLENGER)]
    world = make_service(*changed)
    world.stores("mem://reference").put("data.jsonl", lines(reference))
    for folder, entries in (("a", ours), ("b", theirs)):
        world.stores(f"mem://logs/{folder}").put("2.jsonl", lines(entries))
    for watch in world.watches:
        list(watch.ingester.ingest_all(watch.source, watch.source.objects()))
    return world


def test_where_rows_have_labels_it_tells_how_good_the_answers_of_both_are():
    reference = labelled(answered(1, n=2000, seed=9), 10)
    world = a_labelled_world(labelled(answered(2), 10), labelled(answered(2), 4), reference)

    result = challenge(*sides(world))
    (said,) = [column for column in result["columns"] if column["column"] == "said"]

    assert said["performance"]["accuracy"] == {
        "champion": {"value": 0.9, "rows": 600},
        "challenger": {"value": 0.75, "rows": 600},
    }
    assert "f1" in said["performance"]
    assert "  said: accuracy 75% of 600 rows with labels, the champion's 90% of 600 rows" in in_words(result)
    assert [column["performance"] for column in result["columns"] if column["column"] == "x"] == [{}]


def test_two_versions_in_one_log_have_answers_of_their_own():
    reference = labelled(answered(1, n=2000, seed=9), 10)
    both = [*labelled(answered(2), 10, "7"), *labelled(answered(2, seed=5), 4, "8")]
    world = a_labelled_world(both, [], reference)
    ours = sides(world)[0]

    result = challenge(Side(ours.monitor, ours.output, "7"), Side(ours.monitor, ours.output, "8"))
    (said,) = [column for column in result["columns"] if column["column"] == "said"]

    assert [said["performance"]["accuracy"][side]["value"] for side in ("champion", "challenger")] == [0.9, 0.75]


def test_answers_without_labels_are_not_said_to_be_good_or_bad():
    world = a_world({2: answered(2)}, {2: answered(2)})

    result = challenge(*sides(world))

    assert [column["performance"] for column in result["columns"]] == [{}, {}, {}]
    assert not any("label" in line for line in in_words(result))


def test_what_could_be_measured_on_neither_side_is_not_told():
    unknown = {"area_under_roc": {side: {"value": None, "rows": 5} for side in ("champion", "challenger")}}
    finding = {"status": "ok", "message": "score: fine"}
    result = {side: {"name": side, "rows": 5} for side in ("champion", "challenger")} | {"windows": ["w"]}
    told = in_words(
        result | {"columns": [{"column": "s", "role": "score", "performance": unknown, "finding": finding}]}
    )

    assert told[1:] == ["  ok: score: fine"]
