"""Periods: which windows of the past are looked back on, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from atalaia.monitor_file import Monitor
from atalaia.monitoring.evaluating import between
from atalaia.policies import MOST_EMPTY, watches_silence
from atalaia.window import Window, iso, parse_duration, window_of


class Period(Struct, frozen=True):
    """Which windows are replayed.

    Attributes:
        now: Those that are over by then, µs since 1970.
        start: Those that begin at this moment or later; None for the first one that has profiles.
        end: Those that end at this moment or before; None for the last one.
    """

    now: int
    start: int | None = None
    end: int | None = None

    def holds(self, window: Window, lateness: int) -> bool:
        """Tell whether *window* lies in the period, and was over *lateness* µs before it ended."""
        first = self.start is None or window.start >= self.start
        return first and (self.end is None or window.end <= self.end) and window.end + lateness <= self.now


def windows_in(stored: Iterable[int], monitor: Monitor, narrow: int, period: Period) -> dict[Window, Sequence[int]]:
    """Return the windows of a period that have profiles, with the empty ones that are evaluated, too.

    Args:
        stored: The starts of the windows that have profiles.
        monitor: Whose windows are wanted.
        narrow: How wide the stored ones are, in µs.
        period: Which of them.

    Returns:
        By window, the starts of the stored ones that it is made of.
    """
    width, lateness = parse_duration(monitor.window), parse_duration(monitor.lateness)
    silence = watches_silence(monitor.policies)
    held = (
        window for window in sorted({window_of(start, width) for start in stored}) if period.holds(window, lateness)
    )
    every: list[Window] = []
    for window in held:
        every += [*(_gap(every[-1], window, silence) if every else ()), window]
    every += _silent_after(every[-1]) if every and silence else []
    told = (window for window in every if period.holds(window, lateness))
    return {window: range(window.start, window.end, narrow) for window in told}


def _gap(before: Window, after: Window, silence: bool) -> list[Window]:
    """Return the empty windows between two; of many the first ones if a policy asks for silence."""
    found = between(before, after)
    return [each for each in _silent_after(before) if each < after] if silence and found else found


def _silent_after(window: Window) -> list[Window]:
    width = window.end - window.start
    return [Window(window.start + n * width, window.end + n * width) for n in range(1, MOST_EMPTY + 1)]


def nothing_in(stored: Iterable[int], monitor: Monitor, narrow: int, period: Period) -> str:
    """Say that there are no windows in a period, and where there are some; arguments as for `windows_in`."""
    held = sorted(stored)
    first, last = iso(held[0]), iso(held[-1] + narrow)
    asked = f"from {first if period.start is None else iso(period.start)}"
    asked += f" to {last if period.end is None else iso(period.end)}"
    return (
        f"{monitor.name}: {asked} no whole window of {monitor.window} has profiles and was over by {iso(period.now)}. "
        f"There are profiles from {first} to {last}. Give another period with --from and --to."
    )
