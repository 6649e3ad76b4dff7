"""The jobs: what is measured, on which data, and who takes part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from columns import CATEGORICALS, FLOATS, INTEGERS, Layout, Variant
from datasets import Dataset, size_text
from formats import Format
from running import Step
from workshop import WARM_ROWS, Workshop, kinds

PEERS = ("whylogs", "evidently", "nannyml", "tfdv", "alibi-detect", "frouros", "popmon")
OURS = "Atalaia"


@dataclass(frozen=True, slots=True)
class Job:
    """One line of work.

    Attributes:
        name: As the command line calls it.
        title: As the table calls it.
        steps: Makes what is needed and returns who takes part.
        runs: How often it is run at most; 0 for as often as the command line says.
    """

    name: str
    title: str
    steps: Callable[[Workshop], Sequence[Step]]
    runs: int = 0


@dataclass(frozen=True, slots=True)
class _Reading:
    """How engines decode a format: which of them, and under which name of `decode.py`'s sources."""

    scan: str
    engines: tuple[str, ...]


_TABLE = ("pyarrow, column by column", "duckdb", "polars")
_READINGS = {
    Format.PARQUET: _Reading("parquet", _TABLE),
    Format.PARQUET_ZSTD: _Reading("parquet", _TABLE),
    Format.CSV: _Reading("csv", ("pyarrow.csv", "duckdb", "polars")),
    Format.JSONL: _Reading("jsonl", ("duckdb", "polars", "pyarrow.json")),
    Format.CAPTURE_CSV: _Reading("capture-csv", ("duckdb",)),
    Format.CAPTURE_JSON: _Reading("capture-json", ("duckdb",)),
    Format.AZURE: _Reading("collector", ("pyarrow.json", "duckdb")),
}


def _decodes(shop: Workshop, dataset: Dataset) -> list[Step]:
    reading, file = _READINGS[dataset.format], str(shop.made(dataset).file)
    given = {
        "file": file,
        "rows": dataset.rows,
        "scan": reading.scan,
        "columns": kinds(dataset.layout, dataset.format),
    }
    return [
        Step(engine, "decode", "decode.py", {**given, "engine": engine}, environment="engines")
        for engine in reading.engines
    ]


def _window(format_: Format) -> Callable[[Workshop], list[Step]]:
    def steps(shop: Workshop) -> list[Step]:
        dataset = shop.current(format_)
        return [Step(OURS, "ours", "work.py", shop.given("window", dataset)), *_decodes(shop, dataset)]

    return steps


def _against_peers(shop: Workshop) -> list[Step]:
    sides = {
        "baseline": Dataset(Variant.BASE, shop.rows, Format.PARQUET),
        "current": Dataset(Variant.DRIFT, shop.rows, Format.PARQUET),
        "warm_baseline": Dataset(Variant.BASE, WARM_ROWS, Format.PARQUET),
        "warm_current": Dataset(Variant.DRIFT, WARM_ROWS, Format.PARQUET),
    }
    given: dict[str, Any] = {name: str(shop.made(dataset).file) for name, dataset in sides.items()}
    given |= {"rows": shop.rows, "numbers": [*FLOATS, *INTEGERS], "texts": CATEGORICALS}
    ours = Step(OURS, "ours", "work.py", shop.given("window", shop.current(Format.PARQUET)))
    peers = [Step(peer, "peer", "peers/windows.py", {**given, "peer": peer}, environment=peer) for peer in PEERS]
    return [ours, *peers]


