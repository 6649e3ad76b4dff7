"""Envelopes as rows, where no database is needed to see it."""

import pytest
from envelopes import envelope, exception, metric

from emulated_azure.insights.bodies import items_of
from emulated_azure.insights.rows import milliseconds, rows_of
from emulated_azure.insights.tables import TABLES, schema


def row(sent):
    [(_, made)] = rows_of(sent, "resource", "app")
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [("00:00:01.5", 1500.0), ("0.00:01:00.0000000", 60_000.0), ("1.02:03:04.005", 93_784_005.0), ("soon", 0.0)],
)
def test_durations_are_read_as_milliseconds(text, expected):
    assert milliseconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [("00.249", "<250ms"), ("00.250", "250ms-500ms"), ("07.000", "7sec-15sec")]
)
def test_durations_fall_into_buckets(seconds, bucket):
    sent = envelope("RequestData", {"id": "1", "name": "f", "duration": f"00:00:{seconds}"})

    assert row(sent)["performanceBucket"] == bucket


@pytest.mark.parametrize(("given", "level"), [(3, 3), ("Error", 3), ("Verbose", 0), (None, None), ("odd", None)])
def test_severities_come_as_numbers_or_names(given, level):
    assert row(envelope("MessageData", {"message": "m", "severityLevel": given}))["severityLevel"] == level


def test_a_metric_of_one_value_is_its_own_least_and_largest():
    made = row(metric("m", 2.5))

    assert [made[name] for name in ("valueCount", "valueMin", "valueMax", "valueSum")] == [1, 2.5, 2.5, 2.5]


def test_an_envelope_with_two_points_makes_two_rows():
    sent = envelope("MetricData", {"metrics": [{"name": "a", "value": 1}, {"name": "b", "value": 2}]})

    assert [made["name"] for _, made in rows_of(sent, "resource", "app")] == ["a", "b"]


def test_an_exceptions_problem_is_its_type_and_where_it_was_raised():
    sent = exception("ValueError", "m")
    sent["data"]["baseData"]["exceptions"][0]["parsedStack"] = [{"method": "f", "assembly": "a"}]

    made = row(sent)
    assert (made["problemId"], made["method"], made["innermostAssembly"]) == ("ValueError at f", "f", "a")


def test_values_that_are_no_text_become_text():
    sent = envelope("EventData", {"name": "e", "properties": {"list": [1, 2], "flag": True}})

    assert row(sent)["customDimensions"] == {"list": "[1, 2]", "flag": "true"}


def test_every_column_has_one_name_in_each_table():
    for table in TABLES:
        names = [column.name for column in table.columns if column.name]
        assert len(names) == len(set(names)), table.name
        assert len({name.lower() for name in schema()[table.workspace]}) == len(schema()[table.workspace])


def test_gzip_is_told_by_its_first_bytes():
    import gzip

    assert items_of(gzip.compress(b'[{"a": 1}]')) == items_of(b'[{"a": 1}]') == [({"a": 1}, 7)]


def test_a_broken_gzip_is_refused():
    with pytest.raises(ValueError, match="not gzip"):
        items_of(b"\x1f\x8bnothing")
