"""Nothing leaves this machine, and nothing that is not the emulator's gets in."""

import ipaddress
import json
import re
import socket
import urllib.request
from pathlib import Path

import obstore
import pytest
from deployments import deploy
from emulators import environment, fetch, processes, run, until

LEAVE = """
import json, socket, urllib.request
import boto3
from botocore.config import Config

def attempt(work):
    try:
        work()
        return "got out"
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def connect(address):
    with socket.socket() as s:
        s.settimeout(2)
        s.connect(address)

def handler(event, context):
    quick = Config(retries={"max_attempts": 0}, connect_timeout=2, proxies={})
    real = boto3.client("s3", endpoint_url="https://s3.eu-west-1.amazonaws.com", config=quick)
    return {
        "address": attempt(lambda: connect(("192.0.2.1", 443))),
        "metadata": attempt(lambda: connect(("169.254.169.254", 80))),
        "name": attempt(lambda: socket.getaddrinfo("example.com", 443)),
        "datagram": attempt(lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))),
        "boto3": attempt(real.list_buckets),
        "url": attempt(lambda: urllib.request.urlopen("https://example.com", timeout=2)),
    }
"""
NATIVE = """
import obstore
from obstore.store import S3Store

def handler(event, context):
    quick = {"max_retries": 0}
    client = {"timeout": "3s", "connect_timeout": "3s", "allow_http": True}
    store = S3Store("bucket", endpoint=event["endpoint"], retry_config=quick, client_options=client)
    try:
        obstore.put(store, "key", b"1")
        return "got out"
    except Exception as error:
        return f"{error}"
"""


def test_a_function_cannot_turn_to_another_machine(aws):
    aws.function("leaving", LEAVE, Timeout=30, MemorySize=512)

    answers, error, log = aws.invoke("leaving", {})

    assert error is None
    for way in ("address", "metadata", "name", "datagram"):
        assert answers[way].startswith("PermissionError: the emulator lets nothing leave this machine"), way
    assert "got out" not in answers.values()
    assert "refused to turn to 169.254.169.254" in log


@pytest.mark.parametrize("address", ["https://s3.eu-west-1.amazonaws.com", "http://192.0.2.1"])
def test_native_code_ends_at_a_closed_port(aws, address, tmp_path):
    (tmp_path / "native.py").write_text(NATIVE)
    name = f"native-{address.partition(':')[0]}"
    native = deploy(aws, name, tmp_path, "native.handler", path=[Path(obstore.__file__).parents[1]])

    answer, error, _ = native.invoke({"endpoint": address})

    assert error is None
    assert "127.0.0.1:9" in answer


def test_no_process_of_the_emulator_has_a_socket_beyond_loopback(aws):
    aws.function(
        "looking",
        "import boto3\ndef handler(e, c): return len(boto3.client('s3').list_buckets()['Buckets'])",
        Timeout=20,
        MemorySize=512,
    )
    aws.function("leaving-too", LEAVE, Timeout=30, MemorySize=512)
    client = aws.client("lambda")
    for name in ("looking", "leaving-too"):
        client.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")

    seen, others = set(), set()

    def look():
        ours = {inode for process in processes(aws.folder) for inode in inodes(process)}
        for inode, local, remote in sockets():
            if inode in ours:
                seen.add(inode)
                others.update(end for end in (local, remote) if not end.is_loopback and not end.is_unspecified)
        return aws.admin("GET", "/status")["lambda"]["waiting_events"] == 0 and len(seen) > 3

    assert until(look)
    assert others == set()


def test_every_port_of_the_emulator_listens_on_loopback_only(aws):
    ours = {inode for process in processes(aws.folder) for inode in inodes(process)}
    listening = [local for inode, local, remote in sockets() if inode in ours and remote.is_unspecified]

    assert listening
    assert all(local.is_loopback for local in listening)


def inodes(process):
    found = set()
    for descriptor in Path(f"/proc/{process}/fd").glob("*"):
        try:
            match = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
        except OSError:
            continue
        if match:
            found.add(match[1])
    return found


