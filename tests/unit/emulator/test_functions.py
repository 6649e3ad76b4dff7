import asyncio
import json
import os
import zipfile
from io import BytesIO

import pytest

from emulated_aws.lambdas.asynchronous import Event, dead_letter_attributes, destination_record
from emulated_aws.lambdas.code import hot_zip, unpack
from emulated_aws.lambdas.environment import faults_of_variables
from emulated_aws.lambdas.mapping import batch_within, failed_messages, fault_of_batches
from emulated_aws.lambdas.output import Output
from emulated_aws.lambdas.ports import Call
from emulated_aws.lambdas.settings import Outcome, settings_of
from emulated_aws.lambdas.wire import read_request
from emulation.clock import Clock

CONFIG = {"FunctionName": "f", "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f", "Handler": "h.h"}


def outcome(value=None, *, failed=False):
    return Outcome(json.dumps(value).encode(), failed=failed, tail="", duration_ms=1, peak_mb=1)


def test_the_fast_clock_shrinks_waits_and_agrees_at_its_start():
    clock = Clock(60, 1000)

    assert clock.real_seconds(120) == 2
    assert (clock.emulated_time(1000), clock.emulated_time(1001)) == (1000, 1060)
    assert clock.real_time(clock.emulated_time(1234.5)) == 1234.5


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, {"b"}),
        ({"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, {"a", "b"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, {"a", "b"}),
        ({"batchItemFailures": [{"wrong": "a"}]}, {"a", "b"}),
        ({"batchItemFailures": "a"}, {"a", "b"}),
        ("text", {"a", "b"}),
    ],
)
def test_reported_failures_stay_and_a_malformed_report_keeps_all(answer, failed):
    assert failed_messages(outcome(answer), ["a", "b"], reports=True) == failed


def test_without_reports_a_batch_succeeds_or_fails_as_a_whole():
    named = {"batchItemFailures": [{"itemIdentifier": "b"}]}

    assert failed_messages(outcome(named), ["a", "b"], reports=False) == set()
    assert failed_messages(outcome(failed=True), ["a", "b"], reports=False) == {"a", "b"}


@pytest.mark.parametrize(
    ("queue", "size", "window", "fine"),
    [
        ("q", None, None, True),
        ("q", 10, 0, True),
        ("q", 11, 0, False),
        ("q", 10_000, 1, True),
        ("q", 10_001, 1, False),
        ("q", 1, 300, True),
        ("q", 1, 301, False),
        ("q.fifo", 10, 0, True),
        ("q.fifo", 11, 0, False),
        ("q.fifo", 10, 1, False),
    ],
)
def test_batches_and_windows_have_lambdas_limits(queue, size, window, fine):
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{queue}"
    mapping = {"EventSourceArn": arn, "BatchSize": size, "MaximumBatchingWindowInSeconds": window}

    assert (fault_of_batches(mapping) is None) == fine


def test_other_sources_than_queues_are_not_judged_by_the_limits_of_queues():
    stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"

    assert fault_of_batches({"EventSourceArn": stream, "BatchSize": 100}) is None


def test_a_batch_holds_what_fits_and_at_least_one():
    records = [{"body": "x" * 100} for _ in range(5)]

    assert len(batch_within(records, 350)) == 3
    assert len(batch_within(records, 10)) == 1
    assert batch_within([], 10) == []


def test_a_destination_record_tells_how_it_ended():
    event = Event(Call({}, CONFIG), b'{"a": 1}', "id", 0.0, attempts=3, last=outcome({"errorType": "E"}, failed=True))

    record = destination_record(event, "RetriesExhausted")

    assert record["requestContext"]["functionArn"].endswith(":function:f:$LATEST")
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"] == {"errorType": "E"}


def test_an_event_that_never_ran_has_no_response():
    event = Event(Call({}, CONFIG), b"1", "id", 0.0)

    assert "responsePayload" not in destination_record(event, "EventAgeExceeded")
    assert dead_letter_attributes(event)["ErrorCode"] == "429"


def test_a_dead_letter_carries_a_kilobyte_of_the_message():
    event = Event(Call({}, CONFIG), b"1", "id", 0.0, 1, outcome({"errorMessage": "é" * 1000}, failed=True))

    assert dead_letter_attributes(event)["ErrorMessage"] == "é" * 512


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"COLOUR": "green"}, None),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, None),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1.example.com"}, "AWS_ENDPOINT_URL"),
        ({"AWS_REGION": "x"}, "AWS_REGION"),
        ({"https_proxy": "http://x"}, "https_proxy"),
    ],
)
def test_reserved_variables_and_ways_out_are_named(variables, named):
    fault = faults_of_variables(variables)

    assert fault is None if named is None else named in fault


def test_settings_have_lambdas_defaults(tmp_path):
    settings = settings_of(CONFIG, tmp_path)

    assert (settings.timeout_seconds, settings.memory_mb, settings.version) == (3, 128, "$LATEST")
    assert (settings.region, settings.account, settings.log_group) == ("eu-west-1", "123456789012", "/aws/lambda/f")


def test_a_package_is_unpacked_once_with_its_modes(tmp_path):
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        member = zipfile.ZipInfo("bin/tool")
        member.external_attr = 0o755 << 16
        package.writestr(member, "x")

    first, again = unpack(buffer.getvalue(), tmp_path), unpack(buffer.getvalue(), tmp_path)

    assert first == again
    assert os.access(first / "bin/tool", os.X_OK)


def test_a_local_folder_stands_for_itself(tmp_path):
    code, source = tmp_path / "code", tmp_path / "source"
    source.mkdir()

    assert unpack(hot_zip(str(source)), code) == source
    with pytest.raises(ValueError, match="absent"):
        hot_zip(str(tmp_path / "absent"))


def frame(text):
    return b"\xa5\x5a\x00\x03" + len(text).to_bytes(4, "big") + bytes(8) + text


@pytest.mark.parametrize(
    ("framed", "chunks", "messages"),
    [
        (False, [b"one\ntw", b"o\nlast"], ["one", "two", "last"]),
        (True, [frame(b"one\ntwo\n")[:9], frame(b"one\ntwo\n")[9:] + frame(b"x")], ["one\ntwo", "x"]),
        (True, [b"no frame"], ["no frame"]),
    ],
)
def test_output_comes_in_whole_messages(framed, chunks, messages):
    heard = []

    async def hear():
        output = Output(asyncio.get_running_loop(), heard.append, framed=framed)
        for chunk in chunks:
            os.write(output.write_end, chunk)
            output.drain()
        output.close_write_end()
        output.drain()

    asyncio.run(hear())

    assert heard == messages


def test_requests_are_read_by_length_and_by_chunks():
    text = (
        b"POST /a HTTP/1.1\r\nContent-Length: 3\r\nX-Name: v\r\n\r\nabc"
        b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    )

    async def read():
        reader = asyncio.StreamReader()
        reader.feed_data(text)
        reader.feed_eof()
        return [await read_request(reader) for _ in range(3)]

    first, second, end = asyncio.run(read())

    assert (first.method, first.path, first.headers["x-name"], first.body) == ("POST", "/a", "v", b"abc")
    assert (second.path, second.body) == ("/b", b"abc")
    assert end is None
