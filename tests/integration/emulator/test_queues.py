"""Queues that feed functions: batches, windows, partial failures, dead letters."""

import json

import pytest
from emulators import until

TELL = """
import json

def handler(event, context):
    if any(record["body"] == "poison" for record in event["Records"]):
        raise RuntimeError("poison")
    print("TOLD " + json.dumps(event))
"""
PARTLY = """
import json

def handler(event, context):
    print("TOLD " + json.dumps([record["body"] for record in event["Records"]]))
    failed = [r["messageId"] for r in event["Records"] if r["body"] == "bad" and
              r["attributes"]["ApproximateReceiveCount"] == "1"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
"""


def mapping(aws, name, source, queue, timeout=20, **options):
    arn = aws.function(name, source, Timeout=timeout)
    aws.client("lambda").create_event_source_mapping(FunctionName=arn, EventSourceArn=queue, **options)


def test_a_window_makes_one_batch_of_many_messages(aws):
    queue_url, queue = aws.queue("windowed", VisibilityTimeout="120")
    mapping(aws, "windowed", TELL, queue, BatchSize=1000, MaximumBatchingWindowInSeconds=120)
    client = aws.client("sqs")

    for start in range(0, 50, 10):
        entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(start, start + 10)]
        client.send_message_batch(QueueUrl=queue_url, Entries=entries)
    [event] = aws.told("windowed")

    assert sorted(record["body"] for record in event["Records"]) == sorted(f"m{n}" for n in range(50))
    assert event["Records"][0]["eventSourceARN"] == queue
    assert until(lambda: left(client, queue_url) == 0)


def left(client, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(map(int, counts.values()))


def test_only_the_messages_reported_as_failed_come_again(aws):
    queue_url, queue = aws.queue("partly", VisibilityTimeout="4")
    reports = {"MaximumBatchingWindowInSeconds": 30, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    mapping(aws, "partly", PARTLY, queue, timeout=4, **reports)
    client = aws.client("sqs")

    entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(["good", "bad", "fine"])]
    client.send_message_batch(QueueUrl=queue_url, Entries=entries)
    batches = aws.told("partly", 2)

    assert [sorted(batch) for batch in batches] == [["bad", "fine", "good"], ["bad"]]
    assert until(lambda: left(client, queue_url) == 0)


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue(aws):
    dead_url, dead = aws.queue("poisoned-dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    queue_url, queue = aws.queue("poisoned", VisibilityTimeout="3", RedrivePolicy=policy)
    mapping(aws, "poisoned", TELL, queue, timeout=3)

    aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody="poison")
    found = until(lambda: aws.client("sqs").receive_message(QueueUrl=dead_url, WaitTimeSeconds=1).get("Messages"))

    assert [message["Body"] for message in found] == ["poison"]


def test_a_queue_must_hide_messages_as_long_as_the_function_may_take(aws):
    _, queue = aws.queue("hasty", VisibilityTimeout="5")
    arn = aws.function("hasty", TELL, Timeout=6)
    client = aws.client("lambda")

    with pytest.raises(client.exceptions.InvalidParameterValueException, match="visibility timeout"):
        client.create_event_source_mapping(FunctionName=arn, EventSourceArn=queue)


def test_batches_and_windows_have_lambdas_limits_also_when_changed(aws):
    _, queue = aws.queue("limited", VisibilityTimeout="60")
    arn = aws.function("limited", TELL, Timeout=6)
    client = aws.client("lambda")
    refused = client.exceptions.InvalidParameterValueException

    with pytest.raises(refused, match="window"):
        client.create_event_source_mapping(FunctionName=arn, EventSourceArn=queue, BatchSize=11)
    made = client.create_event_source_mapping(FunctionName=arn, EventSourceArn=queue)
    with pytest.raises(refused, match="window"):
        client.update_event_source_mapping(UUID=made["UUID"], BatchSize=11)
    window = {"MaximumBatchingWindowInSeconds": 1}
    changed = client.update_event_source_mapping(UUID=made["UUID"], BatchSize=10000, **window)

    assert changed["BatchSize"] == 10000


def test_a_batch_whose_sandbox_is_killed_comes_again_whole(calm):
    queue_url, queue = calm.queue("killed-batch", VisibilityTimeout="3")
    mapping(calm, "killed-batch", TELL, queue, timeout=3, BatchSize=10, MaximumBatchingWindowInSeconds=30)
    calm.chaos(kill_share=1, kill_after_ms=0, kill_function="killed-batch")

    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(5)]
    calm.client("sqs").send_message_batch(QueueUrl=queue_url, Entries=entries)
    struck = until(lambda: calm.admin("GET", "/chaos")["struck"].get("kill_share"))
    calm.chaos(kill_share=0)
    bodies = [record["body"] for event in calm.told("killed-batch") for record in event["Records"]]

    assert struck
    assert sorted(bodies) == [f"m{n}" for n in range(5)]
    assert until(lambda: left(calm.client("sqs"), queue_url) == 0)
