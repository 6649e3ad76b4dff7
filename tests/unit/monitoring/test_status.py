import json

from services import MONITOR, Told, make_service
from worlds import lines, rows

from atalaia.monitoring.status import exposition, page_at
from atalaia.ports import Point

SECOND = MONITOR.replace("name: churn\nmodel", "name: second\nmodel")


def evaluated(*texts):
    world = make_service(*texts)
    world.service.ingest([world.put("a.jsonl", lines([*rows(2), *rows(3)]))])
    world.service.evaluate(Told(), None)
    return world


def page(world, path):
    return page_at(path, world.service.watches)


def test_one_monitor_is_shown_at_once():
    world = evaluated()

    assert page(world, "/") == page(world, "/churn")
    assert page(world, "/").text.startswith("<!doctype html>")


def test_what_policies_decided_stands_on_the_page():
    world = evaluated(MONITOR + "policies: [{name: retrain, file: true, when: rows < 10}]\n")

    assert "rows 600, not &lt; 10" in page(world, "/churn").text


def test_several_monitors_are_listed():
    world = evaluated(MONITOR, SECOND)

    assert 'href="/churn"' in page(world, "/").text
    assert 'href="/second"' in page(world, "/").text


def test_nothing_is_at_another_path_and_it_is_not_repeated():
    found = page(evaluated(), "/<script>")

    assert found.status == 404
    assert "script" not in found.text


def test_before_the_first_report_a_page_says_so():
    assert "No window was evaluated yet" in page(make_service(), "/").text


def test_the_latest_revision_of_each_window_is_told_as_json():
    world = evaluated()
    world.service.ingest([world.put("late.jsonl", lines(rows(2, 5)))])
    world.service.evaluate(Told(), None)
    world.output.put("churn/reports/20260304T000000Z/r1.json", b"of another release")

    (told,) = json.loads(page(world, "/status.json").text)["monitors"]
    assert [(window["start"][:10], window["revision"]) for window in told["windows"]] == [
        ("2026-03-02", 2),
        ("2026-03-03", 1),
    ]


def test_metrics_are_those_of_the_latest_window():
    text = page(evaluated(), "/metrics").text

    assert 'ml_monitor_rows{monitor="churn",model="churn"} 600.0\n' in text
    assert text.count("# TYPE ml_monitor_findings gauge") == 1


def test_labels_and_numbers_are_written_as_prometheus_reads_them():
    text = exposition([Point("a.b", float("nan"), (("x.y", 'q"\\\n'),), 0), Point("a.b", float("-inf"), (), 0)])

    assert text == '# TYPE a_b gauge\na_b{x_y="q\\"\\\\\\n"} NaN\na_b{} -Inf\n'
