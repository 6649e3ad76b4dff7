"""Guessing what a column is, from its name and the tally of its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from atalaia.infer_tally import MAX_DISTINCT, Tally
from atalaia.monitor_columns import UNMEASURED
from atalaia.monitor_yaml import quote
from atalaia.rows import Reject, RowBatch, Side
from atalaia.window import parse_time

ENOUGH_ROWS = 100
"""With fewer rows, nothing is said about what values may be missing or new."""

_ENOUGH_TEXTS = 5  # to say of texts that they are free text

FEW_VALUES = 20
"""Up to so many distinct values, whole numbers may be codes of categories and texts are listed."""


class Guess(Struct):
    """What a column is thought to be, with the reasons.

    Attributes:
        name: The column's name.
        type: A value of `atalaia.schema.Type`.
        role: A value of `atalaia.schema.Role`.
        categorical: Whether its numbers are codes for categories.
        numeric: Whether its numbers are said to be none.
        text: Whether its texts are free text.
        nullable: Whether values may be missing.
        share: Whether its values are bounded by 0 and 1.
        range: Other bounds of its values, as YAML writes them; empty for none.
        set: The only allowed values.
        reasons: What the guess rests on, in words.
        hints: What could be added by someone who knows the data.
        said: Who says so, if it is no guess.
    """

    name: str
    type: str
    role: str = "feature"
    categorical: bool = False
    numeric: bool = False
    text: bool = False
    nullable: bool = True
    share: bool = False
    range: str = ""
    set: tuple[str | float, ...] = ()
    reasons: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    said: str = "guessed"


_TIMES = (
    "event_time", "event_timestamp", "timestamp", "inference_time", "prediction_time", "request_time", "record_time",
    "datetime", "date_time", "time", "ts", "date", "created_at", "logged_at", "occurred_at", "scored_at",
)  # fmt: skip
_IDS = ("id", "uuid", "guid", "record_id", "row_id", "event_id", "inference_id", "request_id", "prediction_id")
_PREDICTIONS = frozenset(
    {
        "prediction",
        "predictions",
        "predicted",
        "predicted_label",
        "predicted_class",
        "predicted_value",
        "y_pred",
        "y_hat",
        "yhat",
        "pred",
    }
)
_SCORES = frozenset(
    {
        "score",
        "scores",
        "probability",
        "probabilities",
        "proba",
        "prob",
        "y_pred_proba",
        "y_proba",
        "y_score",
        "predicted_probability",
        "prediction_score",
        "prediction_probability",
        "predicted_proba",
        "confidence",
    }
)
_LABELS = frozenset(
    {
        "label",
        "labels",
        "target",
        "y_true",
        "ground_truth",
        "groundtruth",
        "true_label",
        "actual",
        "actual_label",
        "actual_value",
    }
)
_SENSITIVE = frozenset(
    {"sex", "gender", "race", "ethnicity", "age_group", "religion", "nationality", "disability", "marital_status"}
)


def guess_columns(tallies: Mapping[str, Tally], batches: Iterable[RowBatch]) -> list[Guess]:
    """Guess what each column is.

    Args:
        tallies: By name, in the order of the columns.
        batches: What was tallied.
    """
    rows: Counter[frozenset[Side]] = Counter()
    for batch in batches:
        rows[batch.captured] += batch.rows
    chosen = {_first(tallies, _time_rank): "time", _first(tallies, _id_rank): "id"}
    return [_guess(name, tally, chosen.get(name, ""), _expected(tally, rows)) for name, tally in tallies.items()]


def learn_outputs(guesses: list[Guess], served: Iterable[RowBatch | Reject]) -> None:
    """Give the columns that the logs carry as outputs the role of a prediction, where nothing else was guessed.

    Logs with names tell by name. Logs without tell how many inputs and outputs a row has: when these are as many as the
    columns, the last ones are the outputs.
    """
    batches = [batch for batch in served if isinstance(batch, RowBatch)]
    named = {name for batch in batches if batch.captured == {Side.OUTPUT} for name in batch.columns}
    for inputs, outputs in {(unnamed_inputs(batch), _unnamed_outputs(batch)) for batch in batches}:
        if outputs and inputs and inputs + outputs == len(guesses):
            named |= {guess.name for guess in guesses[inputs:]}
    for guess in guesses:
        if guess.name in named and guess.role == "feature":
            guess.role = "prediction"
            guess.reasons.append("the logs carry it as an output")


def unnamed_inputs(batch: RowBatch) -> int:
    """Count the inputs that got their names from their places, such as `_c0`."""
    return sum(name.startswith("_c") and name[2:].isdecimal() for name in batch.columns)


def _unnamed_outputs(batch: RowBatch) -> int:
    return sum(re.fullmatch(r"prediction(_[0-9]+)?", name) is not None for name in batch.columns)


def _expected(tally: Tally, rows: Mapping[frozenset[Side], int]) -> int:
    """How many rows could have had a value."""
    return sum(count for sides, count in rows.items() if sides in tally.captured or not tally.captured)


def _words(name: str) -> str:
    """Spell a name in small letters with underscores: `eventTime` is `event_time`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()).strip("_")