def _sizes(format_: Format, factor: int) -> Callable[[Workshop], list[Step]]:
    def steps(shop: Workshop) -> list[Step]:
        sizes = (max(shop.rows // 10, 1), shop.rows, shop.rows * factor)
        given = {rows: shop.given("window", shop.current(format_, rows)) for rows in sizes}
        return [Step(f"{size_text(rows)} rows", "ours", "work.py", given[rows]) for rows in sizes]

    return steps


def _wide(shop: Workshop) -> list[Step]:
    dataset = shop.current(Format.PARQUET, shop.base_rows(Layout.WIDE), Layout.WIDE)
    return [Step(OURS, "ours", "work.py", shop.given("window", dataset)), *_decodes(shop, dataset)]


def _objects(format_: Format) -> Callable[[Workshop], list[Step]]:
    def steps(shop: Workshop) -> list[Step]:
        dataset = shop.current(format_, max(shop.rows // 25, 2), each=2)
        scratch = {"scratch": shop.scratch("job")}
        return [Step(OURS, "ours", "work.py", {**shop.given("objects", dataset), **scratch})]

    return steps


def _merge(shop: Workshop) -> list[Step]:
    each = min(1_000, max(shop.rows // 10, 1))
    dataset = shop.current(Format.PARQUET, each=each)
    output = Path(shop.scratch("job")) / "profiles"
    given = {**shop.given("objects", dataset), "output": str(output)}
    shop.say("profiling what is to be merged")
    figures = shop.runner.run(Step("profiles to merge", "ours", "work.py", given))
    if "error" in figures:
        return [Step(OURS, "ours", "work.py", {"work": "merge", "layout": Layout.LOG, "format": Format.PARQUET})]
    return [Step(OURS, "ours", "work.py", {**given, "work": "merge"})]


def _backtest(shop: Workshop) -> list[Step]:
    each, windows = min(1_000, max(shop.rows // 10, 1)), min(365, max(shop.rows // 1_000, 2))
    dataset = Dataset(Variant.BASE, each * windows, Format.PARQUET, Layout.LOG, each)
    return [Step(OURS, "ours", "work.py", shop.given("backtest", dataset))]


def _accuracy(shop: Workshop) -> list[Step]:
    sizes = sorted({max(shop.rows // part, 1_000) for part in (100, 10, 1)})
    given = {"work": "accuracy", "layout": Layout.LOG, "format": Format.PARQUET, "sizes": sizes}
    return [Step(OURS, "ours", "work.py", given)]


def _metrics(shop: Workshop) -> list[Step]:
    del shop  # needs no data
    given = {"work": "metrics", "layout": Layout.LOG, "format": Format.PARQUET, "columns": 1_000, "bins": 512}
    return [Step(OURS, "ours", "work.py", given)]


JOBS = {
    job.name: job
    for job in (
        Job("parquet", "Parquet (snappy)", _window(Format.PARQUET)),
        Job("peers", "one window against a baseline, Parquet", _against_peers),
        Job("parquet-zstd", "Parquet (zstd)", _window(Format.PARQUET_ZSTD)),
        Job("csv", "CSV", _window(Format.CSV)),
        Job("jsonl", "JSON lines", _window(Format.JSONL)),
        Job("capture-csv", "SageMaker capture, CSV payload", _window(Format.CAPTURE_CSV)),
        Job("capture-json", "SageMaker capture, JSON payload", _window(Format.CAPTURE_JSON)),
        Job("azure", "Azure ML data collector", _window(Format.AZURE)),
        Job("wide", "Parquet, 1,000 numeric columns", _wide),
        Job("metrics", "metrics on shares, 1,000 columns of 512 bins", _metrics),
        Job("merge", "merging 1,000 profiles of 50 columns", _merge),
        Job("backtest", "a year of daily windows replayed, 50 columns", _backtest),
        Job("objects-jsonl", "20,000 objects of 2 KB, JSON lines", _objects(Format.JSONL)),
        Job("objects-capture", "20,000 objects of 2 KB, SageMaker capture", _objects(Format.CAPTURE_CSV)),
        Job("memory-parquet", "memory, Parquet", _sizes(Format.PARQUET, 10), runs=1),
        Job("memory-jsonl", "memory, JSON lines", _sizes(Format.JSONL, 6), runs=1),
        Job("accuracy", "accuracy, 60 cases at three sizes", _accuracy, runs=1),
    )
}
