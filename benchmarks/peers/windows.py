"""The peers' side: one window of a Parquet file compared with a baseline, as each tool's documentation does it.

What a tool can keep of the baseline is made before the clock starts (`baseline`); the rest, from reading the current
file to a verdict for every column, is the window. Tools that need the baseline's raw rows in each window read them in
each window. Everything is done once with small files first, so that imports and compilation are not counted.

python benchmarks/peers/windows.py '{"peer": "whylogs", ...}' prints its figures as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from meter import Meter, pin


@dataclass(frozen=True, slots=True)
class Files:
    """The Parquet files of a window and of its baseline, and the names of the columns to compare."""

    baseline: str
    current: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """Return all columns to compare."""
        return [*self.numbers, *self.texts]


Compared = tuple[int, int]
"""Rows of the window, and columns that got a verdict."""


def _frame(path: str, numbers: tuple[str, ...] = ()) -> Any:
    """Read a file with pandas; infinities in *numbers* become NaN for tools that stumble over them."""
    import numpy as np
    import pandas as pd

    frame = pd.read_parquet(path)
    if numbers:
        frame[list(numbers)] = frame[list(numbers)].replace([np.inf, -np.inf], np.nan)
    return frame


def whylogs(files: Files, meter: Meter) -> Compared:
    """Profiles are kept and merged; drift by KS on KLL sketches and chi-square on frequent items."""
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    with meter.span("baseline"):
        kept = why.log(_frame(files.baseline)).profile().view()
    with meter.span("window"):
        frame = _frame(files.current)
        view = why.log(frame).profile().view()
        scores = calculate_drift_scores(view, kept, with_thresholds=True)
    meter.note(profile_bytes=len(view.serialize()))
    return len(frame), sum(name in scores for name in files.columns)


def evidently(files: Files, meter: Meter) -> Compared:
    """The data drift preset with its default tests; both sides are raw rows."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        id_column="id",
        timestamp="ts",
        numerical_columns=list(files.numbers),
        categorical_columns=list(files.texts),
    )
    with meter.span("window"):
        frames = [_frame(path, files.numbers) for path in (files.current, files.baseline)]
        current, baseline = (Dataset.from_pandas(frame, definition) for frame in frames)
        found = Report([DataDriftPreset()]).run(current, baseline).dict()
    names = {metric.get("config", {}).get("column") for metric in found["metrics"]}
    return len(frames[0]), len(names & set(files.columns))


def nannyml(files: Files, meter: Meter) -> Compared:
    """The univariate drift calculator with its default, Jensen-Shannon; fitted on the baseline beforehand."""
    import nannyml as nml

    with meter.span("baseline"):
        reference = _frame(files.baseline, files.numbers)
        calculator = nml.UnivariateDriftCalculator(
            column_names=files.columns,
            treat_as_categorical=list(files.texts),
            timestamp_column_name="ts",
            chunk_size=len(reference),
        ).fit(reference)
    with meter.span("window"):
        frame = _frame(files.current, files.numbers)
        found = calculator.calculate(frame).filter(period="analysis").to_df(multilevel=True)
    return len(frame), len({name for name, *_ in found.columns} & set(files.columns))


def tfdv(files: Files, meter: Meter) -> Compared:
    """Statistics are kept; drift by Jensen-Shannon for numbers and L-infinity for texts."""
    import tensorflow_data_validation as validation

    def statistics(path: str) -> tuple[Any, int]:
        frame = _frame(path).drop(columns=["id", "ts"])
        return validation.generate_statistics_from_dataframe(frame, n_jobs=1), len(frame)

    with meter.span("baseline"):
        kept, _ = statistics(files.baseline)
        schema = validation.infer_schema(kept)
        for name in files.columns:
            comparator = validation.get_feature(schema, name).drift_comparator
            limit = comparator.infinity_norm if name in files.texts else comparator.jensen_shannon_divergence
            limit.threshold = 0.01
    with meter.span("window"):
        current, rows = statistics(files.current)
        found = validation.validate_statistics(current, schema, previous_statistics=kept)
    return rows, len({item.path.step[0] for item in found.drift_skew_info})


