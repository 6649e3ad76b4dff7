"""A first monitor file, inferred from reference data or logs: every guess says what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import msgspec.structs
import pyarrow as pa
from msgspec import Struct, field

from atalaia import compute as pc
from atalaia.errors import LogError
from atalaia.infer_columns import Guess, guess_columns, learn_outputs, number_text, unnamed_inputs
from atalaia.infer_tally import Tally, tally_columns
from atalaia.monitor_file import LogFormat, Monitor, load_monitor
from atalaia.monitor_yaml import quote
from atalaia.rows import Reject, RowBatch, Side
from atalaia.schema import Column
from atalaia.spelling import slug
from atalaia.wording import by_reason, listed

__all__ = ["Found", "carried_monitor", "infer_monitor", "inferred_columns", "not_carried", "slug"]

_LONGEST_NAME = 40  # names are padded to the longest one, but not beyond this
_LONGEST_LINE = 110
_SEPARATORS = {";": "semicolon", "\t": "tab"}
_SERVED = 100  # batches of the logs that are looked at for the model's outputs
_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Monitor)}


class Found(Struct, frozen=True):
    """What is known of the data before their rows are read.

    Attributes:
        name: Any name for the model; the monitor's name is its `slug`.
        logs: Where the logs are: `logs.source`.
        baseline: Files or folders of reference data; without one, the section is written as a comment.
        format: What the rows are read as.
        why: What showed that format, in words.
        output: Where everything that Atalaia writes goes.
    """

    name: str
    logs: str
    baseline: tuple[str, ...]
    format: str
    why: str
    output: str = "atalaia-out"


class Carried(Struct, frozen=True):
    """What the files of another tool bring into a monitor file.

    Attributes:
        told: What they said, and what of it has no place here, as comments: see `NOT_CARRIED`.
        keys: Lines of YAML: the monitor's other keys.
    """

    told: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()


NOT_CARRIED = "Not carried over: "
"""What a comment begins with that tells of a thing lost."""

Carry = Callable[[list[Guess], Mapping[str, Tally]], Carried]
"""Changes what was guessed of the columns, given the tallies of their values, and tells the rest."""


class _Sample(Struct):
    """What was read: batches up to the limit of rows, and rejects by reason."""

    limit: int
    batches: list[RowBatch] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)

    def add(self, item: RowBatch | Reject) -> None:
        """Take in a batch or a reject."""
        if isinstance(item, Reject):
            self.rejected[item.reason] += item.rows
        else:
            self.batches.append(item)

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return sum(batch.rows for batch in self.batches)

    def described(self) -> list[RowBatch]:
        """Return the batches that one list of columns can describe.

        Inputs without names are told apart by how many there are; of several layouts the one with the most rows counts.
        """
        layouts: Counter[int] = Counter()
        for batch in self.batches:
            if Side.INPUT in batch.captured:
                layouts[unnamed_inputs(batch)] += batch.rows
        most = max(layouts, key=lambda layout: layouts[layout], default=0)
        return [b for b in self.batches if Side.INPUT not in b.captured or unnamed_inputs(b) == most]


def infer_monitor(
    batches: Iterable[RowBatch | Reject],
    found: Found,
    *,
    max_rows: int = 50_000,
    served: Iterable[RowBatch | Reject] = (),
    carry: Carry | None = None,
) -> str:
    """Write a commented monitor file for the columns that were read.

    Args:
        batches: The rows of reference data or logs; no more is taken than *max_rows* need.
        found: The names and places to write into it, and how the rows were read.
        max_rows: How many rows to look at.
        served: Rows of the logs, when *batches* are reference data: they tell which columns are the model's outputs.
        carry: Brings in what the files of another tool say.

    Raises:
        LogError: There was no row, or no row had a column.
    """
    sample = _sampled(batches, max_rows)
    described = sample.described()
    tallies = tally_columns(described)
    writable = {column: tally for column, tally in tallies.items() if _writable(column)}
    guesses = guess_columns(writable, described)
    if not guesses or not sample.rows:
        raise LogError(_nothing(sample, found))
    learn_outputs(guesses, islice(served, _SERVED))
    carried = Carried() if carry is None else carry(guesses, writable)
    return _monitor_text(_header(sample, described, found), found, guesses, carried, len(tallies) - len(writable))


def carried_monitor(
    guesses: list[Guess], found: Found, carried: Carried, served: Iterable[RowBatch | Reject] = ()
) -> str:
    """Write a commented monitor file for columns of which another tool's files tell, not rows.

    Args:
        guesses: The columns.
        found: The names and places to write into it.
        carried: What else the files say.
        served: Rows of the logs, which tell what columns are the model's outputs.
    """
    learn_outputs(guesses, islice(served, _SERVED))
    return _monitor_text(["# An Atalaia monitor, made from the files of another tool."], found, guesses, carried, 0)


def not_carried(text: str) -> list[str]:
    """Return what of another tool's files has no place in the monitor file *text*, as its comments tell."""
    return [line.removeprefix("# ") for line in text.splitlines() if line.startswith(f"# {NOT_CARRIED}")]


