import asyncio
import json

import pytest

from emulated_azure.functions.functions import FunctionFaultError, Retry, fetches_itself, function_of
from emulated_azure.functions.keys import Keys
from emulated_azure.functions.settings import app_of, host_file
from emulated_azure.functions.telemetry import Operation, Telemetry, duration
from emulated_azure.functions.worker import frames, messages
from emulated_azure.storage.signing import Request, signed, string_to_sign


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "function_app.py").write_text("")
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    return tmp_path


def read(*frames_of):
    async def both():
        reader = asyncio.StreamReader()
        reader.feed_data(b"".join(frames_of))
        reader.feed_eof()
        return [await frames.read(reader) for _ in range(len(frames_of) + 1)]

    return asyncio.run(both())


def test_messages_cross_with_their_bytes_as_they_are():
    sent = [{"kind": "a", "inputs": [["x", ["bytes", b"\x00\xff" * 1000]], ["y", None]]}, {"kind": "b", "t": "é"}]

    assert read(*map(frames.encode, sent)) == [*sent, None]


def test_what_is_no_data_does_not_cross():
    with pytest.raises(TypeError, match="object does not cross"):
        frames.encode({"x": object()})


def test_a_field_that_is_not_set_is_none_and_a_foreign_name_is_absent():
    value = messages.TypedData(string="x")

    assert (value.string, value.json, value.WhichOneof("data")) == ("x", None, "string")
    assert not hasattr(value, "TypedData")


def test_host_file_has_the_documented_defaults(folder):
    found = host_file(app_of({"name": "app", "folder": folder}))

    assert (found.timeout_seconds, found.prefix) == (1800, "api")
    assert (found.queues.batch, found.queues.threshold, found.queues.most_dequeues) == (16, 8, 5)
    assert found.blobs.batch + found.blobs.threshold == 8


@pytest.mark.parametrize(
    ("mode", "worker", "least"),
    [("OpenTelemetry", "true", "None"), ("OpenTelemetry", "", "Debug"), ("", "true", "Debug")],
)
def test_a_worker_that_sends_its_log_is_not_repeated(folder, mode, worker, least):
    content = {
        "version": "2.0",
        "telemetryMode": mode,
        "logging": {"logLevel": {"Function.f": "Debug", "Host": "None"}},
    }
    (folder / "host.json").write_text(json.dumps(content))
    settings = {"PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY": worker}

    found = host_file(app_of({"name": "app", "folder": folder, "settings": settings}))

    assert {level for name, level in found.levels.items() if name.startswith("Function")} == {least}
    assert found.levels["Host"] == "None"


def test_a_setting_stands_above_the_host_file(folder):
    settings = {
        "AzureFunctionsJobHost__extensions__queues__batchSize": "4",
        "AzureFunctionsJobHost__functionTimeout": "-1",
    }

    found = host_file(app_of({"name": "app", "folder": folder, "settings": settings}))

    assert (found.queues.batch, found.queues.threshold, found.timeout_seconds) == (4, 2, None)


def test_a_host_file_of_another_version_is_refused(folder):
    (folder / "host.json").write_text("{}")

    with pytest.raises(ValueError, match="version"):
        host_file(app_of({"name": "app", "folder": folder}))


@pytest.mark.parametrize("name", ["AzureWebJobsStorage", "AZURE_STORAGE_ENDPOINT", "TopicEndpoint"])
def test_an_application_is_given_no_endpoint_elsewhere(folder, name):
    with pytest.raises(ValueError, match=name):
        app_of({"name": "app", "folder": folder, "settings": {name: "X=1;BlobEndpoint=https://real.example.com/"}})


def found(*bindings, retry=None):
    return {"id": "1", "name": "f", "bindings": [json.dumps(each) for each in bindings], "retry": retry}


