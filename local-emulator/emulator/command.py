"""The command line: start, status, stop. Data on stdout, talk on stderr; exit code 2 for what its user can mend."""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.asking import ask
from emulator.aws import AwsOptions
from emulator.azure import PORTS, AzureOptions
from emulator.faults import EmulatorError
from emulator.folder import Folder, Lock, end_leftovers, is_alive, open_folder
from emulator.services import HERE
from emulator.supervisor import START_SECONDS, STOP_SECONDS, Options, Signals, supervise

ROOT = HERE.parent
DEFAULT_FOLDER = ROOT / "build" / "local-emulator"
DEFAULT_MINISTACK = ROOT / "build" / "ministack" / "bin" / "python"
DEFAULT_AZURE = ROOT / "build" / "azure-emulator" / "bin" / "python"
DEFAULT_WORKER = ROOT / "build" / "azure-worker" / "bin" / "python"
DEFAULT_MODULES = ROOT / "build" / "node" / "node_modules"


def main(arguments: Sequence[str]) -> int:
    """Run one command; 0 fine, 1 nothing runs (status), 2 could not."""
    variables = dict(os.environ)  # noqa: TID251 (the program's own wiring)
    options = _parser(variables).parse_args(arguments)
    commands = {"start": _start, "status": _status, "stop": _stop}
    try:
        return commands[options.command](options, variables)
    except EmulatorError as error:
        print(f"local-emulator: {error}", file=sys.stderr)  # noqa: T201 (the one line of a failure)
        return 2


