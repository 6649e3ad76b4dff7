"""`atalaia cost`: what a monitor costs a month on either cloud."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import click
from msgspec import Struct
from rich.console import Console

from atalaia.checks import METRICS
from atalaia.errors import AtalaiaError
from atalaia.monitor_file import load_monitor
from atalaia.telemetry import Detail
from atalaia.window import SECOND, parse_duration
from atalaia_cli.bills import print_estimate
from atalaia_cli.places import read_bytes
from atalaia_cli.shapes import print_json
from atalaia_cost import (
    CELL_BYTES,
    CLOUDS,
    FLEX_MEMORIES,
    ROWS_PER_OBJECT,
    WAYS,
    Shape,
    Workload,
    estimate,
    estimate_shape,
    plain_shape,
    shape_of,
)

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_DAYS = 30
_LAMBDA_MEMORY = (128, 10_240)


class _Given(Struct, frozen=True):
    """The options, as click hands them over."""

    rows: str
    objects: str | None
    rows_per_object: int
    object_kb: float | None
    columns: int | None
    window: str | None
    segments: int | None
    cloud: str
    detail: str
    metrics: str | None
    every: str
    queue: bool
    batch: int
    batch_seconds: float
    memory: int | None
    arch: str
    alarms: int
    dashboards: int
    months: float
    free_tier: bool
    as_json: bool


@click.command(short_help="Tell what a monitor costs a month on AWS or Azure.")
@click.argument("monitor", required=False)
@click.option("--rows", required=True, metavar="N", help="Rows a month, such as 3m; or a day, such as 100k/day.")
@click.option("--objects", metavar="N", help="Log objects a month or a day, likewise.")
@click.option(
    "--rows-per-object",
    type=click.IntRange(1),
    default=ROWS_PER_OBJECT,
    show_default=True,
    help="In place of --objects.",
)
@click.option("--object-kb", type=click.FloatRange(0), help="Size of a log object; by default 20 bytes a value.")
@click.option("--columns", type=click.IntRange(1, 10_000), help="Without MONITOR: so many numeric columns.")
@click.option("--window", metavar="DURATION", help="Width of its windows; by default the monitor file's, or 1d.")
@click.option(
    "--segments", type=click.IntRange(0, 1_000), help="How many there are; by default the most that there can be."
)
@click.option("--cloud", type=click.Choice([*CLOUDS, "both"]), default="both", show_default=True, help="Where it runs.")
@click.option(
    "--detail",
    type=click.Choice([each.value for each in Detail]),
    default="summary",
    show_default=True,
    help="As ATALAIA_DETAIL.",
)
@click.option("--metrics", metavar="WAY", help="Where metrics go, as ATALAIA_METRICS; by default the cloud's own.")
@click.option(
    "--every",
    default="1m",
    show_default=True,
    metavar="DURATION",
    help="How often evaluate is called, and on Azure collect.",
)
@click.option("--queue/--no-queue", default=True, help="Whether log objects wait in a queue; by default they do.")
@click.option(
    "--batch", type=click.IntRange(1, 10_000), default=100, show_default=True, help="AWS: messages in a call."
)
@click.option(
    "--batch-seconds", type=click.FloatRange(0, 300), default=60, show_default=True, help="AWS: wait for more."
)
@click.option("--memory", type=int, metavar="MB", help="A function's; by default 1024 on AWS and 2048 on Azure.")
@click.option("--arch", type=click.Choice(["arm64", "x86_64"]), default="arm64", show_default=True, help="Lambda's.")
@click.option("--alarms", type=click.IntRange(0), default=5, show_default=True, help="Alarms, or alert rules.")
@click.option("--dashboards", type=click.IntRange(0), default=1, show_default=True, help="CloudWatch dashboards.")
@click.option("--months", type=click.FloatRange(0), default=1, show_default=True, help="Keep reports and logs so long.")
@click.option("--free-tier/--no-free-tier", default=False, help="Leave out what the cloud gives free; by default not.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def cost(monitor: str | None, **options: Any) -> None:
    """Tell what MONITOR, or one with so many --columns, costs a month at list prices, and what would make it cheaper.

    \b
    Example: atalaia cost monitor.yaml --rows 100k/day --cloud aws
    Example: atalaia cost --columns 222 --window 1h --rows 3m --detail columns
    """
    given = _Given(**options)
    work = _workload(given, _shape(monitor, given))
    clouds = CLOUDS if given.cloud == "both" else (given.cloud,)
    bills = [estimate(work, cloud, with_free=given.free_tier) for cloud in clouds]
    if given.as_json:
        print_json({"clouds": [estimate_shape(bill) for bill in bills]})
        return
    for place, bill in enumerate(bills):
        print_estimate(Console(), bill, first=not place)


def _shape(monitor: str | None, given: _Given) -> Shape:
    if given.columns is not None and monitor is None:
        return plain_shape(given.columns, _seconds(given.window or "1d", "--window"))
    if monitor is None or given.columns is not None:
        msg = "MONITOR and --columns are two ways to say what is watched. Give one of them."
        raise AtalaiaError(msg)
    shape = shape_of(load_monitor(read_bytes(Path(monitor)), Path(monitor).name, METRICS))
    return shape if given.window is None else shape.with_window(_seconds(given.window, "--window"))


def _workload(given: _Given, shape: Shape) -> Workload:
    rows = _count(given.rows, "--rows")
    objects = rows / given.rows_per_object if given.objects is None else _count(given.objects, "--objects")
    objects = max(1.0, objects) if rows else 0.0
    bytes_each = rows / objects * shape.columns * CELL_BYTES if rows else 0.0
    segments = shape.segments if given.segments is None else given.segments
    work = Workload(
        shape=shape,
        rows=rows,
        objects=objects,
        object_bytes=bytes_each if given.object_kb is None else given.object_kb * 1000,
        segments=segments,
        detail=Detail(given.detail),
        every_seconds=_seconds(given.every, "--every", least=60),
        queue=given.queue,
        batch=given.batch,
        batch_seconds=given.batch_seconds,
        architecture=given.arch,
        alarms=given.alarms,
        dashboards=given.dashboards,
        kept_months=given.months,
    )
    return work.choosing(_ways(given), _memories(given))


def _ways(given: _Given) -> dict[str, str]:
    """Return the way that was chosen, for each cloud that has it."""
    if given.metrics is None:
        return {}
    asked = CLOUDS if given.cloud == "both" else (given.cloud,)
    ways = {cloud: given.metrics for cloud in asked if given.metrics in WAYS[cloud]}
    if not ways:
        known = ", ".join(dict.fromkeys(way for cloud in asked for way in WAYS[cloud]))
        msg = f"--metrics {given.metrics}: no such way there. Give one of {known}."
        raise AtalaiaError(msg)
    return ways


def _memories(given: _Given) -> dict[str, int]:
    if given.memory is None:
        return {}
    least, most = _LAMBDA_MEMORY
    if given.cloud != "azure" and not least <= given.memory <= most:
        msg = f"--memory {given.memory}: Lambda has {least} to {most:,} MB. Give such a number."
        raise AtalaiaError(msg)
    if given.cloud != "aws" and given.memory not in FLEX_MEMORIES:
        sizes = ", ".join(map(str, FLEX_MEMORIES))
        msg = f"--memory {given.memory}: Azure has {sizes} MB. Give one of them, or --cloud aws."
        raise AtalaiaError(msg)
    return dict.fromkeys(CLOUDS, given.memory)


def _count(text: str, option: str) -> float:
    """Read a number of things a month: `3m`, `1,500`, `100k/day`."""
    match = re.fullmatch(r"([\d,]*\.?\d+)([kmb]?)(/day|/month)?", text.strip().lower())
    number = math.nan if match is None else float(match[1].replace(",", "")) * _UNITS[match[2]]
    if match is None or not number < 1e15:
        msg = f"{option} {text}: not a number of them. Write it like 1500, 100k, 3m, or 100k/day."
        raise AtalaiaError(msg)
    return number * (_DAYS if match[3] == "/day" else 1)


def _seconds(text: str, option: str, least: float = 1) -> float:
    try:
        seconds = parse_duration(text) / SECOND
    except ValueError as error:
        msg = f"{option}: {error}"
        raise AtalaiaError(msg) from error
    if seconds < least:
        msg = f"{option} {text}: too short. Give at least {least:g} s."
        raise AtalaiaError(msg)
    return seconds
