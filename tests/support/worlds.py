"""A monitor with reference data, empty logs and its output, all in memory."""

import json
from types import SimpleNamespace

import numpy as np

from atalaia.monitor_file import load_monitor
from atalaia.monitoring.baselines import make_baseline
from atalaia.monitoring.evaluating import Evaluator
from atalaia.monitoring.ingesting import Ingester
from atalaia.monitoring.sources import LogSource, payload_names
from atalaia.window import SECOND, parse_time
from atalaia_local import MemoryStore

TEXT = """
name: churn
model: {name: churn}
logs: {source: logs}
output: out
window: 1d
lateness: 2h
columns:
  - {name: at, type: time, role: time}
  - {name: x}
  - {name: word, type: string}
"""


def moment(text):
    return parse_time(text)


def rows(day, n=600, seed=1, hour=12):
    random = np.random.default_rng(seed)
    return [
        {"at": f"2026-03-{day:02}T{hour:02}:00:{i % 60:02}Z", "x": float(random.normal()), "word": "ab"[i % 2]}
        for i in range(n)
    ]


def lines(entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def make_world(text=TEXT, clock=lambda: parse_time("2026-03-20T00:00:00Z"), known=None):
    monitor = load_monitor(text, "monitor.yaml")
    logs, reference, output = MemoryStore("logs", clock), MemoryStore("reference", clock), MemoryStore("out", clock)
    reference.put("data.jsonl", lines(known or rows(1, n=2000, seed=9)))
    names = payload_names(monitor.columns)
    baseline = make_baseline(monitor, [LogSource(reference, names=names)], output, chosen=False)
    source = LogSource(logs, names=names)

    def ingest():
        ingester = Ingester(monitor, baseline, output)
        return list(ingester.ingest_all(source, source.objects()))

    def evaluate(now="2026-03-20T00:00:00Z"):
        evaluator = Evaluator(monitor, baseline, output, moment(now))
        return [evaluator.evaluate(window) for window in evaluator.windows()]

    return SimpleNamespace(
        monitor=monitor,
        logs=logs,
        reference=reference,
        output=output,
        baseline=baseline,
        source=source,
        ingest=ingest,
        evaluate=evaluate,
        day=86_400 * SECOND,
    )


def content(store):
    """Everything stored, to compare two stores byte for byte."""
    return {info.key: store.get(info.key)[0] for info in store.list("")}
