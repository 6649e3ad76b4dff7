import pytest

from atalaia_local import DirectoryStore, MemoryStore

ADAPTERS = {
    "memory": lambda _folder: MemoryStore(),
    "directory": lambda folder: DirectoryStore(folder / "store"),
}


@pytest.fixture(params=ADAPTERS)
def store(request, tmp_path):
    return ADAPTERS[request.param](tmp_path)
