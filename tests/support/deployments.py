"""Puts functions into a running emulator from a folder, as it is, and ties them to what calls them.

with emulators.emulator(folder, "--scale", "60") as aws:
    url, queue = aws.queue("ingest", VisibilityTimeout="60")
    ingest = deploy(aws, "ingest", "functions/aws", "handlers.ingest", variables={...}, path=[ROOT, ROOT / "adapters"])
    ingest.on_queue(queue, BatchSize=100, MaximumBatchingWindowInSeconds=30)
    bucket_to_queue(aws, aws.bucket("logs"), url, queue, prefix="in/")
    aws.client("s3").put_object(...)
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from emulators import ROLE, Emulator

REPORTS = ["ReportBatchItemFailures"]


@dataclass(frozen=True)
class Function:
    """A function that is there; every `on_…` gives it one more caller."""

    aws: Emulator
    name: str
    arn: str

    def on_queue(self, queue, **settings):
        """The messages of a queue, in batches with partial failures; *settings* as in CreateEventSourceMapping."""
        settings = {"FunctionResponseTypes": REPORTS, **settings}
        self.aws.client("lambda").create_event_source_mapping(FunctionName=self.arn, EventSourceArn=queue, **settings)

    def on_bucket(self, bucket, prefix="", suffix=""):
        """The objects put into a bucket, one event each."""
        notify(self.aws, bucket, "Lambda", {"LambdaFunctionArn": self.arn}, prefix, suffix)

    def on_topic(self, topic):
        """The messages of an SNS topic."""
        self.aws.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=self.arn)

    def on_events(self, pattern, rule=None):
        """The default bus's events that match *pattern*."""
        self._rule(rule or f"{self.name}-events", EventPattern=json.dumps(pattern))

    def on_schedule(self, expression, event=None):
        """Each time *expression* says, such as rate(5 minutes), on the emulator's clock."""
        self._rule(f"{self.name}-schedule", event, ScheduleExpression=expression)

    def _rule(self, rule, event=None, **settings):
        events = self.aws.client("events")
        events.put_rule(Name=rule, **settings)
        given = {} if event is None else {"Input": json.dumps(event)}
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": self.arn, **given}])

    def url(self, kind="NONE"):
        """The address of a new function URL; *kind* is NONE or AWS_IAM."""
        made = self.aws.client("lambda").create_function_url_config(FunctionName=self.name, AuthType=kind)
        return f"{self.aws.run['endpoint']}/_aws/lambda-url/{made['FunctionUrl'].split('//')[1].split('.')[0]}"

    def invoke(self, event=None, **options):
        """The answer's payload, FunctionError and log."""
        return self.aws.invoke(self.name, event, **options)

    def lines(self):
        """What it printed and logged so far, message by message."""
        logs, group = self.aws.client("logs"), f"/aws/lambda/{self.name}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return []
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]


def deploy(aws, name, folder, handler, *, variables=None, path=(), **settings):
    """Make a function of a folder, which is run where it lies, or of a zip file in S3.

    Args:
        folder: Its path, or the bucket and the key of the zip file.
        handler: As in Lambda's configuration, such as `module.function`, below *folder*.
        variables: Its environment.
        path: Folders where it finds more packages, for what is no bundle with all it needs.
        settings: As in CreateFunction, such as Timeout (seconds) and MemorySize (MiB).
    """
    more = {"PYTHONPATH": os.pathsep.join(str(Path(each).resolve()) for each in path)} if path else {}
    place = folder if isinstance(folder, tuple) else ("local-folder", str(Path(folder).resolve()))
    aws.client("lambda").create_function(
        FunctionName=name, Runtime="python3.11", Handler=handler,
        Code=dict(zip(("S3Bucket", "S3Key"), place, strict=True)),
        Environment={"Variables": {**more, **(variables or {})}},
        **{"Role": ROLE, "Timeout": 30, "MemorySize": 512, **settings},
    )  # fmt: skip
    return Function(aws, name, aws.arn("lambda", f"function:{name}"))


def bucket_to_queue(aws, bucket, url, queue, prefix="", suffix=""):
    """Let a bucket tell a queue of the objects put into it; S3 sends a test event first."""
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allowed]})})
    notify(aws, bucket, "Queue", {"QueueArn": queue}, prefix, suffix)


def notify(aws, bucket, kind, target, prefix, suffix):
    """Add one target to those that a bucket tells already."""
    client = aws.client("s3")
    before = client.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value]
    added = {**target, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    name = f"{kind}{'Function' if kind == 'Lambda' else ''}Configurations"
    client.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={**before, name: [*before.get(name, []), added]}
    )
