output "action_group_id" {
  description = "The action group that alarms tell."
  value       = module.monitor.action_group_id
}

output "alarm_names" {
  description = "All alarms, by name."
  value       = module.monitor.alarm_names
}

output "app_id" {
  description = "The function app."
  value       = module.monitor.app_id
}

output "insights_id" {
  description = "The Application Insights resource, for `atalaia query --resource`."
  value       = module.monitor.insights_id
}

output "monitors" {
  description = "The monitors that are served."
  value       = module.monitor.monitors
}

output "principal_id" {
  description = "The app's identity: what else it needs, such as a topic that ATALAIA_TOPIC_ENDPOINT names, can be given to it."
  value       = module.monitor.principal_id
}

output "queue_ids" {
  description = "The queue of new logs, and that of logs that were given up."
  value       = module.monitor.queue_ids
}

output "status_url" {
  description = "The address of the status page; requests must show a key of the app."
  value       = module.monitor.status_url
}

output "storage_account_name" {
  description = "The account of the app's own, with the bundle, the queues and events that could not be delivered."
  value       = module.monitor.storage_account_name
}