def popmon(files: Files, meter: Meter) -> Compared:
    """Histograms of the baseline and their bins are kept; stability metrics against them."""
    import popmon as tool  # noqa: F401 - gives frames their methods
    from popmon.config import Settings
    from popmon.pipeline.metrics import stability_metrics

    features = [f"ts:{name}" for name in files.columns]
    with meter.span("baseline"):
        frame = _frame(files.baseline, files.numbers)
        made = frame.pm_make_histograms(features=features, time_axis="ts", time_width="1w", ret_specs=True)
        kept, bins = made[0], made[2]
    with meter.span("window"):
        frame = _frame(files.current, files.numbers)
        current = frame.pm_make_histograms(features=features, time_axis="ts", bin_specs=bins)
        settings = Settings(time_axis="ts", reference_type="external", features=features)
        found = stability_metrics(current, settings, reference=kept)
    compared: Mapping[str, Any] = (found if isinstance(found, dict) else found.datastore)["comparisons"]
    return len(frame), len(set(compared) & set(files.columns))


def alibi_detect(files: Files, meter: Meter) -> Compared:
    """TabularDrift: KS and chi-square per column; both sides are raw rows, texts become numbers."""
    import pandas as pd
    from alibi_detect.cd import TabularDrift

    with meter.span("window"):
        frames = [_frame(path) for path in (files.baseline, files.current)]
        for name in files.texts:
            levels = pd.Index(pd.unique(pd.concat([frame[name] for frame in frames])))
            for frame in frames:
                frame[name] = levels.get_indexer(frame[name])
        baseline, current = (frame[files.columns].to_numpy(float) for frame in frames)
        texts = {files.columns.index(name): None for name in files.texts}
        detector = TabularDrift(baseline, p_val=0.05, categories_per_feature=texts)
        found = detector.predict(current, drift_type="feature")["data"]["is_drift"]
    return len(frames[1]), len(found)


def frouros(files: Files, meter: Meter) -> Compared:
    """KSTest and ChiSquareTest for each column; both sides are raw rows."""
    import numpy as np
    from frouros.detectors.data_drift.batch import ChiSquareTest, KSTest

    compared = 0
    with meter.span("window"):
        frames = [_frame(path, files.numbers) for path in (files.baseline, files.current)]
        for name in files.columns:
            baseline, current = (frame[name].dropna().to_numpy() for frame in frames)
            detector = ChiSquareTest() if name in files.texts else KSTest()
            detector.fit(X=baseline)
            compared += bool(np.isfinite(detector.compare(X=current)[0].p_value))
    return len(frames[1]), compared


PEERS: dict[str, tuple[str, Callable[[Files, Meter], Compared]]] = {
    "whylogs": ("whylogs", whylogs),
    "evidently": ("evidently", evidently),
    "nannyml": ("nannyml", nannyml),
    "tfdv": ("tensorflow-data-validation", tfdv),
    "alibi-detect": ("alibi-detect", alibi_detect),
    "frouros": ("frouros", frouros),
    "popmon": ("popmon", popmon),
}
"""By the name of its environment: the distribution, and its work."""


def main() -> int:
    """Let the peer that the argument names do its work, and print the figures."""
    given = json.loads(sys.argv[1])
    pin(given["core"])
    distribution, compare = PEERS[given["peer"]]
    columns = tuple(given["numbers"]), tuple(given["texts"])
    compare(Files(given["warm_baseline"], given["warm_current"], *columns), Meter())
    meter = Meter()
    rows, compared = compare(Files(given["baseline"], given["current"], *columns), meter)
    wanted = len(given["numbers"]) + len(given["texts"])
    meter.note(rows=rows, columns=compared, version=version(distribution))
    if rows != given["rows"] or compared != wanted:
        meter.figures = {"wrong": f"{given['peer']} compared {compared} of {wanted} columns in {rows:,} rows"}
    meter.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
