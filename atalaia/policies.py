"""Policies: when something is done because of what was found, and what; as a monitor file has them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from atalaia.conditions import mentions, parse_condition


class AzuremlJob(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A job of Azure Machine Learning, as its REST API takes it.

    Attributes:
        workspace: The workspace's resource id: `/subscriptions/.../workspaces/NAME`.
        properties: The job's properties, with `jobType`; the policy's parameters are added to them.
    """

    workspace: str
    properties: dict[str, Any]


class AzuremlBatch(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An invocation of a batch endpoint of Azure Machine Learning.

    Attributes:
        workspace: The workspace's resource id: `/subscriptions/.../workspaces/NAME`.
        endpoint: The endpoint's name.
        deployment: The deployment to invoke; the endpoint's default one if it is not given.
        inputs: The job's inputs, as the REST API takes them; the policy's parameters are added as literals.
    """

    workspace: str
    endpoint: str
    deployment: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)


class Databricks(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A run of a Databricks job.

    Attributes:
        host: The workspace's address, such as `https://adb-1234567890123456.7.azuredatabricks.net`.
        job_id: The job's number.
        token: Where its access token is kept: a reference to a secret.
    """

    host: str
    job_id: int
    token: str


class GithubWorkflow(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A run of a workflow in GitHub Actions.

    Attributes:
        repository: `OWNER/NAME`.
        token: Where a token that may do so is kept: a reference to a secret.
        workflow: The workflow's file name or number, which is dispatched with inputs (`workflow_dispatch`).
        ref: The branch or tag that it runs on.
        event_type: Instead of a workflow: the type of a `repository_dispatch` event.
        api: Where GitHub's REST API is.
    """

    repository: str
    token: str
    workflow: str | None = None
    ref: str = "main"
    event_type: str | None = None
    api: str = "https://api.github.com"


class GithubIssue(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An issue that is opened in a repository on GitHub.

    Attributes:
        repository: `OWNER/NAME`.
        token: Where a token that may do so is kept: a reference to a secret.
        labels: What it is labelled with.
        api: Where GitHub's REST API is.
    """

    repository: str
    token: str
    labels: tuple[str, ...] = ()
    api: str = "https://api.github.com"


class AzureDevops(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A run of a pipeline in Azure DevOps.

    Attributes:
        organization: The organisation's address, such as `https://dev.azure.com/contoso`.
        project: The project's name.
        pipeline_id: The pipeline's number.
        token: Where a personal access token is kept: a reference to a secret.
        branch: The branch that it runs on; the pipeline's default one if it is not given.
    """

    organization: str
    project: str
    pipeline_id: int
    token: str
    branch: str | None = None


class Chat(StrEnum):
    """How a message to a webhook is laid out: as a chat takes it, or as Atalaia's own JSON."""

    JSON = "json"
    SLACK = "slack"
    TEAMS = "teams"


class Webhook(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A message to any address over HTTP.

    Attributes:
        url: The address; or, as those of chats are secrets themselves, a reference to a secret.
        secret: Where the key is kept that the message is signed with: a reference to a secret.
        format: `json` has everything, `slack` and `teams` are what these chats show.
    """

    url: str
    secret: str | None = None
    format: Chat = Chat.JSON


class SagemakerTraffic(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Traffic of a SageMaker endpoint that is shifted to other variants.

    Attributes:
        endpoint: The endpoint's name.
        weights: What weight each production variant is to have.
    """

    endpoint: str
    weights: dict[str, float]


class AzuremlTraffic(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Traffic of an online endpoint of Azure Machine Learning that is shifted to other deployments.

    Attributes:
        workspace: The workspace's resource id: `/subscriptions/.../workspaces/NAME`.
        endpoint: The endpoint's name.
        traffic: What percentage each deployment is to have; they add up to 100.
    """

    workspace: str
    endpoint: str
    traffic: dict[str, int]


class NewBaseline(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where the baseline of a new model comes from; until it is there, the old one holds.

    Attributes:
        windows: It is made of so many healthy windows, the first ones that lie wholly after the new model began: final,
            without an alert of quality or stability, of one version where the logs tell that. 3 if it is not given.
        rows: These windows must hold so many rows together; else it takes more of them. 1,000 if it is not given.
        data: Instead: the new model's training data, the URI of a file or folder; `{job}` (the last part of its name),
            `{policy}`, `{window}`, `{monitor}`, `{model}` and `{version}` are filled in.
    """

    windows: int | None = None
    rows: int | None = None
    data: str | None = None


FILLED_IN = (
    "monitor",
    "model",
    "policy",
    "window",
    "report",
    "fingerprint",
    "baseline",
    "train_from",
    "train_to",
    "findings",
)
"""What is filled in where it stands in braces in `parameters`."""


class Policy(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When something is done because of what was found, such as a training, and what.

    It is done because of one window, which must be final, and never twice because of the same one.

    Attributes:
        name: The policy's name, as it stands in storage keys: small letters, digits and hyphens.
        when: The condition that a window must fulfil to count, such as `drifted > 0.3`.
        windows: How many of the latest windows must count, that one among them.
        of: How many of the latest windows are looked at; as many as `windows` if it is not given.
        min_rows: Windows with fewer rows than this do not count.
        schedule: Instead of with each window, act at these times: five fields as cron has them, in UTC.
        only_if_changed: With `schedule`, act only if there is a new report since the last time.
        cool_down: Windows that begin less than this before or after one that was acted on start nothing.
        within: Windows that ended longer ago than this start nothing, so that no old logs do.
        most_per_week: In any seven days it acts so many times at most.
        quiet_hours: Times of the week, in UTC, in which nothing is started: what is decided then waits until they are
            over.
        approval: Whether somebody must approve before it is done.
        approval_within: How long it waits for that; then it is not done any more.
        pipeline: The SageMaker pipeline to start, by name or ARN.
        training_job: The SageMaker training job to start, as CreateTrainingJob takes it, without TrainingJobName.
        sagemaker_traffic: The SageMaker endpoint whose traffic is shifted; needs `approval`.
        sns_topic: The ARN of the SNS topic that is told.
        azureml_job: The Azure Machine Learning job to start.
        azureml_batch: The batch endpoint of Azure Machine Learning to invoke.
        azureml_traffic: The online endpoint of Azure Machine Learning whose traffic is shifted; needs `approval`.
        event_grid_topic: The address of the Event Grid topic that is told.
        databricks: The Databricks job to run.
        github_workflow: The workflow in GitHub Actions to run.
        github_issue: The repository on GitHub to open an issue in.
        azure_devops: The pipeline in Azure DevOps to run.
        webhook: The address to send a message to.
        file: True to write the request as an object under `jobs/` of the output, for whoever runs it.
        parameters: What the job is told, as text; `{monitor}`, `{model}`, `{policy}`, `{window}`, `{report}`,
            `{fingerprint}`, `{baseline}`, `{train_from}`, `{train_to}` and `{findings}` are filled in.
        new_baseline: Where a new baseline comes from once the job has ended well; the old one stays if it is not given.
    """

    name: str
    when: str | None = None
    windows: int = 1
    of: int | None = None
    min_rows: int = 0
    schedule: str | None = None
    only_if_changed: bool = False
    cool_down: str = "0s"
    within: str = "4w"
    most_per_week: int | None = None
    quiet_hours: tuple[str, ...] = ()
    approval: bool = False
    approval_within: str = "7d"
    pipeline: str | None = None
    training_job: dict[str, Any] | None = None
    sagemaker_traffic: SagemakerTraffic | None = None
    sns_topic: str | None = None
    azureml_job: AzuremlJob | None = None
    azureml_batch: AzuremlBatch | None = None
    azureml_traffic: AzuremlTraffic | None = None
    event_grid_topic: str | None = None
    databricks: Databricks | None = None
    github_workflow: GithubWorkflow | None = None
    github_issue: GithubIssue | None = None
    azure_devops: AzureDevops | None = None
    webhook: Webhook | None = None
    file: bool | None = None
    new_baseline: NewBaseline | None = None
    parameters: dict[str, str] = field(default_factory=dict)


TARGETS = (
    "pipeline", "training_job", "sagemaker_traffic", "sns_topic", "azureml_job", "azureml_batch", "azureml_traffic",
    "event_grid_topic", "databricks", "github_workflow", "github_issue", "azure_devops", "webhook", "file",
)  # fmt: skip
"""What a policy can start: it names one of these."""

HEARD = ("pipeline", "training_job", "azureml_job", "azureml_batch")
"""Those whose cloud tells how a job ended."""

ASKED = ("databricks", "github_workflow", "azure_devops")
"""Those that are asked how a job ended, as nobody tells."""

TELLING = ("sns_topic", "event_grid_topic", "github_issue", "webhook")
"""Those that tell somebody: they are told where what waits for approval can be approved, too."""

TRAFFIC = ("sagemaker_traffic", "azureml_traffic")
"""Those that change what users are served: they need approval."""

MOST_EMPTY = 31
"""Windows without any log between two that have some are evaluated too; of more than this in a row, the first alone.

After the last that has some, so many are evaluated if a policy asks for silence.
"""


def watches_silence(policies: Iterable[Policy]) -> bool:
    """Tell whether a policy asks for how long there have been no rows."""
    return any(policy.when is not None and mentions(parse_condition(policy.when), "silent") for policy in policies)


def target_of(policy: Policy) -> str:
    """Return the key of what the policy starts."""
    return next(key for key in TARGETS if getattr(policy, key) is not None)


TYPES = (
    AzuremlJob, AzuremlBatch, Databricks, GithubWorkflow, GithubIssue, AzureDevops, Webhook, SagemakerTraffic,
    AzuremlTraffic, NewBaseline, Policy,
)  # fmt: skip
"""What a monitor file describes of policies."""
