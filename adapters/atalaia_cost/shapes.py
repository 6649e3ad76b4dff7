"""A bill for machines."""

from __future__ import annotations

from typing import Any

from atalaia_cost.estimate import NOT_COUNTED, Estimate
from atalaia_cost.items import Item


def estimate_shape(bill: Estimate) -> dict[str, Any]:
    """Return a bill as JSON has it; dollars are not rounded, so that the items add up to the sum."""
    return {
        "cloud": bill.cloud,
        "region": bill.table.region,
        "as_of": bill.table.as_of.isoformat(),
        "free_tier": bill.with_free,
        "dollars": bill.dollars,
        "dearest": bill.dearest.name,
        "items": [_item(item) for item in bill.items],
        "savings": [{"change": s.change, "why": s.why, "dollars": s.dollars} for s in bill.savings],
        "not_counted": [*NOT_COUNTED[bill.cloud], *bill.table.missing],
    }


def _item(item: Item) -> dict[str, Any]:
    price = item.price
    return {
        "item": item.name,
        "quantity": item.quantity,
        "unit": price.unit,
        "price": price.tiers[0][1],
        "per": price.per,
        "free": price.free,
        "dollars": item.dollars,
        "depends_on": item.depends_on,
        "source": price.source,
        "seen": None if price.seen is None else price.seen.isoformat(),
    }
