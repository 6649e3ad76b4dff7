"""The demo: make two clouds' traffic with planted faults, check both, and compare what was found with what was planted.

    python examples/credit_scoring/demo.py [OUT]

It types the commands that you would type, each a process of its own. A policy asks for a training because of Tuesday,
and not again when the logs are checked again; a backtest tells what it would have done if it wanted two such days. Exit
codes: 0 everything planted was found and nothing else, and the policy acted once; 1 something was missed, found without
having been planted, or done otherwise; 2 a command could not run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

TRAFFIC = Path(__file__).resolve().parent / "traffic.py"
CLOUDS = {"sagemaker": "SageMaker data capture", "azureml": "Azure ML data collector"}
NONE = "-"
AS_OF = "2026-03-05T02:00:00Z"
"""The commands are run as of this moment: Wednesday's window has become final just now."""

OF_TWO_DAYS = ("when: drifted > 0.3", "when: drifted > 0.3, windows: 2")
"""What a backtest tries instead of the policy as it is."""

Fault = tuple[str, str, str, str]
"""Window, signal, metric and column; `-` for a metric of the whole window."""


@dataclass(frozen=True)
class Line:
    """One thing that was planted, found, or both, in words; `-` where it was not."""

    window: str
    what: str
    planted: str
    found: str
    agrees: bool


class CommandError(Exception):
    """A command of the demo could not run."""


def main(arguments: Sequence[str]) -> int:
    """Run the whole demo in the folder that the one argument names, by default `demo`."""
    console = Console() if sys.stdout.isatty() else Console(width=120)
    try:
        return 0 if _demo(Path(arguments[0] if arguments else "demo"), console) else 1
    except CommandError as error:
        console.print(f"The demo could not run: {error}", style="red", markup=False)
        return 2


def compare(planted: Mapping[str, Any], checked: Mapping[str, Any]) -> list[Line]:
    """Set one cloud's part of `planted.json` against what `atalaia check --json` printed, window by window."""
    expected: dict[Fault, str] = {_fault(f["window"], f): "planted" for f in planted["findings"]}
    windows = {window["start"]: window for window in checked["windows"]}
    found = {fault: text for window in checked["windows"] for fault, text in _findings(window)}
    lines = [
        Line(
            fault[0],
            " ".join(fault[1:]),
            expected.get(fault, NONE),
            found.get(fault, NONE),
            fault in expected and fault in found,
        )
        for fault in sorted(expected.keys() | found.keys())
    ]
    for start in sorted(planted["rows"].keys() | windows.keys()):
        lines += _counts(start, planted, windows.get(start, {}))
    return sorted(lines, key=lambda line: line.window)


def _demo(out: Path, console: Console) -> bool:
    _clear(out)
    console.print(f"Making synthetic traffic in {out} ...", markup=False)
    _run([sys.executable, str(TRAFFIC), str(out)], fine=(0,))
    planted = json.loads((out / "planted.json").read_text())["clouds"]
    agrees = [_check(out, cloud, planted[cloud], console) for cloud in CLOUDS]
    monitor = planted["sagemaker"]["monitor"]
    agrees += [_check_again(out, monitor, console), _backtest(out, monitor, console)]
    console.print("Reports:")
    for report in [*sorted(out.glob("atalaia/*/report.html")), out / "backtest.svg"]:
        console.print(f"  {report}", markup=False, soft_wrap=True)
    return all(agrees)


def _clear(out: Path) -> None:
    """Remove an earlier demo, and nothing else."""
    if not out.exists():
        return
    if not (out / "planted.json").is_file():
        msg = f"{out} exists and is not an earlier demo. Name another folder."
        raise CommandError(msg)
    shutil.rmtree(out)


def _check(out: Path, cloud: str, planted: Mapping[str, Any], console: Console) -> bool:
    command = ["atalaia", "check", str(out / planted["monitor"]), "--now", AS_OF, "--json"]
    began = time.perf_counter()
    answer = _typed(command, console)
    seconds = time.perf_counter() - began
    try:
        lines, told = compare(planted, json.loads(answer)), acted(json.loads(answer))
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{' '.join(command)} printed something else than its JSON ({error!r}): {answer[:200]!r}"
        raise CommandError(msg) from error
    console.print(_table(f"{CLOUDS[cloud]}, checked in {seconds:.1f} s", lines))
    wrong = sum(not line.agrees for line in lines)
    faults = len(planted["findings"])
    console.print(
        f"{wrong} lines differ from what was planted." if wrong else f"All {faults} planted faults found, and no other."
    )
    for line in told:
        console.print(line, markup=False, soft_wrap=True)
    return not wrong


