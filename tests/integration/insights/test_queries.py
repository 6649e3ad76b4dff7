"""The query API's own form: who may ask, what spans see, and how faults are told."""

import uuid
from datetime import timedelta

import pytest
from envelopes import ago, event


def named():
    return f"n{uuid.uuid4().hex}"


def innermost(answer):
    cause = answer.json()["error"]
    while "innererror" in cause:
        cause = cause["innererror"]
    return cause


@pytest.mark.parametrize(
    ("span", "count"),
    [("PT1H", 1), ("P1D", 2), ("P1DT0H", 2), ("", 2), ("PT3600.0S", 1), ("2020-01-01T00:00:00Z/P1D", 0)],
)
def test_a_timespan_narrows_both_names_of_a_table(azure, span, count):
    name = named()
    azure.track(event(name, {}), event(name, {}, ago(hours=5)))

    counts = [
        azure.rows(f"{table} == '{name}' | count", **({"timespan": span} if span else {}))[0]["Count"]
        for table in ("customEvents | where name", "AppEvents | where Name")
    ]

    assert counts == [count, count]


def test_the_workspace_tells_what_it_took_by_hour_and_table(azure):
    azure.track(event(named(), {"text": "x" * 8_000}, ago(hours=40)))
    hour = ago(hours=40).replace(minute=0, second=0, microsecond=0)
    of_hour = (
        f"Usage | where StartTime == datetime({hour:%Y-%m-%dT%H:%M:%SZ}) and DataType == 'AppEvents' and IsBillable"
    )

    [row] = azure.rows(f"{of_hour} | project EndTime, Quantity, QuantityUnit")

    assert row["EndTime"] == f"{hour + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert row["QuantityUnit"] == "MBytes"
    assert row["Quantity"] == pytest.approx(0.008, rel=0.2)
    assert azure.rows(f"{of_hour} | count", timespan="P1D") == [{"Count": 0}]


def test_an_interval_has_a_start_and_an_end(azure):
    name = named()
    azure.track(event(name, {}), event(name, {}, ago(hours=5)))
    start, end = ago(hours=6).isoformat(), ago(hours=4).isoformat()

    counts = [
        azure.rows(f"customEvents | where name == '{name}' | count", timespan=span)[0]["Count"]
        for span in (f"{start}/{end}", f"{start}/PT30M", f"PT2H/{end}", f"{start}/PT2H")
    ]

    assert counts == [1, 0, 1, 1]


def test_a_get_asks_too(azure):
    headers = {"Authorization": f"Bearer {azure.token('https://api.loganalytics.io')}"}

    url = f"{azure.secure}/v1/workspaces/{azure.workspace}/query"
    answer = azure.http.get(url, params={"query": "print x=2", "timespan": "PT1H"}, headers=headers)

    assert answer.json()["tables"][0]["rows"] == [[2]]


@pytest.mark.parametrize(
    ("query", "code", "named"),
    [
        ("customEvents | wherex", "SYN0002", "'|'"),
        ("customEvents | where nosuch == 1", "SEM0100", "'nosuch'"),
        ("nosuch | take 1", "SEM0100", "'nosuch'"),
        ("customEvents | make-series count() on timestamp step 1h", "SEM0260", "MakeSeriesOperator"),
        ("customEvents | summarize percentiles(itemCount, 50, 90)", "SEM0260", "percentiles"),
        (".drop table customEvents", "SEM0260", ".drop table customEvents"),
    ],
)
def test_a_fault_names_the_construct(azure, query, code, named):
    answer = azure.ask(query)

    cause = innermost(answer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadArgumentError")
    assert cause["code"] == code
    assert named in cause["message"]


@pytest.mark.parametrize("span", ["yesterday", "P", "PT1H/", "P1Y"])
def test_a_timespan_that_is_none_is_refused(azure, span):
    assert azure.ask("print 1", timespan=span).status_code == 400


def test_a_query_that_takes_too_long_is_stopped(azure):
    many = "range a from 1 to 100000 step 1 | extend k=1"
    long = f"{many} | join kind=inner ({many}) on k | summarize sum(a % 7)"
    headers = {"Authorization": f"Bearer {azure.token('https://api.loganalytics.io')}", "Prefer": "wait=0.3"}

    url = f"{azure.secure}/v1/workspaces/{azure.workspace}/query"
    answer = azure.http.post(url, json={"query": long}, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "GatewayTimeout")


def test_files_of_this_machine_are_out_of_reach(azure):
    answer = azure.ask("externaldata(line:string)['file:///etc/passwd']")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (None, 401, "AuthenticationFailed"),
        ("not.a.token", 401, "InvalidAuthenticationToken"),
        ("https://management.azure.com", 403, "InvalidAuthenticationTokenAudience"),
    ],
)
def test_who_has_no_token_for_it_may_not_ask(azure, token, status, code):
    shown = azure.token(token) if token and token.startswith("https") else token
    headers = {"Authorization": f"Bearer {shown}"} if shown else {}

    url = f"{azure.secure}/v1/workspaces/{azure.workspace}/query"
    answer = azure.http.post(url, json={"query": "print 1"}, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_another_workspace_is_not_there(azure):
    headers = {"Authorization": f"Bearer {azure.token('https://api.loganalytics.io')}"}

    answer = azure.http.post(f"{azure.secure}/v1/workspaces/other/query", json={"query": "print 1"}, headers=headers)

    assert answer.status_code == 404


def test_a_wrong_identity_header_gets_no_token(azure):
    asked = {"resource": "https://management.azure.com", "api-version": "2019-08-01"}

    answer = azure.http.get(f"{azure.plain}/msi/token", params=asked, headers={"X-IDENTITY-HEADER": "x"})

    assert answer.status_code == 401


def test_discovery_leads_to_the_key_that_signs_tokens(azure):
    about = azure.http.get(f"{azure.secure}/common/v2.0/.well-known/openid-configuration").json()

    [key] = azure.http.get(about["jwks_uri"]).json()["keys"]
    assert key["kty"] == "RSA"
    assert about["token_endpoint"].startswith(azure.secure)
