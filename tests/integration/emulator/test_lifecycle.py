"""Starting, stopping, and being stopped at any moment: nothing stays behind."""

import json
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
from emulators import SANDBOX_PYTHON, Emulator, command, emulator, environment, processes, run, until


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


def start(folder, *arguments, new_group=False):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment()}
    if new_group:
        options["process_group"] = 0
    return subprocess.Popen(command("start", "--cloud", "aws", "--state", folder, "--json", *arguments), **options)


def ready(process):
    run = json.loads(process.stdout.readline())
    return {**run, **run["aws"]}


def is_free(url):
    port = int(url.rpartition(":")[2])
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_all_its_sandboxes_and_ports(folder, number):
    process = start(folder)
    started = ready(process)
    with_a_sandbox(started, folder)

    process.send_signal(number)
    _, talk = process.communicate(timeout=20)

    assert (process.returncode, talk) == (0, "")
    assert processes(folder) == []
    assert is_free(started["endpoint"])
    assert is_free(started["admin"])


def with_a_sandbox(started, folder):
    """Leave one warm sandbox behind, frozen, with a child of its own."""
    aws = Emulator(started, Path(folder))
    aws.function("child", "import subprocess\ndef handler(e, c): return subprocess.Popen(['sleep', '600']).pid")
    child, error, _ = aws.invoke("child", {})
    assert error is None
    return child


@pytest.fixture(scope="module")
def start_seconds(tmp_path_factory):
    begun = time.monotonic()
    with emulator(tmp_path_factory.mktemp("measured")):
        return time.monotonic() - begun


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_any_moment_of_the_start_leaves_nothing(folder, number, start_seconds):
    draw = random.Random(number)

    for _ in range(3):
        process = start(folder)
        time.sleep(draw.uniform(0, start_seconds))
        process.send_signal(number)
        process.communicate(timeout=20)

        assert processes(folder) == []
        assert not (folder / "run.json").exists()


def test_ctrl_c_once_or_twice_in_the_midst_of_work_leaves_nothing(folder):
    """As a terminal sends it: to the whole process group."""
    draw = random.Random(7)

    for times in (1, 2):
        process = start(folder, new_group=True)
        started = ready(process)
        aws = Emulator(started, folder)
        aws.function("busy", "import time\ndef handler(e, c): time.sleep(30)", Timeout=60)
        for _ in range(4):
            aws.client("lambda").invoke(FunctionName="busy", InvocationType="Event", Payload=b"{}")
        time.sleep(draw.uniform(0, 0.5))
        for _ in range(times):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.05)
        _, talk = process.communicate(timeout=20)

        assert (process.returncode, talk) == (0, "")
        assert processes(folder) == []
        assert is_free(started["endpoint"])
        assert sorted(path.name for path in folder.iterdir()) == ["lock", "logs"]


def test_all_functions_together_have_the_accounts_concurrency(folder):
    with emulator(folder, "--concurrency", "2") as aws:
        for name in ("one", "two", "three"):
            aws.function(name, "import time\ndef handler(e, c): time.sleep(e)", Timeout=20)
        aws.client("lambda").invoke(FunctionName="one", InvocationType="Event", Payload=b"15")
        aws.client("lambda").invoke(FunctionName="two", InvocationType="Event", Payload=b"15")
        busy = until(lambda: aws.admin("GET", "/status")["lambda"]["busy"] == 2)

        with pytest.raises(aws.client("lambda").exceptions.TooManyRequestsException) as refused:
            aws.invoke("three", 0)

    assert busy
    assert refused.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"


def test_a_second_start_in_the_same_folder_says_so_in_one_line(folder):
    with emulator(folder):
        second = run("start", "--state", folder, env=environment())
        detached = run("start", "--state", folder, "--detach", env=environment())

    for refused in (second, detached):
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert "an emulator runs there already" in refused.stderr


def test_status_tells_what_runs_and_what_there_is_of_it(folder):
    nothing = run("status", "--state", folder, "--json")
    with emulator(folder, "--scale", "60") as aws:
        aws.bucket("counted")
        told = run("status", "--state", folder, "--json")
        text = run("status", "--state", folder)
    after = run("status", "--state", folder)

    assert (nothing.returncode, json.loads(nothing.stdout)) == (1, {"running": False})
    status = json.loads(told.stdout)
    assert (told.returncode, status["running"], status["ready"], status["scale"]) == (0, True, True, 60)
    assert status["counts"]["aws"]["aws"]["buckets"] == 1
    assert status["services"]["aws"]["ports"]["endpoint"] == int(status["aws"]["endpoint"].rpartition(":")[2])
    assert status["aws"]["endpoint"] in text.stdout
    assert (after.returncode, "nothing runs" in after.stdout) == (1, True)


def test_stop_stops_what_runs_and_is_content_with_nothing(folder):
    with emulator(folder) as aws:
        stopped = run("stop", "--state", folder)
        assert is_free(aws.run["endpoint"])
    again = run("stop", "--state", folder)

    assert (stopped.returncode, again.returncode) == (0, 0)
    assert "nothing ran" in again.stderr


@pytest.mark.parametrize("then", ["stop", "start"])
def test_what_a_killed_emulator_left_is_ended_by_the_next_start_or_stop(folder, then):
    process = start(folder)
    started = ready(process)
    child = with_a_sandbox(started, folder)
    os.kill(started["services"]["aws"]["process"], signal.SIGSTOP)  # it cannot even see that it is alone
    process.kill()
    process.communicate()
    left = processes(folder)

    if then == "stop":
        done = run("stop", "--state", folder)
    else:
        with emulator(folder):
            done = run("status", "--state", folder)

    assert len(left) == 2
    assert done.returncode == 0
    assert processes(folder) == []
    assert until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


def test_the_services_end_by_themselves_when_their_supervisor_is_killed(folder):
    process = start(folder)
    started = ready(process)
    with_a_sandbox(started, folder)

    process.kill()
    process.communicate()

    assert until(lambda: processes(folder) == [])


def test_a_service_that_dies_ends_the_emulator_with_one_line(folder):
    process = start(folder)
    started = ready(process)
    with_a_sandbox(started, folder)

    os.kill(started["services"]["aws"]["process"], signal.SIGKILL)
    _, talk = process.communicate(timeout=20)

    assert process.returncode == 2
    assert talk.count("\n") == 1
    assert "aws ended with -9" in talk
    assert str(folder / "logs/aws.log") in talk


def test_a_taken_port_is_named(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("start", "--cloud", "aws", "--state", folder, "--port", port, env=environment())

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr


def test_a_python_without_the_runtime_client_is_named_with_the_remedy(folder, tmp_path):
    done = run("start", "--cloud", "aws", "--state", folder, "--sandbox-python", tmp_path / "python", env=environment())

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "make build/emulator" in done.stderr


def test_a_chosen_port_is_used_and_the_sandbox_python_is_the_one_given(folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with emulator(folder, "--port", port, "--sandbox-python", SANDBOX_PYTHON) as aws:
        aws.function("python", "import sys\ndef handler(e, c): return sys.executable")
        python, _, _ = aws.invoke("python", {})

    assert aws.run["endpoint"] == f"http://127.0.0.1:{port}"
    assert python == str(SANDBOX_PYTHON)
