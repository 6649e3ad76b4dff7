"""How much memory a process has resident, from /proc."""

import os
from pathlib import Path

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20


def resident_bytes(process: int) -> int:
    """Of *process* and its children; 0 once it is gone."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except (OSError, IndexError):
        return 0
    return pages * PAGE_BYTES + sum(resident_bytes(int(child)) for child in children)


def peak_bytes(process: int) -> int:
    """The most that *process* itself ever had resident, which a look now and then may miss; 0 once it is gone."""
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