def acted(checked: Mapping[str, Any]) -> list[str]:
    """Return a line for each decision to act, of what `atalaia check --json` printed."""
    return [
        f"Policy {decision['policy']} acted because of {window['start'][:10]}: {decision['why']}"
        for window in checked["windows"]
        for decision in window["decisions"]
        if decision["outcome"] == "acted"
    ]


def _check_again(out: Path, monitor: str, console: Console) -> bool:
    """Check once more, as a schedule does; there is still the one request for a training."""
    _typed(["atalaia", "check", str(out / monitor), "--now", AS_OF, "--json"], console)
    requests = len(list(out.glob("atalaia/jobs/*.json")))
    console.print(
        f"Checked again. Requests for a training in {out / 'atalaia/jobs'}: {requests}", markup=False, soft_wrap=True
    )
    return requests == 1


def _typed(command: Sequence[str], console: Console) -> str:
    """Run a command of `atalaia` as it is shown, and return what it printed."""
    console.print("$ " + " ".join(command), markup=False, soft_wrap=True)
    return _run([sys.executable, "-m", "atalaia_cli", *command[1:]], fine=(0, 1))


def _backtest(out: Path, monitor: str, console: Console) -> bool:
    """Tell what would have been done if the policy asked for two days; it acted once, and would not have."""
    changed = out / "changed.yaml"
    changed.write_text((out / monitor).read_text().replace(*OF_TWO_DAYS))
    files = [str(out / monitor), "--with", str(changed), "--picture", str(out / "backtest.svg")]
    command = ["atalaia", "backtest", *files]
    console.print(_typed(command, console), markup=False, highlight=False, soft_wrap=True)
    found = json.loads(_run([sys.executable, "-m", "atalaia_cli", *command[1:], "--json"], fine=(0,)))
    return bool((found["then"]["actions"], found["now"]["actions"]) == (1, 0))


def _run(command: Sequence[str], fine: Iterable[int]) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own commands
    if done.returncode not in fine:
        msg = f"{' '.join(command)} ended with exit code {done.returncode}; what it said is above."
        raise CommandError(msg)
    return done.stdout


def _findings(window: Mapping[str, Any]) -> Iterable[tuple[Fault, str]]:
    for finding in window["findings"]:
        if finding["status"] in ("warning", "alert"):
            yield _fault(window["start"], finding), f"{finding['status']}: {_number(finding['value'])}"


def _fault(window: str, finding: Mapping[str, Any]) -> Fault:
    column = finding["column"] or NONE
    if finding.get("segment"):
        column += f" where {finding['segment']}"
    return window, finding["signal"], finding["metric"], column


def _counts(start: str, planted: Mapping[str, Any], window: Mapping[str, Any]) -> Iterable[Line]:
    """Compare the numbers of rows: used, rejected by reason, and late (which a finding tells as a share)."""
    rows = window.get("rows", 0)
    late = [f["value"] * rows for f in window.get("findings", ()) if f["metric"] == "late" and f["value"] is not None]
    pairs = {"rows used": (planted["rows"].get(start, 0), rows)}
    if start in planted["late"] or any(late):
        pairs["rows late"] = (planted["late"].get(start, 0), round(sum(late)))
    rejected, found = planted["rejected"].get(start, {}), window.get("rejected", {})
    pairs |= {
        f"rows rejected, {r}": (rejected.get(r, 0), found.get(r, 0)) for r in sorted(rejected.keys() | found.keys())
    }
    return [Line(start, what, f"{a:,}", f"{b:,}", a == b) for what, (a, b) in pairs.items()]


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _table(title: str, lines: Iterable[Line]) -> Table:
    table = Table("window", "what", "planted", "found", "", title=title, title_justify="left")
    for line in lines:
        verdict = "agrees" if line.agrees else "MISSED" if line.found == NONE else "DIFFERS"
        verdict = "NOT PLANTED" if line.planted == NONE else verdict
        table.add_row(
            line.window[:10], line.what, line.planted, line.found, verdict, style="" if line.agrees else "bold red"
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
