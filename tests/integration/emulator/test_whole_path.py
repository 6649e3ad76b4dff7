"""From an object put into a bucket to a pipeline that runs: every station is the real client or the real runtime."""

import json

from emulators import until

EVALUATE = """
import json, urllib.parse
import boto3

s3, cloudwatch = boto3.client("s3"), boto3.client("cloudwatch")

def handler(event, context):
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        value = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["psi"]
        dimensions = [{"Name": "model", "Value": "credit"}]
        cloudwatch.put_metric_data(
            Namespace="Whole", MetricData=[{"MetricName": "psi", "Value": value, "Dimensions": dimensions}]
        )
"""
RETRAIN = """
import hashlib
import boto3

sagemaker = boto3.client("sagemaker")

def handler(event, context):
    token = hashlib.sha256(event["detail"]["alarmName"].encode()).hexdigest()
    return sagemaker.start_pipeline_execution(PipelineName="Retrain", ClientRequestToken=token)["PipelineExecutionArn"]
"""


def test_an_object_becomes_a_metric_an_alarm_a_message_and_one_pipeline_execution(aws):
    s3, cloudwatch, events, sagemaker = map(aws.client, ("s3", "cloudwatch", "events", "sagemaker"))
    evaluate = aws.function("whole-evaluate", EVALUATE, Timeout=20, MemorySize=512)
    retrain = aws.function("whole-retrain", RETRAIN, Timeout=20, MemorySize=512)
    url, queue = aws.queue("whole-alarms")
    topic = aws.client("sns").create_topic(Name="whole")["TopicArn"]
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    aws.bucket("whole")
    notification = {"LambdaFunctionArn": evaluate, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="whole", NotificationConfiguration={"LambdaFunctionConfigurations": [notification]}
    )
    cloudwatch.put_metric_alarm(
        AlarmName="whole-drift", Namespace="Whole", MetricName="psi", Dimensions=[{"Name": "model", "Value": "credit"}],
        Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=0.2, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore", AlarmActions=[topic],
    )  # fmt: skip
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail": {"alarmName": ["whole-drift"], "state": {"value": ["ALARM"]}},
    }
    events.put_rule(Name="whole", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="whole", Targets=[{"Id": "1", "Arn": retrain}])
    sagemaker.create_pipeline(
        PipelineName="Retrain", RoleArn="arn:aws:iam::123456789012:role/any", PipelineDefinition="{}",
        ClientRequestToken="t" * 32,
    )  # fmt: skip

    s3.put_object(Bucket="whole", Key="in/window 1+2.json", Body=b'{"psi": 0.42}')
    [message] = aws.receive(url)
    executions = until(lambda: sagemaker.list_pipeline_executions(PipelineName="Retrain")["PipelineExecutionSummaries"])

    told = json.loads(message["Message"])
    assert (told["AlarmName"], told["NewStateValue"]) == ("whole-drift", "ALARM")
    assert told["Trigger"]["Dimensions"] == [{"value": "credit", "name": "model"}]
    assert len(executions) == 1
    arn = executions[0]["PipelineExecutionArn"]
    assert until(
        lambda: (
            sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"] == "Succeeded"
        )
    )
