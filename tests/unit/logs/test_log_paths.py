from __future__ import annotations

import pytest

from atalaia.logs import is_log_key, path_time
from atalaia.window import iso


@pytest.mark.parametrize(
    "key",
    [
        "modelDataCollector/ep/d/model_inputs/2023/10/11/20/files/part0.json", "2023/_SUCCESS", "t/_delta_log/00.json",
        "a/.hidden", "a/.tmp/b.jsonl", "folder/", "", "a_$folder$", "x.crc",
    ],
)  # fmt: skip
def test_what_lies_beside_logs_is_no_log(key):
    assert not is_log_key(key)


@pytest.mark.parametrize(
    "key", ["ep/AllTraffic/2022/04/18/00/20-48-871-x.jsonl", "a", "profiles/x.csv.gz", "../logs/a.parquet"]
)
def test_logs_are_logs(key):
    assert is_log_key(key)


@pytest.mark.parametrize(
    ("uri", "time"),
    [
        ("s3://b/ep/AllTraffic/2022/04/18/05/20-48.jsonl", "2022-04-18T05:00:00Z"),
        ("az://c/modelDataCollector/ep/d/model_inputs/2023/10/11/x.jsonl", "2023-10-11T00:00:00Z"),
        ("2023/10/11/x.jsonl", "2023-10-11T00:00:00Z"),
        ("s3://b/2020/01/01/then/2022/04/18/05/x", "2022-04-18T05:00:00Z"),
    ],
)
def test_folders_tell_the_hour_or_the_day(uri, time):
    assert iso(path_time(uri)) == time


@pytest.mark.parametrize(
    "uri", ["s3://b/a.jsonl", "s3://b/2022/13/40/x", "s3://b/2022/04/x", "s3://b/0001/01/01/x", "12022/04/18/x"]
)
def test_other_folders_tell_no_time(uri):
    assert path_time(uri) is None
