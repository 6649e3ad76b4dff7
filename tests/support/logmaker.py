"""Logs with regular lines and traps among them, made by any `random.Random`, and both ways of reading them.

A source of randomness may bring traps of its own, as lists: `keys`, `words`, `numbers` and `cells`.
"""

from __future__ import annotations

import base64
import json
import sys
from io import BytesIO

from msgspec.structs import replace

from atalaia.logs import PayloadNames, ReadLimits, read_log
from atalaia.rows import LogObject, Reject

KEYS = ["age", "income", "a b", "x.y", "ключ", "f:1", "id", "score", "data", "label", "_c0", "n", "time", "features"]
WORDS = ["x", "", "seg_1", "naïve", "日本", "a b", " lead", "trail ", "null", "NaN", "1", "1.0", "007", "true", "age"]
TRICKY_WORDS = ["a,b", 'say "hi"', "back\\slash", "tab\t", "line\nend", "{}", "[1]", "}, {", "/", "\x00", "é,",
                "\ud83d\ude00"]  # fmt: skip
NUMBERS = ["0", "-0", "-0.0", "0.0", "12", "-7", "3.5", "-0.25", "1e5", "1E-3", "12.0", "123456789012", "2.50"]
TRICKY_NUMBERS = [
    "1e400", "-1e400", "1e-400", "9007199254740993", "12345678901234567890", "9223372036854775807", "1" + "0" * 40,
    "1e18", "-1e300", "NaN", "Infinity", "-Infinity", "007", "-01", "1.", ".5", "+1", "0x1F", "1.e5", "1_0", "true",
    "null", '"1"', '"x"', "{}", "[1,2]", '{"a":1}', "nan", "1 2", "-", "",
]  # fmt: skip
CELLS = ["", "0", "1", "-2.5", "12", "1e5", "x", "seg_1", "0.1", "100", "7", "3.25"]
TRICKY_CELLS = [
    "007", "+1", "nan", "NaN", "inf", "-Infinity", "INFINITY", "1e400", " 1", "1 ", "0x1F", "nan(1)", "9" * 19,
    "9" * 30,
    '"q,q"', "é", "age", "income", "score", " ", "true", "1_0", "-0", "-007", "\ufeff1", "{", "[",
    "null",
]  # fmt: skip
TIMES = ["2026-03-01T12:00:00Z", "2026-03-01T12:00:01.5Z", "2026-03-01T12:00:00.123456Z", "2026-12-31T23:59:59Z"]
TRICKY_TIMES = ["{%s}", "", "2026-03-01T12:00:00", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00Z", "1767225600000",
                "2026-03-01T12:00:00+02:00", "2026-03-01T12:00:00.123456789Z", None, 1767225600, True]  # fmt: skip
BYTES = [b'"', b"\\", b",", b"{", b"}", b"[", b"]", b":", b" ", b"\t", b"\r", b"0", b"-", b".", b"e", b"\xff", b"\xc3",
         b"\x00", b"n", b"\xef\xbb\xbf", b"\\u00e9", b'\\"', b"\\\\", b"\\n", b"null", b"1"]  # fmt: skip

NAMES = PayloadNames(inputs=("age", "income"), outputs=("score",), labels=("label",))


def _own(random, kind):
    return getattr(random, kind, [])


def make_log(random, kind, count):
    """Return the bytes of a log of *count* lines, most of them of one or two shapes."""
    make = {"jsonl": _rows, "captures": _captures, "events": _events}[kind](random)
    tricks = random.choice([0.0, 0.02, 0.1, 0.3])
    lines = [_mangled(random, make(tricks)) if random.random() < tricks else make(0.0) for _ in range(count)]
    end = b"\r\n" if random.random() < 0.1 else b"\n"
    data = end.join(lines) + (end if random.random() < 0.8 else b"")
    return b"\xef\xbb\xbf" + data if random.random() < 0.05 else data


