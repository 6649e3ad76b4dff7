"""Starting, stopping, and being stopped at any moment: nothing stays behind, neither Azurite nor an instance."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from azure_emulators import Azure, azure_emulator, with_node, write_app
from emulators import WORKER_PYTHON, command, environment, processes, run, running, until

SOURCE = """
import subprocess
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="child")
def child(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(str(subprocess.Popen(["sleep", "600"]).pid))
"""


@pytest.fixture(autouse=True, scope="module")
def heard():
    """Whoever runs the tests may ignore signals, as nohup does; a child inherits that until it listens itself."""
    ignored = [
        each for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "state"
    yield path
    assert processes(path) == []


def variables(**more):
    return environment(**with_node(), **more)


def start(folder, *arguments):
    words = command("start", "--cloud", "azure", "--state", folder, "--json", *arguments)
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=variables())


def ready(process):
    run = json.loads(process.stdout.readline())
    return {**run, **run["azure"]}


def is_free(url):
    port = int(url.partition("//")[2].partition("/")[0].rpartition(":")[2])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def with_an_instance(started, folder, tmp_path):
    """Leave one warm instance behind, with a child of its own."""
    app = Azure(started, folder).deploy("child", write_app(tmp_path / "app", SOURCE))
    status, child = app.call("/api/child")
    assert status == 200
    return int(child)


def has_ended(process):
    stat = Path(f"/proc/{process}/stat")
    return not stat.exists() or ") Z " in stat.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_azurite_and_all_instances(folder, tmp_path, number):
    process = start(folder)
    started = ready(process)
    child = with_an_instance(started, folder, tmp_path)

    process.send_signal(number)
    _, talk = process.communicate(timeout=20)

    assert (process.returncode, talk) == (0, "")
    assert processes(folder) == []
    assert has_ended(child)
    assert all(is_free(started[name]) for name in ("blob", "queue", "table", "functions", "admin"))
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "logs"]


def test_a_signal_at_any_moment_of_the_start_leaves_nothing(folder):
    draw = random.Random(3)

    for _ in range(4):
        process = start(folder)
        time.sleep(draw.uniform(0, 5))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)

        assert processes(folder) == []
        assert not (folder / "run.json").exists()


def test_its_processes_end_by_themselves_when_their_supervisor_is_killed(folder, tmp_path):
    process = start(folder)
    child = with_an_instance(ready(process), folder, tmp_path)

    process.kill()
    process.communicate()

    assert until(lambda: processes(folder) == [])
    assert until(lambda: has_ended(child))


@pytest.mark.parametrize("service", ["azurite", "azure"])
def test_a_process_that_dies_ends_the_emulator_with_one_line(folder, tmp_path, service):
    process = start(folder)
    started = ready(process)
    with_an_instance(started, folder, tmp_path)

    os.kill(started["services"][service]["process"], signal.SIGKILL)
    _, talk = process.communicate(timeout=20)

    assert process.returncode == 2
    assert talk.count("\n") == 1
    assert f"{service} ended with -9" in talk


def test_a_chosen_port_is_used_and_a_taken_one_is_named(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with azure_emulator(folder, "--azure-port", f"blob={port}", "--worker-python", WORKER_PYTHON) as azure:
        assert azure.run["blob"] == f"http://127.0.0.1:{port}/devstoreaccount1"
        azure.container("reached")
        refused = run(
            "start", "--cloud", "azure", "--state", f"{folder}-2", "--azure-port", f"blob={port}", env=variables()
        )

    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert f"port {port}" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("--node", "/nowhere/node"), "Install Node.js"),
        (("--node-modules", "/nowhere"), "make build/node"),
        (("--azure-python", "/nowhere/python"), "make build/azure-emulator"),
        (("--worker-python", "/nowhere/python"), "make build/azure-worker"),
    ],
)
def test_what_is_missing_is_named_with_the_remedy(folder, arguments, remedy):
    done = run("start", "--cloud", "azure", "--state", folder, *arguments, env=variables())

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert remedy in done.stderr


def test_it_does_not_start_where_an_endpoint_leads_outside(folder):
    outside = {"AZURE_STORAGE_ENDPOINT": "https://real.blob.core.windows.net"}
    done = run("start", "--cloud", "azure", "--state", folder, env=variables(**outside))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "AZURE_STORAGE_ENDPOINT" in done.stderr


def test_azure_needs_nothing_of_aws_and_aws_nothing_of_azure(folder):
    nothing = ("--ministack-python", "/nowhere/python", "--sandbox-python", "/nowhere/python")
    with running(folder, "--cloud", "azure", *nothing, **variables()) as started:
        assert "aws" not in started
    nothing = ("--node", "/nowhere/node", "--azure-python", "/nowhere/python", "--worker-python", "/nowhere/python")
    with running(folder, "--cloud", "aws", *nothing) as started:
        assert "azure" not in started


def test_both_clouds_run_side_by_side_and_status_tells_of_both(folder):
    with running(folder, **variables()) as started:
        told = json.loads(run("status", "--state", folder, "--json").stdout)
        text = run("status", "--state", folder).stdout

    assert set(started["services"]) == {"aws", "azurite", "azure"}
    assert set(told["counts"]) == {"aws", "azure"}
    assert started["aws"]["endpoint"] in text
    assert started["azure"]["blob"] in text
    assert {"AWS_ENDPOINT_URL", "AZURE_STORAGE_CONNECTION_STRING"} <= set(started["variables"])
