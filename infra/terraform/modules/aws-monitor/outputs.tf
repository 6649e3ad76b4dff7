output "alarm_names" {
  description = "All alarms, by name."
  value = sort(concat(
    [for alarm in aws_cloudwatch_metric_alarm.report : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.silence : alarm.alarm_name],
    [for alarm in aws_cloudwatch_metric_alarm.function : alarm.alarm_name],
    [for alarm in aws_cloudwatch_composite_alarm.monitor : alarm.alarm_name],
    [aws_cloudwatch_metric_alarm.heartbeat.alarm_name],
  ))
}

output "arrivals_queue_arn" {
  description = "The queue that is told of new logs."
  value       = aws_sqs_queue.arrivals.arn
}

output "bucket" {
  description = "The deployment's own bucket, with the monitor files and the bundle."
  value       = aws_s3_bucket.own.bucket
}

output "failed_queue_urls" {
  description = "By what was given up, the queue in which it is kept."
  value       = { for name, queue in aws_sqs_queue.failed : name => queue.id }
}

output "function_names" {
  description = "The functions, by what they do."
  value       = { for name, function in local.made : name => function.function_name }
}

output "log_group_names" {
  description = "The log groups, by function."
  value       = { for name, group in aws_cloudwatch_log_group.function : name => group.name }
}

output "monitors" {
  description = "The monitors that are served."
  value       = sort(keys(local.watched))
}

output "role_arns" {
  description = "The roles, by function: what else they need, such as keys of your buckets, can be given to them."
  value       = { for name, role in aws_iam_role.function : name => role.arn }
}

output "status_url" {
  description = "The address of the status page; requests must be signed by someone who may call the function."
  value       = aws_lambda_function_url.status.function_url
}

output "topic_arn" {
  description = "The SNS topic that alarms tell."
  value       = local.topic
}
