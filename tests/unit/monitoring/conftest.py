import pytest
from worlds import make_world


@pytest.fixture
def world():
    return make_world()
