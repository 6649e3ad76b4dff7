"""What the installed packages say of columns: how far past its limit each is, above 0 for an alarm.

python benchmarks/peers/verdicts.py '{"peer": "whylogs", "cases": "cases.npz"}' prints a score for each column of each
case as one line of JSON. A case is a baseline and a window of several columns, `<case>/<baseline or window>/<column>`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

LEVEL, LIMIT = 0.05, 0.1
Scores = dict[str, float]


def evidently(baseline: Any, window: Any) -> Scores:
    """The data drift preset; the number of drifted columns must be its own."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    texts = [name for name in baseline if baseline[name].dtype == object]
    numbers = [name for name in baseline if name not in texts]
    definition = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    sides = (Dataset.from_pandas(frame, definition) for frame in (window, baseline))
    metrics = Report([DataDriftPreset()]).run(*sides).dict()["metrics"]
    scores: Scores = {}
    for metric in metrics[1:]:
        told, value = metric["config"], float(metric["value"])
        is_test, is_inclusive = "p_value" in told["method"], told["method"] == "K-S p_value"
        past = LEVEL - value if is_test else value - told["threshold"]
        scores[told["column"]] = past or (1e-300 if is_inclusive or not is_test else 0.0)
    if metrics[0]["value"]["count"] != sum(score > 0 for score in scores.values()):
        msg = f"{metrics[0]['value']} drifted by its own count, by ours {scores}"
        raise ValueError(msg)
    return scores


def nannyml(baseline: Any, window: Any) -> Scores:
    """The univariate calculator with its default method, and chunks as long as the window."""
    import nannyml as nml

    texts = [name for name in baseline if baseline[name].dtype == object]
    calculator = nml.UnivariateDriftCalculator(
        column_names=list(baseline), treat_as_categorical=texts, chunk_size=len(window)
    ).fit(baseline)
    found = calculator.calculate(window).filter(period="analysis").to_df(multilevel=True)
    scores: Scores = {}
    for name in baseline:
        told = found[name]["jensen_shannon"].iloc[0]
        scores[name] = told["value"] - told["upper_threshold"]
        if bool(told["alert"]) != (scores[name] > 0) or told["lower_threshold"] is not None:
            msg = f"{name}: {told}"
            raise ValueError(msg)
    return scores


def whylogs(baseline: Any, window: Any) -> Scores:
    """Profiles of both, compared with the default algorithms and thresholds."""
    import whylogs as why
    from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

    views = (why.log(frame).profile().view() for frame in (window, baseline))
    found = calculate_drift_scores(*views, with_thresholds=True)
    for name, told in found.items():
        if (told["drift_category"] == "DRIFT") != (told["pvalue"] < LEVEL):
            msg = f"{name}: {told}"
            raise ValueError(msg)
    return {name: LEVEL - told["pvalue"] for name, told in found.items()}


PEERS: dict[str, Callable[[Any, Any], Scores]] = {"evidently": evidently, "nannyml": nannyml, "whylogs": whylogs}


def main() -> None:
    """Judge the cases that the argument names."""
    given = json.loads(sys.argv[1])
    frames: dict[str, dict[str, Any]] = {}
    with np.load(given["cases"]) as cases:
        for name in cases.files:
            case, side, column = name.split("/")
            values = cases[name]
            frames.setdefault(case, {}).setdefault(side, {})[column] = (
                values.astype(object) if values.dtype.kind == "U" else values
            )
    judge = PEERS[given["peer"]]
    scores = {
        case: judge(pd.DataFrame(sides["baseline"]), pd.DataFrame(sides["window"])) for case, sides in frames.items()
    }
    sys.stdout.write("\n" + json.dumps({"scores": scores}) + "\n")


if __name__ == "__main__":
    main()
