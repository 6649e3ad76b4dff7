"""Reference data in consecutive parts, as NannyML's default chunker cuts them."""

from __future__ import annotations

from collections.abc import Iterable

from atalaia.baseline import Baseline
from atalaia.conventions.nannyml import CHUNKS
from atalaia.profile import Profile
from atalaia.rows import Reject, RowBatch


def profiles_of_chunks(baseline: Baseline, batches: Iterable[RowBatch | Reject]) -> list[Profile]:
    """Profile the reference data again, in ten parts of equal size and one of what is left over.

    Args:
        baseline: The baseline that was made of these data.
        batches: The same data in the same order; rejected rows are in no part.
    """
    profiler, size = baseline.profiler(), baseline.profile.rows // CHUNKS
    counters, room = [profiler.counter()], size
    for batch in batches if size else ():
        if isinstance(batch, Reject):
            continue
        start, parts = 0, []
        while start < batch.rows:
            if not room:
                counters.append(profiler.counter())
                room = size
            end = min(start + room, batch.rows)
            parts.append((counters[-1], slice(start, end)))
            room, start = room - (end - start), end
        profiler.count(batch, parts)
    return [counter.profile() for counter in counters] if size else []
