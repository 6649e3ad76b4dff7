import pytest
from hypothesis import settings

# On a busy machine an example may take long for reasons of its own; speed is measured elsewhere.
settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")

# A program that another environment runs, with packages that are not in ours: no doctests are looked for in it.
collect_ignore = ["support/azure_ml_client.py"]


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    """One emulator for all tests that disturb nobody: an emulated minute passes in a second."""
    import emulators

    with emulators.emulator(tmp_path_factory.mktemp("emulator"), "--scale", "60", "--concurrency", "12") as running:
        yield running


@pytest.fixture
def calm(aws):
    """The same, with all knobs at rest again afterwards."""
    before = aws.admin("GET", "/chaos")["knobs"]
    yield aws
    aws.chaos(**before)


@pytest.fixture(scope="session")
def azure(tmp_path_factory):
    """One emulated Azure for all tests that disturb nobody: an emulated minute passes in a second."""
    import azure_emulators

    with azure_emulators.azure_emulator(tmp_path_factory.mktemp("azure"), "--scale", "60") as running:
        yield running


@pytest.fixture
def calm_azure(azure):
    """The same, with all knobs at rest again afterwards."""
    before = azure.admin("GET", "/chaos")["knobs"]
    yield azure
    azure.chaos(**before)
