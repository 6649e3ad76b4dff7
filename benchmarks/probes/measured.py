"""A handler around one of ours that answers what its process has spent so far; it lies beside the bundle, not in it."""

from __future__ import annotations

import importlib
import os
import time
from pathlib import Path
from typing import Any

_HANDLER = importlib.import_module(os.environ["MEASURED"]).handler  # noqa: TID251 - Lambda passes it in
_INIT_CPU_SECONDS = time.process_time()


def handler(event: Any, context: Any) -> dict[str, float]:
    """Call it; tell processor ms up to the end of init and up to now, and the most memory ever held, in MB."""
    _HANDLER(event, context)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    told = {"init_cpu_ms": _INIT_CPU_SECONDS * 1000, "first_cpu_ms": time.process_time() * 1000}
    return told | {"peak_mb": int(peak.split()[1]) * 1024 / 1e6}
