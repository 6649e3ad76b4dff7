import pytest
from packets import ingester_of
from worlds import lines, make_world, rows

from atalaia import evaluation
from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.monitoring.baselines import make_baseline
from atalaia.monitoring.verifying import verify_report
from atalaia.window import SECOND, parse_time

KEY = "churn/reports/20260302T000000Z/r1.json"


@pytest.fixture
def judged(world):
    world.logs.put("y/2026/03/02/12/a.jsonl", lines(rows(2)) + b"broken\n")
    world.ingest()
    world.evaluate()
    return world


def test_a_report_verifies_byte_for_byte(judged):
    assert verify_report(KEY, judged.output).differences == ()


def test_an_altered_report_does_not_verify(judged):
    stored = judged.output.get(KEY)[0]
    judged.output.put(KEY, stored.replace(b'"rows": 600', b'"rows": 601', 1))

    (difference,) = verify_report(KEY, judged.output).differences
    assert "altered" in difference


def test_a_changed_profile_is_named(judged):
    judged.logs.put("y/2026/03/02/12/a.jsonl", lines(rows(2, 7)))
    judged.ingest()

    (difference,) = verify_report(KEY, judged.output).differences
    assert "the profile of logs/y/2026/03/02/12/a.jsonl has changed" in difference


def test_a_profile_that_is_gone_is_named(judged):
    (info,) = judged.output.list("churn/profiles/")
    judged.output.delete(info.key)

    (difference,) = verify_report(KEY, judged.output).differences
    assert "the profile of logs/y/2026/03/02/12/a.jsonl is gone" in difference


def test_a_definition_that_is_gone_is_an_error(judged):
    (info,) = judged.output.list("churn/state/monitors/")
    judged.output.delete(info.key)

    with pytest.raises(StoredFormError, match="gone or damaged"):
        verify_report(KEY, judged.output)


def test_a_report_with_impossible_times_is_an_error(judged):
    stored = judged.output.get(KEY)[0]
    judged.output.put(KEY, stored.replace(b"2026-03-02T00:00:00Z", b"yesterday", 1))

    (difference,) = verify_report(KEY, judged.output).differences
    assert "not a window" in difference


@pytest.mark.parametrize(
    ("was", "claimed"),
    [
        (b'"rows": 2000', b'"rows": 2001'),
        (b'"status": "warning"', b'"status": "ok"'),
        (b'"model": "churn"', b'"model": "other"'),
        (b'"start": "2026-03-02', b'"start": "2026-03-01'),
    ],
    ids=["baseline", "status", "model", "window"],
)
def test_nothing_that_a_report_claims_is_taken_on_trust(judged, was, claimed):
    stored = judged.output.get(KEY)[0]
    assert was in stored
    judged.output.put(KEY, stored.replace(was, claimed, 1))

    assert verify_report(KEY, judged.output).differences


def test_another_definition_under_the_same_key_is_noticed(judged):
    (info,) = judged.output.list("churn/state/monitors/")
    judged.output.put(info.key, judged.output.get(info.key)[0].replace(b'"2h"', b'"3h"'))

    assert verify_report(KEY, judged.output).differences


def test_there_is_nothing_to_verify_under_an_unknown_key(judged):
    with pytest.raises(ObjectNotFoundError):
        verify_report("churn/reports/x/r1.json", judged.output)


def differences(world):
    return verify_report(KEY, world.output).differences


def test_objects_that_come_later_leave_a_report_verifiable(judged):
    judged.logs.put("later.jsonl", lines(rows(2, 5)))
    judged.ingest()

    assert differences(judged) == ()


def test_profiles_made_anew_on_another_baseline_are_what_is_named_and_not_the_report(judged):
    judged.reference.put("more.jsonl", lines(rows(1, 50)))
    judged.baseline = make_baseline(judged.monitor, [type(judged.source)(judged.reference)], judged.output, chosen=True)
    list(ingester_of(judged).ingest_all(judged.source, judged.source.objects()))

    (difference,) = differences(judged)
    assert "the profile of logs/y/2026/03/02/12/a.jsonl has changed" in difference


def test_an_object_that_now_has_rows_in_a_shared_profile_is_named(world):
    world.logs.put("a.jsonl", lines(rows(2, 3)))
    world.logs.put("b.jsonl", lines(rows(3, 3)))
    world.ingest()
    world.evaluate()
    world.logs.put("b.jsonl", lines([*rows(3, 3), *rows(2, 1)]))
    world.ingest()

    assert differences(world) == ("the profile of logs/b.jsonl has come since, within one that the report was made of",)


@pytest.fixture
def many(monkeypatch):
    """A report that lists two of its five log objects."""
    monkeypatch.setattr(evaluation, "MOST_INPUTS", 2)
    seconds = iter(range(10_000))
    world = make_world(clock=lambda: parse_time("2026-03-20T00:00:00Z") + next(seconds) * SECOND)
    for place in range(5):
        world.logs.put(f"{place}.jsonl", lines(rows(2, 3)))
        world.ingest()
    world.evaluate()
    return world


def test_a_report_that_lists_a_part_of_its_log_objects_stays_verifiable_when_more_come(many):
    many.logs.put("later.jsonl", lines(rows(2, 3)))
    many.logs.put("0.earlier in the list.jsonl", lines(rows(2, 3)))
    many.ingest()

    assert differences(many) == ()


@pytest.mark.parametrize(("key", "told"), [("0.jsonl", "logs/0.jsonl has changed"), ("4.jsonl", "does not list")])
def test_a_change_of_a_log_object_is_noticed_whether_the_report_lists_it_or_not(many, key, told):
    many.logs.put(key, lines(rows(2, 4)))
    many.ingest()

    (difference,) = differences(many)
    assert told in difference
