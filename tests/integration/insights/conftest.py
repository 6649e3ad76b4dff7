import pytest


@pytest.fixture(scope="session")
def azure(tmp_path_factory):
    """The emulated parts for all tests that disturb nobody: an emulated minute passes in a second."""
    import azure_parts

    with azure_parts.azure_parts(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def calm(azure):
    """The same, with all knobs at rest again afterwards."""
    yield azure
    knobs = ("insights_unavailable", "insights_throttled", "insights_partial", "insights_hung", "ml_duplicates")
    azure.chaos(**dict.fromkeys(knobs, 0), ml_outcome="Completed")


@pytest.fixture
def fresh(tmp_path):
    """Parts of a test's own, with nothing in them."""
    import azure_parts

    with azure_parts.azure_parts(tmp_path) as running:
        yield running