def _monitor_text(header: list[str], found: Found, guesses: list[Guess], carried: Carried, unwritable: int) -> str:
    parts = (
        [*header, *(f"# {_comment(line)}" for line in carried.told)],
        _model(found.name),
        _places(found),
        _columns(guesses, unwritable),
        [*carried.keys, *_rest(carried.keys)],
    )
    return "\n".join("\n".join(part) + "\n" for part in parts)


def inferred_columns(batches: Iterable[RowBatch | Reject], where: str) -> tuple[Column, ...]:
    """Tell from the reference data that lie *where* what columns there are and what they are for.

    Raises:
        LogError: As `infer_monitor`.
    """
    text = infer_monitor(batches, Found(name="inferred", logs=where, baseline=(where,), format="", why=""))
    return load_monitor(text, "the inferred monitor").columns


def _sampled(batches: Iterable[RowBatch | Reject], max_rows: int) -> _Sample:
    sample = _Sample(max_rows)
    for item in batches:
        sample.add(item)
        if sample.rows >= max_rows:
            break
    return sample


def _writable(column: str) -> bool:
    return column.encode("utf-8", "ignore").decode() == column


def _nothing(sample: _Sample, found: Found) -> str:
    where, form = listed(found.baseline or (found.logs,)), f" in data read as {found.format}" if found.format else ""
    fix = "in a format that is read: Parquet, CSV, lines of JSON, or a platform's own log"
    if set(sample.rejected) != {"unknown_format"}:
        fix = "that hold at least one row"
    return f"{where}: no row with columns was found{form}{_rejects(sample)}. Give files {fix}."


def _rejects(sample: _Sample) -> str:
    counts = by_reason(sample.rejected)
    return f"; rejected: {counts}" if counts else ""


def _header(sample: _Sample, described: list[RowBatch], found: Found) -> list[str]:
    rows = sample.rows
    limit = " (where reading stopped)" if rows >= sample.limit else ""
    return [
        "# An Atalaia monitor, inferred from data. A guess says so and why: correct it where you know better.",
        f"# Read: {_rows(rows)}{limit}, {_columns_read(described)}{_rejects(sample)}.",
        *_not_described(sample, described),
        f"# Format: {_comment(found.format)} ({_comment(found.why)}).",
        *(_unseparated(described) if found.format == LogFormat.CSV else []),
    ]


def _unseparated(described: list[RowBatch]) -> list[str]:
    """Ask whether a CSV file's only column is several ones, separated by another character than a comma."""
    names = {name for batch in described for name in batch.columns}
    if len(names) != 1:
        return []
    (name,) = names
    array = next(batch.columns[name] for batch in described if batch.columns)
    texts = array.drop_null() if pa.types.is_string(array.type) else pa.array([], pa.string())
    for separator, spoken in _SEPARATORS.items():
        having = pc.sum(pc.match_substring(texts, separator)).as_py() or 0
        if separator in name or having > len(texts) / 2:
            return [f"# Only one column: is the separator a {spoken}? Columns are separated by commas."]
    return []


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _not_described(sample: _Sample, described: list[RowBatch]) -> list[str]:
    left_out = sample.rows - sum(batch.rows for batch in described)
    if not left_out:
        return []
    told = "inputs without names come in different numbers, or with names too; the commonest is described"
    return [f"# Not described: {_rows(left_out)} ({told})."]


