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


def test_a_pipeline_takes_only_parameters_that_it_declares(aws):
    client = aws.client("sagemaker")
    definition = {"Version": "2020-12-01", "Parameters": [{"Name": "since", "Type": "String"}], "Steps": []}
    client.create_pipeline(
        PipelineName="declared", RoleArn=ROLE, PipelineDefinition=json.dumps(definition), ClientRequestToken="d" * 32
    )
    start = lambda name: client.start_pipeline_execution(  # noqa: E731 - one call
        PipelineName="declared", PipelineParameters=[{"Name": name, "Value": "x"}]
    )

    assert start("since")["PipelineExecutionArn"]
    with pytest.raises(client.exceptions.ClientError, match=r"ValidationException.*\['until'\] are not declared"):
        start("until")


def endpoint(aws, name, **weights):
    client = aws.client("sagemaker")
    variants = [{"VariantName": each, "ModelName": each, "InitialVariantWeight": weights[each]} for each in weights]
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    return client


def test_traffic_is_shifted_once_the_endpoint_is_in_service(aws):
    client = endpoint(aws, "Shifted", champion=0, challenger=1)
    described = lambda: client.describe_endpoint(EndpointName="Shifted")  # noqa: E731 - one call
    in_service = lambda: described()["EndpointStatus"] == "InService"  # noqa: E731 - one line
    weights = [{"VariantName": "champion", "DesiredWeight": 1}, {"VariantName": "challenger", "DesiredWeight": 0}]
    shift = lambda: client.update_endpoint_weights_and_capacities(  # noqa: E731 - one call
        EndpointName="Shifted", DesiredWeightsAndCapacities=weights
    )

    with pytest.raises(client.exceptions.ClientError, match="in-progress"):
        shift()
    assert until(in_service)
    arn = shift()["EndpointArn"]
    changing = described()
    with pytest.raises(client.exceptions.ClientError, match="in-progress"):
        shift()
    assert until(in_service)

    assert arn == described()["EndpointArn"] == aws.arn("sagemaker", "endpoint/shifted")
    assert changing["EndpointStatus"] == "Updating"
    assert [(each["CurrentWeight"], each["DesiredWeight"]) for each in changing["ProductionVariants"]] == [
        (0, 1), (1, 0)
    ]  # fmt: skip
    assert [each["CurrentWeight"] for each in described()["ProductionVariants"]] == [1, 0]


def test_traffic_of_what_is_not_there_cannot_be_shifted(aws):
    client = endpoint(aws, "known", only=1)
    shift = lambda name, variant: client.update_endpoint_weights_and_capacities(  # noqa: E731 - one call
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": variant, "DesiredWeight": 1}]
    )
    assert until(lambda: client.describe_endpoint(EndpointName="known")["EndpointStatus"] == "InService")

    with pytest.raises(client.exceptions.ClientError, match="Could not find endpoint"):
        shift("unknown", "only")
    with pytest.raises(client.exceptions.ClientError, match="not present within"):
        shift("known", "other")
    with pytest.raises(client.exceptions.ClientError, match="already existing"):
        client.create_endpoint(EndpointName="known", EndpointConfigName="known")
    with pytest.raises(client.exceptions.ClientError, match="Could not find endpoint configuration"):
        client.create_endpoint(EndpointName="new", EndpointConfigName="absent")


def test_each_change_of_a_version_in_the_registry_is_told(aws):
    client = aws.client("sagemaker")
    url = watched(aws, "models", ModelPackageGroupName=["Churn"])
    client.create_model_package_group(ModelPackageGroupName="Churn")
    create = lambda **given: client.create_model_package(ModelPackageGroupName="Churn", **given)  # noqa: E731
    first, arn = create()["ModelPackageArn"], create(CustomerMetadataProperties={"auc": "0.8"})["ModelPackageArn"]

    client.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", CustomerMetadataProperties={"by": "me"}
    )

    told = [event["detail"] for event in aws.receive(url, 3)]
    assert sorted((each["ModelPackageVersion"], each["ModelApprovalStatus"]) for each in told) == [
        (1, "PendingManualApproval"), (2, "Approved"), (2, "PendingManualApproval")
    ]  # fmt: skip
    described = client.describe_model_package(ModelPackageName=arn)
    assert (first[:-1], described["ModelPackageArn"]) == (arn[:-1], arn)
    assert described["CustomerMetadataProperties"] == {"auc": "0.8", "by": "me"}


def test_the_registry_refuses_what_is_there_already_or_not_at_all(aws):
    client = aws.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="twice")

    for call, given in (
        (client.create_model_package_group, {"ModelPackageGroupName": "twice"}),
        (client.create_model_package, {"ModelPackageGroupName": "absent"}),
        (client.create_model_package, {"ModelPackageGroupName": "twice", "ModelApprovalStatus": "Yes"}),
        (client.describe_model_package, {"ModelPackageName": "arn:aws:sagemaker:eu-west-1:123456789012:x/y"}),
    ):
        with pytest.raises(client.exceptions.ClientError, match="ValidationException"):
            call(**given)
