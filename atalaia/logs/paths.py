"""What an object's key alone tells: whether it is a log, and from when."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from atalaia.window import parse_time

_DATED = re.compile(r"(?<![^/])(\d{4})/(\d{1,2})/(\d{1,2})(?:/(\d{1,2}))?(?=/)")
_REFERRED = re.compile(r"(?:^|/)files/[^/]+\.json$")
_MARKER = re.compile(r"(?:_SUCCESS|_started.*|_committed.*|.*_\$folder\$|.*\.crc)$")


def is_log_key(key: str) -> bool:
    """Tell whether an object can be a log, by its key.

    Hidden files and folders (`.name`, `_name`: table logs, markers, temporary files), folder markers, and the objects
    that Azure's collector refers to (`files/*.json`) are not.

    Example:
        >>> is_log_key("2026/03/01/12/a.jsonl"), is_log_key("t/_delta_log/0.json"), is_log_key("12/files/part0.json")
        (True, False, False)
    """
    if not key or key.endswith("/") or _REFERRED.search(key):
        return False
    parts = key.split("/")
    if any(part.startswith((".", "_")) and part not in (".", "..") for part in parts):
        return False
    return _MARKER.fullmatch(parts[-1]) is None


def path_time(uri: str) -> int | None:
    """Return the hour or day that a path's folders name, in microseconds since 1970, or None.

    Example:
        >>> from atalaia.window import iso
        >>> iso(path_time("s3://bucket/ep/AllTraffic/2026/03/01/12/20-48-871-x.jsonl"))
        '2026-03-01T12:00:00Z'
    """
    for match in reversed(list(_DATED.finditer(uri))):
        year, month, day, hour = (int(part or 0) for part in match.groups())
        try:
            return parse_time(datetime(year, month, day, hour, tzinfo=UTC))
        except ValueError:
            continue
    return None
