"""What becomes of reports on Azure: in Application Insights and on a topic, when all goes well and when it does not."""

import io
import json
import math
import threading
import time
from contextlib import contextmanager

import pytest
import servers
from channels import NOW, OWN, points
from event_grid import event_grid_topic
from faulty import faulty
from insights_sink import KEY, insights_sink
from managed_identity import managed_identity

from atalaia.errors import AtalaiaError, NotSentError
from atalaia.ports import Point
from atalaia_azure.envelopes import Sender
from atalaia_azure.identity import Identity, NoTokenError
from atalaia_azure.insights import Ingestion, InsightsChannel, connection_of
from atalaia_azure.telemetry import Insights, PartedTelemetry, Topic
from atalaia_otel.exporter import Exporter
from atalaia_otel.items import metrics_data
from atalaia_otel.json_log import JsonLog

TIME = "2026-03-01T00:00:00Z"
FINDING = {
    "event": "ml.monitor.finding",
    "id": "f1",
    "time": TIME,
    "monitor": "m",
    "status": "alert",
    "signal": "data_drift",
    "metric": "psi",
    "column": "x",
    "value": 0.31,
    "rows": 600,
    "final": True,
    "segment": None,
    "counts": {"a": 1},
}


def events(count=3):
    return [FINDING | {"id": f"f{n}"} for n in range(count)]


def connection(sink, more="", identity=None):
    settings = {"APPLICATIONINSIGHTS_CONNECTION_STRING": sink.connection + more}
    return connection_of(settings, identity or Identity({}))


def part(sink, left=math.inf, **given):
    made = connection(sink, **given)
    return Insights(Ingestion(made), lambda: Sender(KEY, {"ai.cloud.role": "app"}), lambda: left)


def ids(sink):
    return [envelope["data"]["baseData"]["properties"]["id"] for envelope in sink.events()]


def test_an_event_is_a_custom_event_with_its_fields_as_text_and_its_numbers(insights):
    part(insights).tell([FINDING], (), frozenset())

    (envelope,) = insights.events()
    assert (envelope["time"], envelope["tags"]) == (TIME, {"ai.cloud.role": "app"})
    assert envelope["data"]["baseData"] == {
        "ver": 2,
        "name": "ml.monitor.finding",
        "properties": {
            "id": "f1",
            "monitor": "m",
            "status": "alert",
            "signal": "data_drift",
            "metric": "psi",
            "column": "x",
            "value": "0.31",
            "rows": "600",
            "final": "true",
            "counts": '{"a":1}',
        },
        "measurements": {"value": 0.31, "rows": 600.0},
    }


def test_events_and_points_of_a_report_go_in_one_request(insights):
    sent = part(insights).tell(events(), points(), frozenset())

    assert (sent.points, dict(sent.dropped)) == (3, {})
    assert [len(request) for request in insights.requests] == [6]


def test_large_reports_are_divided(insights):
    part(insights).tell(events(1_100), (), frozenset())

    assert [len(request) for request in insights.requests] == [500, 500, 100]


def test_what_application_insights_cannot_hold_is_counted(insights):
    wide = Point("ml.monitor.drift", 1.0, tuple((f"a{n}", "x") for n in range(11)), NOW)
    nan = Point("ml.monitor.drift", math.nan, OWN, NOW)

    sent = part(insights).tell((), [*points(1), wide, nan], frozenset())

    assert (sent.points, dict(sent.dropped)) == (1, {"too_many_dimensions": 1, "not_finite": 1})


def test_long_texts_are_cut_and_stay_apart(insights):
    part(insights).tell([FINDING | {"id": n, "k" * 200: "x" * 9_000 + n} for n in "ab"], (), frozenset())

    told = [envelope["data"]["baseData"]["properties"] for envelope in insights.events()]
    assert len({tuple(sorted(each.items())) for each in told}) == 2
    assert all(len(name) <= 150 and len(value) <= 8_192 for each in told for name, value in each.items())


