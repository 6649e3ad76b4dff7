import pytest


@pytest.fixture(scope="session")
def azure(tmp_path_factory):
    """One for all tests of it: an emulated minute passes in a second."""
    import workspaces

    with workspaces.own_workspace(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def calm(azure):
    """The same, with all knobs at rest again afterwards."""
    yield azure
    knobs = ("insights_unavailable", "insights_throttled", "insights_partial", "insights_hung", "ml_duplicates")
    azure.chaos(**dict.fromkeys(knobs, 0), ml_outcome="Completed")
