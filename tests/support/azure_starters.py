"""Each starter of Azure Machine Learning, before a server that checks what it is asked."""

from arm import WORKSPACE, token_for

from atalaia.policies import AzuremlBatch, AzuremlJob, AzuremlTraffic, Policy
from atalaia_azure.targets import azure_starter

COMMAND = {
    "jobType": "Command",
    "command": "python train.py",
    "environmentId": "azureml:train:1",
    "environmentVariables": {"DEPTH": "6"},
    "tags": {"team": "risk"},
}
FOLDER = {"jobInputType": "UriFolder", "uri": "azureml://datastores/d/paths/x"}


def of_policy(azure, **target):
    return azure_starter(Policy("drift", "drifted > 0.3", **target), azure.address, token_for)


def command(azure, **changes):
    return of_policy(azure, azureml_job=AzuremlJob(WORKSPACE, COMMAND | changes))


def batch(azure, **changes):
    given = {"workspace": WORKSPACE, "endpoint": "score", "inputs": {"data": FOLDER}} | changes
    return of_policy(azure, azureml_batch=AzuremlBatch(**given))


def traffic(azure, split, endpoint="credit"):
    return of_policy(azure, azureml_traffic=AzuremlTraffic(WORKSPACE, endpoint, split))
