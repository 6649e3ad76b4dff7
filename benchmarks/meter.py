"""What a piece of work costs the process that does it: seconds, processor seconds, and the largest memory it held.

Needs nothing but Python, because it also runs in the environments of the peers. Importing it costs nothing; `pin` is
called before anything heavy is imported, so that thread pools see one core only.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def pin(core: int) -> None:
    """Keep this process and its threads on one *core*, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


class _NoPandas:
    """Finds no pandas."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse pandas, and leave everything else to the other finders."""
        del path, target
        if name == "pandas":
            raise ModuleNotFoundError(name, name=name)


def hide_pandas() -> None:
    """Let pandas look absent, as it is where functions run: pyarrow would import it, and its 90 MB, if it is there."""
    sys.meta_path.insert(0, _NoPandas())


def cpu_seconds() -> float:
    """Return the processor time of this process, its threads and its ended children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_mb() -> float:
    """Return the most memory that this process ever held, in MB (10^6 bytes).

    Read from VmHWM, because `ru_maxrss` survives exec and would show the size of a fat parent.
    """
    status = Path("/proc/self/status")
    if not status.is_file():  # not Linux: macOS counts bytes
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


class Meter:
    """Collects figures by name; a span adds `<name>_wall_s`, `<name>_cpu_s` and `<name>_peak_mb`."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Measure what is done inside; a name that comes again is added up."""
        wall, cpu = time.perf_counter(), cpu_seconds()
        yield
        self._add(f"{name}_wall_s", time.perf_counter() - wall)
        self._add(f"{name}_cpu_s", cpu_seconds() - cpu)
        self.figures[f"{name}_peak_mb"] = peak_mb()

    def _add(self, name: str, value: float) -> None:
        self.figures[name] = self.figures.get(name, 0.0) + value

    def note(self, **figures: Any) -> None:
        """Add figures that were not timed."""
        self.figures |= figures

    def tell(self) -> None:
        """Write all figures as the process's last line, for the one that started it."""
        sys.stdout.write(f"\n{json.dumps(self.figures)}\n")
        sys.stdout.flush()