def test_of_a_request_that_was_taken_in_part_only_the_rest_is_told_again(insights):
    telemetry = part(insights)
    insights.faults = {1: 429, 2: 503}

    with pytest.raises(NotSentError, match="as planned") as caught:
        telemetry.tell(events(), points(1), frozenset())
    telemetry.tell(events(), points(1), caught.value.heard)

    assert sorted(ids(insights)) == ["f0", "f1", "f2"]
    assert len(insights.points()) == 1


def test_an_envelope_that_was_refused_for_good_is_dropped(insights):
    insights.faults = {0: 400}

    sent = part(insights).tell(events(), (), frozenset())

    assert dict(sent.dropped) == {"refused": 1}
    assert ids(insights) == ["f1", "f2"]


def test_requests_that_were_taken_are_not_sent_again(insights):
    with faulty(insights.address, ["pass", "busy"]) as proxy:
        telemetry = part(insights)
        telemetry._ingestion._url = f"{proxy.address}/v2.1/track"
        with pytest.raises(NotSentError) as caught:
            telemetry.tell(events(700), (), frozenset())
        telemetry.tell(events(700), (), caught.value.heard)

    assert sorted(ids(insights)) == sorted(event["id"] for event in events(700))


@pytest.mark.parametrize("status", [401, 402, 403, 408, 429, 439, 500, 503])
def test_what_may_be_taken_later_is_not_dropped(status):
    with answering(status) as sink, pytest.raises(NotSentError, match=f"HTTP status {status}"):
        part(sink).tell(events(), (), frozenset())


@pytest.mark.parametrize("status", [400, 413])
def test_what_is_wrong_with_a_request_stays_wrong(status):
    with answering(status) as sink:
        sent = part(sink).tell(events(), points(), frozenset())

    assert dict(sent.dropped) == {"refused": 6}


@contextmanager
def answering(status):
    with insights_sink() as sink:
        sink.take = lambda *_: (status, {}, {})
        yield sink


def test_a_part_of_a_request_that_failed_for_now_can_be_sent_later(insights):
    insights.faults = {0: 429, 2: 400}
    exporter = Exporter(InsightsChannel(connection(insights)))

    outcome = exporter.deliver(metrics_data(points()))
    later = exporter.post([(body, 1) for body in outcome.unsent])

    assert (outcome.sent, dict(outcome.dropped), len(outcome.unsent)) == (1, {"refused": 1}, 1)
    assert (later.sent, sorted(value for *_, value in insights.points())) == (1, [0.0, 0.125])


def test_another_region_leads_on(insights):
    with insights_sink() as first:
        first.moved = f"{insights.address}/v2.1/track"
        telemetry = part(first)
        telemetry.tell(events(1), (), frozenset())
        telemetry.tell(events(2), (), frozenset())

    assert len(first.headers) == 1
    assert len(ids(insights)) == 3


def test_who_is_led_in_a_circle_gives_up(insights):
    insights.moved = f"{insights.address}/v2.1/track"

    with pytest.raises(NotSentError, match="led on 3 times"):
        part(insights).tell(events(), (), frozenset())


def test_a_token_is_shown_where_it_is_asked_for(insights):
    insights.token = "s3cret"
    with managed_identity("s3cret") as settings:
        identity = Identity(settings)
        part(insights, more=";Authorization=AAD", identity=identity).tell(events(), (), frozenset())
        with pytest.raises(NotSentError, match="401") as caught:
            part(insights).tell(events(), (), frozenset())

    assert len(ids(insights)) == 3
    assert "s3cret" not in str(caught.value)


def test_without_a_token_nothing_is_sent(insights):
    nowhere = Identity({"IDENTITY_ENDPOINT": f"http://127.0.0.1:{servers.free_port()}/msi/token"})

    with pytest.raises(NotSentError, match="no token for https://monitor"):
        part(insights, more=";Authorization=AAD", identity=nowhere).tell(events(), (), frozenset())


