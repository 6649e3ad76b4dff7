"""One way to read a small log in a test: `read(bytes, path, …)` gives its rows, rejects and reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO

import pytest

from atalaia.logs import read_log
from atalaia.rows import LogObject, Reject


@dataclass
class Got:
    """What a reading yielded: rows as dicts (nulls left out), and everything beside them."""

    reading: object
    rows: list = field(default_factory=list)
    sides: list = field(default_factory=list)
    times: list = field(default_factory=list)
    ids: list = field(default_factory=list)
    index: list = field(default_factory=list)
    rejects: list = field(default_factory=list)
    batches: list = field(default_factory=list)

    @property
    def reasons(self):
        return [reject.reason for reject in self.rejects]

    def take(self, item):
        if isinstance(item, Reject):
            self.rejects.append(item)
            return
        self.batches.append(item)
        columns = {name: array.to_pylist() for name, array in item.columns.items()}
        assert all(len(values) == item.rows for values in columns.values())
        for place in range(item.rows):
            self.rows.append({name: values[place] for name, values in columns.items() if values[place] is not None})
        self.sides += [{side.value for side in item.captured}] * item.rows
        self.times += item.record_times.tolist()
        self.ids += [None] * item.rows if item.record_ids is None else item.record_ids.to_pylist()
        self.index += item.record_index.tolist()


@pytest.fixture
def read():
    def run(data, path="logs/object", **options):
        data = data.encode() if isinstance(data, str) else data
        got = Got(read_log(BytesIO(data), LogObject(path, "etag", len(data), 0), **options))
        for item in got.reading:
            got.take(item)
        return got

    return run
