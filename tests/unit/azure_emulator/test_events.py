import random

import pytest

from emulated_azure.eventgrid.schedule import Limits, after, outcome
from emulated_azure.eventgrid.subscriptions import subscription_of
from emulated_azure.storage.happenings import CREATED, batched_deletes, happening, storage_event

DAY = Limits(30, 86400, is_webhook=True)
RESOURCE = Limits(30, 86400, is_webhook=False)


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "api"),
    [
        ("PUT", "/a/c/b", {}, {"x-ms-blob-type": "BlockBlob"}, "PutBlob"),
        ("PUT", "/a/c/b", {}, {"x-ms-blob-type": "AppendBlob"}, "PutBlob"),
        ("PUT", "/a/c/d/e%20f", {"comp": "blocklist"}, {}, "PutBlockList"),
        ("PUT", "/a/c/b", {}, {"x-ms-copy-source": "http://x"}, "CopyBlob"),
        ("DELETE", "/a/c/b", {}, {}, "DeleteBlob"),
        ("PUT", "/a/c/b", {"comp": "appendblock"}, {}, None),
        ("PUT", "/a/c/b", {"comp": "block"}, {}, None),
        ("PUT", "/a/c/b", {"comp": "metadata"}, {}, None),
        ("PUT", "/a/c/b", {"comp": "lease"}, {}, None),
        ("PUT", "/a/c", {"restype": "container"}, {}, None),
        ("DELETE", "/a/c", {"restype": "container"}, {}, None),
        ("DELETE", "/a/c/b", {"snapshot": "s"}, {}, None),
        ("DELETE", "/a/c/b", {}, {"x-ms-delete-snapshots": "only"}, None),
        ("PUT", "/a/$logs/b", {}, {"x-ms-blob-type": "BlockBlob"}, None),
        ("GET", "/a/c/b", {}, {}, None),
    ],
)
def test_only_these_requests_raise_an_event(method, path, query, headers, api):
    found = happening(method, path, query, headers)

    assert (found.api if found else None) == api


def test_names_are_decoded_and_sequences_grow():
    what = happening("PUT", "/account/logs/d%C3%A9/x%20y", {}, {"x-ms-blob-type": "BlockBlob"})
    told = [storage_event(what, {"Content-Length": "7", "ETag": '"0x1"'}, {}, "http://e") for _ in range(2)]

    assert told[0]["subject"] == "/blobServices/default/containers/logs/blobs/dé/x y"
    assert (told[0]["eventType"], told[0]["data"]["contentLength"], told[0]["data"]["eTag"]) == (CREATED, 7, "0x1")
    assert told[0]["data"]["sequencer"] < told[1]["data"]["sequencer"]


def test_a_batch_tells_of_what_it_deleted():
    request = b"--b\r\n\r\nDELETE /a/c/one HTTP/1.1\r\n\r\n--b\r\n\r\nDELETE /a/c/two?x=1 HTTP/1.1\r\n\r\n--b--"
    answer = b"--r\r\n\r\nHTTP/1.1 404 Gone\r\n\r\n--r\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n--r--"

    assert [each.name for each in batched_deletes(request, answer)] == ["two"]


def test_waits_follow_the_documented_schedule_give_or_take_a_tenth():
    draw = random.Random(1)
    documented = [10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 43200]

    waits = [after(500, attempt, 0, DAY, draw).wait_seconds for attempt in range(1, 12)]

    assert all(0.9 <= wait / expected <= 1.1 for wait, expected in zip(waits, documented, strict=True))


@pytest.mark.parametrize(("status", "least"), [(503, 30), (408, 120), (404, 300), (401, 300)])
def test_some_answers_ask_for_a_longer_wait(status, least):
    assert after(status, 1, 0, RESOURCE, random.Random(1)).wait_seconds >= least * 0.9


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_some_answers_of_a_webhook_are_final(status):
    assert after(status, 1, 0, DAY, random.Random(1)).reason == "UndeliverableDueToClientError"


def test_attempts_and_age_have_their_limits():
    draw = random.Random(1)

    assert after(500, 30, 0, DAY, draw).reason == "MaxDeliveryAttemptsExceeded"
    assert after(500, 3, 86390, DAY, draw).reason == "TimeToLiveExceeded"
    assert (outcome(0), outcome(503), outcome(418)) == ("Aborted", "Busy", "GenericError")


@pytest.mark.parametrize(
    ("given", "wants"),
    [
        ({}, True),
        ({"event_types": [CREATED]}, True),
        ({"event_types": ["Other"]}, False),
        ({"subject_begins": "/BLOBS/in"}, True),
        ({"subject_ends": ".csv"}, False),
    ],
)
def test_a_subscription_wants_what_passes_its_filters(given, wants):
    subscription = subscription_of({"name": "s", "source": "storage", "endpoint": {"queue": "q"}, **given})

    assert subscription.wants({"eventType": CREATED, "subject": "/blobs/in/x.json"}) is wants
