"""A bill, as the terminal shows it."""

from __future__ import annotations

from rich.console import Console

from atalaia_cli.tables import light_table
from atalaia_cost import NOT_COUNTED, Estimate, Item, Price

_NAMES = {"aws": "AWS", "azure": "Azure"}
_CENT = 0.005
_MOST_SAVINGS = 3


def print_estimate(console: Console, bill: Estimate, *, first: bool) -> None:
    """Print a bill: its items, the sum, the dearest of them, what would make it smaller, and whose prices these are."""
    if not first:
        console.print()
    free = "after what is free" if bill.with_free else "nothing taken off that is free"
    told = f"{_NAMES[bill.cloud]}, {bill.table.place}: {money(bill.dollars)} a month, {free}"
    console.print(told, style="bold", highlight=False)
    table = light_table()
    table.add_column("item", no_wrap=True)
    for name in ("quantity", "price", "a month"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("depends on")
    for item in sorted(bill.items, key=lambda item: -item.dollars):
        if item.quantity:
            table.add_row(item.name, quantity(item), unit_price(item.price), money(item.dollars), item.depends_on)
    console.print(table)
    for line in closing_lines(bill):
        console.print(line, highlight=False, soft_wrap=True)


def closing_lines(bill: Estimate) -> list[str]:
    """Return what is said below the table."""
    dearest = bill.dearest
    lines = [f"Dearest: {dearest.name}, {money(dearest.dollars)}: {quantity(dearest)} {dearest.price.unit}."]
    lines += [f"  {s.change} saves {money(s.dollars)}: {s.why}." for s in bill.savings[:_MOST_SAVINGS]]
    dates = sorted(item.price.seen for item in bill.items if item.price.seen is not None)
    lines += [
        f"List prices of {bill.table.region} in US dollars, as of {bill.table.as_of}, from copies of {sources(bill)}"
        f" of {dates[0]} to {dates[-1]}, some undated. Look there before you rely on them.",
        f"Not counted: {'; '.join(NOT_COUNTED[bill.cloud])}.",
        *(f"No price: {text}" for text in bill.table.missing),
    ]
    return lines


def sources(bill: Estimate) -> str:
    """Return where the prices stand."""
    hosts = {item.price.source.split("/")[2] for item in bill.items}
    return " and ".join(f"{host}'s price pages" for host in sorted(hosts))


def money(dollars: float) -> str:
    """Write dollars with cents, or that they are less than half a cent."""
    return "under $0.01" if 0 < dollars < _CENT else f"${dollars:,.2f}"


def unit_price(price: Price) -> str:
    """Write what the first units cost."""
    dollars = f"{price.tiers[0][1]:.10f}".rstrip("0")
    whole, _, cents = dollars.partition(".")
    per = f" / {short(price.per)}" if price.per != 1 else ""
    return f"${whole}.{cents.ljust(2, '0')}{per}"


def quantity(item: Item) -> str:
    """Write how much it is."""
    return f"{item.quantity:,.0f}" if item.quantity >= 100 else f"{item.quantity:,.3g}"


def short(number: float) -> str:
    """Write a round number: 10,000 or 1m."""
    return f"{number / 1e6:g}m" if number >= 1e6 else f"{number:,.0f}"