QUEUE = {
    "type": "queueTrigger",
    "name": "m",
    "queueName": "%Q%",
    "connection": "AzureWebJobsStorage",
    "direction": "IN",
}
SETTINGS = {"AzureWebJobsStorage": "x", "Q": "jobs", "Identity__accountName": "a"}


def test_a_function_has_its_settings_filled_in_and_a_group():
    function = function_of(
        found(QUEUE, {"type": "queue", "name": "o", "direction": "OUT", "queueName": "%Q%"}), SETTINGS
    )

    assert (function.kind, function.trigger["queueName"], function.group) == ("queueTrigger", "jobs", "function:f")
    assert [each["queueName"] for each in function.outputs] == ["jobs"]
    assert function_of(found({**QUEUE, "connection": "Identity"}), SETTINGS).name == "f"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"connection": "Absent"}, "no setting 'Absent'"),
        ({"queueName": "%ABSENT%"}, "ABSENT"),
        ({"type": "kafkaTrigger"}, "has no kafkaTrigger"),
        ({"type": "blobTrigger", "path": "a/{b}"}, "EventGrid"),
        ({"type": "timerTrigger", "schedule": "often"}, "is no schedule"),
    ],
)
def test_a_function_that_cannot_be_listened_for_says_why(change, word):
    with pytest.raises(FunctionFaultError, match=word):
        function_of(found({**QUEUE, **change}), SETTINGS)


def test_a_binding_of_an_sdk_type_fetches_by_itself():
    assert fetches_itself({"properties": {"SupportsDeferredBinding": True}})
    assert not fetches_itself({"properties": {}})


def test_retries_wait_constantly_or_twice_as_long_each_time():
    assert [Retry(3, 5, 5).wait_seconds(n) for n in (1, 2, 3)] == [5, 5, 5]
    assert [Retry(3, 1, 5).wait_seconds(n) for n in (1, 2, 3, 4, 5000)] == [1, 2, 4, 5, 5]


def test_keys_open_what_is_theirs_only():
    keys = Keys({"f": "own", "g": "other"})

    assert [keys.opens_function("f", "FUNCTION", key) for key in ("own", keys.default, keys.master)] == [True] * 3
    assert not any(keys.opens_function("f", "FUNCTION", key) for key in ("other", "", keys.system["blobs_extension"]))
    assert not keys.opens_function("f", "ADMIN", keys.default)
    assert keys.opens_function("f", "ANONYMOUS", "")
    assert keys.opens_webhook("blobs_extension", keys.system["blobs_extension"])
    assert not keys.opens_webhook("blobs_extension", keys.system["eventgrid_extension"])


def test_records_below_their_categorys_level_are_left_out():
    sent = []
    telemetry = Telemetry(
        sent.extend, "key", {"default": "Warning", "Function": "Information", "Function.loud": "Error"}
    )
    for category in ("Host.General", "Function.f.User", "Function.loud.User"):
        telemetry.trace(Operation("app", "i", "f", "t", "s", "v"), category, "INFO", category)
    telemetry.flush()

    assert [each["data"]["baseData"]["message"] for each in sent] == ["Function.f.User"]
    assert sent[0]["tags"]["ai.operation.id"] == "t"


def test_a_duration_is_written_as_net_writes_it():
    assert duration(93784.5) == "1.02:03:04.5000000"


def test_a_request_is_signed_as_storage_defines_it():
    """The worked example of Microsoft's page on shared keys, by its structure."""
    request = Request("PUT", "/a/a/c/b", {"comp": "x", "b": "2"}, {"Content-Type": "t"}, b"12")
    headers = {"content-type": "t", "x-ms-b": "2", "x-ms-a": "1"}

    text = string_to_sign(request, headers, "a")

    assert text == "PUT\n\n\n2\n\nt\n\n\n\n\n\n\nx-ms-a:1\nx-ms-b:2\n/a/a/a/c/b\nb:2\ncomp:x"
    assert signed(request, "a", "a2V5", 0)["authorization"].startswith("SharedKey a:")