def _mangled(random, line):
    """Return a line with a few bytes changed, or as it is."""
    if random.random() < 0.5:
        return line
    for _ in range(random.randint(1, 2)):
        place = random.randint(0, len(line))
        line = line[:place] + random.choice([*BYTES, b""]) + line[place + random.randint(0, 2) :]
    return line.replace(b"\n", b" ") if random.random() < 0.9 else line


def _string(random, tricks):
    word = random.choice([*TRICKY_WORDS, *_own(random, "words")] if random.random() < tricks else WORDS)
    return json.dumps(word, ensure_ascii=random.random() < tricks)


def _number(random, tricks):
    return random.choice([*TRICKY_NUMBERS, *_own(random, "numbers")] if random.random() < tricks else NUMBERS)


def _whole(random, tricks):
    return random.choice(TRICKY_NUMBERS) if random.random() < tricks else str(random.randint(-50, 1000))


def _truth(random, tricks):
    return _number(random, 1) if random.random() < tricks else random.choice(["true", "false"])


def _any(random, tricks):
    return random.choice([_string, _number, _whole, _truth])(random, tricks)


def _object(random, most):
    """Choose the keys and kinds of the rows of one shape, and return what makes their text."""
    keys = random.sample([*KEYS, *_own(random, "keys")], random.randint(1, most))
    kinds = [random.choice([_string, _number, _number, _whole, _whole, _truth, _any]) for _ in keys]
    nulls = [random.choice([0, 0, 0.3, 1.0]) for _ in keys]
    comma, colon = random.choice([(",", ":"), (", ", ": "), (",", ": ")])

    def make(tricks):
        pairs = [
            json.dumps(key, ensure_ascii=False) + colon + ("null" if random.random() < null else kind(random, tricks))
            for key, kind, null in zip(keys, kinds, nulls, strict=True)
        ]
        if random.random() < tricks / 3:
            random.shuffle(pairs)
        if random.random() < tricks / 3:
            pairs.append(random.choice(pairs))
        if random.random() < tricks / 3:
            pairs = pairs[1:]
        return "{" + comma.join(pairs) + random.choice(["", ","] if random.random() < tricks / 3 else [""]) + "}"

    return make


def _rows(random):
    shapes = [_object(random, 8) for _ in range(random.choice([1, 1, 2, 3]))]

    def make(tricks):
        if random.random() < tricks / 4:
            return random.choice(
                ["", "  ", "[1,2]", "5", '{"a":', '{"inputs":[1]}', "[]", '{"error":"x"}', "null"]
            ).encode()
        return random.choice(shapes)(tricks).encode("utf-8", "replace")

    return make


def _csv(random, width, rows, tricks):
    tricky = [*TRICKY_CELLS, *_own(random, "cells")]
    lines = [
        ",".join(random.choice(tricky if random.random() < tricks else CELLS) for _ in range(width))
        for _ in range(rows)
    ]
    if random.random() < tricks / 4:
        lines[0] = random.choice(["age,income", "score", "", "income,age"])
    if random.random() < tricks / 4:
        lines.append("1," * width)
    end = random.choice(["\n", "\r\n", "\r"]) if random.random() < tricks else "\n"
    return end.join(lines) + random.choice(["", end])


