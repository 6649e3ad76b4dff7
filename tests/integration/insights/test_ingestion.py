"""What is sent to Application Insights arrives in its tables, and is refused as Azure refuses it."""

import gzip
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from envelopes import KEY, ago, envelope, event, exception, metric, request, trace


def named():
    return f"n{uuid.uuid4().hex}"


def test_every_kind_becomes_a_row_of_both_its_tables(azure):
    name = named()
    sent = [
        metric(name, 6.0, {"a": "b"}, count=3, min=1.0, max=3.0),
        event(name, {"why": "x", "size": 2.5}),
        trace(name, severity=2),
        request(name, 1.5),
        exception(name, "it broke", name=name),
        envelope("RemoteDependencyData", {"id": "1", "name": name, "duration": "1.00:00:01.500", "type": "HTTP"}),
    ]

    told = azure.track(*sent).json()

    assert told == {"itemsReceived": 6, "itemsAccepted": 6, "appId": None, "errors": []}
    assert found(azure, name) == ROWS


ROWS = {
    "customMetrics | where name == N | project valueCount, valueSum, valueMin, valueMax": (3, 6.0, 1.0, 3.0),
    "AppMetrics | where Name == N | project ItemCount, Sum, Min, Max": (3, 6.0, 1.0, 3.0),
    "customEvents | where name == N | project a=tostring(customDimensions.why), todouble(customMeasurements.size)": (
        "x",
        2.5,
    ),
    "AppEvents | where Name == N | project a=tostring(Properties.size), todouble(Measurements.size)": ("2.5", 2.5),
    "traces | where message == N | project severityLevel, itemType": (2, "trace"),
    "AppTraces | where Message == N | project SeverityLevel, Type": (2, "AppTraces"),
    "requests | where name == N | project duration, performanceBucket, success": (1500.0, "1sec-3sec", True),
    "AppRequests | where Name == N | project DurationMs, ResultCode": (1500.0, "0"),
    "exceptions | where type == N | project outerMessage, innermostMessage": ("it broke", "it broke"),
    "AppExceptions | where ExceptionType == N | project OuterMessage, SeverityLevel": ("it broke", 3),
    "dependencies | where name == N | project duration, type": (86401500.0, "HTTP"),
    "AppDependencies | where Name == N | project DurationMs, DependencyType": (86401500.0, "HTTP"),
}


def found(azure, name):
    return {query: tuple(azure.rows(query.replace("== N", f"== '{name}'"))[0].values()) for query in ROWS}


@pytest.mark.parametrize("form", ["array", "lines", "one object"])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_body_may_be_an_array_or_lines_and_gzipped(azure, form, zipped):
    name = named()
    items = [event(name, {}), event(name, {})][: 1 if form == "one object" else 2]
    text = json.dumps(items) if form == "array" else "\n".join(json.dumps(item) for item in items)
    body = gzip.compress(text.encode()) if zipped else text.encode()

    answer = azure.http.post(f"{azure.plain}//v2.1/track", body, headers={"Content-Encoding": "gzip"} if zipped else {})

    assert answer.json()["itemsAccepted"] == len(items)
    assert azure.rows(f"customEvents | where name == '{name}' | count") == [{"Count": len(items)}]


def test_sampled_items_stand_for_more(azure):
    name = named()

    azure.track(envelope("EventData", {"name": name}, sampleRate=25.0))

    assert azure.rows(f"customEvents | where name == '{name}' | project itemCount") == [{"itemCount": 4}]


def test_tags_become_columns(azure):
    name = named()
    tags = {
        "ai.cloud.role": "atalaia",
        "ai.cloud.roleInstance": "one",
        "ai.operation.id": "o",
        "ai.application.ver": "7",
    }

    azure.track(envelope("EventData", {"name": name}, tags=tags))

    columns = "cloud_RoleName, cloud_RoleInstance, operation_Id, application_Version, client_IP"
    [row] = azure.rows(f"customEvents | where name == '{name}' | project {columns}")
    assert tuple(row.values()) == ("atalaia", "one", "o", "7", "0.0.0.0")


def without(item, *path):
    *outer, last = path
    holder = item
    for key in outer:
        holder = holder[key]
    del holder[last]
    return item


