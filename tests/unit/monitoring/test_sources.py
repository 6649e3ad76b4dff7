import pytest
from worlds import lines

from atalaia.errors import ReferenceRefusedError, StoreError
from atalaia.monitoring import sources
from atalaia.monitoring.sources import LogSource, _follow, payload_names
from atalaia.rows import Reject, RowBatch
from atalaia.schema import Column, Role
from atalaia_local import MemoryStore

LOG = "c/2026/03/02/12/log.jsonl"
DATA = "c/2026/03/02/12/files/d.json"


@pytest.fixture
def store():
    store = MemoryStore("https://acct.blob.core.windows.net/logs")
    store.put(LOG, b"{}")
    store.put(DATA, b"data")
    store.put("other/secret.json", b"secret")
    return store


@pytest.mark.parametrize(
    "reference",
    [
        "files/d.json",
        "./files/d.json",
        f"https://acct.blob.core.windows.net/logs/{DATA}",
        f"azureml://datastores/x/paths/{DATA}",
        f"https://elsewhere.example/container/{DATA}?sig=1",
    ],
)
def test_references_to_the_logs_own_folder_are_followed(store, reference):
    assert _follow(store, LOG, reference, 100) == b"data"


@pytest.mark.parametrize(
    "reference",
    [
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "file:///etc/passwd",
        "https://evil.example/d.json",
        "s3://bucket/other/secret.json",
        "https://acct.blob.core.windows.net/logs/../private/x",
        f"https://evil.example/{LOG[:15]}/../../other/secret.json",
    ],
)
def test_references_outside_are_refused(store, reference):
    with pytest.raises(ReferenceRefusedError) as refused:
        _follow(store, LOG, reference, 100)

    assert refused.value.reason in ("reference_outside", "reference_missing")
    assert b"secret" not in str(refused.value).encode()


def test_a_reference_to_nothing_is_refused(store):
    with pytest.raises(ReferenceRefusedError) as refused:
        _follow(store, LOG, "files/none.json", 100)

    assert refused.value.reason == "reference_missing"


def test_a_reference_to_a_large_object_is_refused(store):
    with pytest.raises(ReferenceRefusedError) as refused:
        _follow(store, LOG, "files/d.json", 3)

    assert refused.value.reason == "reference_too_large"


def test_a_store_that_refuses_is_a_refused_reference(store):
    class Closed:
        uri = "x"

        def head(self, key):
            raise StoreError("closed")

    with pytest.raises(ReferenceRefusedError) as refused:
        _follow(Closed(), LOG, "files/d.json", 100)

    assert refused.value.reason == "reference_outside"


def test_the_monitors_own_output_is_no_log():
    store = MemoryStore("logs")
    store.put("a.jsonl", b"{}\n")
    store.put("out/churn/rejects/x.jsonl", b"{}\n")

    assert [info.key for info in LogSource(store, exclude="out/").objects()] == ["a.jsonl"]


def test_a_whole_key_names_one_object_only():
    store = MemoryStore("logs")
    for key in ("a.jsonl", "a.jsonl.old", "b.jsonl"):
        store.put(key, b"{}\n")

    assert [info.key for info in LogSource(store, prefix="a.jsonl").objects()] == ["a.jsonl"]


def test_patterns_choose_the_logs():
    store = MemoryStore("logs")
    for key in ("x/model_inputs/a.jsonl", "x/request/b.jsonl"):
        store.put(key, b"{}\n")

    chosen = LogSource(store, include=("*/model_inputs/*",)).objects()
    assert [info.key for info in chosen] == ["x/model_inputs/a.jsonl"]


def test_places_of_unnamed_rows_are_named_in_the_order_of_the_file():
    names = payload_names((Column("b"), Column("y", role=Role.SCORE), Column("a")))

    assert (names.inputs, names.outputs, names.labels) == (("b", "a"), ("y",), None)


def test_what_one_log_refers_to_is_limited_all_together(monkeypatch):
    monkeypatch.setattr(sources, "_FOLLOWED_BYTES", 15)
    store = MemoryStore("logs")
    store.put("c/files/d.json", b'[{"x": 1}]')
    event = {"specversion": "1.0", "id": "1", "type": "azureml.inference.model_inputs", "dataref": "files/d.json"}
    store.put("c/log.jsonl", lines([event, event]))

    pieces = list(LogSource(store).batches())
    assert [piece.rows for piece in pieces if isinstance(piece, RowBatch)] == [1]
    assert [piece.reason for piece in pieces if isinstance(piece, Reject)] == ["reference_too_large"]