def _captures(random):
    rows = random.choice([1, 1, 1, 2, 3])
    given = random.choice(["csv", "csv", "json", "nested"])
    answer = random.choice(["csv", "json", "prediction", None])
    shape, inner = _object(random, 5), _object(random, 3)
    label = random.random() < 0.1
    compact = random.choice([{"separators": (",", ":")}, {}])
    width = random.choice([1, 2, 2, 2, 3])

    def payload(kind, size, tricks, count):
        if kind == "csv":
            return _csv(random, size, count, tricks), "CSV"
        texts = {"json": lambda: shape(tricks), "nested": lambda: '{"a":' + inner(tricks) + ',"b":1}',
                 "prediction": lambda: f'{{"predictions":[{_number(random, tricks)}]}}'}  # fmt: skip
        return texts[kind](), "JSON"

    def part(kind, size, tricks, count):
        return _part(random, *payload(kind, size, tricks, count), tricks)

    def make(tricks):
        count = rows if random.random() > tricks else random.randint(1, 4)
        capture = {"endpointInput": part(given, width, tricks, count)}
        if answer and random.random() > tricks / 3:
            capture["endpointOutput"] = part(answer, 1, tricks, count)
        value = {"captureData": capture, "eventMetadata": _metadata(random, tricks), "eventVersion": "0"}
        if label:
            value["groundTruthData"] = part("csv", 1, tricks, count)
        return json.dumps(value, **compact, ensure_ascii=random.random() < tricks).encode("utf-8", "replace")

    return make


def _part(random, data, encoding, tricks):
    if random.random() < tricks / 4:
        data, encoding = base64.b64encode(data.encode("utf-8", "replace")).decode(), "BASE64"
    if random.random() < tricks / 4:
        encoding = random.choice(["CSV", "JSON", None, "X"])
    return {"observedContentType": "text/csv", "mode": "INPUT", "data": data, "encoding": encoding}


def _metadata(random, tricks):
    moment = random.choice(TRICKY_TIMES if random.random() < tricks else TIMES)
    event = f"e{random.randint(0, 99)}"
    if random.random() < tricks:
        event = random.choice(["e\n1", "", None, 7, "x" * 300])
    more = {"customAttributes": ["a=b"]} if random.random() < tricks / 3 else {}
    return {"eventId": event, "inferenceTime": moment, **more}


def _events(random):
    shape = _object(random, 5)
    most = random.choice([1, 3, 20])
    gap = random.choice([",", ", "])

    def make(tricks):
        data = "[" + gap.join(shape(tricks) for _ in range(random.randint(1, most))) + "]"
        if random.random() < tricks / 3:
            data = random.choice(["[]", "null", '"x"', "[1,2]", '{"data":[[1]]}', "[[1,2],[3,4]]", '"[{}]"'])
        moment = json.dumps(random.choice(TRICKY_TIMES if random.random() < tricks else TIMES))
        kind = "model_outputs" if random.random() < tricks / 3 else "model_inputs"
        agent = random.choice(["a/1", "b\\/2", "[x]"]) if random.random() < tricks else "a/1"
        return (
            f'{{"specversion":"1.0","id":"{random.randint(0, 99)}","type":"azureml.inference.{kind}","time":{moment},'
            f'"data":{data},"agent":"{agent}","correlationid":"c{random.randint(0, 9)}"}}'
        ).encode("utf-8", "replace")

    return make


SMALL = ReadLimits(block_bytes=1 << 14)


def outcome(data, *, regular, names=PayloadNames(), uri="logs/a.jsonl", limits=SMALL, **options):  # noqa: B008
    """Read everything, regular lines at once or all lines one by one, and return what came of it."""
    limits = replace(limits, regular_bytes=0 if regular else sys.maxsize)
    reading = read_log(BytesIO(data), LogObject(uri, "e", len(data), 0), names=names, limits=limits, **options)
    batches, rejects = [], []
    for item in reading:
        if isinstance(item, Reject):
            rejects.append(item)
        else:
            batches.append(_plain(item))
    return batches, sorted(rejects, key=repr), reading.consumed


def is_read_in_one_way(data, **options):
    """Tell whether a log gives the same, read at once or line by line."""
    return outcome(data, regular=True, **options) == outcome(data, regular=False, **options)


def _plain(batch):
    columns = {
        name: (str(array.type), [repr(value) for value in array.to_pylist()])
        for name, array in sorted(batch.columns.items())
    }
    ids = None if batch.record_ids is None else batch.record_ids.to_pylist()
    return columns, batch.rows, sorted(batch.captured), batch.record_times.tolist(), ids, batch.record_index.tolist()
