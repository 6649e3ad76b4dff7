import sys

import pytest


@pytest.fixture(scope="session", autouse=True)
def on_linux():
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")
