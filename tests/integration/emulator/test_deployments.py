"""Functions run from a folder, and their URLs."""

import json
import urllib.request

import pytest
from deployments import bucket_to_queue, deploy
from emulators import fetch, until

SOURCE = """
import json, os
from answers import COLOUR

def handler(event, context):
    print("TOLD " + json.dumps(event))
    return {"batchItemFailures": []}

def page(event, context):
    if event["rawPath"] == "/broken":
        raise RuntimeError("secret words")
    body = {"path": event["rawPath"], "query": event.get("queryStringParameters"), "text": event.get("body"),
            "colour": COLOUR, "where": os.path.dirname(__file__), "variable": os.getenv("KIND")}
    return {"statusCode": 201, "headers": {"X-Kind": "test"}, "body": json.dumps(body)}

def picture(event, context):
    return {"statusCode": 200, "isBase64Encoded": True, "headers": {"Content-Type": "image/png"}, "body": "iVBORw=="}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "h.py").write_text(SOURCE)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "answers.py").write_text("COLOUR = 'green'")
    return tmp_path


def deployed(aws, folder, name, handler="handler", **settings):
    return deploy(aws, name, folder / "code", f"h.{handler}", path=[folder / "more"], **settings)


def test_a_folder_is_a_function_without_packing_and_nothing_is_written_to_it(aws, folder):
    function = deployed(aws, folder, "from-folder", "page", variables={"KIND": "fine"})

    answer, error, _ = function.invoke({"rawPath": "/"})
    body = json.loads(answer["body"])

    assert error is None
    assert (body["where"], body["colour"], body["variable"]) == (str(folder / "code"), "green", "fine")
    assert [path.name for path in sorted(folder.rglob("*"))] == ["code", "h.py", "more", "answers.py"]


def test_a_url_passes_path_query_and_body_and_gives_status_and_headers(aws, folder):
    url = deployed(aws, folder, "paged", "page").url()
    request = urllib.request.Request(f"{url}/a/b?x=1&y=%C3%A9", b"text", {"Content-Type": "text/plain"})

    with urllib.request.urlopen(request, timeout=20) as answer:
        status, kind, body = answer.status, answer.headers["X-Kind"], json.loads(answer.read())

    assert (status, kind) == (201, "test")
    assert (body["path"], body["query"], body["text"]) == ("/a/b", {"x": "1", "y": "é"}, "text")


def test_a_url_gives_bytes_and_tells_nothing_of_an_error(aws, folder):
    picture = deployed(aws, folder, "pictured", "picture").url()
    page = deployed(aws, folder, "breaking", "page").url()

    assert fetch(f"{picture}/") == (200, b"\x89PNG")
    assert fetch(f"{page}/broken") == (502, b"Internal Server Error")


def test_a_url_for_known_callers_lets_in_no_others(aws, folder):
    url = deployed(aws, folder, "guarded", "page").url("AWS_IAM")
    path = url.removeprefix(aws.run["endpoint"]) + "/"

    assert fetch(f"{url}/")[0] == 403
    assert fetch(aws.signed("lambda", path, b"{}", {}, secret="guessed"))[0] == 403
    assert fetch(aws.signed("lambda", path, b"{}", {}, key="AKIAREALLYREAL000000"))[0] == 403
    assert fetch(aws.signed("lambda", path, b"{}", {}))[0] == 201


def test_each_way_to_call_a_deployed_function_calls_it(aws, folder):
    function = deployed(aws, folder, "called")
    url, queue = aws.queue("called", VisibilityTimeout="60")
    topic = aws.client("sns").create_topic(Name="called")["TopicArn"]
    bucket, other = aws.bucket("called"), aws.bucket("called-through-a-queue")
    function.on_bucket(bucket, prefix="in/")
    function.on_queue(queue, BatchSize=10)
    bucket_to_queue(aws, other, url, queue, suffix=".jsonl")
    function.on_topic(topic)
    function.on_events({"source": ["test.called"]})
    function.on_schedule("rate(1 minute)", {"by": "schedule"})

    aws.client("s3").put_object(Bucket=bucket, Key="out/1", Body=b"1")
    aws.client("s3").put_object(Bucket=bucket, Key="in/1", Body=b"1")
    aws.client("s3").put_object(Bucket=other, Key="2.jsonl", Body=b"1")
    aws.client("sns").publish(TopicArn=topic, Message="m")
    aws.client("events").put_events(Entries=[{"Source": "test.called", "DetailType": "x", "Detail": "{}"}])

    wanted = ["in/1", "2.jsonl", "aws:sns", "test.called", "schedule", "s3:TestEvent"]
    lines = until(lambda: (said := "".join(function.lines())) and all(each in said for each in wanted) and said)
    aws.client("events").disable_rule(Name="called-schedule")

    assert lines
    assert "out/1" not in lines
