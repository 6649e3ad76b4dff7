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

# What follows is planned upon this, so that references are known.
run "all_defaults" {
  command = apply
}

run "a_topic_that_is_there_is_used" {
  command = plan

  variables {
    known_ids = {
      "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models" = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/events/providers/Microsoft.EventGrid/systemTopics/models"
    }
  }

  assert {
    condition     = length(azurerm_eventgrid_system_topic.logs) == 0 && azurerm_eventgrid_system_topic_event_subscription.logs["logs"].system_topic == "models" && azurerm_eventgrid_system_topic_event_subscription.logs["logs"].resource_group_name == "events"
    error_message = "a second topic of one account is asked for, which Azure refuses"
  }

  assert {
    condition     = alltrue([for each in azurerm_role_assignment.topic : each.principal_id == "99999999-1111-2222-3333-444444444444"])
    error_message = "the topic's identity may not deliver"
  }
}

run "nothing_answers_links_unless_a_key_is_named" {
  command = plan

  assert {
    condition     = length([for each in azapi_resource.app.body.properties.siteConfig.appSettings : each if startswith(each.name, "ATALAIA_APPROVAL")]) == 0
    error_message = "something is open to everyone that nobody asked for"
  }
}

run "links_may_lead_to_an_address_of_ones_own_and_their_key_have_a_version" {
  command = plan

  variables {
    environment = {
      ATALAIA_APPROVAL_KEY = "keyvault:https://watch-secrets.vault.azure.net/secrets/links/0123456789abcdef0123456789abcdef"
      ATALAIA_APPROVAL_URL = "https://approve.example.com"
    }
    known_ids = {
      "https://watch-secrets.vault.azure.net" = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets"
    }
  }

  assert {
    condition     = [for each in azapi_resource.app.body.properties.siteConfig.appSettings : each.value if each.name == "ATALAIA_APPROVAL_URL"] == ["https://approve.example.com"]
    error_message = "links lead past the address that was given"
  }

  assert {
    condition     = [for name, each in azurerm_role_assignment.app : each.scope if startswith(name, "secret/")] == ["/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets/secrets/links"]
    error_message = "the app may not read the key, or more than that"
  }
}

run "a_workspace_may_have_a_name_that_no_topic_may" {
  command = plan

  variables {
    monitors = "./tests/underscore"
  }

  assert {
    condition     = azurerm_eventgrid_system_topic.jobs["my_ml"].name == "atalaia-my-ml" && azurerm_eventgrid_system_topic_event_subscription.jobs["my_ml"].system_topic == "atalaia-my-ml"
    error_message = "a topic has a name that Azure refuses"
  }
}

run "logs_that_grow_need_no_topic" {
  command = plan

  variables {
    monitors = "./tests/growing"
  }

  assert {
    condition     = length(azurerm_eventgrid_system_topic.logs) == 0 && length(azurerm_eventgrid_system_topic_event_subscription.logs) == 0 && length(azurerm_role_assignment.topic) == 0 && toset(keys(azurerm_monitor_metric_alert.metric)) == toset(["errors", "waiting"])
    error_message = "there is a topic that tells of nothing"
  }

  assert {
    condition     = !contains(azapi_resource.app.body.properties.siteConfig.appSettings[*].name, "ATALAIA_COLLECT_AT")
    error_message = "nothing reads logs that grow"
  }
}

run "nothing_looks_for_logs_that_grow_where_none_do" {
  command = plan

  variables {
    monitors = "./examples/minimal/monitors"
  }

  assert {
    condition     = contains(azapi_resource.app.body.properties.siteConfig.appSettings, { name = "ATALAIA_COLLECT_AT", value = "never" })
    error_message = "a timer calls for nothing"
  }
}

