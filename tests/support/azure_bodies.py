"""What Terraform makes on Azure, as Azure Resource Manager is told it."""

import json


def bodies(deployed):
    """Kind, key and body of each resource; a value that Azure chooses is `<ID#properties.name>`."""
    text = json.dumps([body(each) for kind, body in _OF for _, each in deployed.every(kind)])
    for made_up, told in _chosen_by_azure(deployed):
        text = text.replace(json.dumps(made_up)[1:-1], told)
    return json.loads(text)


def lowered(value):
    """A value with IDs in small letters, in which Azure tells none apart."""
    if isinstance(value, dict):
        return {lowered(name): lowered(each) for name, each in value.items()}
    if isinstance(value, list):
        return [lowered(each) for each in value]
    return (
        value.lower() if isinstance(value, str) and value.startswith(("/subscriptions/", "</subscriptions/")) else value
    )


def _chosen_by_azure(deployed):
    """Pairs of what the offline provider makes up, and what stands for it here."""
    account, insights = deployed.one("azurerm_storage_account"), deployed.one("azurerm_application_insights")
    yield account["primary_blob_endpoint"], f"<{account['id']}#properties.primaryEndpoints.blob>".lower()
    yield insights["connection_string"], f"<{insights['id']}#properties.ConnectionString>".lower()
    site = deployed.one("azapi_resource", "app")
    for each in (site, *(topic for _, topic in deployed.every("azurerm_eventgrid_system_topic"))):
        for identity in each["identity"]:
            yield identity["principal_id"], f"<{each['id']}#identity.principalId>".lower()


def _site(each):
    body = lowered(each["body"]["value"] | {"identity": {"type": each["identity"][0]["type"]}})
    body["properties"]["siteConfig"]["appSettings"].sort(key=lambda setting: setting["name"])
    body["properties"] = {name: value for name, value in body["properties"].items() if value is not None}
    return "sites", each["id"].lower(), body | {"location": each["location"], "tags": each["tags"]}


def _put(of, each, properties, **more):
    """The body of a resource that has a place and tags."""
    body = {"location": each["location"], "tags": each["tags"], "properties": properties, **more}
    return of, each["id"].lower(), lowered(body)


def _account(each):
    properties = {
        "minimumTlsVersion": each["min_tls_version"],
        "supportsHttpsTrafficOnly": each["https_traffic_only_enabled"],
        "allowSharedKeyAccess": each["shared_access_key_enabled"],
        "defaultToOAuthAuthentication": each["default_to_oauth_authentication"],
        "allowBlobPublicAccess": each["allow_nested_items_to_be_public"],
        "isLocalUserEnabled": each["local_user_enabled"],
    }
    sku = {"name": f"{each['account_tier']}_{each['account_replication_type']}"}
    return _put("storageaccounts", each, properties, kind="StorageV2", sku=sku)


def _blobs(each):
    (blobs,) = each["blob_properties"]
    kept = {"isVersioningEnabled": blobs["versioning_enabled"]}
    for name, written in (("deleteRetentionPolicy", "delete"), ("containerDeleteRetentionPolicy", "container_delete")):
        (policy,) = blobs[f"{written}_retention_policy"]
        kept[name] = {"enabled": True, "days": policy["days"]}
    return "storageaccounts/blobservices", f"{each['id']}/blobServices/default".lower(), {"properties": kept}


def _container(each):
    kind = (
        "containers of monitor files"
        if each["name"].endswith("-monitors")
        else "storageaccounts/blobservices/containers"
    )
    access = {"private": "None"}[each["container_access_type"]]
    return kind, each["id"].lower(), {"properties": {"publicAccess": access}}


def _queue(each):
    return "storageaccounts/queueservices/queues", each["id"].lower(), {}


def _plan(each):
    sku = {"name": each["sku_name"], "tier": {"FC1": "FlexConsumption"}[each["sku_name"]]}
    return _put("serverfarms", each, {"reserved": each["os_type"] == "Linux"}, sku=sku, kind="functionapp")


def _workspace(each):
    properties = {"sku": {"name": each["sku"]}, "retentionInDays": each["retention_in_days"]}
    return _put("workspaces", each, properties | {"workspaceCapping": {"dailyQuotaGb": each["daily_quota_gb"]}})


def _insights(each):
    properties = {
        "Application_Type": each["application_type"],
        "WorkspaceResourceId": each["workspace_id"],
        "DisableLocalAuth": not each["local_authentication_enabled"],
        "DisableIpMasking": not each["ip_masking_enabled"],
    }
    return _put("components", each, properties, kind="web")


def _query(each):
    properties = {"displayName": each["display_name"], "description": each["description"], "body": each["body"]}
    properties["related"] = {"categories": each["categories"], "resourceTypes": each["resource_types"]}
    properties["tags"] = {name: [value] for name, value in each["tags"].items()}
    return "querypacks/queries", each["display_name"], {"properties": properties}


def _workbook(each):
    properties = {"displayName": each["display_name"], "category": each["category"], "sourceId": each["source_id"]}
    _, _, body = _put("workbooks", each, properties | {"serializedData": each["data_json"]}, kind="shared")
    return "workbooks", each["display_name"], body


def _topic(each):
    identity = {"type": each["identity"][0]["type"] if each["identity"] else "None"}
    properties = {"source": each["source_resource_id"], "topicType": each["topic_type"]}
    return _put("systemtopics", each, properties, identity=identity)


