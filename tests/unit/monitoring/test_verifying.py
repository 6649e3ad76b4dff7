import pytest
from worlds import lines, rows

from atalaia.errors import ObjectNotFoundError, StoredFormError
from atalaia.monitoring.verifying import verify_report

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
        (b'"revision": 1', b'"revision": 9'),
        (b'"status": "warning"', b'"status": "ok"'),
        (b'"model": "churn"', b'"model": "other"'),
        (b'"start": "2026-03-02', b'"start": "2026-03-01'),
    ],
    ids=["baseline", "revision", "status", "model", "window"],
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