def _columns_read(described: list[RowBatch]) -> str:
    count = len({name for batch in described for name in batch.columns})
    return f"{count:,} column" if count == 1 else f"{count:,} columns"


def _comment(text: str) -> str:
    """Keep a text on its line."""
    return quote(text)[1:-1].replace('\\"', '"') if quote(text).startswith('"') else text


def _model(name: str) -> list[str]:
    monitor = slug(name)
    return [f"name: {quote(monitor)}", "model:", f"  name: {quote(name or monitor)}", '  # version: "1"']


def _places(found: Found) -> list[str]:
    same = found.logs in found.baseline
    guessed = "  # guessed: the data that were read; name the folder of the model's logs" if same else ""
    return [
        "logs:",
        f"  source: {quote(found.logs)}{guessed}",
        "  # format: auto",
        *_reference(found.baseline, same),
        f"output: {quote(found.output)}",
    ]


def _reference(baseline: tuple[str, ...], same: bool) -> list[str]:
    if not baseline:
        return ["# baseline:  # the reference data", "#   data: [reference.csv]"]
    told = "the logs themselves; replace it with training data, or a fault in these logs is not seen"
    return [
        f"baseline:{f'  # guessed: {told}' if same else ''}",
        f"  data: [{', '.join(map(quote, baseline))}]",
    ]


def _columns(guesses: list[Guess], unwritable: int) -> list[str]:
    names = max(len(quote(guess.name)) for guess in guesses)
    entries = [_entry(guess, min(names, _LONGEST_NAME)) for guess in guesses]
    pairs = list(zip(entries, guesses, strict=True))
    width = max((len(entry) for entry, guess in pairs if _fits(_beside(entry, guess))), default=0)
    lines = [line for entry, guess in pairs for line in _commented(entry, guess, width)]
    if unwritable:
        which = "1 column whose name is" if unwritable == 1 else f"{unwritable:,} columns whose names are"
        lines.append(f"  # left out: {which} not valid Unicode")
    return ["columns:", *lines]


def _commented(entry: str, guess: Guess, width: int) -> list[str]:
    """Put what a guess rests on behind the entry, or above it where the line would be too long."""
    for padded in (f"{entry:<{width}}", entry):
        if _fits(_beside(padded, guess)):
            return [_beside(padded, guess)]
    above = [f"  # {guess.said}: {'; '.join(guess.reasons + guess.hints)}"]
    if not _fits(above[0]):
        above = [f"  # {guess.said}: {'; '.join(guess.reasons)}", *(f"  #   {hint}" for hint in guess.hints)]
    return [*above, f"  - {entry}"]


def _beside(entry: str, guess: Guess) -> str:
    return f"  - {entry}  # {guess.said}: {'; '.join(guess.reasons + guess.hints)}"


def _fits(line: str) -> bool:
    return len(line) <= _LONGEST_LINE


def _entry(guess: Guess, width: int) -> str:
    keys = [f"{f'name: {quote(guess.name)},':<{width + 7}} type: {guess.type}"]
    if guess.role != "feature":
        keys.append(f"role: {guess.role}")
    kinds = {"categorical": guess.categorical, "numeric": guess.numeric, "text": guess.text}
    keys += [f"kind: {kind}" for kind, said in kinds.items() if said]
    if not guess.nullable:
        keys.append("nullable: false")
    if guess.share:
        keys.append("range: [0, 1]")
    elif guess.range:
        keys.append(f"range: {guess.range}")
    if guess.set:
        keys.append(f"set: [{', '.join(quote(v) if isinstance(v, str) else number_text(v) for v in guess.set)}]")
    return "{" + ", ".join(keys) + "}"


def _rest(given: tuple[str, ...]) -> list[str]:
    keys = {line.partition(":")[0] for line in given}
    defaults = [
        f"# window: {_DEFAULTS['window']}    # width of the windows of event time that are compared with the baseline",
        f"# lateness: {_DEFAULTS['lateness']}  # how long after a window's end rows may still arrive",
        "# checks:       # only what differs from the default checks",
        "#   - {metric: psi, threshold: {warning: 0.1, alert: 0.2}}",
    ]
    left = [line for line in defaults if line.strip("# ").partition(":")[0] not in keys]
    left = left[:-1] if "checks" in keys else left
    return ["# The defaults; remove the mark to change one.", *left]
