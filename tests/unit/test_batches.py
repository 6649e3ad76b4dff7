import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from atalaia import batches as module
from atalaia.batches import joined
from atalaia.rows import ALL_SIDES, NO_TIME, Reject, RowBatch, Side


def batch(values, captured=ALL_SIDES, ids=True, kind=None):
    rows = len(values)
    names = pa.array([f"r{v}" for v in values]) if ids else None
    times, index = np.full(rows, NO_TIME), np.arange(rows)
    return RowBatch({"x": pa.array(values, kind)}, rows, captured, times, names, index)


def values(pieces):
    return [v for piece in pieces if isinstance(piece, RowBatch) for v in piece.columns["x"].to_pylist()]


def test_neighbours_of_the_same_columns_become_one():
    (one,) = joined([batch([1, 2]), batch([3])])

    assert one.columns["x"].to_pylist() == [1, 2, 3]
    assert one.record_ids.to_pylist() == ["r1", "r2", "r3"]
    assert one.record_index.tolist() == [0, 1, 0]
    assert (one.rows, len(one.record_times)) == (3, 3)


def test_batches_that_differ_stay_apart():
    differing = [
        batch([1]),
        batch([1.5]),
        batch([1.5], captured=frozenset({Side.INPUT})),
        batch([1.5], captured=frozenset({Side.INPUT}), ids=False),
        batch(["a"], ids=False),
        batch(["a"], ids=False, kind=pa.dictionary(pa.int32(), pa.string())),
        batch(["a"], ids=False, kind=pa.dictionary(pa.int32(), pa.string())),
    ]

    assert len(list(joined(differing))) == len(differing)


def test_a_joined_batch_is_bounded_in_rows_and_bytes(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    assert [b.rows for b in joined([batch([1, 2]), batch([3]), batch([4]), batch([5] * 9), batch([6])])] == [3, 1, 9, 1]

    monkeypatch.setattr(module, "MOST_ROWS", 1000)
    monkeypatch.setattr(module, "MOST_BYTES", 20)
    assert [b.rows for b in joined([batch([1, 2]), batch([3]), batch([4])])] == [2, 2]


def test_a_batch_of_many_bytes_is_handed_on_before_the_next_one_is_made():
    made = []

    def parts():
        for text in ("few", "x" * module.ENOUGH_BYTES, "next"):
            made.append(text)
            yield batch([text])

    found = joined(parts())

    assert values([next(found), next(found)]) == made
    assert (len(made), values(found)) == (2, ["next"])


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5) | st.none(), max_size=8))
def test_no_row_and_no_reject_is_lost(parts):
    pieces = [Reject("not_json", 0, 1) if part is None else batch(part) for part in parts]
    found = list(joined(pieces))

    assert values(found) == values(pieces)
    assert sum(isinstance(p, Reject) for p in found) == sum(part is None for part in parts)
