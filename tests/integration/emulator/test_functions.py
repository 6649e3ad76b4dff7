"""Functions, as their callers and authors see them: time, memory, ends, sizes, freezing, concurrency, logs."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from emulators import SANDBOX_PYTHON, package, until

PROBE = """
import json, logging, os, subprocess, sys, tempfile, threading, time

CALLS = 0
BEATS = []

def beat():
    while True:
        BEATS.append(time.time())
        time.sleep(0.01)

def handler(event, context):
    global CALLS
    CALLS += 1
    do = event.get("do")
    if do == "sleep":
        time.sleep(event["seconds"])
    if do == "allocate":
        return len(bytearray(event["mb"] << 20))
    if do == "spike":
        bytearray(b"x") * (event["mb"] << 20)
    if do == "exit":
        os._exit(3)
    if do == "raise":
        raise ValueError("boom")
    if do == "answer":
        return "x" * event["bytes"]
    if do == "environment":
        return dict(os.environ)
    if do == "context":
        return [context.function_name, context.memory_limit_in_mb, context.get_remaining_time_in_millis(),
                context.invoked_function_arn, context.log_stream_name]
    if do == "beat":
        threading.Thread(target=beat, daemon=True).start()
        time.sleep(0.1)
    if do == "beats":
        time.sleep(0.1)
        return max((b - a for a, b in zip(BEATS, BEATS[1:])), default=0)
    if do == "log":
        print("printed line")
        logging.warning("logged\\nin two lines")
    if do == "file":
        descriptor, name = tempfile.mkstemp()
        os.write(descriptor, b"kept")
        return name
    if do == "child":
        return subprocess.Popen(["sleep", "600"]).pid
    return {"calls": CALLS, "process": os.getpid(), "python": sys.executable}