def _subscription(each):
    (tries,) = each["retry_policy"]
    properties = {
        "eventDeliverySchema": each["event_delivery_schema"],
        "filter": {"includedEventTypes": each["included_event_types"]},
        "retryPolicy": {
            "maxDeliveryAttempts": tries["max_delivery_attempts"],
            "eventTimeToLiveInMinutes": tries["event_time_to_live"],
        },
    }
    for filters in each["advanced_filter"] or ():
        begins = [{"operatorType": "StringBeginsWith", **told} for told in filters["string_begins_with"]]
        properties["filter"]["advancedFilters"] = begins
    for end in each["azure_function_endpoint"] or ():
        properties["destination"] = {"endpointType": "AzureFunction", "properties": {"resourceId": end["function_id"]}}
    for end in each["storage_queue_endpoint"] or ():
        place = {"resourceId": end["storage_account_id"], "queueName": end["queue_name"]}
        place["queueMessageTimeToLiveInSeconds"] = end["queue_message_time_to_live_in_seconds"]
        identity = {"type": each["delivery_identity"][0]["type"]}
        destination = {"endpointType": "StorageQueue", "properties": place}
        properties["deliveryWithResourceIdentity"] = {"identity": identity, "destination": destination}
    for end in each["storage_blob_dead_letter_destination"] or ():
        place = {"resourceId": end["storage_account_id"], "blobContainerName": end["storage_blob_container_name"]}
        identity = {"type": each["dead_letter_identity"][0]["type"]}
        destination = {"endpointType": "StorageBlob", "properties": place}
        properties["deadLetterWithResourceIdentity"] = {"identity": identity, "deadLetterDestination": destination}
    group = f"/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/{each['resource_group_name']}"
    topic = f"{group}/providers/Microsoft.EventGrid/systemTopics/{each['system_topic']}"
    key = f"{topic}/eventSubscriptions/{each['name']}".lower()
    return "systemtopics/eventsubscriptions", key, {"properties": lowered(properties)}


def _role(each):
    who = (each["principal_id"], each["principal_type"])
    return "roleassignments", str((each["role_definition_name"], each["scope"].lower(), *who)), {}


def _group(each):
    people = [
        {
            "name": one["name"],
            "emailAddress": one["email_address"],
            "useCommonAlertSchema": one["use_common_alert_schema"],
        }
        for one in each["email_receiver"]
    ]
    properties = {"enabled": True, "groupShortName": each["short_name"], "emailReceivers": people}
    return _put("actiongroups", each | {"location": "Global"}, properties)


def _asked(each):
    (criteria,), (action,) = each["criteria"], each["action"]
    (failing,) = criteria["failing_periods"]
    one = {
        "query": criteria["query"],
        "metricMeasureColumn": criteria["metric_measure_column"],
        "timeAggregation": criteria["time_aggregation_method"],
        "operator": criteria["operator"],
        "threshold": criteria["threshold"],
        "failingPeriods": {
            "minFailingPeriodsToAlert": failing["minimum_failing_periods_to_trigger_alert"],
            "numberOfEvaluationPeriods": failing["number_of_evaluation_periods"],
        },
    }
    properties = {
        "description": each["description"],
        "enabled": True,
        "scopes": each["scopes"],
        "severity": each["severity"],
        "evaluationFrequency": each["evaluation_frequency"],
        "windowSize": each["window_duration"],
        "autoMitigate": each["auto_mitigation_enabled"],
        "criteria": {"allOf": [one]},
        "actions": {"actionGroups": action["action_groups"]},
    }
    return _put("scheduledqueryrules", each, properties, kind="LogAlert")


def _measured(each):
    (criteria,), (action,) = each["criteria"], each["action"]
    one = {
        "criterionType": "StaticThresholdCriterion",
        "name": each["name"].rpartition("-")[2],
        "metricNamespace": criteria["metric_namespace"],
        "metricName": criteria["metric_name"],
        "timeAggregation": criteria["aggregation"],
        "operator": criteria["operator"],
        "threshold": criteria["threshold"],
    }
    properties = {
        "description": each["description"],
        "enabled": True,
        "scopes": each["scopes"],
        "severity": each["severity"],
        "evaluationFrequency": each["frequency"],
        "windowSize": each["window_size"],
        "autoMitigate": each["auto_mitigate"],
        "criteria": {"odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": [one]},
        "actions": [{"actionGroupId": action["action_group_id"]}],
    }
    return _put("metricalerts", each | {"location": "global"}, properties)


_OF = (
    ("azapi_resource", _site),
    ("azurerm_application_insights", _insights),
    ("azurerm_application_insights_workbook", _workbook),
    ("azurerm_eventgrid_system_topic", _topic),
    ("azurerm_eventgrid_system_topic_event_subscription", _subscription),
    ("azurerm_log_analytics_query_pack", lambda each: _put("querypacks", each, {})),
    ("azurerm_log_analytics_query_pack_query", _query),
    ("azurerm_log_analytics_workspace", _workspace),
    ("azurerm_monitor_action_group", _group),
    ("azurerm_monitor_metric_alert", _measured),
    ("azurerm_monitor_scheduled_query_rules_alert_v2", _asked),
    ("azurerm_role_assignment", _role),
    ("azurerm_service_plan", _plan),
    ("azurerm_storage_account", _account),
    ("azurerm_storage_account", _blobs),
    ("azurerm_storage_container", _container),
    ("azurerm_storage_queue", _queue),
)
