"""SageMaker as a caller sees it: names, tokens, phases, events."""

import json

import pytest
from emulators import ROLE, until

JOB = {
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "RoleArn": ROLE,
    "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def pipeline(aws, name):
    client = aws.client("sagemaker")
    client.create_pipeline(
        PipelineName=name, RoleArn=ROLE, PipelineDefinition="{}", ClientRequestToken=name.ljust(32, "-")
    )
    return client


def watched(aws, name, **detail):
    url, queue = aws.queue(name)
    pattern = {"source": ["aws.sagemaker"], "detail": detail}
    aws.client("events").put_rule(Name=name, EventPattern=json.dumps(pattern))
    aws.client("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": queue}])
    return url


def status(client, arn):
    return client.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]


def test_one_token_starts_one_execution(aws):
    client = pipeline(aws, "once")

    arns = {
        client.start_pipeline_execution(PipelineName="once", ClientRequestToken="a" * 32)["PipelineExecutionArn"]
        for _ in range(3)
    }
    other = client.start_pipeline_execution(PipelineName="once", ClientRequestToken="b" * 32)["PipelineExecutionArn"]
    listed = client.list_pipeline_executions(PipelineName="once")["PipelineExecutionSummaries"]

    assert len(arns) == 1
    assert {each["PipelineExecutionArn"] for each in listed} == {*arns, other}


def test_parameters_and_names_can_be_read_back(aws):
    client = pipeline(aws, "told")
    parameters = [{"Name": "Data", "Value": "s3://b/k"}]

    arn = client.start_pipeline_execution(
        PipelineName="told", PipelineExecutionDisplayName="drift-1", PipelineParameters=parameters
    )["PipelineExecutionArn"]

    found = client.list_pipeline_parameters_for_execution(PipelineExecutionArn=arn)["PipelineParameters"]
    assert found == parameters
    described = client.describe_pipeline_execution(PipelineExecutionArn=arn)
    assert described["PipelineExecutionDisplayName"] == "drift-1"


def test_an_execution_passes_its_states_and_tells_each_twice_if_asked(calm):
    client = pipeline(calm, "twice")
    url = watched(calm, "twice-events", pipelineArn=[calm.arn("sagemaker", "pipeline/twice")])
    calm.chaos(sagemaker_duplicates=1)

    arn = client.start_pipeline_execution(PipelineName="twice")["PipelineExecutionArn"]
    events = calm.receive(url, 4)

    assert {event["detail"]["pipelineExecutionArn"] for event in events} == {arn}
    assert {event["detail-type"] for event in events} == {"SageMaker Model Building Pipeline Execution Status Change"}
    states = [event["detail"]["currentPipelineExecutionStatus"] for event in events]
    assert sorted(states) == ["Executing", "Executing", "Succeeded", "Succeeded"]


def test_an_execution_can_be_stopped_or_fail(calm):
    client = pipeline(calm, "ends")
    stopped = client.start_pipeline_execution(PipelineName="ends")["PipelineExecutionArn"]
    client.stop_pipeline_execution(PipelineExecutionArn=stopped, ClientRequestToken="s" * 32)
    calm.chaos(sagemaker_outcome="Failed")
    failed = client.start_pipeline_execution(PipelineName="ends")["PipelineExecutionArn"]

    assert until(lambda: status(client, stopped) == "Stopped")
    assert until(lambda: status(client, failed) == "Failed")
    assert "FailureReason" in client.describe_pipeline_execution(PipelineExecutionArn=failed)


def test_a_pipeline_that_is_not_there_is_an_error(aws):
    client = aws.client("sagemaker")

    with pytest.raises(client.exceptions.ResourceNotFound, match="does not exist"):
        client.start_pipeline_execution(PipelineName="absent")


def test_a_training_job_passes_its_phases_and_its_name_is_taken(aws):
    client = aws.client("sagemaker")
    url = watched(aws, "training", TrainingJobName=["job-1"])

    client.create_training_job(TrainingJobName="job-1", **JOB)
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_training_job(TrainingJobName="job-1", **JOB)
    done = until(
        lambda: (j := client.describe_training_job(TrainingJobName="job-1"))["TrainingJobStatus"] == "Completed" and j
    )
    events = [event["detail"] for event in aws.receive(url, 5)]

    assert done["ModelArtifacts"]["S3ModelArtifacts"] == "s3://models/out/job-1/output/model.tar.gz"
    assert [each["Status"] for each in done["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    ]  # fmt: skip
    assert {event["SecondaryStatus"] for event in events} == {
        "Starting", "Downloading", "Training", "Uploading", "Completed",
    }  # fmt: skip
    listed = client.list_training_jobs(StatusEquals="Completed", NameContains="job-")["TrainingJobSummaries"]
    assert [each["TrainingJobName"] for each in listed] == ["job-1"]


def test_what_is_not_emulated_says_so(aws):
    client = aws.client("sagemaker")

    with pytest.raises(client.exceptions.ClientError, match="ListEndpoints is not emulated"):
        client.list_endpoints()
