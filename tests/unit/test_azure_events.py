"""Which objects and jobs an event tells of, in every way that Azure sends it."""

import base64
import json
from datetime import datetime
from types import SimpleNamespace

import azure.functions as func
import pytest

from atalaia.monitoring.service import Arrival, NewVersion
from atalaia.window import parse_time
from atalaia_azure.events import EventError, JobChange, arrivals_of, change_of

DATA = {
    "api": "PutBlockList",
    "eTag": "0x8D4BCC2E4835CD0",
    "contentLength": 7,
    "blobType": "BlockBlob",
    "url": "https://account.blob.core.windows.net/logs/in/a%20b%2Bc%C3%A4.jsonl",
    "sequencer": "00000000000004420000000000028963",
}
GRID = {"id": "1", "eventType": "Microsoft.Storage.BlobCreated", "subject": "/blobServices/default", "data": DATA}
CLOUD = {"id": "1", "specversion": "1.0", "type": "Microsoft.Storage.BlobCreated", "source": "/s", "data": DATA}
ARRIVAL = Arrival("az://logs/in/a b+cä.jsonl", 7, '"0x8D4BCC2E4835CD0"')


def told(event):
    return arrivals_of(json.dumps(event))


@pytest.mark.parametrize("event", [GRID, CLOUD, [GRID], [CLOUD, GRID]])
def test_the_object_is_the_same_in_either_schema(event):
    assert set(told(event)) == {ARRIVAL}


@pytest.mark.parametrize(
    "write", [str.encode, lambda t: base64.b64encode(t.encode()), str], ids=["bytes", "base64", "plain"]
)
def test_the_object_is_the_same_however_the_text_is_written(write):
    assert arrivals_of(write(json.dumps(GRID))) == [ARRIVAL]


@pytest.mark.parametrize(
    "event",
    [
        {**GRID, "eventType": "Microsoft.Storage.BlobDeleted"},
        {**GRID, "eventType": "Microsoft.Storage.BlobTierChanged"},
        {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "x"}},
        [],
    ],
)
def test_deletions_and_handshakes_tell_of_no_object(event):
    assert told(event) == []


def test_an_append_blob_is_known_to_grow():
    (arrival,) = told({**GRID, "data": {**DATA, "blobType": "AppendBlob"}})

    assert arrival.grows


def test_an_object_without_size_or_etag_is_to_be_looked_at():
    assert told({**GRID, "data": {"url": DATA["url"]}}) == [Arrival(ARRIVAL.uri)]


def test_blobs_of_other_accounts_keep_their_urls_so_that_they_are_counted_as_unwatched():
    text = json.dumps(GRID)

    assert arrivals_of(text, "account") == [ARRIVAL]
    assert [each.uri for each in arrivals_of(text, "another")] == [DATA["url"]]


@pytest.mark.parametrize("host", ["http://127.0.0.1:10000/devstoreaccount1", "http://localhost:1/devstoreaccount1"])
def test_an_emulators_account_stands_in_the_path(host):
    event = {**GRID, "data": {**DATA, "url": f"{host}/logs/a.jsonl"}}

    assert [each.uri for each in arrivals_of(json.dumps(event), "devstoreaccount1")] == ["az://logs/a.jsonl"]


@pytest.mark.parametrize(
    "event",
    [
        None,
        7,
        "text",
        {},
        [[]],
        {"eventType": "Microsoft.Resources.ResourceWriteSuccess", "data": {}},
        {**GRID, "data": {}},
        {**GRID, "data": None},
        {**GRID, "data": {"url": "https://account.blob.core.windows.net/logs"}},
        {**GRID, "data": {"url": "https://account.blob.core.windows.net/logs/%ff"}},
    ],
)
def test_what_is_no_event_is_refused(event):
    with pytest.raises(EventError, match="does not tell of blobs"):
        told(event)


@pytest.mark.parametrize("text", ["", "{", "\x01", b"\xff\xff", "e30", "[{]"], ids=repr)
def test_what_is_no_text_of_an_event_is_refused(text):
    with pytest.raises(EventError):
        arrivals_of(text)


def learning(kind, data):
    return func.EventGridEvent(
        id="1",
        data=data,
        topic="",
        subject="s",
        event_type=f"Microsoft.MachineLearningServices.{kind}",
        event_time=parse_iso("2026-03-01T00:00:00+00:00"),
        data_version="1",
    )


def parse_iso(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("kind", "data", "state"),
    [
        ("RunStatusChanged", {"runId": "j", "runStatus": "Running"}, "Running"),
        ("RunStatusChanged", {"runId": "j", "runStatus": "Canceled"}, "Stopped"),
        ("RunStatusChanged", {"runId": "j", "runStatus": "Failed"}, "Failed"),
        ("RunCompleted", {"runId": "j"}, "Completed"),
    ],
)
def test_a_job_is_known_by_its_run(kind, data, state):
    assert change_of(learning(kind, data)) == JobChange("j", state, parse_time("2026-03-01T00:00:00Z"))


def test_a_model_is_known_by_its_name_and_version():
    event = learning("ModelRegistered", {"modelName": "churn", "modelVersion": 8})

    assert change_of(event) == NewVersion("churn", "8", parse_time("2026-03-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("kind", "data"),
    [("RunStatusChanged", {"runId": "j"}), ("RunCompleted", {}), ("DatasetDriftDetected", {"runId": "j"})],
)
def test_what_tells_of_no_job_is_refused(kind, data):
    with pytest.raises(EventError, match="tells of no job"):
        change_of(learning(kind, data))


def test_an_event_without_a_time_is_refused():
    event = SimpleNamespace(type="Microsoft.MachineLearningServices.RunCompleted", get_json=lambda: {"runId": "j"})

    with pytest.raises(EventError):
        change_of(event)


def test_names_in_an_event_may_begin_with_capitals():
    """As those of models do in Azure's samples of events, unlike in its tables."""
    event = learning("ModelRegistered", {"ModelName": "churn", "ModelVersion": 8, "ModelTags": {}})

    assert change_of(event).version == "8"
