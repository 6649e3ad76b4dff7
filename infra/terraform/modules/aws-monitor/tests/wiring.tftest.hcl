mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_region" {
    defaults = { region = "eu-west-1" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mocked" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:mocked" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:eu-west-1:123456789012:mocked"
      id  = "https://sqs.eu-west-1.amazonaws.com/123456789012/mocked"
    }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:mocked" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-west-1:123456789012:rule/mocked" }
  }

  mock_resource "aws_s3_bucket" {
    defaults = {
      arn = "arn:aws:s3:::mocked"
      id  = "mocked"
    }
  }
}

variables {
  monitors = "./tests/monitors"
  bundle   = { bucket = "releases", key = "atalaia.zip", sha256 = "aGFzaA==" }
}

run "each_function_has_its_own_role_and_log_group" {
  command = apply

  assert {
    condition     = toset(keys(aws_lambda_function.function)) == toset(["ingest", "evaluate", "lifecycle", "status"])
    error_message = "there are other functions than the four"
  }

  assert {
    condition     = alltrue([for name, each in aws_lambda_function.function : each.role == aws_iam_role.function[name].arn])
    error_message = "a function has not its own role"
  }

  assert {
    condition     = alltrue([for name, each in aws_lambda_function.function : aws_iam_role_policy.function[name].role == aws_iam_role.function[name].name])
    error_message = "a role has not its own policy"
  }

  assert {
    condition     = alltrue([for name, each in aws_lambda_function.function : one(each.logging_config).log_group == aws_cloudwatch_log_group.function[name].name && one(each.logging_config).log_format == "JSON"])
    error_message = "a function does not log JSON into its own group"
  }

  assert {
    condition     = alltrue([for each in aws_cloudwatch_log_group.function : each.retention_in_days == 90])
    error_message = "logs are not kept for 90 days"
  }

  assert {
    condition     = alltrue([for each in aws_lambda_function.function : each.architectures == tolist(["arm64"]) && each.s3_bucket == "releases" && each.source_code_hash == "aGFzaA=="])
    error_message = "a function is not the bundle's, on arm64"
  }
}

run "functions_are_shaped_as_they_were_tested" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "secretsmanager:approval" }
  }

  assert {
    condition = alltrue([for name, tested in jsondecode(file("../../../settings/aws.json")).functions : (
      local.made[name].memory_size == tested.memory_mb &&
      local.made[name].timeout == tested.timeout_seconds &&
      local.made[name].handler == tested.handler &&
      local.made[name].reserved_concurrent_executions == coalesce(tested.reserved_concurrency, -1)
    )])
    error_message = "a function has another size than the tested one"
  }

  assert {
    condition     = aws_lambda_function.function["evaluate"].reserved_concurrent_executions == 1
    error_message = "evaluate may run twice at once, and would tell twice"
  }

  assert {
    condition     = one(aws_lambda_function.function["ingest"].environment).variables["ATALAIA_MONITORS"] == "s3://atalaia-123456789012-eu-west-1/monitors"
    error_message = "the functions look for monitor files in another place than they are put"
  }
}

run "logs_go_through_the_queue_to_ingest" {
  command = plan

  assert {
    condition     = aws_lambda_event_source_mapping.arrivals.function_name == aws_lambda_function.function["ingest"].arn && aws_lambda_event_source_mapping.arrivals.function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "the queue is not ingest's, or a whole batch fails at once"
  }

  assert {
    condition     = aws_sqs_queue.arrivals.visibility_timeout_seconds >= 2 * aws_lambda_function.function["ingest"].timeout
    error_message = "messages are seen again while they are worked on"
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.arrivals.redrive_policy).deadLetterTargetArn == aws_sqs_queue.failed["arrivals"].arn
    error_message = "messages that fail for good are lost"
  }

  assert {
    condition     = toset(keys(aws_s3_bucket_notification.arrivals)) == toset(["credit-endpoint", "fraud-logs"])
    error_message = "not each bucket of logs tells of them"
  }

  assert {
    condition     = aws_s3_bucket_notification.arrivals["credit-endpoint"].queue[*].filter_prefix == tolist(["capture/"])
    error_message = "prefixes overlap, which S3 refuses"
  }

  assert {
    condition     = length(aws_cloudwatch_event_rule.arrivals) == 0
    error_message = "arrivals are told twice"
  }
}

run "rules_call_evaluate_and_lifecycle" {
  command = plan

  assert {
    condition     = aws_cloudwatch_event_rule.function["evaluate"].schedule_expression == "rate(5 minutes)"
    error_message = "evaluate is not called every five minutes"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.function["lifecycle"].event_pattern) == jsondecode(file("../../../settings/aws.json")).job_events
    error_message = "lifecycle hears of other events than the tested ones"
  }

  assert {
    condition     = alltrue([for name, each in aws_cloudwatch_event_target.function : each.arn == aws_lambda_function.function[name].arn && aws_lambda_permission.rule[name].source_arn == aws_cloudwatch_event_rule.function[name].arn && aws_lambda_permission.rule[name].principal == "events.amazonaws.com"])
    error_message = "a rule may not call its function"
  }

  assert {
    condition     = alltrue([for each in aws_lambda_permission.rule : each.source_account == "123456789012"])
    error_message = "rules of other accounts may call"
  }
}