def _parser(variables: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python local-emulator", description="Both clouds on this machine's loopback, no Docker."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="run until Ctrl-C; with --detach in the background")
    status = commands.add_parser("status", help="what runs, on which ports; exit code 1 if nothing does")
    stop = commands.add_parser("stop", help="stop what runs, and end what a killed emulator left")
    for command in (start, status, stop):
        command.add_argument("--state", type=Path, default=DEFAULT_FOLDER, help="its folder (%(default)s)")
    for command in (start, status):
        command.add_argument("--json", action="store_true", help="for machines")
    start.add_argument("--detach", action="store_true", help="return when it is ready, leave it running")
    start.add_argument("--scale", type=_scale, default=1.0, help="emulated seconds per real second (%(default)g)")
    start.add_argument("--cloud", choices=("aws", "azure", "both"), default="both", help="(%(default)s)")
    _add_aws(start.add_argument_group("AWS"), variables)
    _add_azure(start.add_argument_group("Azure"), variables)
    return parser


def _add_aws(start: argparse._ArgumentGroup, variables: Mapping[str, str]) -> None:
    start.add_argument("--port", type=int, default=0, help="of the AWS endpoint (any free one)")
    start.add_argument("--admin-port", type=int, default=0, help="of status and chaos of AWS (any free one)")
    start.add_argument("--concurrency", type=int, default=10, help="sandboxes at once, all functions (%(default)d)")
    start.add_argument("--region", default="eu-west-1", help="(%(default)s)")
    start.add_argument("--account", default="123456789012", help="(%(default)s)")
    start.add_argument("--iam", action="store_true", help="hold functions to the policies of their roles")
    start.add_argument("--ministack-python", type=Path, default=DEFAULT_MINISTACK, help="(%(default)s)")
    sandbox = Path(variables.get("ATALAIA_SANDBOX_PYTHON") or sys.executable)
    start.add_argument("--sandbox-python", type=Path, default=sandbox, help="runs the functions (%(default)s)")


def _add_azure(start: argparse._ArgumentGroup, variables: Mapping[str, str]) -> None:
    ports = f"one of {', '.join(PORTS)} (any free one); may be given several times"
    start.add_argument("--azure-port", type=_named_port, action="append", default=[], metavar="NAME=PORT", help=ports)
    start.add_argument("--node", default="node", help="runs Azurite (%(default)s)")
    start.add_argument("--node-modules", type=Path, default=DEFAULT_MODULES, help="has Azurite (%(default)s)")
    start.add_argument("--azure-python", type=Path, default=DEFAULT_AZURE, help="(%(default)s)")
    worker = Path(variables.get("ATALAIA_WORKER_PYTHON") or DEFAULT_WORKER)
    start.add_argument("--worker-python", type=Path, default=worker, help="runs Azure's functions (%(default)s)")


def _named_port(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    if name not in PORTS or not port.isdecimal():
        message = f"{text} is not NAME=PORT with a name of {', '.join(PORTS)}"
        raise argparse.ArgumentTypeError(message)
    return name, int(port)


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale <= 1e6:  # beyond, a day is shorter than a tick
        message = f"{text} is not above 0 and at most 1000000"
        raise argparse.ArgumentTypeError(message)
    return scale


def _start(parsed: argparse.Namespace, variables: Mapping[str, str]) -> int:
    signals = Signals()
    folder = open_folder(parsed.state)
    if parsed.detach:
        return _start_detached(folder, parsed, signals)
    options = Options(
        scale=parsed.scale,
        aws=_aws_options(parsed, variables) if parsed.cloud in ("aws", "both") else None,
        azure=_azure_options(parsed, variables) if parsed.cloud in ("azure", "both") else None,
    )
    supervise(folder, options, signals, lambda run: _say_ready(run, as_json=parsed.json))
    return 0


def _aws_options(parsed: argparse.Namespace, variables: Mapping[str, str]) -> AwsOptions:
    return AwsOptions(
        scale=parsed.scale,
        port=parsed.port,
        admin_port=parsed.admin_port,
        concurrency=parsed.concurrency,
        region=parsed.region,
        account=parsed.account,
        iam=parsed.iam,
        ministack=parsed.ministack_python.absolute(),
        sandbox_python=parsed.sandbox_python.absolute(),
        variables=variables,
    )


def _azure_options(parsed: argparse.Namespace, variables: Mapping[str, str]) -> AzureOptions:
    return AzureOptions(
        scale=parsed.scale,
        ports=dict(parsed.azure_port),
        node=parsed.node,
        modules=parsed.node_modules.absolute(),
        python=parsed.azure_python.absolute(),
        worker_python=parsed.worker_python.absolute(),
        variables=variables,
    )


def _say_ready(run: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        _print(json.dumps(run))
        return
    for name, value in run["variables"].items():
        _print(f"export {name}={shlex.quote(value)}")
    for cloud, place in (("aws", "endpoint"), ("azure", "blob")):
        if cloud in run:
            words = f"{cloud} at {run[cloud][place]}, its status and chaos at {run[cloud]['admin']}"
            print(f"ready: {words}", file=sys.stderr)  # noqa: T201 (talk)
    if "azure" in run:
        print(f"console: {run['azure']['console']}", file=sys.stderr)  # noqa: T201 (talk)
    print("Ctrl-C stops it", file=sys.stderr)  # noqa: T201 (talk)


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 (data)


def _start_detached(folder: Folder, parsed: argparse.Namespace, signals: Signals) -> int:
    """Start ourselves again in a session of its own; pass on its one line of failure, or say that it is ready."""
    before = folder.read_run()
    command = [sys.executable, str(HERE), *(word for word in sys.argv[1:] if word not in ("--detach", "--json"))]
    folder.logs.mkdir(parents=True, exist_ok=True)
    log = folder.logs / "supervisor.log"
    with log.open("ab") as output:
        said_before = output.tell()
        process = subprocess.Popen(  # noqa: S603 (ourselves)
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    deadline = time.monotonic() + START_SECONDS + STOP_SECONDS
    while (run := folder.read_run()) is None or run == before or run["process"] != process.pid:
        if process.poll() is not None:
            raise EmulatorError(log.read_bytes()[said_before:].decode().strip().removeprefix("local-emulator: "))
        if signals.came or time.monotonic() > deadline:
            process.terminate()
            process.wait()
            return 130
        time.sleep(0.02)
    _say_ready(run, as_json=parsed.json)
    return 0


def _status(parsed: argparse.Namespace, _variables: Mapping[str, str]) -> int:
    folder = open_folder(parsed.state)
    lock = Lock(folder)
    if lock.take():
        lock.release()
        _print(json.dumps({"running": False}) if parsed.json else f"nothing runs in {folder.path}")
        return 1
    run = folder.read_run()
    if run is None:
        _print(json.dumps({"running": True, "ready": False}) if parsed.json else f"starting in {folder.path}")
        return 0
    clouds = [cloud for cloud in ("aws", "azure") if cloud in run]
    counts = {cloud: ask(urlsplit(run[cloud]["admin"]).port or 0, "GET", "/status") or {} for cloud in clouds}
    if parsed.json:
        _print(json.dumps({"running": True, "ready": True, **run, "counts": counts}))
    else:
        _print(f"scale     {run['scale']:g}\nlogs      {folder.logs}")
        for name, service in run["services"].items():
            _print(f"service   {name} (process {service['process']})")
        for cloud in clouds:
            _tell_counts(cloud, run[cloud], counts[cloud])
    return 0


def _tell_counts(cloud: str, places: Mapping[str, Any], counts: Mapping[str, Any]) -> None:
    for name, place in places.items():
        if name != "variables":
            _print(f"{cloud:<9} {name} {place}")
    for name, count in counts.items():
        _print(f"{cloud:<9} {name} {json.dumps(count)}")


def _stop(parsed: argparse.Namespace, _variables: Mapping[str, str]) -> int:
    folder = open_folder(parsed.state)
    lock = Lock(folder)
    deadline = time.monotonic() + 2 * STOP_SECONDS + 1
    asked = 0
    while not lock.take():
        holder = lock.holder()
        if holder and not asked:
            os.kill(holder, signal.SIGTERM)
            asked = holder
        if time.monotonic() > deadline:
            message = f"process {holder} does not stop. End it by hand: kill -9 {holder}"
            raise EmulatorError(message)
        time.sleep(0.02)
    while asked and is_alive(asked) and time.monotonic() < deadline:
        time.sleep(0.02)
    ended = end_leftovers(folder)
    folder.clear()
    lock.release()
    what = "stopped" if asked else f"nothing ran; ended {ended} processes of a killed one" if ended else "nothing ran"
    print(f"local-emulator: {what}", file=sys.stderr)  # noqa: T201 (talk)
    return 0
