"""How a first monitor file is made: from rows, from the files of another tool, or from both."""

from __future__ import annotations

import os
from pathlib import Path

import click
from msgspec import Struct

from atalaia.constraints_file import Constraints, is_constraints_file, read_constraints
from atalaia.errors import AtalaiaError
from atalaia.from_azureml import Schedule, is_schedule, read_schedule
from atalaia.from_sagemaker import carry_constraints, columns_of
from atalaia.infer import Found, carried_monitor, infer_monitor, not_carried, slug
from atalaia.monitoring.sources import LogSource
from atalaia.statistics_file import Statistics, is_statistics_file, read_statistics
from atalaia_cli.places import local_path, open_place, read_bytes

_BEGINNING = 4096  # bytes


class Given(Struct):
    """What was named on the command line, told apart by content.

    Attributes:
        rows: Places with rows.
        statistics, constraints, schedule: The files of other tools.
    """

    rows: list[str]
    statistics: str | None = None
    constraints: str | None = None
    schedule: str | None = None

    @property
    def baseline(self) -> tuple[str, ...]:
        """What the baseline is made of; constraints alone are none."""
        data = (*self.rows, *([self.statistics] if self.statistics is not None else []))
        return (*data, self.constraints) if data and self.constraints is not None else data


def told_apart(data: tuple[str, ...], carried: tuple[str, ...]) -> Given:
    """Tell what there is in the places of *data*, and in the files *carried* over from another tool.

    Raises:
        AtalaiaError: A file of *carried* is none that is known, there are two of a kind, or rows beside statistics.
    """
    given = Given([])
    for place in (*data, *carried):
        kind = _kind(place)
        if kind is None and place in carried:
            msg = f"{place}: not known. --from takes a constraints.json, a statistics.json, or an Azure ML schedule."
            raise AtalaiaError(msg)
        if kind is None:
            given.rows.append(place)
        elif getattr(given, kind) is not None:
            msg = f"{place}: a second file of its kind; the first is {getattr(given, kind)}. Leave one of them out."
            raise AtalaiaError(msg)
        else:
            setattr(given, kind, place)
    if given.statistics is not None and given.rows:
        msg = f"{given.statistics}: statistics are the whole baseline. Leave {given.rows[0]} out, or them."
        raise AtalaiaError(msg)
    if given.schedule is not None and given.constraints is not None:
        msg = f"{given.constraints} and {given.schedule} are of two tools. Leave one of them out."
        raise AtalaiaError(msg)
    if given.schedule is not None and not given.rows:
        msg = f"{given.schedule}: a schedule names no columns. Give reference data, too: atalaia init DATA --from FILE."
        raise AtalaiaError(msg)
    return given


def _kind(place: str) -> str | None:
    path = Path(local_path(place))
    if not path.is_file():
        return None
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    if is_statistics_file(beginning):
        return "statistics"
    if is_constraints_file(beginning):
        return "constraints"
    return "schedule" if path.suffix in (".yaml", ".yml") and is_schedule(read_bytes(path)) else None


def first_monitor(given: Given, logs: str | None, base: Path, name: str | None) -> str:
    """Return the text of a first monitor file that lies in *base*; what it could not take over is told on stderr.

    Raises:
        AtalaiaError: There are no rows where there should be some, or a file has faults.
    """
    sources = [LogSource(*open_place(place)) for place in given.rows]
    objects = next(((source, info) for source in sources for info in source.objects()), None)
    if given.rows and objects is None:
        msg = f"{', '.join(given.rows)}: no data there. Give files or folders with rows."
        raise AtalaiaError(msg)
    reading = objects[0].read(objects[1]) if objects is not None else None
    constraints, schedule = _constraints(given), _schedule(given)
    carry = carry_constraints(constraints, judged=bool(given.baseline)) if schedule is None else schedule.carry
    first = (*given.rows, given.statistics or given.constraints or "")[0]
    found = Found(
        name=slug(name or (schedule.name if schedule is not None else "") or Path(first).stem),
        logs=relative(logs or (given.rows or ["logs"])[0], base),
        baseline=tuple(relative(place, base) for place in given.baseline),
        format=reading.format if reading is not None else "",
        why=reading.why if reading is not None else "",
    )
    served = LogSource(*open_place(logs)).batches() if logs else ()
    if sources:
        rows = (piece for source in sources for piece in source.batches())
        text = infer_monitor(rows, found, served=served, carry=carry)
    else:
        columns = columns_of(_statistics(given), constraints)
        text = carried_monitor(columns, found, carry(columns, {}), served)
    for line in not_carried(text):
        click.echo(line, err=True)
    return text


def _constraints(given: Given) -> Constraints | None:
    place = given.constraints
    return None if place is None else read_constraints(read_bytes(Path(place)), place)


def _schedule(given: Given) -> Schedule | None:
    return None if given.schedule is None else read_schedule(read_bytes(Path(given.schedule)), given.schedule)


def _statistics(given: Given) -> Statistics | None:
    return None if given.statistics is None else read_statistics(read_bytes(Path(given.statistics)), given.statistics)


def relative(place: str, base: Path) -> str:
    """Return *place* as the monitor file in *base* names it."""
    return place if Path(place).is_absolute() else Path(os.path.relpath(place, base)).as_posix()
