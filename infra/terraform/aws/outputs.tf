output "alarm_names" {
  description = "All alarms, by name."
  value       = module.monitor.alarm_names
}

output "arrivals_queue_arn" {
  description = "The queue that is told of new logs."
  value       = module.monitor.arrivals_queue_arn
}

output "bucket" {
  description = "The deployment's own bucket, with the monitor files and the bundle."
  value       = module.monitor.bucket
}

output "failed_queue_urls" {
  description = "By what was given up, the queue in which it is kept."
  value       = module.monitor.failed_queue_urls
}

output "function_names" {
  description = "The functions, by what they do."
  value       = module.monitor.function_names
}

output "log_group_names" {
  description = "The log groups, by function."
  value       = module.monitor.log_group_names
}

output "monitors" {
  description = "The monitors that are served."
  value       = module.monitor.monitors
}

output "role_arns" {
  description = "The roles, by function: what else they need, such as keys of your buckets, can be given to them."
  value       = module.monitor.role_arns
}

output "status_url" {
  description = "The address of the status page; requests must be signed by someone who may call the function."
  value       = module.monitor.status_url
}

output "topic_arn" {
  description = "The SNS topic that alarms tell."
  value       = module.monitor.topic_arn
}
