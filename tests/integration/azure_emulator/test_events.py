"""Event Grid: who may subscribe, what is delivered how often, what becomes of what nobody takes."""

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from azure_emulators import write_app
from emulators import fetch, until

SOURCE = """
import json
import azure.functions as func

app = func.FunctionApp()

@app.event_grid_trigger(arg_name="event")
def taking(event: func.EventGridEvent) -> None:
    print("TOLD " + json.dumps(event.id), flush=True)
    if event.get_json().get("fail"):
        raise ValueError("not taken")
"""


class Webhook:
    """Takes events, and answers as it is told."""

    def __init__(self):
        self.batches, self.headers = [], []
        self.statuses = []
        self.answers_handshake = True
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = outer.take(events, self.headers)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, events, headers):
        if headers["aeg-event-type"] == "SubscriptionValidation":
            code = events[0]["data"]["validationCode"] if self.answers_handshake else "another"
            return 200, {"validationResponse": code}
        self.batches.append(events)
        self.headers.append(headers)
        return (self.statuses.pop(0) if self.statuses else 200), {}

    def ids(self):
        return [event["id"] for batch in self.batches for event in batch]


@pytest.fixture
def webhook():
    hook = Webhook()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()


@pytest.fixture
def topic(azure, request):
    made = azure.admin("POST", "/topics", {"name": f"topic-{abs(hash(request.node.name))}"})
    yield Topic(azure, made)
    for name in made.get("subscriptions", []):
        azure.unsubscribe(name)


class Topic:
    def __init__(self, azure, made):
        self.azure, self.made, self.name = azure, made, made["name"]

    def subscribe(self, endpoint, **settings):
        name = f"sub-{self.name}-{len(self.made.setdefault('subscriptions', []))}"
        self.azure.subscribe(name, self.name, endpoint, **settings)
        self.made["subscriptions"].append(name)

    def publish(self, *events, key=None):
        headers = {"aeg-sas-key": key or self.made["key"], "Content-Type": "application/json"}
        body = json.dumps(list(events)).encode()
        return fetch(urllib.request.Request(self.made["endpoint"], body, headers, method="POST"))

    def counts(self):
        found = self.azure.admin("GET", "/status")["events"]["subscriptions"]
        return found[self.made["subscriptions"][0]]


def event(name, kind="Tests.Happened", subject="s", **data):
    instant = "2026-11-20T00:00:00Z"
    return {"id": name, "subject": subject, "eventType": kind, "eventTime": instant, "dataVersion": "1", "data": data}


def test_a_webhook_that_does_not_shake_hands_is_not_subscribed(azure, topic, webhook):
    webhook.answers_handshake = False
    request = {"name": "never", "source": topic.name, "endpoint": webhook.url}

    status, answer = azure.admin_answer("POST", "/subscriptions", request)

    assert status == 400
    assert "did not answer the validation request" in answer["error"]


@pytest.mark.parametrize("endpoint", ["https://example.com/hook", "http://192.0.2.1/hook"])
def test_events_go_to_this_machine_only(azure, topic, endpoint):
    status, answer = azure.admin_answer(
        "POST", "/subscriptions", {"name": "out", "source": topic.name, "endpoint": endpoint}
    )

    assert status == 400
    assert "not on this machine" in answer["error"]


def test_only_events_that_pass_the_filters_are_delivered(topic, webhook):
    topic.subscribe(webhook.url, event_types=["Tests.Wanted"], subject_begins="/A/", subject_ends=".JSON")
    for name, kind, subject in (
        ("right", "Tests.Wanted", "/a/x.json"),
        ("kind", "Tests.Other", "/a/x.json"),
        ("begin", "Tests.Wanted", "/b/x.json"),
        ("end", "Tests.Wanted", "/a/x.csv"),
        ("last", "Tests.Wanted", "/a/last.json"),
    ):
        topic.publish(event(name, kind, subject))

    assert until(lambda: "last" in webhook.ids())
    assert webhook.ids() == ["right", "last"]
    assert webhook.headers[0]["aeg-event-type"] == "Notification"


def test_an_event_that_is_refused_for_now_comes_again(topic, webhook):
    webhook.statuses = [500, 503]
    topic.subscribe(webhook.url)
    topic.publish(event("stubborn"))

    assert until(lambda: len(webhook.batches) == 3)
    assert webhook.ids() == ["stubborn"] * 3
    assert [each["aeg-delivery-count"] for each in webhook.headers] == ["0", "1", "2"]
    assert until(lambda: topic.counts()["delivered"] == 1)


