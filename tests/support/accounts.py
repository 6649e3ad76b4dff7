"""An account on the emulator: a bucket of capture files, a queue, the functions, an alarm."""

import json
import random
import sysconfig

from deployments import bucket_to_queue, deploy
from emulators import ROLE, ROOT

from atalaia.monitoring.layout import revision_of
from atalaia.telemetry import DRIFTED

MONITOR = """
name: credit
model: {name: credit}
logs: {source: 's3://watched/capture', format: sagemaker}
baseline: {data: ['s3://watched/reference/rows.jsonl']}
output: s3://watched/out
columns: [{name: amount}, {name: city, type: string}, {name: risk, role: score}]
policies: [{name: retrain, when: drifted > 0.4, pipeline: retrain, within: 520w, parameters: {since: '{window}'}}]
"""
SETTINGS = json.loads((ROOT / "infra/settings/aws.json").read_text())  # which Terraform reads, too
DIMENSIONS = [{"Name": "monitor", "Value": "credit"}, {"Name": "model", "Value": "credit"}]
SECONDS = 60  # many processes start, perhaps on a busy machine


def rows(count, middle, cities):
    draws = random.Random(count)
    return [
        {"amount": draws.gauss(middle, 1), "city": draws.choice(cities), "risk": draws.random()} for _ in range(count)
    ]


def captured(number, row, time="2026-03-01T12:00:00Z"):
    sent, answered = {name: row[name] for name in ("amount", "city")}, str(row["risk"])
    given = {"observedContentType": "application/json", "mode": "INPUT", "data": json.dumps(sent), "encoding": "JSON"}
    gave = {"observedContentType": "text/csv", "mode": "OUTPUT", "data": answered, "encoding": "CSV"}
    return {
        "captureData": {"endpointInput": given, "endpointOutput": gave},
        "eventMetadata": {"eventId": f"id-{number}", "inferenceTime": time},
        "eventVersion": "0",
    }


def lines(entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def deploy_as_terraform(aws, name, code, packages, **variables):
    """Make one of the functions in the shape that Terraform gives it."""
    shape, calls = SETTINGS["functions"][name], aws.client("lambda")
    size = {"Timeout": shape["timeout_seconds"], "MemorySize": shape["memory_mb"]}
    environment = {**SETTINGS["environment"], **variables}
    made = deploy(aws, name, code, shape["handler"], path=packages, variables=environment, **size)
    if shape["reserved_concurrency"]:
        most = shape["reserved_concurrency"]
        calls.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=most)
    if tries := SETTINGS["asynchronous"].get(name):
        calls.put_function_event_invoke_config(
            FunctionName=name, MaximumRetryAttempts=tries["retries"], MaximumEventAgeInSeconds=tries["age_seconds"]
        )
    return made


def arrivals_as_terraform(aws, ingest):
    """Make the queue of arrivals, and let it call *ingest*; return its address and its ARN."""
    shape = SETTINGS["arrivals"]
    _, failed = aws.queue("arrivals-failed")
    redrive = {"deadLetterTargetArn": failed, "maxReceiveCount": shape["most_receives"]}
    hidden = {"VisibilityTimeout": str(shape["visibility_timeout_seconds"])}
    url, queue = aws.queue("arrivals", RedrivePolicy=json.dumps(redrive), **hidden)
    ingest.on_queue(
        queue,
        BatchSize=shape["batch_size"],
        MaximumBatchingWindowInSeconds=shape["batching_window_seconds"],
        ScalingConfig={"MaximumConcurrency": shape["most_calls_at_once"]},
    )
    return url, queue


class Account:
    """The emulator with the functions, the bucket and what ties them.

    Args:
        code: A folder or an object in S3 with the functions, and where they find more packages; by default the tree.
        monitor: The text of the monitor file.
    """

    uri = "s3://watched/"

    def __init__(self, aws, rate="rate(5 minutes)", code=None, monitor=MONITOR):
        self.monitor = monitor
        self.aws, self.s3, self.bucket = aws, aws.client("s3", tries=10), aws.bucket("watched")
        self.put("reference/rows.jsonl", lines(rows(2000, 0, "ab")))
        aws.client("sagemaker").create_pipeline(
            PipelineName="retrain", RoleArn=ROLE, PipelineDefinition="{}", ClientRequestToken="t" * 32
        )
        self._deploy(rate, code or (ROOT / "functions/aws", [ROOT, ROOT / "adapters", sysconfig.get_path("platlib")]))
        self.alarms = self.alarm_on(DRIFTED, 0.4)

    def _deploy(self, rate, code):
        self.put("monitors/credit.yaml", self.monitor.encode())
        folder, packages = code
        monitors = {"ATALAIA_MONITORS": "s3://watched/monitors"}
        self.functions = {
            name: deploy_as_terraform(self.aws, name, folder, packages, **monitors) for name in SETTINGS["functions"]
        }
        self.arrivals, queue = arrivals_as_terraform(self.aws, self.functions["ingest"])
        self.functions["lifecycle"].on_events(SETTINGS["job_events"])
        self.functions["evaluate"].on_schedule(rate)
        bucket_to_queue(self.aws, self.bucket, self.arrivals, queue, prefix="capture/")

    def alarm_on(self, metric, most):
        """Return a queue of what an alarm's topic is told."""
        topic = self.aws.client("sns").create_topic(Name="alarms")["TopicArn"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        allowed |= {"Resource": "*", "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
        url, queue = self.aws.queue("alarms", Policy=json.dumps({"Statement": [allowed]}))
        self.aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        self.aws.client("cloudwatch").put_metric_alarm(
            AlarmName="credit-drift", Namespace="Atalaia", MetricName=metric, Dimensions=DIMENSIONS,
            Statistic="Maximum", Period=60, EvaluationPeriods=1, Threshold=most,
            ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", AlarmActions=[topic],
        )  # fmt: skip
        return url

    def put(self, key, data):
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def stored(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def get(self, key):
        return json.loads(self.stored(key))

    def keys(self, prefix, ending=""):
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in found if each["Key"].endswith(ending)]

    def reports(self, monitor="credit"):
        """The keys of all reports of a monitor; decisions lie beside them."""
        return [key for key in self.keys(f"out/{monitor}/reports/", ".json") if revision_of(key)]

    def actions(self):
        return [self.get(key) for key in self.keys("out/credit/actions/")]

    def report(self):
        """The only window's newest report."""
        return self.get(self.report_key())

    def report_key(self):
        keys = self.keys("out/credit/reports/20260301T000000Z/", ".json")
        return max(keys, key=revision_of)

    def waiting(self):
        """How many messages of arrivals are not done."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.aws.client("sqs").get_queue_attributes(QueueUrl=self.arrivals, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def ingested(self):
        return sum(each["objects"] for each in self.told("ingest", "ml.monitor.ingest"))

    def lines(self):
        return {name: function.lines() for name, function in self.functions.items()}

    def told(self, function, event):
        """What a function logged of one kind."""
        logged = [line for line in self.functions[function].lines() if line.startswith("{")]
        return [each for each in map(json.loads, logged) if each.get("event") == event]

    def executions(self):
        client = self.aws.client("sagemaker")
        return client.list_pipeline_executions(PipelineName="retrain")["PipelineExecutionSummaries"]