REFUSED = {
    "without a name": (lambda: without(event("e", {}), "name"), "109: Field 'name' on type 'Envelope' is required"),
    "without a time": (lambda: without(event("e", {}), "time"), "109: Field 'time' on type 'Envelope' is required"),
    "without a key": (lambda: without(event("e", {}), "iKey"), "Invalid instrumentation key"),
    "with another key": (lambda: event("e", {}) | {"iKey": KEY[:-1] + "9"}, "Invalid instrumentation key"),
    "of three days ago": (lambda: event("e", {}, ago(days=3)), "103: Field 'time' on type 'Envelope' is older"),
    "of the future": (lambda: event("e", {}, ago(hours=-3)), "104: Field 'time' on type 'Envelope' is newer"),
    "without an event's name": (lambda: event("", {}), "109: Field 'name' on type 'EventData' is required"),
    "with a long key": (lambda: event("e", {"k" * 151: "v"}), "Expected: 150 characters, Actual: 151"),
    "with a long value": (lambda: event("e", {"k": "v" * 8193}), "Expected: 8192 characters, Actual: 8193"),
    "with a long message": (lambda: trace("m" * 32769), "Expected: 32768 characters, Actual: 32769"),
    "with NaN": (lambda: metric("m", "NaN"), "Field 'value' on type 'DataPoint' is not a number"),
    "without points": (lambda: envelope("MetricData", {"metrics": []}), "109: Field 'metrics' on type 'MetricData'"),
    "of no known kind": (lambda: envelope("OtherData", {}), "Field 'baseType' on type 'Data' has no table here"),
    "without data": (lambda: without(event("e", {}), "data"), "109: Field 'baseData' on type 'Data' is required"),
    "too large": (lambda: event("e", {f"k{n}": "v" * 8192 for n in range(9)}), "Expected: 65536 bytes"),
    "no object": (lambda: 7, "Telemetry item is not an object"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_faulty_item_is_refused_and_the_others_are_taken(azure, kind):
    make, message = REFUSED[kind]
    name = named()

    mixed, alone = azure.track(make(), event(name, {})), azure.track(make())

    [error] = mixed.json()["errors"]
    assert (mixed.status_code, alone.status_code) == (206, 400)
    assert (error["index"], error["statusCode"]) == (0, 400)
    assert message in error["message"]
    assert azure.rows(f"customEvents | where name == '{name}' | count") == [{"Count": 1}]


@pytest.mark.parametrize("body", [b"[{]", b"[NaN]", b"\xff"])
def test_a_body_that_is_no_json_is_refused_whole(azure, body):
    answer = azure.http.post(f"{azure.plain}/v2.1/track", body)

    assert (answer.status_code, answer.json()["itemsAccepted"]) == (400, 0)


def test_a_knob_makes_ingestion_unavailable(calm):
    name = named()
    calm.chaos(insights_unavailable=1)

    answer = calm.track(event(name, {}))

    assert answer.status_code == 503
    assert calm.rows(f"customEvents | where name == '{name}' | count") == [{"Count": 0}]


def test_a_knob_throttles_and_says_for_how_long(calm):
    calm.chaos(insights_throttled=1)

    answer = calm.track(event("e", {}))

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_a_knob_refuses_some_items_for_a_while(calm):
    name = named()
    calm.chaos(insights_partial=1)

    answer = calm.track(*(event(name, {"n": n}) for n in range(4)))

    [kept] = calm.rows(f"customEvents | where name == '{name}' | summarize kept=make_set(toint(customDimensions.n))")
    assert answer.status_code == 206
    assert [(each["index"], each["statusCode"]) for each in answer.json()["errors"]] == [(1, 500), (3, 500)]
    assert sorted(json.loads(kept["kept"])) == [0, 2]


def test_a_knob_leaves_a_client_without_an_answer(calm):
    import requests

    name = named()
    calm.chaos(insights_hung=1)

    with pytest.raises(requests.exceptions.ReadTimeout):
        calm.http.post(f"{calm.plain}/v2.1/track", json=[event(name, {})], timeout=0.5)

    assert calm.rows(f"customEvents | where name == '{name}' | count") == [{"Count": 0}]


def test_many_clients_at_once_lose_nothing(azure):
    name = named()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: azure.track(*(event(name, {"n": n * 100 + m}) for m in range(100))), range(8)))

    counted = "count(), dcount(tostring(customDimensions.n), 4)"
    [row] = azure.rows(f"customEvents | where name == '{name}' | summarize {counted}")
    assert next(iter(row.values())) == 800


def test_the_status_tells_requests_and_rows_apart(azure):
    before = azure.status()["insights"]
    azure.track(request("counted"), request("counted"))
    after = azure.status()["insights"]

    assert after["requests"] - before["requests"] == 1
    assert after["rows"]["requests"] - before["rows"]["requests"] == 2
