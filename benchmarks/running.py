"""Running the steps of a job: each in a fresh process on one core, in turns, and the medians of what they tell."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environments import Environments, NotInstalledError

HERE = Path(__file__).parent

_QUIET = (
    *(f"{name}_NUM_THREADS=1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")),
    "PYTHONWARNINGS=ignore",
    "DO_NOT_TRACK=1",
    "NML_DISABLE_USAGE_LOGGING=1",
    "WHYLOGS_NO_ANALYTICS=True",
    "TF_CPP_MIN_LOG_LEVEL=3",
)


class WrongResultError(Exception):
    """A step's result is wrong, so its figures count for nothing."""


@dataclass(frozen=True, slots=True)
class Step:
    """One process of a job.

    Attributes:
        name: How the table calls it.
        role: `ours`, `decode` or `peer`.
        script: Which file it runs, relative to this folder.
        given: What the script is told.
        environment: Whose interpreter runs it; ours if empty.
    """

    name: str
    role: str
    script: str
    given: Mapping[str, Any]
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a step: its figures' medians over so many runs, or why there are none."""

    name: str
    role: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    runs: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Runner:
    """How steps are run: on which core, for how many seconds at most, and where other interpreters are."""

    core: int
    seconds: float
    environments: Environments

    def run(self, step: Step) -> dict[str, Any]:
        """Run a step once and return its figures, or `error` alone.

        Raises:
            WrongResultError: The step found its own result wrong.
        """
        try:
            python = self.environments.python(step.environment) if step.environment else Path(sys.executable)
        except NotInstalledError as error:
            return {"error": str(error)}
        given = json.dumps({**step.given, "core": self.core})
        command = ["/usr/bin/env", f"PYTHONPATH={HERE}", *_QUIET, str(python), str(HERE / step.script), given]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=self.seconds)  # noqa: S603
        except subprocess.TimeoutExpired:
            return {"error": f"not finished after {self.seconds:.0f} s"}
        return _figures(step, done)

    def run_all(self, steps: Sequence[Step], runs: int, say: Callable[[str], None]) -> list[Outcome]:
        """Run all steps in turns, *runs* times, so that a slow minute of the machine hits all of them alike."""
        told: dict[str, list[dict[str, Any]]] = {step.name: [] for step in steps}
        for _ in range(runs):
            for step in steps:
                if not any("error" in figures for figures in told[step.name]):
                    say(step.name)
                    told[step.name].append(self.run(step))
        return [_outcome(step, told[step.name]) for step in steps]


def _figures(step: Step, done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        said = done.stderr.strip().splitlines() or [f"ended with exit code {done.returncode}"]
        return {"error": said[-1][:200]}
    figures: dict[str, Any] = json.loads(lines[-1])
    if "wrong" in figures:
        msg = f"{step.name}: {figures['wrong']}"
        raise WrongResultError(msg)
    return figures


def _outcome(step: Step, told: Sequence[Mapping[str, Any]]) -> Outcome:
    error = next((figures["error"] for figures in told if "error" in figures), "")
    if error:
        return Outcome(step.name, step.role, error=error)
    medians = {
        name: statistics.median(figures[name] for figures in told) if isinstance(value, int | float) else value
        for name, value in told[0].items()
    }
    return Outcome(step.name, step.role, medians, len(told))
