"""Facts about what the complete example for Azure makes, with its monitors `churn`, `credit` and `fraud`."""

import re

from azure_alarm_facts import LOOKED_AT, OWN, SETTINGS, SUBSCRIPTION

LOGS = f"{SUBSCRIPTION}/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
WORKSPACE = f"{SUBSCRIPTION}/resourceGroups/learning/providers/Microsoft.MachineLearningServices/workspaces/credit"
READ, WRITTEN = {"collected", "credit-logs", "ml-watch-monitors", "reference", "trained"}, {"churn", "monitoring"}
TOPIC = f"{SUBSCRIPTION}/resourceGroups/learning/providers/Microsoft.EventGrid/topics/drifted"
VAULT = f"{SUBSCRIPTION}/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets"
WRITING = {"Storage Blob Data Owner", "Storage Blob Data Contributor"}


def app(deployed):
    """The properties of the function app, as Azure Resource Manager is told them."""
    return deployed.one("azapi_resource", "app")["body"]["value"]["properties"]


def app_settings(deployed):
    return {each["name"]: each["value"] for each in app(deployed)["siteConfig"]["appSettings"]}


def subjects(deployed):
    """What the subjects begin with of events that go to the queue."""
    (filters,) = deployed.one("azurerm_eventgrid_system_topic_event_subscription", "logs")["advanced_filter"]
    (begins,) = filters["string_begins_with"]
    assert begins["key"] == "subject"
    return set(begins["values"])


def rights(deployed, whose):
    """Pairs of a role and the place where it holds."""
    return {
        (each["role_definition_name"], each["scope"]) for _, each in deployed.every("azurerm_role_assignment", whose)
    }


def container(name, account=LOGS):
    return f"{account}/blobServices/default/containers/{name}"


def queue(name):
    return f"{OWN}/queueServices/default/queues/{name}"


def the_app_has_these_rights_and_no_others(deployed):
    insights = deployed.one("azurerm_application_insights")["id"]
    expected = {("Storage Blob Data Owner", OWN), ("Monitoring Metrics Publisher", insights)}
    expected |= {("Storage Queue Data Contributor", queue(name)) for name in ("arrivals", "arrivals-poison")}
    expected |= {("Storage Blob Data Reader", container(name)) for name in READ}
    expected |= {("Storage Blob Data Contributor", container(name)) for name in WRITTEN}

    expected |= {("AzureML Data Scientist", WORKSPACE), ("EventGrid Data Sender", TOPIC)}

    expected |= {("Key Vault Secrets User", f"{VAULT}/secrets/{name}") for name in ("approval", "github")}

    assert rights(deployed, "app") == expected


def the_app_writes_only_into_outputs_and_its_own(deployed):
    places = {scope for role, scope in rights(deployed, "app") if role in WRITING}

    assert places == {OWN, *map(container, WRITTEN)}


def no_right_is_for_a_whole_account_group_or_subscription(deployed):
    scopes = {scope for whose in ("app", "topic") for _, scope in rights(deployed, whose)}

    assert all("/providers/" in scope for scope in scopes)
    assert [scope for scope in scopes if re.fullmatch(r".*/storageAccounts/[^/]+", scope)] == [OWN]


def rights_are_given_to_whom_they_are_for(deployed):
    (own,) = deployed.one("azapi_resource", "app")["identity"]
    (delivering,) = deployed.one("azurerm_eventgrid_system_topic", "logs")["identity"]
    for whose, identity in (("app", own), ("topic", delivering)):
        assert identity["type"] == "SystemAssigned"
        given = {
            (each["principal_id"], each["principal_type"])
            for _, each in deployed.every("azurerm_role_assignment", whose)
        }
        assert given == {(identity["principal_id"], "ServicePrincipal")}


def the_topic_only_delivers(deployed):
    assert rights(deployed, "topic") == {
        ("Storage Queue Data Message Sender", queue("arrivals")),
        ("Storage Blob Data Contributor", container("dead-letters", OWN)),
    }


