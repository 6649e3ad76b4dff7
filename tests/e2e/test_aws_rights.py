"""Functions in what Terraform rendered, held to their roles' policies: they can do what they must, and nothing else."""

import itertools
import json
import sys
import urllib.error
import urllib.request

import pytest
from accounts import MONITOR, captured, lines, rows
from deployed_accounts import DeployedAccount, rendered
from emulators import ROOT, emulator, until
from insights_text import events, names
from moto.iam.access_control import IAMPolicy, PermissionResult

FUNCTIONS = ["ingest", "evaluate", "lifecycle", "status", "approve"]
KEYS = [
    "capture/credit/AllTraffic/2026/03/01/12/00-first.jsonl", "reference/rows.jsonl", "other/secret.txt",
    *(f"out/credit/{place}/x" for place in ("actions", "approvals", "profiles", "reports", "state")),
    "out/credit/report.html", "out/x",
]  # fmt: skip
CALLS = {"get_object": "s3:GetObject", "put_object": "s3:PutObject", "delete_object": "s3:DeleteObject"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:told"
TOLD = ", ".join(
    f"{{name: p{place}, {target}}}"
    for place, target in enumerate(
        [
            f"sns_topic: '{TOPIC}'",
            "sagemaker_traffic: {endpoint: Churn}",
            "github_issue: {token: 'secretsmanager:team/github#token'}",
        ]
    )
)
"""Policies that Terraform sees, and the functions do not: what they name is called by the tests themselves."""
WAITING = {"guarded": "7d", "refused": "7d", "forgotten": "1s"}
"""Policies that ask for approval, by how long they wait."""
GUARDED = MONITOR.replace(
    "policies: [",
    "policies: ["
    + "".join(
        f"{{name: {name}, when: drifted > 0.4, approval: true, approval_within: {wait}, within: 520w, file: true}}, "
        for name, wait in WAITING.items()
    ),
)
NUMBERS = itertools.count(10)  # of logs
START = "20260301T000000Z"  # of their window
PROBE = """
import boto3
from botocore.exceptions import ClientError

def handler(calls, context):
    clients = {service: boto3.client(service) for service, _, _ in calls}
    return [outcome(getattr(clients[service], name), given) for service, name, given in calls]

def outcome(call, given):
    try:
        return ["", call(**given)["ResponseMetadata"]["HTTPStatusCode"]]
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]
"""


class Probed(DeployedAccount):
    """The account, where functions run when the test calls them, and calls can be made as any of them."""

    def __init__(self, aws, made):
        super().__init__(aws, made, monitor=GUARDED)
        key = json.dumps({"key": "k" * 32})
        aws.client("secretsmanager").create_secret(Name="team/approval", SecretString=key)
        self.listen(False)
        aws.client("events").disable_rule(Name=self.functions["evaluate"].name)
        self.put("out/credit/state/x", b"")
        for name in FUNCTIONS:
            aws.function(f"probe-{name}", PROBE, Role=made.all("aws_iam_role")[name]["arn"], Timeout=60, MemorySize=512)

    def listen(self, on):
        """Let the bucket tell of logs, or not."""
        none = {"Bucket": self.bucket, "NotificationConfiguration": {}}
        self._tell_of_logs() if on else self.s3.put_bucket_notification_configuration(**none)

    def calls(self, function, *calls):
        """For each call with a function's own credential, the error's code and the status."""
        outcomes, error, log = self.aws.invoke(f"probe-{function}", calls)
        assert error is None, log
        return [tuple(each) for each in outcomes]

    def ingest(self, number, count=60):
        """Let it read a log of good rows and a broken line; what it answers."""
        key = f"capture/credit/AllTraffic/2026/03/01/12/{number:02}-more.jsonl"
        self.put(
            key, lines(captured(1000 * number + each, row) for each, row in enumerate(rows(count, 5, "c"))) + b"{\n"
        )
        return self.run("ingest", {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": told(key)}]})

    def run(self, function, event):
        """Call a function in a sandbox that remembers nothing; its answer, as text, and whether it was content."""
        for process in self.aws.admin("GET", "/status")["lambda"]["processes"]:
            self.aws.admin_answer("POST", "/kill", {"process": process})
        answer, error, _ = self.functions[function].invoke(event)
        return str(answer), error is None and not (answer or {}).get("batchItemFailures")


def told(key):
    stored = {"bucket": {"name": "watched"}, "object": {"key": key, "eTag": "x", "size": 1}}
    event = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "2026-03-01T12:00:00Z"}
    return json.dumps({"Records": [{**event, "awsRegion": "eu-west-1", "s3": stored}]})


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
    monitor = GUARDED.replace("policies: [", f"policies: [{TOLD}, ")
    made = rendered(
        tmp_path_factory.mktemp("rendered"), monitor, ATALAIA_APPROVAL_KEY="secretsmanager:team/approval#key"
    )
    with emulator(tmp_path_factory.mktemp("account"), "--scale", "60", "--iam") as aws:
        yield Probed(aws, made)


def test_a_job_is_started_as_soon_as_the_right_is_there(account):
    assert account.ingest(0, count=600)[1]
    account.forbid("evaluate", "sagemaker:StartPipelineExecution")
    answer, _ = account.run("evaluate", {"all": True})
    refused = account.executions()
    account.allow("evaluate")

    assert until(lambda: account.run("evaluate", {"all": True})[1] and account.executions(), 90)  # it has patience
    assert "AccessDenied" in answer
    assert (refused, len(account.executions())) == ([], 1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_calls_are_let_through_as_an_independent_judge_would(account, function):
    document = {"Version": "2012-10-17", "Statement": account.made.policies[function]}
    judge = IAMPolicy(json.dumps(document))
    asked = [(call, key) for call in CALLS for key in KEYS]
    arguments = lambda call, key: {"Bucket": "watched", "Key": key, **({"Body": ""} if call == "put_object" else {})}  # noqa: E731

    outcomes = account.calls(function, *(("s3", call, arguments(call, key)) for call, key in asked))

    may = [judge.is_action_permitted(CALLS[call], f"arn:aws:s3:::watched/{key}") for call, key in asked]
    denied = [each == ("AccessDenied", 403) for each in outcomes]
    assert dict(zip(asked, denied, strict=True)) == {
        each: permitted != PermissionResult.PERMITTED for each, permitted in zip(asked, may, strict=True)
    }
    assert any(denied)


def test_only_folders_that_a_function_reads_can_be_listed(account):
    listing = lambda **given: ("s3", "list_objects_v2", {"Bucket": "watched", **given})  # noqa: E731 - one line
    prefixes = [{"Prefix": "out/credit/reports/"}, {"Prefix": "capture/"}, {"Prefix": "other/"}, {"Prefix": ""}, {}]

    found = {name: [code == "" for code, _ in account.calls(name, *(listing(**each) for each in prefixes))]
             for name in ("ingest", "evaluate")}  # fmt: skip

    assert found == {"ingest": [True, True, False, False, True], "evaluate": [True, False, False, False, True]}


def test_an_absent_object_is_absent_only_to_who_may_list_it(account):
    get = lambda key: ("s3", "get_object", {"Bucket": "watched", "Key": key})  # noqa: E731 - one line
    kept = [each for each in account.made.policies["status"] if each["Action"] != "s3:ListBucket"]

    with_the_right = account.calls("status", get("out/credit/reports/absent"))
    account.allow("status", kept)
    without_it = account.calls("status", get("out/credit/reports/absent"))
    account.allow("status")

    assert (with_the_right, without_it) == ([("NoSuchKey", 404)], [("AccessDenied", 403)])


def test_what_is_denied_is_answered_as_each_service_does(account):
    url = account.arrivals
    metric = lambda name: {"Namespace": name, "MetricData": [{"MetricName": "x", "Value": 1}]}  # noqa: E731 - one line
    job = {"TrainingJobName": "x", "AlgorithmSpecification": {"TrainingInputMode": "File"}}
    job |= {"RoleArn": "arn:aws:iam::123456789012:role/admin", "OutputDataConfig": {"S3OutputPath": "s3://x"}}
    job |= {"ResourceConfig": {"VolumeSizeInGB": 1}, "StoppingCondition": {"MaxRuntimeInSeconds": 1}}

    outcomes = account.calls(
        "evaluate",
        ("cloudwatch", "put_metric_data", metric("Atalaia")),
        ("cloudwatch", "put_metric_data", metric("Other")),
        ("sqs", "receive_message", {"QueueUrl": url}),
        ("sagemaker", "start_pipeline_execution", {"PipelineName": "other", "ClientRequestToken": "t" * 32}),
        ("sagemaker", "create_training_job", job),
        ("logs", "create_log_group", {"logGroupName": "other"}),
        ("iam", "list_roles", {}),
    )

    assert outcomes[0] == ("", 200)
    assert {code.removesuffix("Exception") for code, _ in outcomes[1:]} == {"AccessDenied"}
    assert [status for _, status in outcomes[1:]] == [403, 403, 400, 400, 400, 403]


def test_evaluate_reaches_the_topic_the_endpoint_and_the_secret_that_policies_name_and_no_others(account):
    calls = lambda name, endpoint: (  # noqa: E731 - the same calls twice
        ("sns", "publish", {"TopicArn": TOPIC.replace("told", name), "Message": "m"}),
        ("secretsmanager", "get_secret_value", {"SecretId": f"team/{name.replace('told', 'github')}"}),
        ("sagemaker", "describe_endpoint", {"EndpointName": endpoint}),
        (
            "sagemaker",
            "update_endpoint_weights_and_capacities",
            {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [{"VariantName": "v", "DesiredWeight": 1}]},
        ),
    )
    for name in ("told", "other"):
        account.aws.client("sns").create_topic(Name=name)
        account.aws.client("secretsmanager").create_secret(
            Name=f"team/{name.replace('told', 'github')}", SecretString="x"
        )

    named, others = account.calls("evaluate", *calls("told", "Churn")), account.calls("evaluate", *calls("other", "o"))
    by_ingest = account.calls("ingest", *calls("told", "Churn"))

    assert [code for code, _ in named] == ["", "", "ValidationException", "ValidationException"]  # there is no endpoint
    for refused in (others, by_ingest):
        assert {code.removesuffix("Exception") for code, _ in refused} <= {"AccessDenied", "AuthorizationError"}


def test_what_waits_is_approved_by_its_link_with_the_rights_for_that_and_no_others(account):
    account.ingest(next(NUMBERS), count=600)
    account.run("evaluate", {"all": True})
    event = {each["policy"]: each for each in account.told("evaluate", "ml.monitor.approval")}["guarded"]
    address, _, query = event["approve"].partition("?")
    asked = {"requestContext": {"http": {"method": "POST"}}, "rawQueryString": query}
    key = f"out/credit/approvals/guarded/{START}.json"

    refused = []
    for action, ending in (
        ("s3:GetObject", "monitors/*"),
        ("s3:GetObject", "actions/*"),
        ("s3:PutObject", "approvals/*"),
        ("secretsmanager:GetSecretValue", ""),
    ):
        account.forbid("approve", action, ending)
        refused.append(account.run("approve", asked))
        account.allow("approve")
    before = account.keys("out/credit/approvals/guarded/")
    link = f"{account.functions['approve'].url('NONE')}/?{query}"
    answers = []
    for permission in account.made.all("aws_lambda_permission", "approve").values():
        answers.append(followed(link, "POST"))
        account.permit(permission)
    answers += [followed(link, method) for method in ("GET", "POST", "POST")]
    account.put(f"out/credit/approvals/refused/{START}.json", b'{"decision": "decline", "by": "Ada"}')
    account.run("evaluate", {"all": True})
    states = {name: account.get(f"out/credit/actions/{name}/{START}.json")["state"] for name in WAITING}

    assert address == account.made.one("aws_lambda_function_url", "approve")["function_url"]
    assert [("AccessDenied" in said, content) for said, content in refused] == [(True, False)] * 4
    assert (before, account.keys("out/credit/approvals/guarded/")) == ([], [key])
    assert answers == [403, 403, 200, 200, 409]
    assert states == {"guarded": "done", "refused": "declined", "forgotten": "expired"}
    assert len(account.keys("out/jobs/")) == 1


def followed(link, method):
    """The status that a link is answered with."""
    request = urllib.request.Request(link, b"by=Ada" if method == "POST" else None)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize(
    ("function", "action", "ending"),
    [
        ("ingest", "s3:GetObject", "capture/*"),
        ("ingest", "s3:GetObject", "monitors/*"),
        ("ingest", "s3:PutObject", "profiles/*"),
        ("ingest", "s3:PutObject", "rejects/*"),
        ("ingest", "s3:ListBucket", "watched"),
        ("evaluate", "s3:GetObject", "profiles/*"),
        ("evaluate", "s3:PutObject", "reports/*"),
        ("evaluate", "s3:DeleteObject", "state/*"),
        ("evaluate", "cloudwatch:PutMetricData", ""),
        ("status", "s3:GetObject", "reports/*"),
    ],
)
def test_a_run_notices_that_a_right_is_missing_and_goes_on_when_it_is_there(account, function, action, ending):
    event = {"ingest": None, "evaluate": {"all": True}, "status": {"requestContext": {"http": {"method": "GET"}}}}
    number = next(NUMBERS)
    run = lambda: account.ingest(number) if function == "ingest" else account.run(function, event[function])  # noqa: E731
    if function == "evaluate":
        account.ingest(number)
    account.forbid(function, action, ending)

    said, content = run()
    account.allow(function)

    assert not content or "AccessDenied" in said, said
    assert run()[1]


def test_nothing_is_received_and_nothing_logged_without_the_right(account):
    account.forbid("ingest", "sqs:ReceiveMessage")
    account.listen(True)
    before = len(account.functions["ingest"].lines())
    account.put("capture/credit/AllTraffic/2026/03/01/12/01-queued.jsonl", lines([]) + b"{\n")
    assert until(lambda: account.waiting() > 0)
    still = not until(lambda: len(account.functions["ingest"].lines()) > before, 2)
    account.forbid("ingest", "logs:PutLogEvents")
    received = until(lambda: account.waiting() == 0, 150)  # a call that a busy machine cuts short is made once more
    silent = len(account.functions["ingest"].lines()) == before
    account.allow("ingest")

    assert (still, received, silent) == (True, True, True)
    assert account.run("ingest", {"Records": []})[1]
    assert len(account.functions["ingest"].lines()) > before


@pytest.mark.parametrize("path", sorted((ROOT / "infra/queries").glob("*.insights")), ids=lambda path: path.stem)
def test_saved_queries_name_fields_that_were_logged(account, path):
    account.run("ingest", {"Records": [{"messageId": "m", "eventSource": "aws:sqs", "body": "rubbish"}]})
    logged = [json.loads(line) for each in account.lines().values() for line in each if line.startswith("{")]
    asked = [line for line in logged if line.get("event") in events(path.read_text())]

    assert {line["event"] for line in asked} == events(path.read_text())
    assert names(path.read_text()) - {"@timestamp"} <= {name for line in asked for name in line}
