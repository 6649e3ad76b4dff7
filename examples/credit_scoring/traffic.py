"""Synthetic credit-scoring traffic with planted faults, as two clouds would log it. No row describes a real person.

    python examples/credit_scoring/traffic.py OUT

An invented lender scores about 2,400 applications a day. The same three days are written twice: as SageMaker data
capture (`OUT/sagemaker`) and as the Azure ML data collector's files (`OUT/azureml`); with them 20,000 reference rows,
a monitor file for each cloud, and `planted.json`, which lists what a monitor must find there, and it must find no more.

- Monday 2026-03-02 is like the reference data.
- Tuesday 2026-03-03: a campaign brings applicants with lower incomes, so scores and approvals fall as well; a new
  partner sends a fifth of the applications; a form loses the years of employment (missing 1 % -> 12 %); and one node,
  cut off in the evening, writes its log only the next morning.
- Wednesday 2026-03-04: the credit bureau answers NaN for two hours, and some lines of the logs are damaged.

The clouds differ in what they can show. SageMaker captures the payload's text, so the bureau's NaN is there as NaN.
The Azure collector writes NaN and Infinity as null, so there the same fault can only be seen as missing values. One
SageMaker record has more inputs than outputs; Azure logs the two sides apart, so such a record leaves no trace there.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20260302
REFERENCE_ROWS = 20_000
ROWS_A_DAY = 2_400
HOUR, DAY = 3_600, 86_400
MONDAY = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
TUESDAY, WEDNESDAY = MONDAY + DAY, MONDAY + 2 * DAY

INPUTS = ("income", "age", "debt_ratio", "employment_years", "loan_amount", "channel", "region", "homeowner")
OUTPUTS = ("score", "approved")

METRICS = {
    "numeric": ("data_drift", "cramer_von_mises"),
    "categorical": ("data_drift", "cohen_w"),
    "score": ("prediction_drift", "cramer_von_mises"),
    "prediction": ("prediction_drift", "cohen_w"),
    "missing": ("quality", "missing"),
    "late": ("quality", "late"),
    "rejected": ("quality", "rejected"),
    "nan": ("stability", "nan"),
}
"""The signal and metric that a monitor is expected to name, for each kind of fault planted here."""

_HOUR_WEIGHTS = [2, 1, 1, 1, 1, 2, 4, 8, 13, 17, 19, 18, 15, 15, 17, 18, 17, 15, 13, 12, 11, 9, 6, 4]
_CHANNELS = {"branch": 0.24, "web": 0.42, "app": 0.25, "phone": 0.09}
_REGIONS = {"north": 0.18, "south": 0.27, "east": 0.15, "west": 0.22, "centre": 0.18}
_CUT_OFF = (17 * HOUR, 21 * HOUR)  # when one node could not write, on Tuesday
_CUT_OFF_SHARE = 0.19
_FLUSHED = WEDNESDAY + 6 * HOUR + 1_830  # when it wrote all of it
_BUREAU_OUT = (10 * HOUR, 12 * HOUR)  # on Wednesday

Row = dict[str, Any]


@dataclass(frozen=True)
class Mix:
    """Who applies on a day: shares from the campaign and the partner, and the share without years of employment."""

    campaign: float = 0.0
    partner: float = 0.0
    no_employment_years: float = 0.01


@dataclass(frozen=True)
class Record:
    """One request: when it was answered and when it reached the log (seconds since 1970), with its rows."""

    id: str
    time: int
    landed: int
    rows: Sequence[Row]

    @property
    def is_late(self) -> bool:
        """Whether it was logged hours after it was answered."""
        return self.landed != self.time


@dataclass(frozen=True)
class LogFile:
    """One object of a log: its path below the cloud's folder, its lines, and when it was last written to."""

    path: str
    lines: Sequence[str]
    written: int


