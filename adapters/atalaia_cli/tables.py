"""How tables look in the terminal."""

from __future__ import annotations

from rich import box
from rich.table import Table


def light_table() -> Table:
    """Return a table with a line under its head, and no other."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
