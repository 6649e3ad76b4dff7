import sys

import pytest
from infrastructure import COMPLETE, CONFIGURATIONS, applied, copied


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
