"""Every bias metric that is measured, with what its number means."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from msgspec import Struct

from atalaia.signals.fairness import (
    Confusion,
    Outcomes,
    acceptance_gap,
    acceptance_rate_difference,
    accuracy_difference,
    class_imbalance,
    conditional_acceptance,
    conditional_disparity,
    conditional_rejection,
    disparate_impact,
    generalised_entropy,
    jensen_shannon,
    kullback_leibler,
    lp_norm,
    recall_difference,
    rejection_rate_difference,
    specificity_difference,
    total_variation,
    treatment_equality,
)

Pair = tuple[Confusion, Confusion]
"""The others and the facet."""

Measuring = Callable[[Pair, Sequence[Pair]], float | None]
"""Measures all rows, given also the same rows in each group."""


class Measure(Struct, frozen=True):
    """One metric of Clarify's.

    Attributes:
        meaning: What the number says.
        low, high: Its range; None for no limit.
        of: How it is measured.
        predicted: Whether predictions are needed.
        grouped: Whether groups are needed.
        fair: The number without bias.
    """

    meaning: str
    low: float | None
    high: float | None
    of: Measuring
    predicted: bool = False
    grouped: bool = False
    fair: float = 0.0


def _labels(metric: Callable[[Outcomes, Outcomes], float | None]) -> Measuring:
    return lambda pair, _groups: metric(pair[0].labels, pair[1].labels)


def _predictions(metric: Callable[[Outcomes, Outcomes], float | None]) -> Measuring:
    return lambda pair, _groups: metric(pair[0].predictions, pair[1].predictions)


def _both(metric: Callable[[Confusion, Confusion], float | None]) -> Measuring:
    return lambda pair, _groups: metric(*pair)


def _cddl(_pair: Pair, groups: Sequence[Pair]) -> float | None:
    return conditional_disparity((others.labels, facet.labels) for others, facet in groups)


def _cddpl(_pair: Pair, groups: Sequence[Pair]) -> float | None:
    return conditional_disparity((others.predictions, facet.predictions) for others, facet in groups)


_DISPARITY = "facet's share of the rejected less its share of the accepted, mean over groups"

MEASURES: dict[str, Measure] = {
    "CI": Measure("how much larger the others are than the facet", -1, 1, _labels(class_imbalance)),
    "DPL": Measure("share of positive labels: others less facet", -1, 1, _labels(acceptance_gap)),
    "KL": Measure("divergence of the others' labels from the facet's, nats", 0, None, _labels(kullback_leibler)),
    "JS": Measure("divergence of both from their mean, nats", 0, math.log(2), _labels(jensen_shannon)),
    "LP": Measure("Euclidean distance of the shares of labels", 0, math.sqrt(2), _labels(lp_norm)),
    "TVD": Measure("half the sum of the distances of these shares", 0, 1, _labels(total_variation)),
    "KS": Measure("largest distance of these shares", 0, 1, _labels(total_variation)),
    "CDDL": Measure(f"of labels: {_DISPARITY}", -1, 1, _cddl, grouped=True),
    "DPPL": Measure("share of positive predictions: others less facet", -1, 1, _predictions(acceptance_gap), True),
    "DI": Measure(
        "share of positive predictions: facet over others", 0, None, _predictions(disparate_impact), True, fair=1
    ),
    "DCA": Measure(
        "positive labels over positive predictions: others less facet", None, None, _both(conditional_acceptance), True
    ),
    "DCR": Measure(
        "negative labels over negative predictions: facet less others", None, None, _both(conditional_rejection), True
    ),
    "RD": Measure("recall: others less facet", -1, 1, _both(recall_difference), True),
    "SD": Measure("specificity: facet less others", -1, 1, _both(specificity_difference), True),
    "DAR": Measure("right among the accepted: others less facet", -1, 1, _both(acceptance_rate_difference), True),
    "DRR": Measure("right among the rejected: facet less others", -1, 1, _both(rejection_rate_difference), True),
    "AD": Measure("accuracy: others less facet", -1, 1, _both(accuracy_difference), True),
    "TE": Measure(
        "false negatives over false positives: facet less others", None, None, _both(treatment_equality), True
    ),
    "CDDPL": Measure(f"of predictions: {_DISPARITY}", -1, 1, _cddpl, True, grouped=True),
    "GE": Measure("how unequally answers benefit all rows, facet or not", 0, None, _both(generalised_entropy), True),
}
"""Every metric, by Clarify's abbreviation, those of labels first."""
