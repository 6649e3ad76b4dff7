"""Facts about the alarms, queries and workbook that the complete example for Azure makes."""

import json

from infrastructure import INFRA, ROOT

SUBSCRIPTION = "/subscriptions/00000000-1111-2222-3333-444444444444"
OWN = f"{SUBSCRIPTION}/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/mlwatch00000000"
SETTINGS = json.loads((ROOT / "infra/settings/azure.json").read_text())
JUDGED = ("drift", "drifted-share", "quality", "rejected", "lag")
QUERY = "azurerm_monitor_scheduled_query_rules_alert_v2"


def every_alarm_tells_the_group(deployed):
    group = deployed.one("azurerm_monitor_action_group")

    assert [each["email_address"] for each in group["email_receiver"]] == ["ml-team@example.com"]
    for name, alarm in deployed.every(QUERY):
        assert [told for each in alarm["action"] for told in each["action_groups"]] == [group["id"]], name
    for name, alarm in deployed.every("azurerm_monitor_metric_alert"):
        assert [each["action_group_id"] for each in alarm["action"]] == [group["id"]], name


def each_monitor_has_its_alarms(deployed):
    alarms = deployed.all(QUERY)
    limits = SETTINGS["alarms"] | {"drifted_share": 0.2, "lag_seconds": 7200}  # as the example says
    most = [limits[each] for each in ("drift", "drifted_share", "failed_share", "rejected_rows", "lag_seconds")]
    assert {name for name in alarms if name.endswith("-performance")} == {"churn-performance"}  # it has labels
    for monitor in ("churn", "credit", "fraud"):
        for kind, limit in zip(JUDGED, most, strict=True):
            alarm = alarms[f"{monitor}-{kind}"]
            (asked,) = alarm["criteria"]
            assert asked["query"] == alarm_query(kind).replace("MONITOR", monitor)
            assert (asked["operator"], asked["threshold"]) == ("GreaterThan", limit), (monitor, kind)
            assert alarm["name"] == f"ml-watch-{monitor}-{kind}"


def silence_is_an_alarm(deployed):
    alarms = {name: each["criteria"][0] for name, each in deployed.every(QUERY)}
    heartbeat = alarms["heartbeat"]

    for monitor, hours in {"churn": 26, "credit": 3, "fraud": 47}.items():
        asked = alarms[f"{monitor}-silent"]
        assert asked["query"] == alarm_query("silent").replace("MONITOR", monitor)
        assert (asked["operator"], asked["threshold"]) == ("GreaterThan", hours)
    assert heartbeat["query"] == alarm_query("heartbeat")
    assert (heartbeat["operator"], heartbeat["threshold"]) == ("LessThan", 1)


def alarms_ask_the_application_and_look_at_one_value(deployed):
    insights, workspace = (
        deployed.one(f"azurerm_{each}")["id"] for each in ("application_insights", "log_analytics_workspace")
    )
    for name, alarm in deployed.every(QUERY):
        (asked,) = alarm["criteria"]
        assert alarm["scopes"] == [workspace if name == "budget" else insights], name
        assert (asked["metric_measure_column"], asked["time_aggregation_method"]) == ("value", "Maximum"), name
        assert (alarm["evaluation_frequency"], alarm["window_duration"]) == tuple(SETTINGS["evaluation"].values())
        assert alarm["auto_mitigation_enabled"] is True, name


def the_budget_is_told_of_before_it_is_spent(deployed):
    asked = deployed.all(QUERY)["budget"]["criteria"][0]
    budget = deployed.one("azurerm_log_analytics_workspace")["daily_quota_gb"]

    assert asked["query"] == alarm_query("budget")
    assert asked["threshold"] == SETTINGS["alarms"]["budget_share"] * budget < budget


def what_the_platform_measures_is_watched(deployed):
    alarms = deployed.all("azurerm_monitor_metric_alert")
    logs = deployed.one("azurerm_eventgrid_system_topic", "logs")["id"]
    jobs = f"{SUBSCRIPTION}/resourceGroups/learning/providers/Microsoft.EventGrid/systemTopics/credit-jobs"
    told = {name: (each["scopes"][0], each["criteria"][0]["metric_name"]) for name, each in alarms.items()}

    assert told == {
        "errors": (deployed.one("azurerm_application_insights")["id"], "requests/failed"),
        "undelivered": (logs, "DeadLetteredCount"),
        "dropped": (logs, "DroppedEventCount"),
        "credit-dropped": (jobs, "DroppedEventCount"),
        "waiting": (f"{OWN}/queueServices/default", "QueueMessageCount"),
    }
    assert {name: each["criteria"][0]["threshold"] for name, each in alarms.items()} == {
        "credit-dropped": 0, "dropped": 0, "errors": 0, "undelivered": 0, "waiting": 5000,
    }  # fmt: skip


def saved_queries_are_those_of_the_library(deployed):
    files = {file.name: file.read_text() for file in (INFRA / "queries").glob("*.kql")}
    saved = deployed.all("azurerm_log_analytics_query_pack_query")

    assert {name: each["body"] for name, each in saved.items()} == files
    assert all(each["description"].endswith("?") for each in saved.values())


def alarm_query(name):
    return (INFRA / f"queries/alerts/{name}.kql").read_text()


def the_workbook_is_that_of_the_dashboards(deployed):
    files = [file.read_text() for file in (INFRA / "dashboards").glob("azure-workbook.json")]
    books = [each for _, each in deployed.every("azurerm_application_insights_workbook")]

    assert [each["data_json"] for each in books] == files
    assert all(each["source_id"] == deployed.one("azurerm_application_insights")["id"].lower() for each in books)


LOOKED_AT = [
    every_alarm_tells_the_group,
    each_monitor_has_its_alarms,
    silence_is_an_alarm,
    alarms_ask_the_application_and_look_at_one_value,
    the_budget_is_told_of_before_it_is_spent,
    what_the_platform_measures_is_watched,
    saved_queries_are_those_of_the_library,
    the_workbook_is_that_of_the_dashboards,
]