"""


@pytest.fixture(scope="module")
def probe(aws):
    aws.function("probe", PROBE, Timeout=30, MemorySize=160, variables={"COLOUR": "green"})
    return "probe"


def test_a_second_call_finds_the_sandbox_warm_and_frozen_in_between(aws, probe):
    cold, _, cold_log = aws.invoke(probe, {"do": "beat"})
    until(lambda: False, 0.5)
    gap, _, warm_log = aws.invoke(probe, {"do": "beats"})
    warm, _, _ = aws.invoke(probe, {})

    assert (warm["calls"], warm["process"]) == (cold["calls"] + 2, cold["process"])
    assert "Init Duration" in cold_log
    assert "Init Duration" not in warm_log
    assert gap > 0.4
    assert cold["python"] == str(SANDBOX_PYTHON)


def test_a_function_that_takes_too_long_is_ended(aws):
    aws.function("slow", PROBE, Timeout=1)

    payload, error, log = aws.invoke("slow", {"do": "sleep", "seconds": 30})
    after, _, _ = aws.invoke("slow", {})

    assert (payload["errorType"], error) == ("Sandbox.Timedout", "Unhandled")
    assert payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in log
    assert after["calls"] == 1


@pytest.mark.parametrize("how", ["allocate", "spike"])
def test_a_function_that_takes_too_much_memory_is_killed(aws, probe, how):
    payload, error, _ = aws.invoke(probe, {"do": how, "mb": 300})

    assert (payload["errorType"], error) == ("Runtime.OutOfMemory", "Unhandled")
    assert "signal: killed" in payload["errorMessage"]


def test_a_function_that_exits_has_failed_and_the_next_call_starts_cold(aws, probe):
    payload, error, _ = aws.invoke(probe, {"do": "exit"})
    after, _, _ = aws.invoke(probe, {})

    assert (payload["errorType"], error) == ("Runtime.ExitError", "Unhandled")
    assert payload["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert after["calls"] == 1


def test_an_exception_comes_back_with_its_type_and_trace(aws, probe):
    payload, error, log = aws.invoke(probe, {"do": "raise"})

    assert (payload["errorType"], payload["errorMessage"], error) == ("ValueError", "boom", "Unhandled")
    assert "in handler" in payload["stackTrace"][-1]
    assert "[ERROR] ValueError: boom" in log


def test_a_module_that_does_not_load_fails_each_call(aws):
    aws.function("broken", "import no_such_module")

    payload, error, _ = aws.invoke("broken", {})

    assert (payload["errorType"], error) == ("Runtime.ImportModuleError", "Unhandled")


def test_answers_may_have_six_megabytes_and_no_more(aws, probe):
    fine, error, _ = aws.invoke(probe, {"do": "answer", "bytes": 6 * 1024 * 1024 - 2})
    payload, too_large, _ = aws.invoke(probe, {"do": "answer", "bytes": 6 * 1024 * 1024 + 101})

    assert (len(fine), error) == (6 * 1024 * 1024 - 2, None)
    assert (payload["errorType"], too_large) == ("Function.ResponseSizeTooLarge", "Unhandled")


@pytest.mark.parametrize(("kind", "limit"), [("RequestResponse", 6 * 1024 * 1024), ("Event", 1024 * 1024)])
def test_requests_have_a_limit_of_their_kind(aws, probe, kind, limit):
    client = aws.client("lambda")
    frame = len(json.dumps({"text": ""}))

    fine = client.invoke(
        FunctionName=probe, InvocationType=kind, Payload=json.dumps({"text": "x" * (limit - frame)}).encode()
    )
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(
            FunctionName=probe, InvocationType=kind, Payload=json.dumps({"text": "x" * (limit - frame + 1)}).encode()
        )

    assert fine["StatusCode"] == (200 if kind == "RequestResponse" else 202)


def test_a_sandbox_sees_lambdas_variables_and_the_emulators_and_no_others(aws, probe):
    variables, _, _ = aws.invoke(probe, {"do": "environment"})

    assert variables["COLOUR"] == "green"
    assert variables["AWS_ENDPOINT_URL"] == aws.run["endpoint"]
    assert variables["AWS_EC2_METADATA_DISABLED"] == "true"
    assert variables["AWS_ACCESS_KEY_ID"] == aws.run["variables"]["AWS_ACCESS_KEY_ID"]
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == "probe"
    others = {name for name in variables if not name.startswith(("AWS_", "LAMBDA_", "_", "LC_"))}
    proxies = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
    assert others == {"COLOUR", "PATH", "LANG", "TZ", "TMPDIR", *proxies}


def test_the_context_tells_name_memory_and_the_time_left(aws, probe):
    (name, memory, left, arn, stream), _, _ = aws.invoke(probe, {"do": "context"})

    assert (name, memory, arn) == ("probe", "160", aws.arn("lambda", "function:probe"))
    assert 0 < left <= 30_000
    assert "[$LATEST]" in stream


def test_what_a_function_prints_and_logs_is_in_its_log_group_message_by_message(aws, probe):
    _, _, tail = aws.invoke(probe, {"do": "log"})
    events = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/probe")["events"]

    messages = [event["message"] for event in events]
    assert "printed line" in messages
    assert any(message.startswith("[WARNING]") and message.endswith("logged\nin two lines") for message in messages)
    assert tail.splitlines()[0].startswith("START RequestId: ")
    assert "Max Memory Used: " in tail.splitlines()[-1]
    assert (aws.folder / "logs/function-probe.log").read_text().count("printed line") == 1


def test_what_a_function_started_ends_with_its_sandbox(aws, probe):
    child, _, _ = aws.invoke(probe, {"do": "child"})
    aws.invoke(probe, {"do": "exit"})

    assert until(lambda: not is_running(child))


def test_temporary_files_last_as_long_as_their_sandbox(aws, probe):
    kept, _, _ = aws.invoke(probe, {"do": "file"})
    warm = Path(kept).read_text()
    aws.invoke(probe, {"do": "exit"})

    assert warm == "kept"
    assert Path(kept).is_relative_to(aws.folder)
    assert until(lambda: not Path(kept).exists())


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_calls_at_once_have_a_sandbox_each(aws, probe):
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: aws.invoke(probe, {"do": "sleep", "seconds": 0.5})[0], range(4)))

    assert len({answer["process"] for answer in answers}) == 4


def test_reserved_concurrency_throttles(aws):
    aws.function("narrow", PROBE, Timeout=5)
    client = aws.client("lambda")
    client.put_function_concurrency(FunctionName="narrow", ReservedConcurrentExecutions=1)

    def call(_):
        try:
            return aws.invoke("narrow", {"do": "sleep", "seconds": 1})[1]
        except client.exceptions.TooManyRequestsException as error:
            return error.response["Reason"]

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(call, range(3)))

    assert answers.count(None) == 1
    assert answers.count("ReservedFunctionConcurrentInvocationLimitExceeded") == 2


def test_new_code_and_configuration_need_new_sandboxes(aws):
    aws.function("changing", "import os\ndef handler(e, c): return ['one', os.getenv('X')]")
    client = aws.client("lambda")
    first, _, _ = aws.invoke("changing", {})
    client.update_function_code(
        FunctionName="changing",
        ZipFile=package({"h.py": "import os\ndef handler(e, c): return ['two', os.getenv('X')]"}),
    )
    client.update_function_configuration(FunctionName="changing", Environment={"Variables": {"X": "1"}})

    second, _, _ = aws.invoke("changing", {})

    assert (first, second) == (["one", None], ["two", "1"])
