"""What policies start on Azure."""

from __future__ import annotations

from atalaia.errors import JobError
from atalaia.policies import TARGETS, Policy
from atalaia.ports import JobStarter
from atalaia_azure.asking import Asker, learning
from atalaia_azure.identity import Token


def azure_starter(policy: Policy, endpoint: str, token: Token) -> JobStarter:
    """Return what starts the jobs of a policy.

    Args:
        policy: Whose jobs.
        endpoint: Where Azure Resource Manager is.
        token: Gives this app's tokens.

    Raises:
        JobError: They are another cloud's.
    """
    if policy.azureml_job is not None:
        from atalaia_azure.jobs import MachineLearningStarter

        return MachineLearningStarter(policy.azureml_job, learning(endpoint, token, "azureml_job"))
    if policy.azureml_batch is not None:
        from atalaia_azure.batch import BatchInvoker, audience_of

        arm = learning(endpoint, token, "azureml_batch")
        return BatchInvoker(policy.azureml_batch, arm, Asker(audience_of(endpoint), token, arm.rights, arm.other))
    if policy.azureml_traffic is not None:
        from atalaia_azure.traffic import TrafficShifter

        return TrafficShifter(policy.azureml_traffic, learning(endpoint, token, "azureml_traffic"))
    if policy.event_grid_topic is not None:
        from atalaia_azure.topics import TopicNotifier, grid

        return TopicNotifier(policy.event_grid_topic, grid(token))
    named = next((key for key in TARGETS if getattr(policy, key) is not None), "nothing")
    msg = f"policy {policy.name}: Azure starts no `{named}`. Give `azureml_job`, or what any cloud starts."
    raise JobError(msg)
