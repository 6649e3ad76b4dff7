"""What policies start that is AWS's own."""

from __future__ import annotations

from atalaia.policies import Policy
from atalaia.ports import JobStarter
from atalaia_aws.clients import BotoClients
from atalaia_aws.jobs import PipelineStarter, TrainingStarter
from atalaia_aws.topics import TopicStarter
from atalaia_aws.traffic import TrafficStarter


def aws_starter(policy: Policy, clients: BotoClients) -> JobStarter | None:
    """Return what starts the jobs of a policy; None if its target is not AWS's."""
    if policy.pipeline is not None:
        return PipelineStarter(clients, policy.pipeline)
    if policy.training_job is not None:
        return TrainingStarter(clients, policy.training_job)
    if policy.sagemaker_traffic is not None:
        return TrafficStarter(clients, policy.sagemaker_traffic)
    if policy.sns_topic is not None:
        return TopicStarter(clients, policy.sns_topic)
    return None
