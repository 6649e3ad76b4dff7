output "action_group_id" {
  description = "The action group that alarms tell."
  value       = local.told
}

output "alarm_names" {
  description = "All alarms, by name."
  value = sort(concat(
    [for alarm in azurerm_monitor_scheduled_query_rules_alert_v2.query : alarm.name],
    [for alarm in azurerm_monitor_metric_alert.metric : alarm.name],
  ))
}

output "app_id" {
  description = "The function app."
  value       = azapi_resource.app.id
}

output "insights_id" {
  description = "The Application Insights resource, for `atalaia query --resource`."
  value       = azurerm_application_insights.own.id
}

output "monitors" {
  description = "The monitors that are served."
  value       = sort(keys(local.watched))
}

output "principal_id" {
  description = "The app's identity: what else it needs, such as a topic that ATALAIA_TOPIC_ENDPOINT names, can be given to it."
  value       = azapi_resource.app.identity[0].principal_id
}

output "queue_ids" {
  description = "The queue of new logs, and that of logs that were given up."
  value       = { for name, queue in azurerm_storage_queue.own : name => queue.id }
}

output "status_url" {
  description = "The address of the status page; requests must show a key of the app."
  value       = "https://${local.app}.azurewebsites.net/api/status/"
}

output "storage_account_name" {
  description = "The account of the app's own, with the bundle, the queues and events that could not be delivered."
  value       = azurerm_storage_account.own.name
}
