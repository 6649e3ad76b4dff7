"""A first monitor file, inferred from reference data or logs: every guess says what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

import msgspec.structs

from atalaia.errors import LogError
from atalaia.infer_columns import Guess, guess_columns, learn_outputs, unnamed_inputs
from atalaia.infer_tally import tally_columns
from atalaia.monitor_file import Monitor
from atalaia.monitor_rules import slug
from atalaia.monitor_yaml import quote
from atalaia.rows import Reject, RowBatch, Side

__all__ = ["infer_monitor", "slug"]

_WIDEST = 40
_SERVED = 100  # batches of the logs that are looked at for the model's outputs
_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(Monitor)}


@dataclass(slots=True)
class _Sample:
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
    *,
    name: str,
    logs: str,
    baseline: tuple[str, ...],
    format: str,  # noqa: A002  # the word of the monitor file
    why: str,
    output: str = "atalaia-out",
    max_rows: int = 50_000,
    served: Iterable[RowBatch | Reject] = (),
) -> str:
    """Write a commented monitor file for the columns that were read.

    Args:
        batches: The rows of reference data or logs; no more is taken than *max_rows* need.
        name: Any name for the model; the monitor's name is its `slug`.
        logs: Where the logs are: `logs.source`.
        baseline: Files or folders of reference data; without one, the section is written as a comment.
        format: What the rows were read as.
        why: What showed that format, in words.
        output: Where everything that Atalaia writes goes.
        max_rows: How many rows to look at.
        served: Rows of the logs, when *batches* are reference data: they tell which columns are the model's outputs.

    Raises:
        LogError: There was no row, or no row had a column.
    """
    sample = _Sample(max_rows)
    for item in batches:
        sample.add(item)
        if sample.rows >= max_rows:
            break
    described = sample.described()
    tallies = tally_columns(described)
    unwritable = [column for column in tallies if not _writable(column)]
    guesses = guess_columns({c: t for c, t in tallies.items() if c not in unwritable}, described)
    if not guesses or not sample.rows:
        raise LogError(_nothing(sample, format))
    learn_outputs(guesses, islice(served, _SERVED))
    parts = (
        _header(sample, described, format, why),
        _model(name),
        _places(logs, baseline, output),
        _columns(guesses, len(unwritable)),
        _rest(),
    )
    return "\n".join("\n".join(part) + "\n" for part in parts)


def _writable(column: str) -> bool:
    return column.encode("utf-8", "ignore").decode() == column


def _nothing(sample: _Sample, form: str) -> str:
    found = f"no row with columns was found in data read as {form}{_rejects(sample)}"
    return f"{found}. Give files that hold at least one row, or name their format."


def _rejects(sample: _Sample) -> str:
    counts = ", ".join(f"{count:,} {reason}" for reason, count in sorted(sample.rejected.items()))
    return f"; rejected: {counts}" if counts else ""


def _header(sample: _Sample, described: list[RowBatch], form: str, why: str) -> list[str]:
    rows = sample.rows
    limit = " (where reading stopped)" if rows >= sample.limit else ""
    return [
        "# An Atalaia monitor, inferred from data. A guess says so and why: correct it where you know better.",
        f"# Read: {_rows(rows)}{limit}, {_columns_read(described)}{_rejects(sample)}.",
        *_not_described(sample, described),
        f"# Format: {_comment(form)} ({_comment(why)}).",
    ]


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


def _places(logs: str, baseline: tuple[str, ...], output: str) -> list[str]:
    data = f"  data: [{', '.join(map(quote, baseline))}]"
    reference = ["baseline:", data] if baseline else ["# baseline:  # the reference data", "#   data: [reference.csv]"]
    same = "  # guessed: the data that were read; name the folder of the model's logs" if logs in baseline else ""
    return ["logs:", f"  source: {quote(logs)}{same}", "  # format: auto", *reference, f"output: {quote(output)}"]


def _columns(guesses: list[Guess], unwritable: int) -> list[str]:
    names = max(len(quote(guess.name)) for guess in guesses)
    entries = [_entry(guess, min(names, _WIDEST)) for guess in guesses]
    width = max((len(entry) for entry in entries if len(entry) <= 3 * _WIDEST), default=0)
    lines = [
        f"  - {entry:<{width}}  # guessed: {'; '.join(guess.reasons + guess.hints)}"
        for entry, guess in zip(entries, guesses, strict=True)
    ]
    if unwritable:
        which = "1 column whose name is" if unwritable == 1 else f"{unwritable:,} columns whose names are"
        lines.append(f"  # left out: {which} not valid Unicode")
    return ["columns:", *lines]


def _entry(guess: Guess, width: int) -> str:
    keys = [f"{f'name: {quote(guess.name)},':<{width + 7}} type: {guess.type}"]
    if guess.role != "feature":
        keys.append(f"role: {guess.role}")
    if guess.categorical:
        keys.append("kind: categorical")
    if not guess.nullable:
        keys.append("nullable: false")
    if guess.share:
        keys.append("range: [0, 1]")
    if guess.set:
        keys.append(f"set: [{', '.join(map(quote, guess.set))}]")
    return "{" + ", ".join(keys) + "}"


def _rest() -> list[str]:
    return [
        "# The defaults; remove the mark to change one.",
        f"# window: {_DEFAULTS['window']}    # width of the windows of event time that are compared with the baseline",
        f"# lateness: {_DEFAULTS['lateness']}  # how long after a window's end rows may still arrive",
        "# checks:       # only what differs from the default checks",
        "#   - {metric: psi, threshold: {warning: 0.1, alert: 0.2}}",
    ]
