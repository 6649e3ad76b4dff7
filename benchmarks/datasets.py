"""The benchmarks' files: made when they are asked for, part by part, each with the truth about it beside it.

Parts are made and written one after the other, so a file of many gigabytes needs no more memory than a small one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import formats
import truth
from breaking import BREAKS
from columns import Layout, Part, Variant, table
from formats import Format

PART_ROWS = {Layout.LOG: 100_000, Layout.WIDE: 20_000}
"""Rows made at once; a row group in Parquet."""

_MILLION, _THOUSAND = 1_000_000, 1_000


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows in one format, as one file or as many small ones.

    Attributes:
        rows: Rows altogether.
        rows_per_object: Rows of each small object; 0 for a single file.
        broken: A key of `BREAKS`: what is wrong with the file, but not with the truth about it.
    """

    variant: Variant
    rows: int
    format: Format
    layout: Layout = Layout.LOG
    rows_per_object: int = 0
    broken: str = ""

    @property
    def name(self) -> str:
        """Return the name of its folder."""
        many = f"-by-{self.rows_per_object}" if self.rows_per_object else ""
        broken = f"-{self.broken}" if self.broken else ""
        return f"{self.variant}-{self.layout}-{size_text(self.rows)}{many}{broken}.{self.format}"


@dataclass(frozen=True, slots=True)
class Made:
    """A dataset on the disk: the folder of its objects, their bytes together, its rows, and what each column holds."""

    folder: Path
    bytes: int
    rows: int
    truth: truth.Truth

    @property
    def file(self) -> Path:
        """Return the one file of a dataset that is no more."""
        return next(self.folder.iterdir())


def size_text(rows: int) -> str:
    """Write a number of rows in short.

    Example:
        >>> size_text(2_000_000), size_text(100_000), size_text(150)
        ('2m', '100k', '150')
    """
    for unit, letter in ((_MILLION, "m"), (_THOUSAND, "k")):
        if rows % unit == 0:
            return f"{rows // unit}{letter}"
    return str(rows)


def make(dataset: Dataset, root: Path) -> Made:
    """Make *dataset* below *root* unless it is there already."""
    place = root / dataset.name
    if not is_made(dataset, root):
        shutil.rmtree(place, ignore_errors=True)
        (place / "objects").mkdir(parents=True)
        known = _write(dataset, place / "objects")
        (place / "truth.json").write_text(json.dumps(truth.to_plain(known)))
    return load(place)


def is_made(dataset: Dataset, root: Path) -> bool:
    """Tell whether *dataset* is there: the truth is written last."""
    return (root / dataset.name / "truth.json").is_file()


def load(place: Path) -> Made:
    """Return the dataset that was made in the folder *place*."""
    known = truth.from_plain(json.loads((place / "truth.json").read_text()))
    size = sum(path.stat().st_size for path in (place / "objects").rglob("*") if path.is_file())
    return Made(place / "objects", size, next(iter(known.values())).rows, known)


def remove(dataset: Dataset, root: Path) -> None:
    """Remove *dataset* if it was made."""
    shutil.rmtree(root / dataset.name, ignore_errors=True)


def _parts(dataset: Dataset) -> Iterator[pa.Table]:
    rows = PART_ROWS[dataset.layout]
    for number, first in enumerate(range(0, dataset.rows, rows)):
        yield table(dataset.layout, Part(dataset.variant, number, first, min(rows, dataset.rows - first)))


def _write(dataset: Dataset, folder: Path) -> truth.Truth:
    known: truth.Truth = {}
    with ExitStack() as files:
        writer = _Objects(folder, dataset) if dataset.rows_per_object else _File(folder, dataset, files)
        for part in _parts(dataset):
            counted = truth.count_all(part)
            if dataset.format.is_strict_json:
                counted = {name: counts.in_strict_json() for name, counts in counted.items()}
            known = truth.merge(known, counted)
            writer.add(BREAKS[dataset.broken](part))
    return known


class _File:
    """Writes parts one behind the other into a single file."""

    def __init__(self, folder: Path, dataset: Dataset, files: ExitStack) -> None:
        self._path = folder / f"log.{dataset.format}"
        self._format = dataset.format
        self._files = files
        self._open: Any = None

    def add(self, part: pa.Table) -> None:
        """Write the next part."""
        if self._open is None:
            self._open = self._files.enter_context(self._begin(part))
        if self._format.is_parquet:
            self._open.write_table(part, row_group_size=max(part.num_rows, 1))
        else:
            self._open.write(formats.lines(self._format, part))

    def _begin(self, part: pa.Table) -> Any:
        if self._format.is_parquet:
            codec = "zstd" if self._format is Format.PARQUET_ZSTD else "snappy"
            return pq.ParquetWriter(self._path, part.schema, compression=codec)
        file = self._path.open("wb")
        if self._format is Format.CSV:
            file.write(formats.csv_header(part))
        return file


class _Objects:
    """Writes parts as many small objects, keyed as an endpoint's capture is: by the hour, and a time below it."""

    def __init__(self, folder: Path, dataset: Dataset) -> None:
        self._folder = folder
        self._dataset = dataset
        self._written = 0

    def add(self, part: pa.Table) -> None:
        """Write the objects of the next part."""
        step = self._dataset.rows_per_object
        is_text = not self._dataset.format.is_parquet
        written = bytes(formats.lines(self._dataset.format, part)).splitlines(keepends=True) if is_text else []
        for first in range(0, part.num_rows, step):
            path = self._path(part["ts"][first].as_py())
            if is_text:
                path.write_bytes(b"".join(written[first : first + step]))
            else:
                pq.write_table(part.slice(first, step), path)

    def _path(self, time: datetime) -> Path:
        path = self._folder / "bench" / "AllTraffic" / f"{time:%Y/%m/%d/%H}"
        path.mkdir(parents=True, exist_ok=True)
        self._written += 1
        return path / f"{self._written:08}.{self._dataset.format}"
