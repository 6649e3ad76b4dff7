"""What is AWS's own: metrics in CloudWatch, signed requests, SageMaker jobs. botocore is imported when first needed."""

from __future__ import annotations

from atalaia_aws.clients import BotoClients
from atalaia_aws.cloudwatch import CloudWatchChannel
from atalaia_aws.emf import EmfChannel
from atalaia_aws.jobs import PipelineStarter, TrainingStarter
from atalaia_aws.signing import signed_channel

__all__ = [
    "BotoClients",
    "CloudWatchChannel",
    "EmfChannel",
    "PipelineStarter",
    "TrainingStarter",
    "signed_channel",
]