def main(arguments: Sequence[str]) -> int:
    """Write everything to the folder that the one argument names."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python traffic.py OUT\n")
        return 2
    generate(Path(arguments[0]))
    return 0


def generate(out: Path, seed: int = SEED) -> None:
    """Write reference data, both clouds' logs, both monitor files and the list of what was planted to *out*."""
    out.mkdir(parents=True, exist_ok=True)
    pq.write_table(_table(applications(_random(seed, 0), REFERENCE_ROWS, Mix())), out / "reference.parquet")
    records = three_days(seed)
    tuesday = [row for record in records if TUESDAY <= record.time < WEDNESDAY for row in record.rows]
    pq.write_table(_table(tuesday), out / "tuesday.parquet")
    _write(out / "sagemaker", sagemaker_files(records, seed))
    _write(out / "azureml", azureml_files(records, seed))
    for cloud in ("sagemaker", "azureml"):
        shutil.copyfile(Path(__file__).parent / f"{cloud}.yaml", out / f"{cloud}.yaml")
    (out / "planted.json").write_text(json.dumps(planted(records, seed), indent=2) + "\n")


def three_days(seed: int) -> list[Record]:
    """Return the requests of Monday, Tuesday and Wednesday, in the order of their times."""
    tuesday = Mix(campaign=0.6, partner=0.2, no_employment_years=0.12)
    monday_records = _day(_random(seed, 1), MONDAY, Mix())
    tuesday_records = _cut_off(_random(seed, 4), _day(_random(seed, 2), TUESDAY, tuesday))
    wednesday_records = [_without_bureau(r) for r in _day(_random(seed, 3), WEDNESDAY, Mix())]
    return monday_records + tuesday_records + wednesday_records