def _first(tallies: Mapping[str, Tally], rank: Callable[[str, Tally], int | None]) -> str | None:
    ranks = {name: rank(_words(name), tally) for name, tally in tallies.items()}
    return min((name for name in ranks if ranks[name] is not None), key=lambda name: ranks[name] or 0, default=None)


def _time_rank(words: str, tally: Tally) -> int | None:
    if words not in _TIMES:
        return None
    is_time = tally.type == "time" or (_is_numeric(tally) and _believable(tally))
    return _TIMES.index(words) if is_time else None


def _believable(tally: Tally) -> bool:
    return parse_time(tally.low) is not None and parse_time(tally.high) is not None


def _id_rank(words: str, tally: Tally) -> int | None:
    if not _names_id(words) or not tally.all_distinct or tally.type not in ("integer", "string"):
        return None
    return _IDS.index(words) if words in _IDS else len(_IDS)


def _names_id(words: str) -> bool:
    return words in _IDS or words.endswith(("_id", "_uuid", "_guid"))


def _is_numeric(tally: Tally) -> bool:
    return tally.type in ("number", "integer")


def _guess(name: str, tally: Tally, chosen: str, rows: int) -> Guess:
    if not tally.values:
        return Guess(name, "string", "ignored", reasons=[f"no value in {_rows(rows)}"])
    if not tally.type:
        return Guess(name, "string", "ignored", reasons=["nested or binary values, which are not compared"])
    guess = Guess(name, tally.type, chosen or _role(_words(name), tally))
    if chosen == "time":
        guess.type = "time"
        guess.reasons.append("a time by name and values; it puts each row into its window")
    elif chosen == "id":
        guess.reasons.append(f"an id by name; {_distinct(tally)}")
    else:
        guess.text = _is_free_text(guess, tally)
        _leave_out(guess, tally)
        _explain(guess, tally)
    _judge_missing(guess, tally, rows)
    return guess


def _role(words: str, tally: Tally) -> str:
    return _role_by_name(words, tally) or _role_by_side(tally)


def _role_by_name(words: str, tally: Tally) -> str | None:
    if words in _SCORES and _is_numeric(tally):
        return "score"
    if re.sub(r"_[0-9]+$", "", words) in _PREDICTIONS:  # a model with several outputs has prediction_0, prediction_1
        return "prediction"
    return "label" if words in _LABELS else None


def _role_by_side(tally: Tally) -> str:
    sides = frozenset[Side]().union(*tally.captured)
    if sides == {Side.LABEL}:
        return "label"
    if Side.INPUT in sides or Side.OUTPUT not in sides:
        return "feature"
    return "score" if tally.fractions and _is_share(tally) else "prediction"


def _is_share(tally: Tally) -> bool:
    return _is_numeric(tally) and 0 <= tally.low <= tally.high <= 1


