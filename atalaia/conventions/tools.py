"""The tools whose conventions can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from atalaia.constraints_file import Rule
from atalaia.conventions import Judged, azureml, evidently, nannyml, sagemaker
from atalaia.conventions.asking import metrics_of
from atalaia.conventions.sides import Asked
from atalaia.profile import Grid, Summary
from atalaia.schema import Column

Judge = Callable[[Column, Grid, Summary, Summary, Asked], Judged]
"""Judges one column, given what its baseline and its window were counted on, as a tool does."""


class Tool(Struct, frozen=True):
    """A tool: how it is called, and how it judges a column."""

    title: str
    judge: Judge


def _sagemaker(column: Column, grid: Grid, baseline: Summary, current: Summary, asked: Asked) -> Judged:
    rule = Rule(categorical_method="ChiSquared" if asked.metric == "chi_square" else "LInfinity")
    if asked.threshold is not None:
        rule = replace(rule, threshold=asked.threshold)
    return sagemaker.judge(column, grid, baseline, current, rule)


TOOLS: Mapping[str, Tool] = {
    "azureml": Tool("Azure ML", azureml.judge),
    "evidently": Tool("Evidently", evidently.judge),
    "nannyml": Tool("NannyML", nannyml.judge),
    "sagemaker": Tool("SageMaker Model Monitor", _sagemaker),
}
"""By the name of the convention."""


def measured(convention: str, column: Column, sides: tuple[Grid, Summary, Summary]) -> dict[str, Judged]:
    """Measure all that a tool has for a column, by our names; limits that rest on chance or chunks are not drawn."""
    asked = [Asked(metric, threshold=0.0) for metric in metrics_of(convention, column.effective_kind)]
    return {str(one.metric): TOOLS[convention].judge(column, *sides, one) for one in asked}
