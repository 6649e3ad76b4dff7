import numpy as np
import pyarrow as pa
import pytest

from atalaia.profile.row_ids import row_ids
from atalaia.rows import ALL_SIDES, RowBatch


def ids_of(values):
    rows = len(values)
    batch = RowBatch({"id": values}, rows, ALL_SIDES, np.zeros(rows, np.int64), None, np.zeros(rows, np.int64))
    found = row_ids(batch, "id")
    known = np.ones(rows, bool) if found.known is None else found.known
    return [int(number) if there else None for number, there in zip(found.hashes, known, strict=True)]


@pytest.mark.parametrize(
    ("indices", "dictionary", "plain"),
    [
        ([0, 1, 0, None], ["a", "b"], ["a", "b", "a", None]),
        ([0, 1, 1], ["a", None], ["a", None, None]),
        ([None, 1, 0], ["a", None], [None, None, "a"]),
        ([None, None], [], [None, None]),
        ([1, 0], [7, 8], [8, 7]),
    ],
)
def test_ids_by_dictionary_are_those_written_out(indices, dictionary, plain):
    kind = pa.int64() if dictionary and isinstance(dictionary[0], int) else pa.string()
    coded = pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(dictionary, kind))

    assert ids_of(coded) == ids_of(pa.array(plain, kind))
