"""The providers' list prices, from `prices.toml`: dated, each with the page it stands on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """What something costs.

    Attributes:
        unit: What is counted.
        per: The dollars are for so many units.
        tiers: Pairs of units and dollars: up to so many a month cost so much; the last pair has no end.
        source: The provider's page.
        free: So many units a month cost nothing, for the whole account.
        seen: Of when the copy was that it was read in; None where it does not say.
    """

    unit: str
    per: float
    tiers: tuple[tuple[float, float], ...]
    source: str
    free: float = 0
    seen: date | None = None

    def dollars(self, quantity: float, *, with_free: bool = False) -> float:
        """Return the cost of a month's *quantity*, by tiers; *with_free* if what is free is to be left out.

        Example:
            >>> price = price_table("aws").prices["custom_metrics"]
            >>> price.dollars(2_000), price.dollars(12_000)
            (600.0, 3200.0)
        """
        left = max(0.0, quantity - self.free) if with_free else quantity
        total, start = 0.0, 0.0
        for end, dollars in self.tiers:
            within = max(0.0, min(left, end) - start)
            total += within * dollars / self.per
            start = end
        return total


class PriceTable(Struct, frozen=True, forbid_unknown_fields=True):
    """The prices of one cloud in one region.

    Attributes:
        as_of: When the table was put together.
        region: As the provider calls it.
        place: As people call it.
        missing: What has no price here, and why.
        prices: By name.
    """

    as_of: date
    region: str
    place: str
    missing: tuple[str, ...]
    prices: Mapping[str, Price]


@cache
def price_table(cloud: str) -> PriceTable:
    """Return the prices of `aws` or `azure`."""
    text = files("atalaia_cost").joinpath("prices.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)[cloud], PriceTable)