run "each_monitor_has_its_alarms" {
  command = plan

  assert {
    condition     = toset(output.monitors) == toset(["churn", "credit", "fraud"])
    error_message = "not each file is a monitor"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.report["fraud-drift"].dimensions == tomap({ monitor = "fraud", model = "Fraud score", metric = "of_limit" })
    error_message = "the alarm watches a metric that nothing sends"
  }

  assert {
    condition     = alltrue([for name in ["churn", "credit", "fraud"] : alltrue([for kind in ["drift", "drifted-share", "quality", "rejected"] : contains(keys(aws_cloudwatch_metric_alarm.report), "${name}-${kind}")])])
    error_message = "a monitor lacks an alarm"
  }

  assert {
    condition     = [for name in keys(aws_cloudwatch_metric_alarm.report) : name if endswith(name, "-performance")] == ["churn-performance"]
    error_message = "answers are watched where no row has a label, or not where rows do"
  }

  assert {
    condition     = alltrue([for each in aws_cloudwatch_metric_alarm.report : each.treat_missing_data == "ignore"])
    error_message = "a report that tells nothing changes a state"
  }

  assert {
    condition     = alltrue([for each in aws_cloudwatch_metric_alarm.silence : each.treat_missing_data == "breaching"])
    error_message = "silence raises no alarm"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.silence["credit"].evaluation_periods == 3 && aws_cloudwatch_metric_alarm.silence["churn"].evaluation_periods == 26 && aws_cloudwatch_metric_alarm.silence["fraud"].evaluation_periods == 168
    error_message = "silence is not measured by windows and lateness"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.heartbeat.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.heartbeat.dimensions.FunctionName == "atalaia-evaluate"
    error_message = "nobody hears when evaluate is not called"
  }

  assert {
    condition     = alltrue([for each in concat(values(aws_cloudwatch_metric_alarm.report), values(aws_cloudwatch_metric_alarm.silence), values(aws_cloudwatch_metric_alarm.function), [aws_cloudwatch_metric_alarm.heartbeat]) : each.alarm_actions == toset([aws_sns_topic.alarms["own"].arn])])
    error_message = "an alarm tells nobody"
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.monitor["churn"].alarm_rule == "ALARM(\"atalaia-churn-drift\") OR ALARM(\"atalaia-churn-drifted-share\") OR ALARM(\"atalaia-churn-performance\") OR ALARM(\"atalaia-churn-quality\") OR ALARM(\"atalaia-churn-rejected\") OR ALARM(\"atalaia-churn-silent\")"
    error_message = "the alarm over a monitor's others misses some"
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.function)) == toset(["arrivals-age", "arrivals-failed", "evaluate-errors", "ingest-errors", "lifecycle-errors", "lifecycle-failed", "status-errors", "untold"])
    error_message = "something of the functions is not watched"
  }
}

run "one_dashboard_is_over_all_monitors" {
  command = apply

  assert {
    condition     = aws_cloudwatch_dashboard.monitors.dashboard_name == "atalaia"
    error_message = "the dashboard has another name than the deployment"
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.monitors.dashboard_body).widgets : length(widget.properties.metrics) == 3 if widget.type == "metric" && !can(regex("ml.monitor.(ingest|evaluate)", jsonencode(widget)))])
    error_message = "a chart leaves a monitor out"
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.monitors.dashboard_body).widgets : strcontains(widget.properties.query, "SOURCE '/aws/lambda/atalaia-evaluate' | ") && strcontains(widget.properties.query, "| SOURCE '/aws/lambda/atalaia-lifecycle' | ") if widget.type == "log"])
    error_message = "a query does not look into the functions' logs"
  }
}

run "what_is_stored_is_closed_to_others" {
  command = plan

  assert {
    condition     = aws_s3_bucket_public_access_block.own.block_public_acls && aws_s3_bucket_public_access_block.own.block_public_policy && aws_s3_bucket_public_access_block.own.ignore_public_acls && aws_s3_bucket_public_access_block.own.restrict_public_buckets
    error_message = "the bucket can be made public"
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.own.versioning_configuration).status == "Enabled"
    error_message = "the bucket keeps no versions"
  }

  assert {
    condition     = aws_sqs_queue.arrivals.sqs_managed_sse_enabled && aws_sqs_queue.failed["lifecycle"].sqs_managed_sse_enabled
    error_message = "a queue is not encrypted"
  }

  assert {
    condition     = aws_lambda_function_url.status.authorization_type == "AWS_IAM"
    error_message = "the status page is open to everyone"
  }
}