def sockets():
    """Inode, local and remote address of all Internet sockets."""
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            yield fields[9], address(fields[1]), address(fields[2])


def address(text):
    """An address as /proc/net writes it: 32-bit words, each in the machine's own byte order."""
    words = re.findall("........", text.partition(":")[0])
    packed = b"".join(bytes.fromhex(word)[::-1] for word in words)
    found = ipaddress.ip_address(packed)
    return getattr(found, "ipv4_mapped", None) or found


def test_addresses_of_proc_are_read_right():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        inode = str(re.search(r"\d+", str(Path(f"/proc/self/fd/{listener.fileno()}").readlink()))[0])

        found = [local for each, local, _ in sockets() if each == inode]

    assert found == [ipaddress.ip_address("127.0.0.1")]


@pytest.mark.parametrize("service", ["s3", "sqs", "lambda", "cloudwatch", "sagemaker"])
def test_a_foreign_credential_is_refused(aws, service):
    import boto3
    from botocore.exceptions import ClientError

    keys = {"aws_access_key_id": "AKIAREALLYREAL000000", "aws_secret_access_key": "real"}
    client = boto3.client(service, endpoint_url=aws.run["endpoint"], region_name="eu-west-1", **keys)
    calls = {
        "s3": "list_buckets",
        "sqs": "list_queues",
        "lambda": "list_functions",
        "cloudwatch": "describe_alarms",
        "sagemaker": "list_training_jobs",
    }

    with pytest.raises(ClientError) as refused:
        getattr(client, calls[service])()

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "AKIAREALLYREAL000000 is not the emulator's" in str(refused.value)


def test_a_wrong_secret_and_an_unsigned_request_are_refused(aws):
    import boto3
    from botocore.exceptions import ClientError

    keys = {"aws_access_key_id": aws.run["variables"]["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": "guessed"}
    client = boto3.client("s3", endpoint_url=aws.run["endpoint"], region_name="eu-west-1", **keys)

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.list_buckets()
    for path in ("/bucket/key", "/_ministack/reset", "/_ministack/health"):
        assert fetch(aws.run["endpoint"] + path)[0] == 403


def test_a_presigned_url_works_without_a_header(aws):
    bucket = aws.bucket("presigned")
    aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"content")

    url = aws.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", {"Bucket": bucket, "Key": "k"}
    )

    assert fetch(url) == (200, b"content")


def test_a_request_for_another_host_is_refused(aws):
    request = urllib.request.Request(aws.run["endpoint"] + "/", headers={"Host": "s3.eu-west-1.amazonaws.com"})

    assert fetch(request)[0] == 403


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": "https://s3.eu-west-1.amazonaws.com"},
        {"AWS_ENDPOINT_URL_S3": "http://192.0.2.1"},
        {"AWS_ACCESS_KEY_ID": "AKIAREALLYREAL000000"},
        {"HTTPS_PROXY": "http://192.0.2.1:3128"},
    ],
)
def test_a_function_is_not_given_a_way_out(aws, variables):
    client = aws.client("lambda")

    with pytest.raises(client.exceptions.InvalidParameterValueException, match=next(iter(variables))):
        aws.function("never", "def handler(e, c): pass", variables=variables)


def test_it_does_not_start_where_an_endpoint_leads_outside(tmp_path):
    done = run("start", "--state", tmp_path, env=environment(AWS_ENDPOINT_URL_S3="https://s3.eu-west-1.amazonaws.com"))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "AWS_ENDPOINT_URL_S3" in done.stderr


def test_real_credentials_of_the_caller_never_reach_a_function(tmp_path):
    from emulators import emulator

    real = {"AWS_ACCESS_KEY_ID": "AKIAREALLYREAL000000", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "real"}
    with emulator(tmp_path / "e", **real) as aws:
        aws.function("env", "import os\ndef handler(e, c): return dict(os.environ)")

        variables, _, _ = aws.invoke("env", {})

    assert not {"AWS_PROFILE"} & set(variables)
    assert "AKIAREALLYREAL000000" not in json.dumps(variables)
