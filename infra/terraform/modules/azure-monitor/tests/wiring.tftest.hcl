mock_provider "azurerm" {
  source = "./tests/mocks/azurerm"
}

mock_provider "azapi" {
  source = "./tests/mocks/azapi"
}

variables {
  resource_group_name = "models"
  location            = "westeurope"
  storage_account_id  = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
  monitors            = "./tests/monitors"
  bundle              = { uri = "https://releases.blob.core.windows.net/atalaia/1.zip" }
}

run "names_that_are_the_whole_clouds_tell_the_subscription" {
  command = apply

  assert {
    condition     = azapi_resource.app.name == "atalaia-00000000" && azurerm_storage_account.own.name == "atalaia00000000"
    error_message = "two subscriptions would want one name"
  }

  assert {
    condition     = azapi_resource.app.parent_id == "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models"
    error_message = "the app is in another group"
  }
}

run "the_app_is_shaped_as_it_was_tested" {
  command = plan

  assert {
    condition = (
      azapi_resource.app.body.properties.functionAppConfig.runtime == jsondecode(file("../../../settings/azure.json")).runtime &&
      azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB == jsondecode(file("../../../settings/azure.json")).size.memory_mb &&
      azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount == jsondecode(file("../../../settings/azure.json")).size.most_instances
    )
    error_message = "the app has another size than the tested one"
  }

  assert {
    condition     = alltrue([for name, value in jsondecode(file("../../../settings/azure.json")).environment : contains(azapi_resource.app.body.properties.siteConfig.appSettings, { name = name, value = value })])
    error_message = "a setting differs from the tested one"
  }

  assert {
    condition     = contains(azapi_resource.app.body.properties.siteConfig.appSettings, { name = "ATALAIA_MONITORS", value = "az://atalaia-monitors" })
    error_message = "the functions look for monitor files in another place than they are put"
  }

  assert {
    condition     = !contains(azapi_resource.app.body.properties.siteConfig.appSettings[*].name, "AzureWebJobsStorage")
    error_message = "the host would take a connection string before the identity"
  }

  assert {
    condition     = azapi_resource.app.body.properties.virtualNetworkSubnetId == null
    error_message = "the app is in a network that nobody named"
  }
}

run "places_of_monitors_are_what_the_app_may_read_and_write" {
  command = plan

  assert {
    condition     = toset(keys(azurerm_role_assignment.app)) == toset(["host", "jobs/credit", "queue/arrivals", "queue/poison", "read/atalaia-monitors", "read/collected", "read/credit-logs", "read/reference", "telemetry", "write/churn", "write/monitoring"])
    error_message = "the app has more rights, or fewer, than the monitors need"
  }

  assert {
    condition     = alltrue([for name, each in azurerm_role_assignment.app : each.role_definition_name == "Storage Blob Data Reader" if startswith(name, "read/")])
    error_message = "what is only read can be written"
  }

  assert {
    condition     = alltrue([for name, each in azurerm_role_assignment.app : each.scope == "${var.storage_account_id}/blobServices/default/containers/${basename(name)}" if startswith(name, "read/") || startswith(name, "write/")])
    error_message = "a right is for another place than the container"
  }

  assert {
    condition     = azurerm_role_assignment.app["jobs/credit"].role_definition_name == "AzureML Data Scientist" && endswith(azurerm_role_assignment.app["jobs/credit"].scope, "/workspaces/credit")
    error_message = "jobs cannot be started where policies say"
  }
}

run "logs_go_through_the_queue" {
  command = plan

  assert {
    condition     = one(one(azurerm_eventgrid_system_topic_event_subscription.logs["logs"].advanced_filter).string_begins_with).values == tolist(["/blobServices/default/containers/churn/blobs/capture/", "/blobServices/default/containers/credit-logs/blobs/capture/"])
    error_message = "not all logs are told of, or more than logs"
  }

  assert {
    condition     = one(azurerm_eventgrid_system_topic_event_subscription.logs["logs"].storage_queue_endpoint).queue_name == jsondecode(file("../../../settings/azure.json")).environment.ATALAIA_QUEUE
    error_message = "events go to another queue than the function's"
  }

  assert {
    condition     = toset(values(azurerm_storage_queue.own)[*].name) == toset(["arrivals", "arrivals-poison"])
    error_message = "there is no queue for what is given up"
  }

  assert {
    condition     = toset(keys(azurerm_eventgrid_system_topic.jobs)) == toset(["credit"]) && endswith(one(azurerm_eventgrid_system_topic_event_subscription.jobs["credit"].azure_function_endpoint).function_id, "/functions/lifecycle")
    error_message = "nobody hears what becomes of jobs"
  }
}

