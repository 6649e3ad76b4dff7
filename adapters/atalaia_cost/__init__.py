"""What a monitor costs a month on either cloud: pure sums over measured figures and dated list prices."""

from atalaia_cost.azure import MEMORIES as FLEX_MEMORIES
from atalaia_cost.estimate import CLOUDS, NOT_COUNTED, WAYS, Estimate, Saving, estimate
from atalaia_cost.figures import CELL_BYTES
from atalaia_cost.items import Item
from atalaia_cost.prices import Price, PriceTable, price_table
from atalaia_cost.shapes import estimate_shape
from atalaia_cost.workload import ROWS_PER_OBJECT, Shape, Workload, plain_shape, shape_of, usual_workload

__all__ = [
    "CELL_BYTES", "CLOUDS", "FLEX_MEMORIES", "NOT_COUNTED", "ROWS_PER_OBJECT", "WAYS", "Estimate", "Item", "Price",
    "PriceTable", "Saving", "Shape", "Workload", "estimate", "estimate_shape", "plain_shape", "price_table", "shape_of",
    "usual_workload",
]  # fmt: skip
