import sys

import pytest
from infrastructure import AZURE_COMPLETE, COMPLETE, CONFIGURATIONS, applied, copied


@pytest.fixture(scope="session", autouse=True)
def on_linux():
    if sys.platform != "linux":
        pytest.skip("Terraform's core comes as a library for Linux")


@pytest.fixture(scope="session")
def infra(tmp_path_factory):
    """A copy of the infrastructure, initialised."""
    return copied(tmp_path_factory.mktemp("infra"), CONFIGURATIONS)


@pytest.fixture(scope="session")
def deployed(infra):
    """What the complete example makes."""
    return applied(infra / COMPLETE)


@pytest.fixture(scope="session")
def deployed_on_azure(infra):
    """What the complete example for Azure makes."""
    return applied(infra / AZURE_COMPLETE)
