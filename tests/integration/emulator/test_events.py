"""How events reach functions: asynchronously, from buckets, topics, rules, schedules; where failures go."""

import json
import time

import pytest
from emulators import until

TELL = """
import json

def handler(event, context):
    if isinstance(event, dict) and event.get("fail"):
        raise RuntimeError("as asked")
    if any(record.get("body") == "poison" for record in event.get("Records", [])):
        raise RuntimeError("poison")
    print("TOLD " + json.dumps(event))
    return "told"
"""


def teller(aws, name, source=TELL, **options):
    return aws.function(name, source, **{"Timeout": 20, **options})


def call_later(aws, name, event):
    aws.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())


def test_an_asynchronous_event_that_fails_is_tried_three_times_and_then_told_with_its_error(aws):
    teller(aws, "failing")
    url, destination = aws.queue("failing-destination")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="failing", DestinationConfig={"OnFailure": {"Destination": destination}}
    )
    begun = time.monotonic()

    call_later(aws, "failing", {"fail": True})
    [record] = aws.receive(url)

    took = time.monotonic() - begun
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestPayload"] == {"fail": True}
    assert record["responsePayload"]["errorMessage"] == "as asked"
    assert took > 3  # one minute and two, at sixty to one


def test_an_asynchronous_event_that_succeeds_is_told_with_its_answer(aws):
    teller(aws, "succeeding")
    url, destination = aws.queue("succeeding-destination")
    aws.client("lambda").put_function_event_invoke_config(
        FunctionName="succeeding", DestinationConfig={"OnSuccess": {"Destination": destination}}
    )

    call_later(aws, "succeeding", {"n": 1})
    [record] = aws.receive(url)

    assert (record["requestContext"]["condition"], record["responsePayload"]) == ("Success", "told")


def test_a_dead_letter_is_the_event_itself_with_the_error_beside_it(aws):
    url, letters = aws.queue("letters")
    teller(aws, "dying", DeadLetterConfig={"TargetArn": letters})
    aws.client("lambda").put_function_event_invoke_config(FunctionName="dying", MaximumRetryAttempts=0)

    call_later(aws, "dying", {"fail": True, "n": 7})
    found = until(
        lambda: (
            aws.client("sqs")
            .receive_message(QueueUrl=url, WaitTimeSeconds=1, MessageAttributeNames=["All"])
            .get("Messages")
        )
    )

    assert json.loads(found[0]["Body"]) == {"fail": True, "n": 7}
    attributes = {name: value["StringValue"] for name, value in found[0]["MessageAttributes"].items()}
    assert (attributes["ErrorCode"], attributes["ErrorMessage"]) == ("200", "as asked")


def test_an_event_without_a_free_sandbox_waits_until_its_age_is_up(aws):
    teller(aws, "closed")
    url, destination = aws.queue("closed-destination")
    client = aws.client("lambda")
    client.put_function_concurrency(FunctionName="closed", ReservedConcurrentExecutions=0)
    client.put_function_event_invoke_config(
        FunctionName="closed",
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )

    call_later(aws, "closed", {"n": 1})
    [record] = aws.receive(url)

    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert record["requestContext"]["approximateInvokeCount"] == 0


def test_a_topic_and_a_rule_call_functions(aws):
    arn = teller(aws, "listening")
    topic = aws.client("sns").create_topic(Name="listening")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    events = aws.client("events")
    events.put_rule(Name="listening", EventPattern=json.dumps({"source": ["test.listening"]}))
    events.put_targets(Rule="listening", Targets=[{"Id": "1", "Arn": arn}])

    aws.client("sns").publish(TopicArn=topic, Message="hello")
    events.put_events(Entries=[{"Source": "test.listening", "DetailType": "x", "Detail": '{"a": 1}'}])
    told = aws.told("listening", 2)

    by_topic = [event for event in told if "Records" in event]
    by_rule = [event for event in told if "detail" in event]
    assert by_topic[0]["Records"][0]["Sns"]["Message"] == "hello"
    assert by_rule[0]["detail"] == {"a": 1}


def test_a_bucket_tells_eventbridge_and_a_queue(aws):
    arn = teller(aws, "bucket-rule")
    queue_url, queue = aws.queue("bucket-queue")
    aws.bucket("telling")
    notification = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}]}
    aws.client("sqs").set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": json.dumps(policy)})
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="telling",
        NotificationConfiguration={"EventBridgeConfiguration": {}, "QueueConfigurations": [notification]},
    )
    events = aws.client("events")
    events.put_rule(
        Name="telling", EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": ["telling"]}}})
    )
    events.put_targets(Rule="telling", Targets=[{"Id": "1", "Arn": arn}])

    aws.client("s3").put_object(Bucket="telling", Key="a b/c+d", Body=b"1")
    [event] = aws.told("bucket-rule")
    in_queue = aws.receive(queue_url, 2)

    assert event["detail"]["object"]["key"] == "a b/c+d"
    records = [body for body in in_queue if "Records" in body]
    assert [body for body in in_queue if body.get("Event") == "s3:TestEvent"]
    assert records[0]["Records"][0]["s3"]["object"]["key"] == "a+b/c%2Bd"


@pytest.mark.parametrize("kind", ["rule", "scheduler"])
def test_a_schedule_of_one_minute_fires_each_second(aws, kind):
    arn = teller(aws, f"every-{kind}")
    if kind == "rule":
        aws.client("events").put_rule(Name="every", ScheduleExpression="rate(1 minute)")
        aws.client("events").put_targets(Rule="every", Targets=[{"Id": "1", "Arn": arn}])
    else:
        target = {"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/any", "Input": '{"by": "scheduler"}'}
        aws.client("scheduler").create_schedule(
            Name="every", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
        )

    begun = time.monotonic()
    told = aws.told(f"every-{kind}", 3)
    took = time.monotonic() - begun

    if kind == "rule":
        aws.client("events").disable_rule(Name="every")
        assert told[0]["detail-type"] == "Scheduled Event"
    else:
        aws.client("scheduler").delete_schedule(Name="every")
        assert told[0] == {"by": "scheduler"}
    assert len(told) >= 3
    assert took < 12


def test_a_cron_schedule_follows_the_fast_clock(aws):
    arn = teller(aws, "hourly")
    aws.client("events").put_rule(Name="hourly", ScheduleExpression="cron(* * * * ? *)")
    aws.client("events").put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": arn}])

    told = aws.told("hourly", 2)
    aws.client("events").disable_rule(Name="hourly")

    assert len(told) >= 2
