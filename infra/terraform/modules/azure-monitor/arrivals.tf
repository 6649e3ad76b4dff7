# New logs: from their account through Event Grid into the queue that wakes `ingest_queue`; what cannot be delivered is
# kept aside. What becomes of jobs: from their workspaces to `lifecycle`.

locals {
  # Topics that are there already, by their source.
  given = { for source, topic in var.known_ids : source => {
    id = topic, name = basename(topic), group = split("/", topic)[4]
  } }

  new_topic       = length(local.subjects) > 0 && !contains(keys(local.given), var.storage_account_id)
  given_topic     = length(local.subjects) > 0 ? { for source, topic in local.given : "logs" => topic if source == var.storage_account_id } : {}
  topic           = try(azurerm_eventgrid_system_topic.logs["logs"].id, local.given_topic["logs"].id, null)
  topic_principal = try(azurerm_eventgrid_system_topic.logs["logs"].identity[0].principal_id, data.azurerm_eventgrid_system_topic.logs["logs"].identity[0].principal_id, null)
}

resource "azurerm_eventgrid_system_topic" "logs" {
  for_each = local.new_topic ? { logs = var.storage_account_id } : {}

  name                = "${var.name}-logs"
  resource_group_name = var.resource_group_name
  location            = var.location
  source_resource_id  = each.value
  topic_type          = "Microsoft.Storage.StorageAccounts"
  tags                = local.tags

  identity {
    type = "SystemAssigned"
  }
}

data "azurerm_eventgrid_system_topic" "logs" {
  for_each = local.given_topic

  name                = each.value.name
  resource_group_name = each.value.group
}

resource "azurerm_eventgrid_system_topic_event_subscription" "logs" {
  for_each = length(local.subjects) > 0 ? { logs = local.subjects } : {}

  name                  = "${var.name}-logs"
  system_topic          = basename(local.topic)
  resource_group_name   = split("/", local.topic)[4]
  event_delivery_schema = "EventGridSchema"
  included_event_types  = local.settings.arrivals.event_types

  advanced_filter {
    string_begins_with {
      key    = "subject"
      values = each.value
    }
  }

  storage_queue_endpoint {
    storage_account_id                    = azurerm_storage_account.own.id
    queue_name                            = azurerm_storage_queue.own["arrivals"].name
    queue_message_time_to_live_in_seconds = local.settings.arrivals.message_seconds
  }

  delivery_identity {
    type = "SystemAssigned"
  }

  storage_blob_dead_letter_destination {
    storage_account_id          = azurerm_storage_account.own.id
    storage_blob_container_name = azurerm_storage_container.own["dead-letters"].name
  }

  dead_letter_identity {
    type = "SystemAssigned"
  }

  retry_policy {
    max_delivery_attempts = local.settings.arrivals.most_tries
    event_time_to_live    = local.settings.arrivals.minutes
  }

  # Event Grid tries whether it may deliver before it takes the subscription.
  depends_on = [azurerm_role_assignment.topic]

  lifecycle {
    precondition {
      condition     = length(each.value) <= 25
      error_message = "The monitors have logs in more than 25 folders, and a subscription tells no more apart; put them below fewer ones."
    }

    precondition {
      condition     = local.topic_principal != null
      error_message = "The system topic of the account of logs has no system-assigned identity; give it one."
    }

    precondition {
      condition     = split("/", var.storage_account_id)[2] == local.subscription
      error_message = "The account of logs is in another subscription, and so is its system topic, where nothing can be subscribed to from here; deploy in that subscription."
    }
  }
}

resource "azurerm_eventgrid_system_topic" "jobs" {
  for_each = { for name, workspace in local.workspaces : name => workspace if !contains(keys(local.given), workspace) }

  # Names of workspaces may have underscores, those of topics not.
  name                = "${var.name}-${replace(each.key, "_", "-")}"
  resource_group_name = var.resource_group_name
  location            = var.location
  source_resource_id  = each.value
  topic_type          = "Microsoft.MachineLearningServices.Workspaces"
  tags                = local.tags
}

resource "azurerm_eventgrid_system_topic_event_subscription" "jobs" {
  for_each = local.workspaces

  name                  = "${var.name}-jobs"
  system_topic          = try(azurerm_eventgrid_system_topic.jobs[each.key].name, local.given[each.value].name)
  resource_group_name   = try(azurerm_eventgrid_system_topic.jobs[each.key].resource_group_name, local.given[each.value].group)
  event_delivery_schema = "EventGridSchema"
  included_event_types  = local.settings.jobs.event_types

  azure_function_endpoint {
    function_id = "${azapi_resource.app.id}/functions/${local.settings.jobs.function}"
  }

  retry_policy {
    max_delivery_attempts = local.settings.jobs.most_tries
    event_time_to_live    = local.settings.jobs.minutes
  }

  # The function is one when the platform has read the bundle.
  depends_on = [azapi_resource_action.triggers]

  lifecycle {
    precondition {
      condition     = split("/", each.value)[2] == local.subscription
      error_message = "The Azure ML workspace ${each.key} is in another subscription, and so is its system topic, where nothing can be subscribed to from here; deploy in that subscription."
    }
  }
}
