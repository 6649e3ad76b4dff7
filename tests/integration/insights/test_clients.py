"""Microsoft's own clients: its exporters send, its query client reads, its credentials ask for tokens."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

SWITCHES = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
DAY = timedelta(days=1)


@pytest.fixture
def settings(azure, monkeypatch):
    """What makes an exporter send here, and nothing else."""
    for name in SWITCHES:
        monkeypatch.setenv(name, "true")
    connection = azure.variables["APPLICATIONINSIGHTS_CONNECTION_STRING"]
    return {"connection_string": connection, "disable_offline_storage": True, "read_timeout": 5, "retry_total": 1}


@pytest.fixture
def credential(azure, monkeypatch):
    """A managed identity's, as an app on App Service has it."""
    from azure.identity import ManagedIdentityCredential

    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        monkeypatch.setenv(name, azure.variables[name])
    with ManagedIdentityCredential() as made:
        yield made


@pytest.fixture
def logs(azure, credential):
    from azure.monitor.query import LogsQueryClient

    with LogsQueryClient(credential, endpoint=f"{azure.secure}/v1", connection_verify=azure.certificate) as client:
        yield client


def read(logs, azure, query, timespan=DAY):
    [table] = logs.query_workspace(azure.workspace, query, timespan=timespan).tables
    return [tuple(row) for row in table.rows]


def test_metrics_of_the_exporter_are_read_back(azure, settings, logs):
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    name = f"m{uuid.uuid4().hex}"
    reader = PeriodicExportingMetricReader(AzureMonitorMetricExporter(**settings), export_interval_millis=float("inf"))
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("test")
    for value in (0.1, 0.4, 0.9):
        meter.create_histogram(name).record(value, {"model": "m1"})
    provider.force_flush()
    provider.shutdown()

    columns = "name, valueSum, valueCount, valueMin, valueMax, tostring(customDimensions['model'])"
    rows = read(logs, azure, f"customMetrics | where name == '{name}' | project {columns}")
    assert rows == [(name, pytest.approx(1.4), 3, 0.1, 0.9, "m1")]


def test_log_records_of_the_exporter_become_events_traces_and_exceptions(azure, settings, logs):
    from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter
    from opentelemetry._logs import LogRecord, SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor

    name = f"e{uuid.uuid4().hex}"
    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(SimpleLogRecordProcessor(AzureMonitorLogExporter(**settings)))
    log = provider.get_logger("test")
    failed = {"exception.type": "ValueError", "exception.message": name}
    for attributes, severity in (({}, 9), ({"microsoft.custom_event.name": name, "psi": 0.31}, 13), (failed, 17)):
        record = LogRecord(body=name, severity_number=SeverityNumber(severity), attributes=attributes)
        log.emit(record)
    provider.shutdown()

    events = f"customEvents | where name == '{name}' | project todouble(customDimensions.psi)"
    traces = f"traces | where message == '{name}' | project severityLevel"
    exceptions = f"exceptions | where outerMessage == '{name}' | project type, severityLevel"
    assert [read(logs, azure, query) for query in (events, traces, exceptions)] == [
        [(0.31,)],
        [(1,)],
        [("ValueError", 3)],
    ]


def test_spans_of_the_exporter_become_requests_and_dependencies(azure, settings, logs):
    from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.trace import SpanKind

    name = f"s{uuid.uuid4().hex}"
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(AzureMonitorTraceExporter(**settings)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span(name, kind=SpanKind.SERVER), tracer.start_as_current_span(name):
        pass
    provider.shutdown()

    query = f"union requests, dependencies | where name == '{name}' | summarize n=count() by itemType, operation_Id"
    rows = read(logs, azure, query)
    assert sorted(row[0] for row in rows) == ["dependency", "request"]
    assert len({row[1] for row in rows}) == 1


def test_columns_come_with_their_types(azure, logs):
    query = (
        "print t=datetime(2026-03-01T02:03:04.5Z), s='x', r=1.5, l=long(7), i=int(7), b=true, d=dynamic({'a':[1,2]}), "
        "w=2h + 30s, n=real(nan), e=int(null), g=guid(74be27de-1e4e-49d9-b579-fe0b331d3642)"
    )

    [table] = logs.query_workspace(azure.workspace, query, timespan=None).tables

    [row] = table.rows
    kinds = ["datetime", "string", "real", "long", "int", "bool", "dynamic", "timespan", "real", "int", "guid"]
    assert table.columns_types == kinds
    assert row["t"] == datetime(2026, 3, 1, 2, 3, 4, 500_000, UTC)
    rest = ["x", 1.5, 7, 7, True, '{"a":[1,2]}', "02:00:30", "NaN", None, "74be27de-1e4e-49d9-b579-fe0b331d3642"]
    assert list(row)[1:] == rest


def test_a_faulty_query_raises_with_the_construct_named(azure, logs):
    from azure.core.exceptions import HttpResponseError

    with pytest.raises(HttpResponseError, match="nosuch") as raised:
        read(logs, azure, "customEvents | where nosuch == 1")

    assert raised.value.status_code == 400
    assert raised.value.error.code == "BadArgumentError"


def test_the_resource_can_be_asked_instead_of_its_workspace(azure, logs):
    [table] = logs.query_resource(azure.resource, "customEvents | count", timespan=DAY).tables

    assert table.columns == ["Count"]


def test_a_client_secret_gets_a_token_for_azures_query_api(azure):
    from azure.identity import ClientSecretCredential
    from azure.monitor.query import LogsQueryClient

    given = {"authority": azure.secure, "disable_instance_discovery": True, "connection_verify": azure.certificate}
    with ClientSecretCredential("00000000-0000-0000-0000-000000000004", "me", "any", **given) as credential:
        audience = {"audience": "https://api.loganalytics.io"}
        client = LogsQueryClient(credential, endpoint=azure.secure, connection_verify=azure.certificate, **audience)
        rows = read(client, azure, "print x=1")
        client.close()

    assert rows == [(1,)]


def test_a_managed_identitys_token_can_be_read(credential):
    import json
    from base64 import urlsafe_b64decode

    token = credential.get_token("https://management.azure.com/.default")

    payload = token.token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == "https://management.azure.com"
    assert claims["exp"] == token.expires_on
    assert {"oid", "tid", "iss", "nbf", "iat"} <= claims.keys()
