# Alarms: of each monitor by what its reports tell, of the functions by what they do, and one for each monitor over its own.

locals {
  limits    = merge(local.settings.alarms, var.alarms)
  namespace = local.environment.ATALAIA_NAMESPACE
  topic     = try(aws_sns_topic.alarms["own"].arn, var.notify.topic_arn)

  # The hours after which a monitor's silence is one: its window, its lateness, and one more, as far as CloudWatch looks back.
  silent_hours = { for name, each in local.watched : name =>
    try(local.limits.silent_hours > 0, false) ? local.limits.silent_hours : min(168, each.hours + 1)
  }

  # What is judged of each report. A state lasts until the next report tells otherwise. Of performance none tells where rows have no labels.
  judged = {
    drift         = { metric = "ml.monitor.drift", most = local.limits.drift, more = { metric = "of_limit" }, what = "The largest drift, as a multiple of its limit" }
    drifted-share = { metric = "ml.monitor.drifted", most = local.limits.drifted_share, more = {}, what = "The share of columns that have an alert of drift" }
    quality       = { metric = "ml.monitor.quality", most = local.limits.failed_share, more = { metric = "failed_share" }, what = "The share of quality findings that are not ok" }
    performance   = { metric = "ml.monitor.performance", most = local.limits.performance, more = { metric = "of_limit" }, what = "The worst answers, as a multiple of their limit" }
    rejected      = { metric = "ml.monitor.rejected", most = local.limits.rejected_rows, more = {}, what = "Rows that could not be used" }
    lag           = { metric = "ml.monitor.lag", most = local.limits.lag_seconds, more = {}, what = "Seconds from a window's end to its report" }
  }
  by_report = merge([for name, each in local.watched : {
    for kind, judged in local.judged : "${name}-${kind}" => merge(judged, { monitor = name, model = each.model, kind = kind })
    if judged.most != null && (kind != "performance" || each.labelled)
  }]...)

  silences = local.limits.silent_hours == null ? {} : local.silent_hours

  # What is judged of the functions, whichever monitor it is about.
  running = merge(
    { for name in keys(local.functions) : "${name}-errors" => {
      namespace = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = local.made[name].function_name }
      statistic = "Sum", most = 0, what = "Calls of ${name} that failed"
    } },
    { for name in local.queues : "${name}-failed" => {
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = aws_sqs_queue.failed[name].name }
      statistic = "Maximum", most = 0, what = "Messages that were given up"
    } },
    local.limits.oldest_log_seconds == null ? {} : { arrivals-age = {
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = aws_sqs_queue.arrivals.name }
      statistic = "Maximum", most = local.limits.oldest_log_seconds, what = "Seconds that the oldest log has waited"
    } },
    local.limits.untold_reports == null ? {} : { untold = {
      namespace = local.namespace, metric = "ml.monitor.evaluate.untold", dimensions = {}
      statistic = "Minimum", most = local.limits.untold_reports, what = "Reports whose metrics do not get out"
    } },
  )
}

resource "aws_sns_topic" "alarms" {
  for_each = var.notify.topic_arn == null ? { own = "${var.name}-alarms" } : {}

  name              = each.value
  kms_master_key_id = var.kms_key_arn
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = var.notify.emails

  topic_arn = aws_sns_topic.alarms["own"].arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_cloudwatch_metric_alarm" "report" {
  for_each = local.by_report

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}: model ${each.value.model}, monitor ${each.value.monitor}."
  namespace           = local.namespace
  metric_name         = each.value.metric
  dimensions          = merge({ monitor = each.value.monitor, model = each.value.model }, each.value.more)
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.most
  treat_missing_data  = "ignore"
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]
}

resource "aws_cloudwatch_metric_alarm" "silence" {
  for_each = local.silences

  alarm_name          = "${var.name}-${each.key}-silent"
  alarm_description   = "No report of monitor ${each.key} for ${each.value} hours: no logs arrive, or nothing evaluates them."
  namespace           = local.namespace
  metric_name         = "ml.monitor.rows"
  dimensions          = { monitor = each.key, model = local.watched[each.key].model }
  statistic           = "SampleCount"
  period              = 3600
  evaluation_periods  = each.value
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]
}

resource "aws_cloudwatch_metric_alarm" "function" {
  for_each = local.running

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.what}."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.most
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]
}

resource "aws_cloudwatch_metric_alarm" "heartbeat" {
  alarm_name          = "${var.name}-evaluate-heartbeat"
  alarm_description   = "Nothing has called evaluate, so that nothing is told of any monitor."
  namespace           = "AWS/Lambda"
  metric_name         = "Invocations"
  dimensions          = { FunctionName = aws_lambda_function.function["evaluate"].function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 2
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = [local.topic]
  ok_actions          = [local.topic]
}

# It tells nobody, as its parts do: it is one state to look at, or to build on.
resource "aws_cloudwatch_composite_alarm" "monitor" {
  for_each = { for name in keys(local.watched) : name => sort(concat(
    [for key, alarm in aws_cloudwatch_metric_alarm.report : alarm.alarm_name if local.by_report[key].monitor == name],
    [for key, alarm in aws_cloudwatch_metric_alarm.silence : alarm.alarm_name if key == name],
  )) }

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "Something is wrong with monitor ${each.key}: see the alarms whose names go on."
  alarm_rule        = length(each.value) == 0 ? "FALSE" : join(" OR ", [for name in each.value : "ALARM(\"${name}\")"])
}