@pytest.mark.parametrize(
    ("statuses", "attempts", "reason", "tried"),
    [([400], 30, "UndeliverableDueToClientError", 1), ([500, 500], 2, "MaxDeliveryAttemptsExceeded", 2)],
)
def test_an_event_that_nobody_takes_becomes_a_dead_letter(azure, topic, webhook, statuses, attempts, reason, tried):
    grave = azure.container()
    webhook.statuses = list(statuses)
    topic.subscribe(webhook.url, dead_letter=grave.container_name, attempts=attempts)
    topic.publish(event("unwanted"))

    assert until(lambda: list(grave.list_blobs()))
    [blob] = grave.list_blobs()
    [letter] = json.loads(grave.download_blob(blob.name).readall())
    assert (letter["id"], letter["deadLetterReason"], letter["deliveryAttempts"]) == ("unwanted", reason, tried)
    assert letter["lastDeliveryOutcome"] == {400: "BadRequest", 500: "GenericError"}[statuses[-1]]
    assert blob.name.startswith(f"{topic.name}/SUB-")


def test_without_a_container_for_dead_letters_an_event_is_dropped(topic, webhook):
    webhook.statuses = [413]
    topic.subscribe(webhook.url)
    topic.publish(event("dropped"))

    assert until(lambda: topic.counts()["dropped"] == 1)
    assert webhook.ids() == ["dropped"]


def test_events_come_in_batches_where_that_is_asked_for(topic, webhook):
    topic.subscribe(webhook.url, batch=10)
    topic.publish(*(event(f"{number}") for number in range(25)))

    assert until(lambda: len(webhook.ids()) == 25)
    assert max(len(batch) for batch in webhook.batches) == 10


def test_events_come_twice_and_in_another_order(calm_azure, topic, webhook):
    topic.subscribe(webhook.url)
    calm_azure.chaos(event_duplicates=1, event_delay_seconds=1, seed=4)
    names = [f"{number}" for number in range(8)]
    topic.publish(*(event(name) for name in names))

    assert until(lambda: len(webhook.ids()) == 16)
    assert sorted(webhook.ids()) == sorted(names * 2)
    assert list(dict.fromkeys(webhook.ids())) != names


def test_a_function_that_fails_gets_its_event_again(azure, topic, tmp_path):
    app = azure.deploy("taking", write_app(tmp_path, SOURCE))
    topic.subscribe({"app": "taking", "function": "taking"}, attempts=3)
    topic.publish(event("hard", fail=True), event("easy"))

    told = app.told(4)

    assert sorted(told) == ["easy", "hard", "hard", "hard"]
    app.remove()


def test_a_queue_gets_one_message_an_event(azure, topic):
    topic.subscribe({"queue": "events-of-a-topic"})
    topic.publish(event("one"), event("two"))

    bodies = [json.loads(each) for each in azure.bodies("events-of-a-topic", 2)]
    assert sorted(each["id"] for each in bodies) == ["one", "two"]
    assert bodies[0]["topic"] == topic.name


def test_a_topic_refuses_what_is_no_event_of_its_own(topic):
    broken = event("x")
    del broken["eventTime"]

    assert topic.publish(event("x"), key="guessed")[0] == 401
    assert topic.publish(broken)[0] == 400
    assert topic.publish(event("x", filling="x" * (1 << 20)))[0] == 413
    assert topic.publish(event("x"))[0] == 200


def test_a_topic_takes_cloud_events(azure, topic, webhook):
    topic.subscribe(webhook.url, event_types=["Tests.Cloud"])
    topic.publish({"id": "c", "source": "/s", "type": "Tests.Cloud", "specversion": "1.0", "data": {"a": 1}})

    assert until(lambda: webhook.ids() == ["c"])


@pytest.mark.parametrize(
    ("request_body", "word"),
    [
        ({"name": "x", "source": "nowhere", "endpoint": "http://127.0.0.1:1/"}, "nowhere"),
        ({"name": "x", "source": "storage"}, "endpoint is missing"),
        ({"name": "x", "source": "storage", "endpoint": {"queue": "q"}, "attempts": 31}, "not 1 to 30"),
        ({"name": "x", "source": "storage", "endpoint": {"queue": "q"}, "colour": 1}, "unknown colour"),
        ({"name": "x", "source": "storage", "endpoint": {"app": "none", "function": "f"}}, "no application"),
    ],
)
def test_a_wrong_subscription_says_what_is_wrong(azure, request_body, word):
    status, answer = azure.admin_answer("POST", "/subscriptions", request_body)

    assert status in (400, 404)
    assert word in answer["error"]