def _is_free_text(guess: Guess, tally: Tally) -> bool:
    if guess.type != "string" or tally.codes or _names_id(_words(guess.name)) or tally.looked_at < _ENOUGH_TEXTS:
        return False
    return len(tally.distinct) > 0.5 * tally.looked_at and tally.wordy > 0.5 * tally.values


def _leave_out(guess: Guess, tally: Tally) -> None:
    """Give a feature that would only make noise the role `ignored`."""
    if guess.role != "feature" or guess.text:
        return
    reason = None
    if guess.type == "time":
        reason = "a time; give it the role time if it says when the row was made"
    elif _names_id(_words(guess.name)) and len(tally.distinct) > ENOUGH_ROWS:
        reason = f"an identifier by name; {_distinct(tally)}"
    elif guess.type == "string" and tally.looked_at >= 30 and len(tally.distinct) > 0.5 * tally.looked_at:
        reason = f"an identifier by its values; {_distinct(tally)}"
    if reason is not None:
        guess.role = "ignored"
        guess.reasons.append(reason)


def _explain(guess: Guess, tally: Tally) -> None:
    if guess.role == "ignored":
        return
    if guess.role != "feature":
        guess.reasons.append(f"a {guess.role} by its {'name' if _role_by_name(_words(guess.name), tally) else 'side'}")
    if _is_numeric(tally):
        _explain_numbers(guess, tally)
    elif guess.type == "string":
        _explain_texts(guess, tally)
    else:
        guess.reasons.append(_distinct(tally))
    if _words(guess.name) in _SENSITIVE:
        guess.hints.append("if it is sensitive: role: sensitive")


def _explain_numbers(guess: Guess, tally: Tally) -> None:
    strangers = tally.values - tally.numbers
    if strangers:
        guess.reasons.append(f"{strangers:,} of {tally.values:,} values are no numbers")
    most = FEW_VALUES if guess.type == "integer" else 2  # numbers written with a point are measured, not counted
    few = 2 <= len(tally.distinct) <= most and len(tally.distinct) < 0.05 * tally.looked_at
    guess.categorical = few and not tally.fractions and guess.role != "score"
    if guess.role == "score" and _is_share(tally):
        guess.share = True
        guess.reasons.append("all values lie from 0 to 1")
        return
    guess.reasons.append(_distinct(tally))
    if tally.low < tally.high and not guess.categorical:
        guess.hints.append(f"to bound it: range: {bounds(tally.low, tally.high)}")


def _explain_texts(guess: Guess, tally: Tally) -> None:
    if tally.codes:
        guess.reasons.append("digits with a leading zero are codes, not numbers")
    guess.reasons.append(f"{'free text, compared by length; ' if guess.text else ''}{_distinct(tally)}")
    if guess.text:
        guess.hints.append("to count those with a link: patterns: {link: 'https?://'}")
        return
    if tally.long_texts or tally.looked_at < ENOUGH_ROWS or not 2 <= len(tally.distinct) <= FEW_VALUES:
        return
    values = tuple(sorted(str(value) for value in tally.distinct))
    if len(values) == 2:
        guess.set = values
        guess.reasons.append("a third one would be an alert")
    else:
        guess.hints.append(f"to allow only these: set: [{', '.join(map(quote, values))}]")


def _judge_missing(guess: Guess, tally: Tally, rows: int) -> None:
    missing = rows - tally.values
    if missing:
        guess.reasons.append(f"{missing:,} of {_rows(rows)} missing")
    elif rows >= ENOUGH_ROWS and guess.role != "ignored":
        guess.nullable = guess.role in UNMEASURED  # where `nullable` would have no effect
        guess.reasons.append("none missing")


def _distinct(tally: Tally) -> str:
    if tally.capped:
        return f"more than {MAX_DISTINCT:,} distinct values"
    if len(tally.distinct) == 1:
        return f"constant: one value in {_rows(tally.looked_at)}"
    return f"{len(tally.distinct):,} distinct values in {_rows(tally.looked_at)}"


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def bounds(low: float, high: float) -> str:
    """Write a range as YAML."""
    return f"[{number_text(low)}, {number_text(high)}]"


def number_text(value: float) -> str:
    """Write a number as YAML, a whole one without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
