"""Where jobs get what they need: data, baselines and scratch space, made when first asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from columns import CATEGORICALS, FLOATS, INTEGERS, WIDE, Layout, Variant
from datasets import Dataset, Made, is_made, load, make, remove
from formats import Format
from running import Runner, Step, WrongResultError

WARM_ROWS = 1_000
_HUGE_ROWS = 2_000_000
"""Datasets of more rows are removed after their job, unless they are to be kept."""


@dataclass(slots=True)
class Workshop:
    """The folder of a run, how large its jobs are, and what was made in it so far.

    Attributes:
        root: Where everything lies; data that are there already are used again.
        rows: Rows of an ordinary job; the others' sizes follow from it.
        keep: Whether huge datasets stay.
        broken: What is wrong with the data, for the self-test; a key of `breaking.BREAKS`.
    """

    root: Path
    runner: Runner
    rows: int
    keep: bool
    broken: str
    say: Callable[[str], None]
    _baselines: dict[str, Path] = field(default_factory=dict)
    _huge: list[Dataset] = field(default_factory=list)

    def current(self, format_: Format, rows: int | None = None, layout: Layout = Layout.LOG, each: int = 0) -> Dataset:
        """Return the drifted rows of a window, broken if the self-test says so."""
        return Dataset(Variant.DRIFT, rows or self.rows, format_, layout, each, self.broken)

    def folder(self, dataset: Dataset) -> str:
        """Make a dataset and return its folder."""
        if not is_made(dataset, self.root / "data"):
            self.say(f"making {dataset.name}")
        if dataset.rows > _HUGE_ROWS and dataset not in self._huge:
            self._huge.append(dataset)
        return str(make(dataset, self.root / "data").folder.parent)

    def made(self, dataset: Dataset) -> Made:
        """Make a dataset and return what is known of it."""
        return load(Path(self.folder(dataset)))

    def scratch(self, name: str) -> str:
        """Return an empty folder."""
        folder = self.root / "scratch" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return str(folder)

    def given(self, work: str, dataset: Dataset) -> dict[str, Any]:
        """Return what `work.py` is told of a job: its data, a small file to warm up with, and its baseline."""
        warm = Dataset(Variant.BASE, WARM_ROWS, dataset.format, dataset.layout)
        return {
            "work": work,
            "layout": dataset.layout,
            "format": dataset.format,
            "data": self.folder(dataset),
            "warm": self.folder(warm),
            "baseline": str(self.baseline(dataset)),
        }

    def baseline(self, dataset: Dataset) -> Path:
        """Build the baseline for a dataset's columns, from as many rows as an ordinary job has, once in a run."""
        kind = f"{dataset.layout}-{'enveloped' if dataset.format.is_enveloped else 'plain'}"
        if kind not in self._baselines:
            self.say(f"building the {kind} baseline")
            path = Path(self.scratch(f"baseline-{kind}")) / "baseline.profile"
            data = Dataset(Variant.BASE, self.base_rows(dataset.layout), Format.PARQUET, dataset.layout)
            given = {"work": "baseline", "layout": dataset.layout, "format": dataset.format, "baseline": str(path)}
            figures = self.runner.run(Step("baseline", "ours", "work.py", {**given, "data": self.folder(data)}))
            if "error" in figures:
                msg = f"the baseline could not be built: {figures['error']}"
                raise WrongResultError(msg)
            self._baselines[kind] = path
        return self._baselines[kind]

    def base_rows(self, layout: Layout) -> int:
        """Return the rows of the reference data: a tenth for the wide layout, which has twenty times the columns."""
        return max(self.rows // 10, 1) if layout is Layout.WIDE else self.rows

    def clear(self) -> None:
        """Remove what the last job left: scratch files, and data that are huge."""
        shutil.rmtree(self.root / "scratch" / "job", ignore_errors=True)
        while self._huge and not self.keep:
            remove(self._huge.pop(), self.root / "data")


def kinds(layout: Layout, format_: Format) -> dict[str, str]:
    """Return the kind of each column that an engine decodes: `float`, `integer`, `string` or `time`."""
    if layout is Layout.WIDE:
        return dict.fromkeys(WIDE, "float")
    identity = {} if format_.is_enveloped else {"id": "string", "ts": "time"}
    groups = ((FLOATS, "float"), (INTEGERS, "integer"), (CATEGORICALS, "string"))
    return {**identity, **{name: kind for names, kind in groups for name in names}}