def test_an_answer_without_a_token_is_told():
    with managed_identity(None) as settings, pytest.raises(NoTokenError, match="the platform's answer has none"):
        Identity(settings).token("https://monitor.azure.com")


def test_a_token_is_asked_for_once_and_before_it_ends():
    with managed_identity("t") as settings:
        identity = Identity(settings | {"AZURE_CLIENT_ID": "c"})
        held = [identity.token("https://storage.azure.com") for _ in range(2)]
        Identity(settings, lambda: time.time() + 3_500).token("https://storage.azure.com")

    query = "api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com"
    assert held == ["t", "t"]
    assert settings.asked[0] == (f"/msi/token?{query}&client_id=c", "header")
    assert len(settings.asked) == 2


@pytest.mark.parametrize("left", [math.inf, 0.7])
def test_an_endpoint_that_hangs_costs_no_more_than_there_is_time_for(insights, left):
    with faulty(insights.address) as proxy:
        proxy.then = "hang"
        telemetry = part(insights, left)
        telemetry._ingestion._url = f"{proxy.address}/v2.1/track"
        done = threading.Event()

        def tell():
            with pytest.raises(NotSentError, match="TimeoutError"):
                telemetry.tell(events(), (), frozenset())
            done.set()

        threading.Thread(target=tell, daemon=True).start()
        assert done.wait(min(left, 5.0) + 2.0)


@pytest.mark.parametrize("text", ["", "InstrumentationKey=x", "IngestionEndpoint=http://127.0.0.1:1/", "nonsense"])
def test_a_connection_string_that_names_no_place_is_refused(text):
    with pytest.raises(AtalaiaError, match="APPLICATIONINSIGHTS_CONNECTION_STRING names no place"):
        connection_of({"APPLICATIONINSIGHTS_CONNECTION_STRING": text}, Identity({}))


@contextmanager
def topic(status=200):
    with event_grid_topic(status) as (address, heard):
        yield Topic(address, lambda: {"aeg-sas-key": "k"}, lambda: math.inf), heard


def test_a_topic_hears_of_findings_with_their_ids():
    with topic() as (part_, heard):
        part_.tell([FINDING], points(), frozenset())

    ((path, headers, (event,)),) = heard
    assert (path, headers["aeg-sas-key"]) == ("/api/events?api-version=2018-01-01", "k")
    assert event == {
        "id": "f1",
        "eventType": "ml.monitor.finding",
        "eventTime": TIME,
        "subject": "m/alert/data_drift/psi/x",
        "dataVersion": "1",
        "data": FINDING,
    }


def test_a_topic_is_told_of_no_points_alone():
    with topic() as (part_, heard):
        part_.tell((), points(), frozenset())

    assert heard == []


def test_a_part_that_has_heard_is_not_told_again(insights):
    log = io.StringIO()
    with topic(503) as (broken, _), topic() as (sound, heard):
        first = PartedTelemetry(JsonLog(log), [part(insights), broken])
        with pytest.raises(NotSentError, match="503") as caught:
            first.tell(events(), points())
        PartedTelemetry(JsonLog(log), [part(insights), sound]).tell(events(), points(), caught.value.heard)

    assert caught.value.heard == {"application-insights"}
    assert len(insights.requests) == 1
    assert len(heard) == 1


def test_what_is_dropped_is_logged(insights):
    log = io.StringIO()

    PartedTelemetry(JsonLog(log), [part(insights)]).tell((), [Point("ml.monitor.drift", math.nan, OWN, NOW)])

    told = json.loads(log.getvalue())
    assert (told["channel"], told["dropped"]) == ("application-insights", {"not_finite": 1})


def test_names_of_what_has_heard_have_no_blanks(insights):
    insights.faults = {1: 429}

    with pytest.raises(NotSentError) as caught:
        part(insights).tell(events(), (), frozenset())

    assert len(caught.value.heard) == 2
    assert all(name.split() == [name] for name in caught.value.heard)