run "a_group_of_the_user_is_told" {
  command = plan

  variables {
    notify = { action_group_id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/ops/providers/Microsoft.Insights/actionGroups/on-call" }
  }

  assert {
    condition     = length(azurerm_monitor_action_group.own) == 0 && alltrue([for each in azurerm_monitor_scheduled_query_rules_alert_v2.query : one(each.action).action_groups == tolist([var.notify.action_group_id])]) && alltrue([for each in azurerm_monitor_metric_alert.metric : one(each.action).action_group_id == var.notify.action_group_id])
    error_message = "another group is told"
  }
}

run "addresses_are_told" {
  command = plan

  variables {
    notify = { emails = ["a@example.com", "b@example.com"] }
  }

  assert {
    condition     = toset(azurerm_monitor_action_group.own["own"].email_receiver[*].email_address) == toset(["a@example.com", "b@example.com"])
    error_message = "an address hears nothing"
  }
}

run "null_is_no_alarm" {
  command = plan

  variables {
    alarms = { budget_share = null, drift = null, drifted_share = null, failed_share = null, performance = null, rejected_rows = null, silent_hours = null, untold_reports = null, waiting_logs = null }
  }

  assert {
    condition     = toset(keys(azurerm_monitor_scheduled_query_rules_alert_v2.query)) == toset(["given-up", "heartbeat"]) && toset(keys(azurerm_monitor_metric_alert.metric)) == toset(["credit-dropped", "dropped", "errors", "undelivered"])
    error_message = "there is an alarm that nobody wants"
  }
}

run "limits_of_alarms_are_those_given" {
  command = plan

  variables {
    alarms          = { drift = 1.5, lag_seconds = 600, silent_hours = 12, budget_share = 0.5, waiting_logs = 7 }
    daily_gigabytes = 4
  }

  assert {
    condition     = [for name in ["credit-drift", "credit-lag", "credit-silent", "budget"] : one(azurerm_monitor_scheduled_query_rules_alert_v2.query[name].criteria).threshold] == [1.5, 600, 12, 2]
    error_message = "an alarm has another limit"
  }

  assert {
    condition     = one(azurerm_monitor_metric_alert.metric["waiting"].criteria).threshold == 7 && azurerm_log_analytics_workspace.own.daily_quota_gb == 4
    error_message = "a limit is not the given one"
  }
}

run "a_bundle_of_ones_own_is_uploaded" {
  command = plan

  variables {
    bundle = { path = "./versions.tf" }
  }

  assert {
    condition     = azurerm_storage_blob.bundle.source == "./versions.tf" && azurerm_storage_blob.bundle.source_uri == null && azurerm_storage_blob.bundle.content_md5 == filemd5("./versions.tf")
    error_message = "another bundle is not uploaded again"
  }
}

run "what_differs_is_heard" {
  command = plan

  variables {
    name               = "ml-watch"
    size               = { memory_mb = 512, most_instances = 5 }
    environment        = { ATALAIA_DETAIL = "columns" }
    log_retention_days = 365
    subnet_id          = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/models/subnets/functions"
    tags               = { team = "ml" }
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency == { instanceMemoryMB = 512, maximumInstanceCount = 5 } && azapi_resource.app.body.properties.virtualNetworkSubnetId == var.subnet_id
    error_message = "the app has another size or network"
  }

  assert {
    condition     = contains(azapi_resource.app.body.properties.siteConfig.appSettings, { name = "ATALAIA_DETAIL", value = "columns" }) && contains(azapi_resource.app.body.properties.siteConfig.appSettings, { name = "ATALAIA_METRICS", value = "application-insights" })
    error_message = "the settings are not the given ones over the tested ones"
  }

  assert {
    condition     = azurerm_log_analytics_workspace.own.retention_in_days == 365 && azurerm_storage_account.own.name == "mlwatch00000000" && azapi_resource.app.tags == tomap({ project = "atalaia", team = "ml" })
    error_message = "an input is not heard"
  }
}

run "reports_may_go_elsewhere_where_no_alarm_asks_for_them" {
  command = plan

  variables {
    environment = { ATALAIA_METRICS = "otlp" }
    alarms      = { drift = null, drifted_share = null, failed_share = null, performance = null, rejected_rows = null, silent_hours = null }
  }

  assert {
    condition     = keys(azurerm_monitor_scheduled_query_rules_alert_v2.query) == ["budget", "given-up", "heartbeat", "untold"]
    error_message = "an alarm asks for reports that are told elsewhere"
  }
}