def the_app_needs_no_key(deployed):
    given, config = app_settings(deployed), app(deployed)["functionAppConfig"]

    assert given["AzureWebJobsStorage__accountName"] == "mlwatch00000000"
    assert given["AzureWebJobsStorage__credential"] == "managedidentity"
    assert "AzureWebJobsStorage" not in given
    assert not any("AccountKey" in value for value in given.values())
    assert given["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "Authorization=AAD"
    assert config["deployment"]["storage"]["authentication"] == {"type": "SystemAssignedIdentity"}


def the_app_has_the_settings_that_were_tested(deployed):
    given = app_settings(deployed)

    assert SETTINGS["environment"].items() <= (given | {"ATALAIA_DETAIL": "summary"}).items()
    assert given["ATALAIA_DETAIL"] == "columns"  # as the example says
    assert app(deployed)["functionAppConfig"]["runtime"] == SETTINGS["runtime"]
    assert app(deployed)["functionAppConfig"]["scaleAndConcurrency"] == {
        "instanceMemoryMB": 4096,
        "maximumInstanceCount": 100,
    }


def the_app_finds_its_bundle_its_monitors_and_its_logs(deployed):
    given, bundle = app_settings(deployed), deployed.one("azurerm_storage_blob", "bundle")
    storage = app(deployed)["functionAppConfig"]["deployment"]["storage"]
    monitors = deployed.one("azurerm_storage_container", "monitors")

    assert storage["type"] == "blobContainer"
    assert storage["value"] == "https://mlwatch00000000.blob.core.windows.net/bundle"
    assert (bundle["name"], bundle["storage_container_id"]) == ("released-package.zip", container("bundle", OWN))
    assert given["AZURE_STORAGE_ACCOUNT_NAME"] == "models"
    assert given["ATALAIA_MONITORS"] == f"az://{monitors['name']}"
    assert monitors["storage_account_id"] == LOGS
    files = deployed.all("azurerm_storage_blob", "monitor")
    assert {each["storage_container_id"] for each in files.values()} == {container(monitors["name"])}
    assert set(files) == {"churn.yaml", "credit.yaml", "fraud.yaml"}


def links_lead_to_the_app(deployed):
    given, site = app_settings(deployed), deployed.one("azapi_resource", "app")

    assert given["ATALAIA_APPROVAL_KEY"] == "keyvault:https://watch-secrets.vault.azure.net/secrets/approval"
    assert given["ATALAIA_APPROVAL_URL"] == f"https://{site['name']}.azurewebsites.net/api/approve"


def the_app_speaks_only_encrypted(deployed):
    site = app(deployed)

    assert site["httpsOnly"] is True
    assert site["virtualNetworkSubnetId"].endswith("/subnets/functions")
    assert (site["siteConfig"]["minTlsVersion"], site["siteConfig"]["ftpsState"]) == ("1.2", "Disabled")
    assert deployed.one("azurerm_service_plan")["sku_name"] == "FC1"
    assert site["serverFarmId"] == deployed.one("azurerm_service_plan")["id"]


def what_is_stored_is_closed(deployed):
    own = deployed.one("azurerm_storage_account")

    assert own["id"] == OWN
    assert own["min_tls_version"] == "TLS1_2"
    assert own["https_traffic_only_enabled"] is True
    for name in ("shared_access_key_enabled", "allow_nested_items_to_be_public", "local_user_enabled"):
        assert own[name] is False, name
    assert {each["container_access_type"] for _, each in deployed.every("azurerm_storage_container")} == {"private"}


def new_logs_go_to_the_queue(deployed):
    told = deployed.one("azurerm_eventgrid_system_topic_event_subscription", "logs")
    (topic, end) = deployed.one("azurerm_eventgrid_system_topic", "logs"), told["storage_queue_endpoint"][0]

    assert (topic["source_resource_id"], topic["topic_type"]) == (LOGS, "Microsoft.Storage.StorageAccounts")
    assert (told["system_topic"], told["resource_group_name"]) == (topic["name"], topic["resource_group_name"])
    assert told["included_event_types"] == SETTINGS["arrivals"]["event_types"]
    assert (end["storage_account_id"], end["queue_name"]) == (OWN, app_settings(deployed)["ATALAIA_QUEUE"])
    assert end["queue_message_time_to_live_in_seconds"] == SETTINGS["arrivals"]["message_seconds"]
    assert told["delivery_identity"][0]["type"] == "SystemAssigned"


def only_folders_of_logs_that_do_not_grow_are_listened_to(deployed):
    begin = "/blobServices/default/containers"

    assert subjects(deployed) == {f"{begin}/churn/blobs/capture/", f"{begin}/credit-logs/blobs/capture/"}


def what_cannot_be_delivered_is_kept(deployed):
    told = deployed.one("azurerm_eventgrid_system_topic_event_subscription", "logs")
    (kept,), (tries,) = told["storage_blob_dead_letter_destination"], told["retry_policy"]

    assert kept == {"storage_account_id": OWN, "storage_blob_container_name": "dead-letters"}
    assert told["dead_letter_identity"][0]["type"] == "SystemAssigned"
    assert tries["max_delivery_attempts"] == SETTINGS["arrivals"]["most_tries"]
    assert tries["event_time_to_live"] == SETTINGS["arrivals"]["minutes"]


def what_becomes_of_jobs_goes_to_lifecycle(deployed):
    told = deployed.one("azurerm_eventgrid_system_topic_event_subscription", "jobs")
    (end,) = told["azure_function_endpoint"]

    assert (told["system_topic"], told["resource_group_name"]) == ("credit-jobs", "learning")
    assert not deployed.every("azurerm_eventgrid_system_topic", "jobs")  # as it is there already
    assert end["function_id"] == f"{deployed.one('azapi_resource', 'app')['id']}/functions/lifecycle"
    assert told["included_event_types"] == SETTINGS["jobs"]["event_types"]


def telemetry_is_taken_from_the_app_alone_and_has_a_limit(deployed):
    workspace, insights = deployed.one("azurerm_log_analytics_workspace"), deployed.one("azurerm_application_insights")

    assert insights["workspace_id"] == workspace["id"]
    assert insights["local_authentication_enabled"] is False
    assert (workspace["daily_quota_gb"], workspace["retention_in_days"]) == (5, 365)
    assert app_settings(deployed)["APPLICATIONINSIGHTS_CONNECTION_STRING"] == insights["connection_string"]


def everything_has_the_tags(deployed):
    kinds = {each["type"] for each in deployed.resources}
    for kind in kinds:
        for name, each in deployed.every(kind):
            if "tags" in each:
                assert each["tags"] == {"project": "atalaia", "team": "ml"}, (kind, name)


FACTS = [
    *LOOKED_AT,
    the_app_has_these_rights_and_no_others,
    the_app_writes_only_into_outputs_and_its_own,
    no_right_is_for_a_whole_account_group_or_subscription,
    rights_are_given_to_whom_they_are_for,
    the_topic_only_delivers,
    the_app_needs_no_key,
    the_app_has_the_settings_that_were_tested,
    the_app_finds_its_bundle_its_monitors_and_its_logs,
    links_lead_to_the_app,
    the_app_speaks_only_encrypted,
    what_is_stored_is_closed,
    new_logs_go_to_the_queue,
    only_folders_of_logs_that_do_not_grow_are_listened_to,
    what_cannot_be_delivered_is_kept,
    what_becomes_of_jobs_goes_to_lifecycle,
    telemetry_is_taken_from_the_app_alone_and_has_a_limit,
    everything_has_the_tags,
]
