"""The minimal example, made on the emulator by HashiCorp's own provider: applied, planned again, destroyed."""

import re

import pytest
from emulators import package
from infrastructure import BUNDLES, MINIMAL, MODULE, copied
from old_provider import core, made_ready


@pytest.fixture(scope="module")
def made(aws, tmp_path_factory):
    """The folder of a configuration that was applied; it is destroyed in the end."""
    aws.bucket("churn-endpoint")
    infra = copied(tmp_path_factory.mktemp("real"))
    folder = infra / MINIMAL
    (infra / BUNDLES[0]).write_bytes(package({"ingest.py": "def handler(event, context): return {}"}))
    made_ready(folder, [infra / MODULE], aws)
    done = core(folder, "apply", "-auto-approve", "-input=false", "-no-color")
    assert done.returncode == 0, done.stderr
    yield folder
    gone = core(folder, "destroy", "-auto-approve", "-input=false", "-no-color")
    assert gone.returncode == 0, gone.stderr
    assert not [
        each for each in aws.client("lambda").list_functions()["Functions"] if "atalaia-" in each["FunctionName"]
    ]


def test_planned_again_nothing_changes(made):
    found = core(made, "plan", "-detailed-exitcode", "-input=false", "-no-color")

    assert found.returncode == 0, found.stdout + found.stderr


def test_an_alarm_changed_behind_its_back_is_seen(aws, made):
    alarms = aws.client("cloudwatch")
    before = alarms.describe_alarms(AlarmNames=["atalaia-churn-drift"])["MetricAlarms"][0]
    kept = ("AlarmName", "AlarmActions", "OKActions", "Namespace", "MetricName", "Dimensions", "Statistic", "Period")
    kept += ("EvaluationPeriods", "ComparisonOperator", "Threshold", "AlarmDescription")
    alarms.put_metric_alarm(**{name: before[name] for name in kept}, TreatMissingData="breaching")

    found = core(made, "plan", "-detailed-exitcode", "-input=false", "-no-color")

    assert found.returncode == 2, found.stdout
    assert re.findall(r"^  # (.+) will be", found.stdout, re.MULTILINE) == [
        'module.monitor.aws_cloudwatch_metric_alarm.report["churn-drift"]'
    ]
    assert "~ treat_missing_data" in found.stdout


def test_functions_are_there_with_their_roles(aws, made):
    functions = {each["FunctionName"]: each["Role"] for each in aws.client("lambda").list_functions()["Functions"]}

    for name in ("ingest", "evaluate", "lifecycle", "status"):
        assert functions[f"atalaia-{name}"].endswith(f":role/atalaia-{name}-eu-west-1")


def test_the_bucket_of_logs_tells_the_queue_that_calls_ingest(aws, made):
    told = aws.client("s3").get_bucket_notification_configuration(Bucket="churn-endpoint")["QueueConfigurations"]
    mappings = aws.client("lambda").list_event_source_mappings(FunctionName="atalaia-ingest")["EventSourceMappings"]

    assert [each["QueueArn"] for each in told] == [each["EventSourceArn"] for each in mappings]
    assert told[0]["Filter"]["Key"]["FilterRules"][0]["Value"] == "capture/"


def test_monitor_files_lie_where_functions_look_for_them(aws, made):
    variables = aws.client("lambda").get_function_configuration(FunctionName="atalaia-ingest")["Environment"][
        "Variables"
    ]
    bucket, _, folder = variables["ATALAIA_MONITORS"].removeprefix("s3://").partition("/")

    assert aws.client("s3").head_object(Bucket=bucket, Key=f"{folder}/churn.yaml")["ContentLength"] > 0
