# Alarms: of each monitor by what its reports tell and when it falls silent, of the functions, of what carries logs to
# them, and of what Log Analytics takes a day.

locals {
  limits = merge(local.settings.alarms, var.alarms)
  asked  = "${local.queries}/alerts"
  told   = coalesce(try(azurerm_monitor_action_group.own["own"].id, null), var.notify.action_group_id)

  # The hours after which a monitor's silence is one: its window, its lateness, and one more, as far as alerts look back.
  silent_hours = { for name, each in local.watched : name =>
    try(local.limits.silent_hours > 0, false) ? local.limits.silent_hours : min(47, each.hours + 1)
  }

  # What is asked of each monitor. A state lasts until the next report tells otherwise, or for two days. Of performance
  # none tells where rows have no labels.
  judged = {
    drift         = { most = local.limits.drift, severity = 2, what = "The largest drift, as a multiple of its limit" }
    drifted-share = { most = local.limits.drifted_share, severity = 2, what = "The share of columns that have an alert of drift" }
    quality       = { most = local.limits.failed_share, severity = 2, what = "The share of quality findings that are not ok" }
    performance   = { most = local.limits.performance, severity = 2, what = "The worst answers, as a multiple of their limit" }
    rejected      = { most = local.limits.rejected_rows, severity = 2, what = "Rows that could not be used" }
    lag           = { most = local.limits.lag_seconds, severity = 3, what = "Seconds from a window's end to its report" }
  }
  by_monitor = merge(
    merge([for name, each in local.watched : {
      for kind, judged in local.judged : "${name}-${kind}" => {
        query = kind, monitor = name, operator = "GreaterThan", limit = judged.most, severity = judged.severity
        what  = "${judged.what}: model ${each.model}, monitor ${name}."
      } if judged.most != null && (kind != "performance" || each.labelled)
    }]...),
    local.limits.silent_hours == null ? {} : { for name, hours in local.silent_hours : "${name}-silent" => {
      query = "silent", monitor = name, operator = "GreaterThan", limit = hours, severity = 1
      what  = "No report of monitor ${name} for ${hours} hours: no logs arrive, or nothing evaluates them."
    } },
  )

  # What is asked of all together.
  of_all = merge(
    { heartbeat = {
      query = "heartbeat", monitor = "", operator = "LessThan", limit = 1, severity = 1
      what  = "Nothing has called evaluate for an hour, so that nothing is told of any monitor."
    } },
    { given-up = {
      query = "given-up", monitor = "", operator = "GreaterThan", limit = 0, severity = 1
      what  = "Logs that failed so often that they were given up: they lie in the queue ${local.queue}-poison."
    } },
    local.limits.untold_reports == null ? {} : { untold = {
      query = "untold", monitor = "", operator = "GreaterThan", limit = local.limits.untold_reports, severity = 2
      what  = "Reports that do not get out to Application Insights."
    } },
    local.limits.budget_share == null ? {} : { budget = {
      query = "budget", monitor = "", operator = "GreaterThan", limit = local.limits.budget_share * var.daily_gigabytes, severity = 2
      what  = "Gigabytes of the last day, of ${var.daily_gigabytes} a day that Log Analytics takes: what comes then is lost."
    } },
  )

  # Topics by the alarms of what they lose: those of jobs keep nothing aside.
  topics = merge(
    length(local.subjects) == 0 ? {} : { dropped = { id = local.topic, about = "logs" } },
    { for name, workspace in local.workspaces : "${name}-dropped" => {
      id = try(azurerm_eventgrid_system_topic.jobs[name].id, local.given[workspace].id), about = "jobs in ${name}"
    } },
  )

  # What the platform measures itself.
  measured = merge(
    { errors = {
      scope       = azurerm_application_insights.own.id, namespace = "microsoft.insights/components", metric = "requests/failed"
      aggregation = "Count", limit = 0, window = "PT5M", what = "Calls of functions that failed."
    } },
    length(local.subjects) == 0 ? {} : { undelivered = {
      scope       = local.topic, namespace = "Microsoft.EventGrid/systemTopics", metric = "DeadLetteredCount"
      aggregation = "Total", limit = 0, window = "PT5M", what = "Events about logs that could not be delivered: they lie in the container dead-letters."
    } },
    { for key, topic in local.topics : key => {
      scope       = topic.id, namespace = "Microsoft.EventGrid/systemTopics", metric = "DroppedEventCount"
      aggregation = "Total", limit = 0, window = "PT5M", what = "Events about ${topic.about} that could not be delivered, and are kept nowhere."
    } },
    local.limits.waiting_logs == null ? {} : { waiting = {
      scope  = "${azurerm_storage_account.own.id}/queueServices/default", namespace = "Microsoft.Storage/storageAccounts/queueServices"
      metric = "QueueMessageCount", aggregation = "Average", limit = local.limits.waiting_logs, window = "PT1H", what = "Logs that wait for ingest."
    } },
  )
}

resource "azurerm_monitor_action_group" "own" {
  for_each = var.notify.action_group_id == null ? { own = "${var.name}-alarms" } : {}

  name                = each.value
  resource_group_name = var.resource_group_name
  short_name          = substr(var.name, 0, 12)
  tags                = local.tags

  dynamic "email_receiver" {
    for_each = var.notify.emails

    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "query" {
  for_each = merge(local.by_monitor, local.of_all)

  name                    = "${var.name}-${each.key}"
  resource_group_name     = var.resource_group_name
  location                = var.location
  description             = each.value.what
  scopes                  = [each.value.query == "budget" ? azurerm_log_analytics_workspace.own.id : azurerm_application_insights.own.id]
  severity                = each.value.severity
  evaluation_frequency    = local.settings.evaluation.every
  window_duration         = local.settings.evaluation.looks_back
  auto_mitigation_enabled = true
  tags                    = local.tags

  criteria {
    query                   = replace(file("${local.asked}/${each.value.query}.kql"), "MONITOR", each.value.monitor)
    metric_measure_column   = "value"
    time_aggregation_method = "Maximum"
    operator                = each.value.operator
    threshold               = each.value.limit

    failing_periods {
      minimum_failing_periods_to_trigger_alert = 1
      number_of_evaluation_periods             = 1
    }
  }

  action {
    action_groups = [local.told]
  }
}

resource "azurerm_monitor_metric_alert" "metric" {
  for_each = local.measured

  name                = "${var.name}-${each.key}"
  resource_group_name = var.resource_group_name
  description         = each.value.what
  scopes              = [each.value.scope]
  severity            = 2
  frequency           = "PT5M"
  window_size         = each.value.window
  auto_mitigate       = true
  tags                = local.tags

  criteria {
    metric_namespace = each.value.namespace
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = "GreaterThan"
    threshold        = each.value.limit
  }

  action {
    action_group_id = local.told
  }
}
