"""What can be made to go wrong, at run time, over the admin port."""

import pytest
from emulators import until

KEEP = """
import json

def handler(event, context):
    for record in event["Records"]:
        print("TOLD " + json.dumps(record["s3"]["object"]["key"]))
"""


def code_of(call):
    from botocore.exceptions import ClientError

    try:
        call()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return None


@pytest.mark.parametrize(("knob", "code"), [("s3_unavailable", "ServiceUnavailable"), ("s3_slow_down", "SlowDown")])
def test_s3_is_unavailable_for_a_share_of_requests(calm, knob, code):
    bucket = calm.bucket(f"shaken-{code.lower()}")
    client = calm.client("s3")
    calm.chaos(seed=1, **{knob: 0.5})

    answers = [code_of(lambda: client.put_object(Bucket=bucket, Key="k", Body=b"1")) for _ in range(30)]

    assert set(answers) == {None, (503, code)}
    assert calm.admin("GET", "/chaos")["struck"][knob] >= answers.count((503, code)) > 5


def test_cloudwatch_throttles_a_share_of_metric_data(calm):
    client = calm.client("cloudwatch")
    data = [{"MetricName": "m", "Value": 1}]
    calm.chaos(cloudwatch_throttled=1)

    throttled = code_of(lambda: client.put_metric_data(Namespace="Throttled", MetricData=data))
    calm.chaos(cloudwatch_throttled=0)
    fine = code_of(lambda: client.put_metric_data(Namespace="Throttled", MetricData=data))

    assert throttled == (400, "Throttling")
    assert fine is None


def test_events_of_a_bucket_come_twice_and_in_another_order(calm):
    arn = calm.function("shuffled", KEEP, Timeout=20)
    bucket = calm.bucket("shuffled")
    configuration = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    calm.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    calm.chaos(s3_event_duplicates=1, s3_event_delay_seconds=2, seed=3)

    keys = [f"{n}" for n in range(8)]
    for key in keys:
        calm.client("s3").put_object(Bucket=bucket, Key=key, Body=b"1")
    told = calm.told("shuffled", 16)

    assert sorted(told) == sorted([*keys, *keys])
    assert told != sorted(told, key=keys.index)


def test_a_sandbox_is_killed_in_the_middle_of_an_invocation_and_the_event_is_tried_again(calm):
    source = """
import time
def handler(event, context):
    print('TOLD "begun"')
    time.sleep(1)
    print('TOLD "done"')
"""
    calm.function("killed", source, Timeout=20)
    calm.chaos(kill_share=1, kill_after_ms=[500, 700], kill_function="killed")

    calm.client("lambda").invoke(FunctionName="killed", InvocationType="Event", Payload=b"{}")
    until(lambda: calm.admin("GET", "/chaos")["struck"].get("kill_share"))
    until(lambda: calm.admin("GET", "/status")["lambda"]["busy"] == 0)
    calm.chaos(kill_share=0)

    assert calm.told("killed", 3) == ["begun", "begun", "done"]


def test_one_sandbox_can_be_killed_by_its_process_id(calm):
    calm.function("named", "import os\ndef handler(event, context): return os.getpid()")
    first, _, _ = calm.invoke("named", {})

    calm.admin("POST", "/kill", {"process": first})
    second, error, _ = calm.invoke("named", {})

    assert error is None
    assert second != first
    assert first not in calm.admin("GET", "/status")["lambda"]["processes"]


@pytest.mark.parametrize("knobs", [{"s3_slow": 1}, {"s3_slow_down": "much"}, {"kill_after_ms": [1]}])
def test_a_wrong_knob_is_refused_with_its_name(aws, knobs):
    status, answer = aws.admin_answer("POST", "/chaos", knobs)

    assert status == 400
    assert next(iter(knobs)) in answer["error"]
