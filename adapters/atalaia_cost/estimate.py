"""The bill of a workload on a cloud, and what would make it smaller: each knob is turned, and the bill made again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from atalaia.telemetry import Detail
from atalaia_cost import aws, azure
from atalaia_cost.items import Item, Usage
from atalaia_cost.prices import PriceTable, price_table
from atalaia_cost.workload import Workload

_USES: Mapping[str, Callable[[Workload], list[Usage]]] = {"aws": aws.uses, "azure": azure.uses}
CLOUDS = tuple(_USES)
WAYS = {"aws": aws.WAYS, "azure": azure.WAYS}
NOT_COUNTED = {"aws": aws.NOT_COUNTED, "azure": azure.NOT_COUNTED}
_WORTH_SAYING = 0.01  # dollars
_LEAST_MB, _SLOWER = 512, "functions need at most 250 MB; with less they are slower"


class Saving(Struct, frozen=True):
    """A knob that could be turned: how, why that helps, and how many dollars a month it saves."""

    change: str
    why: str
    dollars: float


class Estimate(Struct, frozen=True):
    """A month on one cloud.

    Attributes:
        cloud: `aws` or `azure`.
        table: Whose prices were taken.
        with_free: Whether what is free was left out.
        items: The lines of the bill.
        savings: What would make it smaller, most first.
    """

    cloud: str
    table: PriceTable
    with_free: bool
    items: tuple[Item, ...]
    savings: tuple[Saving, ...] = ()

    @property
    def dollars(self) -> float:
        """The whole bill."""
        return sum(item.dollars for item in self.items)

    @property
    def dearest(self) -> Item:
        """The largest item."""
        return max(self.items, key=lambda item: item.dollars)


def estimate(work: Workload, cloud: str, *, with_free: bool = False) -> Estimate:
    """Return the bill of a month of *work*, and what would make it smaller.

    Args:
        work: What is to be priced.
        cloud: `aws` or `azure`.
        with_free: Leave out what the cloud gives free each month.
    """
    bill = _bill(work, cloud, with_free)
    savings = []
    for change, why, turned in _turned(work, cloud):
        saved = bill.dollars - _bill(turned, cloud, with_free).dollars
        if saved >= _WORTH_SAYING:
            savings.append(Saving(change, why, saved))
    return replace(bill, savings=tuple(sorted(savings, key=lambda saving: -saving.dollars)))


def _bill(work: Workload, cloud: str, with_free: bool) -> Estimate:
    table = price_table(cloud)
    return Estimate(cloud, table, with_free, tuple(_priced(use, table, with_free) for use in _USES[cloud](work)))


def _priced(use: Usage, table: PriceTable, with_free: bool) -> Item:
    price = table.prices[use.price]
    return Item(use.name, use.quantity, price, price.dollars(use.quantity, with_free=with_free), use.depends_on)


def _turned(work: Workload, cloud: str) -> list[tuple[str, str, Workload]]:
    """Return each knob, turned towards what is cheaper: what to say, why, and the workload that it makes."""
    every = [_detail(work), _segments(work), _queue(work), _objects(work), _minutes(work)]
    own = [_way(work), _aws_memory(work)] if cloud == "aws" else [_azure_memory(work)]
    return [(change, why, turned) for change, why, turned in (*every, *own) if turned != work]


def _detail(work: Workload) -> tuple[str, str, Workload]:
    why = f"{work.findings:,} series fewer; the findings are in the log by column either way"
    return "--detail summary", why, replace(work, detail=Detail.SUMMARY)


def _segments(work: Workload) -> tuple[str, str, Workload]:
    why = f"{work.segments * work.shape.segment_findings:,} findings fewer in each report"
    return "no segments", why, replace(work, segments=0)


def _queue(work: Workload) -> tuple[str, str, Workload]:
    return "a queue before ingest", "a call takes many log objects", replace(work, queue=True)


def _objects(work: Workload) -> tuple[str, str, Workload]:
    larger = replace(work, objects=work.objects / 10, object_bytes=work.object_bytes * 10)
    return "log objects ten times as large", "fewer requests and calls, and fewer reports of windows that go on", larger


def _way(work: Workload) -> tuple[str, str, Workload]:
    return (
        "--metrics cloudwatch-otlp",
        "points cost by their size, not by series; but alarms see none of them",
        replace(work, aws_way="cloudwatch-otlp"),
    )


def _minutes(work: Workload) -> tuple[str, str, Workload]:
    slower = replace(work, every_seconds=max(work.every_seconds, 300))
    return "--every 5m", "fewer calls, and fewer reports of windows that go on", slower


def _aws_memory(work: Workload) -> tuple[str, str, Workload]:
    return f"--memory {_LEAST_MB}", _SLOWER, replace(work, aws_memory=min(_LEAST_MB, work.aws_memory))


def _azure_memory(work: Workload) -> tuple[str, str, Workload]:
    return f"--memory {_LEAST_MB}", _SLOWER, replace(work, azure_memory=min(_LEAST_MB, work.azure_memory))
