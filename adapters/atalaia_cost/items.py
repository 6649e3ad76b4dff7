"""What a bill is made of: items, each a quantity of something that has a price."""

from __future__ import annotations

from msgspec import Struct

from atalaia_cost.prices import Price


class Item(Struct, frozen=True):
    """One line of a bill.

    Attributes:
        name: What it is.
        quantity: How much of it in a month.
        price: What it costs.
        dollars: The cost.
        depends_on: What makes it more or less.
    """

    name: str
    quantity: float
    price: Price
    dollars: float
    depends_on: str


class Usage(Struct, frozen=True):
    """An item that is not priced yet; *price* names one of the table."""

    price: str
    name: str
    quantity: float
    depends_on: str