run "each_monitor_has_its_alarms" {
  command = plan

  assert {
    condition     = toset(output.monitors) == toset(["churn", "credit", "fraud"])
    error_message = "not each file is a monitor"
  }

  assert {
    condition     = alltrue([for name in ["churn", "credit", "fraud"] : alltrue([for kind in ["drift", "drifted-share", "quality", "rejected", "silent"] : contains(keys(azurerm_monitor_scheduled_query_rules_alert_v2.query), "${name}-${kind}")])])
    error_message = "a monitor lacks an alarm"
  }

  assert {
    condition     = [for name in keys(azurerm_monitor_scheduled_query_rules_alert_v2.query) : name if endswith(name, "-performance")] == ["churn-performance"]
    error_message = "answers are watched where no row has a label, or not where rows do"
  }

  assert {
    condition     = alltrue([for name, each in azurerm_monitor_scheduled_query_rules_alert_v2.query : !strcontains(one(each.criteria).query, "MONITOR")])
    error_message = "a query asks of no monitor"
  }

  assert {
    condition     = [for name in ["churn", "credit", "fraud"] : one(azurerm_monitor_scheduled_query_rules_alert_v2.query["${name}-silent"].criteria).threshold] == [26, 3, 47]
    error_message = "silence is not measured by windows and lateness"
  }

  assert {
    condition     = one(azurerm_monitor_scheduled_query_rules_alert_v2.query["heartbeat"].criteria).operator == "LessThan"
    error_message = "nobody hears when evaluate is not called"
  }

  assert {
    condition     = one(azurerm_monitor_scheduled_query_rules_alert_v2.query["budget"].criteria).threshold == 0.8 && azurerm_log_analytics_workspace.own.daily_quota_gb == 1
    error_message = "the budget is spent before anybody hears of it"
  }

  assert {
    condition     = toset(keys(azurerm_monitor_metric_alert.metric)) == toset(["credit-dropped", "dropped", "errors", "undelivered", "waiting"])
    error_message = "something of the platform is not watched"
  }
}

run "what_is_stored_is_closed_to_others" {
  command = plan

  assert {
    condition     = !azurerm_storage_account.own.shared_access_key_enabled && !azurerm_storage_account.own.allow_nested_items_to_be_public && !azurerm_storage_account.own.local_user_enabled
    error_message = "the account can be read with a key, or by anybody"
  }

  assert {
    condition     = !azurerm_application_insights.own.local_authentication_enabled
    error_message = "anybody can send telemetry"
  }
}

run "targets_of_policies_are_what_the_app_may_act_on" {
  command = plan

  variables {
    monitors = "./tests/rights"
    known_ids = {
      "https://drifted.westeurope-1.eventgrid.azure.net/api/events" = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.EventGrid/topics/drifted"
      "https://other.westeurope-1.eventgrid.azure.net/api/events"   = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.EventGrid/topics/other"
      "https://watch-secrets.vault.azure.net"                       = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets"
    }
  }

  assert {
    condition = { for name, each in azurerm_role_assignment.app : each.scope => each.role_definition_name if can(regex("^(jobs|topic|secret)/", name)) } == {
      "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.MachineLearningServices/workspaces/batch"  = "AzureML Data Scientist"
      "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.MachineLearningServices/workspaces/online" = "AzureML Data Scientist"
      "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.EventGrid/topics/drifted"                  = "EventGrid Data Sender"
      "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets/secrets/slack" = "Key Vault Secrets User"
      "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets/secrets/key"   = "Key Vault Secrets User"
    }
    error_message = "the app may act on more than policies name, or on less"
  }
}