def applications(random: np.random.Generator, count: int, mix: Mix) -> list[Row]:
    """Draw applications with the model's answers to them."""
    campaign = random.random(count) < mix.campaign
    age = np.clip(np.rint(random.normal(43, 13, count)), 18, 85).astype(int)
    employed = np.minimum(random.gamma(2.0, 4.0, count), age - 17.5)
    columns: dict[str, npt.NDArray[Any]] = {
        "income": np.where(campaign, 26_500, 42_000) * np.exp(random.normal(0, 0.42, count)),
        "age": age,
        "debt_ratio": random.beta(2.2, 5.5, count),
        "employment_years": np.where(random.random(count) < mix.no_employment_years, np.nan, employed),
        "loan_amount": np.rint(np.exp(random.normal(9.3, 0.6, count)) / 100) * 100,
        "channel": _pick(random, count, _CHANNELS),
        "region": _pick(random, count, _REGIONS),
        "homeowner": random.random(count) < 1 / (1 + np.exp(-(age - 41) / 11)),
    }
    columns["channel"][random.random(count) < mix.partner] = "partner"
    return [_answered(dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def score(row: Row) -> float:
    """Return the invented model's probability that the loan is paid back; without years of employment it takes 7."""
    years = 7.0 if row["employment_years"] is None else row["employment_years"]
    logit = 0.35 + 1.9 * math.log(row["income"] / 42_000) - 3.0 * (row["debt_ratio"] - 0.28) + 0.04 * (years - 7)
    logit += 0.012 * (row["age"] - 43) - 0.3 * math.log(row["loan_amount"] / 11_000) + 0.25 * row["homeowner"]
    return 1 / (1 + math.exp(-logit))


def sagemaker_files(records: Sequence[Record], seed: int) -> list[LogFile]:
    """Return the records as SageMaker data capture: a new file every half hour, CSV payloads without a header."""
    random = _random(seed, 5)
    files = []
    for _, group in _grouped(records, HOUR // 2):
        clock = f"{datetime.fromtimestamp(group[0].landed, UTC):%Y/%m/%d/%H/%M-%S}-{random.integers(1000):03}"
        path = f"credit-scoring/AllTraffic/{clock}-{_uuid(random)}.jsonl"
        files.append(LogFile(path, [_capture(record) for record in group], group[-1].landed + 90))
    lines_added = [*_damage(random, 6), *_strays("capture agent: disk use 81 %, sampling lowered", 2)]
    return _with_lines(random, files, [*lines_added, lambda _line: _capture(_unequal(random))])


def azureml_files(records: Sequence[Record], seed: int) -> list[LogFile]:
    """Return the records as the Azure ML data collector writes them: a file an hour for each side."""
    random = _random(seed, 6)
    instance = {False: _uuid(random).replace("-", ""), True: _uuid(random).replace("-", "")}
    files = []
    for side, names, damaged in (("model_inputs", INPUTS, 8), ("model_outputs", OUTPUTS, 4)):
        hours = [
            LogFile(
                f"modelDataCollector/credit-scoring/blue/{side}/{datetime.fromtimestamp(hour, UTC):%Y/%m/%d/%H}/"
                f"{instance[late]}000001.jsonl",
                [_collected(record, side, names, _uuid(random)) for record in group],
                group[-1].landed + 60,
            )
            for (hour, late), group in _grouped(records, HOUR)
        ]
        files += _with_lines(random, hours, _damage(random, damaged))
    return files


def planted(records: Sequence[Record], seed: int) -> dict[str, Any]:
    """Return what a monitor with the default checks must find, window by window, and nothing else."""
    tuesday = [
        ("numeric", "income"),
        ("categorical", "channel"),
        ("score", "score"),
        ("prediction", "approved"),
        ("missing", "employment_years"),
        ("late", None),
    ]
    wednesday = {"sagemaker": ("nan", "debt_ratio"), "azureml": ("missing", "debt_ratio")}
    rejected = {"sagemaker": {"not_json": 8, "row_count": 4}, "azureml": {"not_json": 12}}
    rows, late = Counter[str](), Counter[str]()
    for record in records:
        rows[_iso(record.time // DAY * DAY)] += len(record.rows)
        late[_iso(record.time // DAY * DAY)] += len(record.rows) * record.is_late
    return {
        "synthetic": True,
        "seed": seed,
        "clouds": {
            cloud: {
                "monitor": f"{cloud}.yaml",
                "rows": {window: count * sides for window, count in rows.items()},
                "late": {window: count * sides for window, count in late.items() if count},
                "rejected": {_iso(WEDNESDAY): rejected[cloud]},
                "findings": [_finding(TUESDAY, *fault) for fault in tuesday]
                + [_finding(WEDNESDAY, *wednesday[cloud]), _finding(WEDNESDAY, "rejected", None)],
            }
            for cloud, sides in (("sagemaker", 1), ("azureml", 2))
        },
    }


def _random(seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([seed, purpose])


def _uuid(random: np.random.Generator) -> str:
    return str(uuid.UUID(bytes=random.bytes(16), version=4))


def _pick(random: np.random.Generator, count: int, shares: dict[str, float]) -> npt.NDArray[Any]:
    return random.choice(np.array(list(shares), dtype=object), count, p=list(shares.values()))


def _answered(row: Row) -> Row:
    row = {
        "income": round(float(row["income"]), 2),
        "age": int(row["age"]),
        "debt_ratio": round(float(row["debt_ratio"]), 4),
        "employment_years": None if np.isnan(row["employment_years"]) else round(float(row["employment_years"]), 1),
        "loan_amount": float(row["loan_amount"]),
        "channel": row["channel"],
        "region": row["region"],
        "homeowner": bool(row["homeowner"]),
    }
    probability = round(score(row), 6)
    return {**row, "score": probability, "approved": probability >= 0.5}


def _table(rows: Sequence[Row]) -> pa.Table:
    return pa.table({name: [row[name] for row in rows] for name in (*INPUTS, *OUTPUTS)})


def _day(random: np.random.Generator, start: int, mix: Mix) -> list[Record]:
    rows = applications(random, ROWS_A_DAY + int(random.integers(-60, 60)), mix)
    sizes: list[int] = []
    while sum(sizes) < len(rows):
        one_by_one = random.random() < 0.85
        sizes.append(min(1 if one_by_one else int(random.integers(2, 9)), len(rows) - sum(sizes)))
    weights = np.array(_HOUR_WEIGHTS) / sum(_HOUR_WEIGHTS)
    times = np.sort(random.choice(24, len(sizes), p=weights) * HOUR + random.integers(0, HOUR, len(sizes))) + start
    ends = np.cumsum(sizes)
    return [
        Record(_uuid(random), int(time), int(time), rows[end - size : end])
        for time, end, size in zip(times, ends, sizes, strict=True)
    ]


def _cut_off(random: np.random.Generator, records: Sequence[Record]) -> list[Record]:
    """Let the records of one node reach the log much later than they were made."""
    began, ended = (TUESDAY + moment for moment in _CUT_OFF)
    return [
        replace(r, landed=_FLUSHED) if began <= r.time < ended and random.random() < _CUT_OFF_SHARE else r
        for r in records
    ]


def _without_bureau(record: Record) -> Record:
    """Take the debt ratio away while the bureau is out; the model has answered from its last known value."""
    if not _BUREAU_OUT[0] <= record.time - WEDNESDAY < _BUREAU_OUT[1]:
        return record
    return replace(record, rows=[{**row, "debt_ratio": math.nan} for row in record.rows])


def _unequal(random: np.random.Generator) -> Record:
    """Make a record of four rows whose last answer is missing."""
    rows = applications(random, 4, Mix())
    rows[-1] = {name: value for name, value in rows[-1].items() if name not in OUTPUTS}
    return Record(_uuid(random), WEDNESDAY + 15 * HOUR, WEDNESDAY + 15 * HOUR, rows)


def _grouped(records: Iterable[Record], width: int) -> list[tuple[tuple[int, bool], list[Record]]]:
    """Sort records into files: by the *width* seconds in which they landed, those of the cut-off node apart."""
    groups: defaultdict[tuple[int, bool], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.landed // width * width, record.is_late].append(record)
    return sorted(groups.items())


def _capture(record: Record) -> str:
    answered = [row for row in record.rows if "score" in row]
    document = {
        "captureData": {
            "endpointInput": _side("INPUT", "text/csv", record.rows, INPUTS),
            "endpointOutput": _side("OUTPUT", "text/csv; charset=utf-8", answered, OUTPUTS),
        },
        "eventMetadata": {"eventId": record.id, "inferenceTime": _iso(record.time)},
        "eventVersion": "0",
    }
    return json.dumps(document, separators=(",", ":"))


def _side(mode: str, content_type: str, rows: Sequence[Row], names: Sequence[str]) -> dict[str, str]:
    text = "\n".join(",".join(_csv(row[name]) for name in names) for row in rows)
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": "CSV"}


def _csv(value: float | str | bool | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return "NaN" if isinstance(value, float) and math.isnan(value) else str(value)


def _collected(record: Record, side: str, names: Sequence[str], line_id: str) -> str:
    data = [{name: _json(row[name]) for name in names} for row in record.rows]
    length = len(json.dumps(data, separators=(",", ":")))
    workspace = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/lending/providers"
    document = {
        "specversion": "1.0",
        "id": line_id,
        "source": f"{workspace}/Microsoft.MachineLearningServices/workspaces/lending/onlineEndpoints/credit-scoring"
        "/deployments/blue",
        "type": f"azureml.inference.{side}",
        "datacontenttype": "application/json",
        "time": _iso(record.time),
        "data": data,
        "contentrange": f"bytes 0-{length - 1}/{length}",
        "correlationid": record.id,
        "xrequestid": record.id,
        "modelversion": "default",
        "collectdatatype": "pandas.core.frame.DataFrame",
        "agent": "azureml-ai-monitoring/0.1.0b4",
    }
    return json.dumps(document, separators=(",", ":"))


def _json(value: float | str | bool | None) -> float | str | bool | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _damage(random: np.random.Generator, count: int) -> list[Callable[[str], str]]:
    """Return *count* ways to write a line's beginning only: its writer was cut off, and wrote it whole thereafter."""
    return [_first_part(share) for share in random.uniform(0.2, 0.9, count)]


def _first_part(share: float) -> Callable[[str], str]:
    return lambda line: line[: int(len(line) * share)]


def _strays(text: str, count: int) -> list[Callable[[str], str]]:
    return [lambda _line: text] * count


def _with_lines(
    random: np.random.Generator, files: Sequence[LogFile], makers: Sequence[Callable[[str], str]]
) -> list[LogFile]:
    """Add a line to each of some files of Wednesday's office hours, made from the line that follows it there."""
    office = [n for n, file in enumerate(files) if 8 * HOUR <= file.written - WEDNESDAY < 20 * HOUR]
    files = list(files)
    for make in makers:
        number = int(random.choice(office))
        lines = list(files[number].lines)
        place = int(random.choice([n for n, line in enumerate(lines) if line.endswith("}")]))
        files[number] = replace(files[number], lines=[*lines[:place], make(lines[place]), *lines[place:]])
    return files


def _write(root: Path, files: Iterable[LogFile]) -> None:
    for file in files:
        path = root / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(line + "\n" for line in file.lines))
        os.utime(path, (file.written, file.written))


def _iso(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _finding(day: int, fault: str, column: str | None) -> dict[str, str | None]:
    signal, metric = METRICS[fault]
    return {"window": _iso(day), "signal": signal, "metric": metric, "column": column}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
