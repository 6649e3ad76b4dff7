r"""Readers for every log format: bytes in, batches of rows and counted rejects out.

>>> from io import BytesIO
>>> from atalaia.rows import LogObject
>>> reading = read_log(BytesIO(b'{"age": 42}\n{"age": 43}\n'), LogObject("logs/a.jsonl", "", 24, 0))
>>> [batch.columns["age"].to_pylist() for batch in reading]
[[42, 43]]
"""

from atalaia.logs.paths import is_log_key, path_time
from atalaia.logs.reading import LogReading, read_log
from atalaia.logs.settings import Follow, PayloadNames, ReadLimits
from atalaia.logs.together import LoggedRows, Pool

__all__ = [
    "Follow",
    "LogReading",
    "LoggedRows",
    "PayloadNames",
    "Pool",
    "ReadLimits",
    "is_log_key",
    "path_time",
    "read_log",
]
