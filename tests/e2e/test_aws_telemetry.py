"""What the functions tell, through every way there is, with nothing between them and it that is not real."""

import json
import sys
import sysconfig
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest
from accounts import MONITOR, captured, lines, rows
from alarms import alarm, is_in
from deployments import deploy
from emulators import ROOT, fetch, until
from faulty import faulty
from otlp_sink import otlp_sink

WITHOUT_POLICIES = MONITOR.partition("policies:")[0]
REPORT_ROWS, INGESTED = "ml.monitor.rows", "ml.monitor.ingest.rows"


@pytest.fixture(scope="module", autouse=True)
def on_linux():
    if sys.platform != "linux":
        pytest.skip("the emulator needs Linux")


class World:
    """A monitor named for how its functions send metrics, in a bucket and a namespace of that name."""

    def __init__(self, aws, name, **variables):
        self.aws, self.name, self.bucket, self.s3 = aws, name, aws.bucket(name), aws.client("s3")
        text = WITHOUT_POLICIES.replace("name: credit\nmodel", f"name: {name}\nmodel").replace("watched", name)
        self.put("monitors/m.yaml", text.encode())
        self.put("reference/rows.jsonl", lines(rows(2000, 0, "ab")))
        self.variables = {"ATALAIA_MONITORS": f"s3://{name}/monitors", "ATALAIA_NAMESPACE": name, **variables}
        self.ingest, self.evaluate = self.function("ingest"), self.function("evaluate")

    def function(self, kind):
        path = [ROOT, ROOT / "adapters", sysconfig.get_path("platlib")]
        made = {"variables": self.variables, "path": path, "Timeout": 60, "MemorySize": 1024}
        return deploy(self.aws, f"{self.name}-{kind}", ROOT / "functions/aws", f"{kind}.handler", **made)

    def put(self, key, data):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)["ETag"].strip('"')

    def keys(self, prefix):
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"out/{self.name}/{prefix}")
        return [each["Key"] for each in found.get("Contents", [])]

    def report(self):
        [key] = self.keys("reports/")
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def arrive(self):
        """Let 600 drifted rows arrive."""
        data, key = lines(captured(number, row) for number, row in enumerate(rows(600, 5, "c"))), "capture/a.jsonl"
        told = {"bucket": {"name": self.bucket}, "object": {"key": key, "size": len(data), "eTag": self.put(key, data)}}
        return self.call(
            self.ingest, {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": told}]}
        )

    def look(self):
        return self.call(self.evaluate, {})[self.name]

    def call(self, function, event):
        answer, error, log = function.invoke(event)
        assert error is None, log
        return answer

    def statistics(self, metric, dimensions, *names):
        now = datetime.fromtimestamp(time.time(), UTC)
        found = self.aws.client("cloudwatch").get_metric_statistics(
            Namespace=self.name, MetricName=metric, Statistics=list(names), Period=60,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
        )  # fmt: skip
        return [tuple(point[name] for name in names) for point in found["Datapoints"]]


@pytest.fixture(scope="module")
def embedded(aws):
    """Metrics in log lines, of one evaluation."""
    made = World(aws, "embedded", ATALAIA_METRICS="emf")
    own = [{"Name": "monitor", "Value": "embedded"}, {"Name": "model", "Value": "credit"}]
    alarm(aws, "embedded", "ml.monitor.drifted", Namespace="embedded", Dimensions=own, Threshold=0.4)
    made.arrive()
    made.look()
    return made


def test_metrics_in_log_lines_become_metrics_and_raise_an_alarm(embedded):
    own = {"monitor": "embedded", "model": "credit"}
    told = until(lambda: embedded.statistics(REPORT_ROWS, own, "Maximum", "SampleCount"))

    assert told == [(600, 1)]
    assert is_in(embedded.aws, "embedded", "ALARM")


def test_what_a_call_did_is_counted_by_its_own_log_line(embedded):
    counted = {
        name: until(lambda name=name: embedded.statistics(f"ml.monitor.{name}", {}, "Sum", "SampleCount"))
        for name in ("ingest.objects", "ingest.rows", "ingest.failed", "evaluate.reports", "evaluate.untold")
    }
    [(seconds,)] = embedded.statistics("ml.monitor.evaluate.duration", {}, "Maximum")

    assert counted == {
        "ingest.objects": [(1, 1)],
        "ingest.rows": [(600, 1)],
        "ingest.failed": [(0, 1)],
        "evaluate.reports": [(1, 1)],
        "evaluate.untold": [(0, 1)],
    }
    assert 0 < seconds < 60


def test_status_shows_the_report_as_a_page_as_json_and_to_prometheus(embedded):
    url, report = embedded.function("status").url(), embedded.report()
    answers = {path: fetch(urllib.request.Request(url + path)) for path in ("/", "/status.json", "/metrics", "/none")}

    assert [status for status, _ in answers.values()] == [200, 200, 200, 404]
    page, told, metrics = (answers[path][1].decode() for path in ("/", "/status.json", "/metrics"))
    assert page.startswith("<!doctype html>")
    assert "amount" in page
    [monitor] = json.loads(told)["monitors"]
    assert monitor["monitor"] == "embedded"
    [window] = monitor["windows"]
    assert window.pop("revision") == 1
    assert window == {key: report[key] for key in window}
    assert 'ml_monitor_rows{monitor="embedded",model="credit"} 600.0' in metrics.splitlines()


def test_what_was_signed_wrong_is_refused_kept_and_sent_later_once(aws):
    with faulty(aws.run["endpoint"]) as proxy:
        detail = {"ATALAIA_METRICS": "cloudwatch-otlp", "ATALAIA_DETAIL": "columns"}
        world = World(aws, "signed", ATALAIA_OTLP_ENDPOINT=f"{proxy.address}/v1/metrics", **detail)

        def received():
            return [p for p in aws.admin("GET", "/otlp")["points"] if p["attributes"].get("monitor") == "signed"]

        world.arrive()

        proxy.plan = ["forged"]
        refused = world.look()
        kept, nothing = world.keys("state/unsent/"), received()
        told, again = world.look(), world.look()

    assert (refused["untold"], len(kept), nothing) == (1, 1, [])
    assert "HTTP status 403. Correct the credentials" in refused["why"]
    assert (told["told"], told["untold"], again["told"], world.keys("state/unsent/")) == (1, 0, 0, [])
    assert [fault for _, fault in proxy.seen] == ["forged", "pass"]
    columns = [
        (point["attributes"]["column"], point["attributes"]["metric"], point["asDouble"])
        for point in received()
        if "column" in point["attributes"]
    ]
    findings = [each for each in world.report()["findings"] if each["value"] is not None and each["column"]]
    assert sorted(columns) == sorted((each["column"], each["metric"], each["value"]) for each in findings)
    assert len(told_findings(world)) == len(world.report()["findings"])


def told_findings(world):
    told = [json.loads(line) for line in world.evaluate.lines() if line.startswith("{")]
    return [each["id"] for each in told if each["event"] == "ml.monitor.finding"]


def test_a_collector_hears_what_calls_did_later_if_it_was_busy_and_once(aws):
    with otlp_sink() as sink, faulty(sink.address) as proxy:
        endpoint = f"{proxy.address}/v1/metrics"
        world = World(aws, "collected", ATALAIA_METRICS="otlp", ATALAIA_OTLP_ENDPOINT=endpoint)

        proxy.plan = ["busy"]
        world.arrive()
        kept, nothing = world.keys("state/unsent/"), sink.points
        told, again = world.look(), world.look()
        received = {name: [value for each, _, value, _ in sink.points if each == name] for name, *_ in sink.points}

    assert (len(kept), nothing, world.keys("state/unsent/")) == (1, [], [])
    assert (told["new"], told["told"], again["new"]) == (1, 1, 0)
    assert received[INGESTED] == [600]
    assert received["ml.monitor.evaluate.reports"] == [1, 0]
    assert len(received["ml.monitor.evaluate.duration"]) == 2
    assert received[REPORT_ROWS] == [600]
    named = {each["faas.name"]: each["faas.instance"] for each in sink.resources() if each}
    assert named.keys() == {"collected-ingest", "collected-evaluate"}
    assert all(named.values())
