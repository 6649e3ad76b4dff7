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

# What follows is planned upon this, so that references are known.
run "all_defaults" {
  command = apply
}

run "eventbridge_tells_instead_of_buckets" {
  command = plan

  variables {
    arrival_events = "eventbridge"
  }

  assert {
    condition     = length(aws_s3_bucket_notification.arrivals) == 0 && toset(keys(aws_cloudwatch_event_rule.arrivals)) == toset(["credit-endpoint", "fraud-logs"])
    error_message = "buckets are changed, or not each one is listened to"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.arrivals["credit-endpoint"].event_pattern).detail == { bucket = { name = ["credit-endpoint"] }, object = { key = [{ prefix = "capture/" }] } }
    error_message = "the rule is not about the logs"
  }

  assert {
    condition     = alltrue([for each in aws_cloudwatch_event_target.arrivals : each.arn == aws_sqs_queue.arrivals.arn])
    error_message = "a rule does not tell the queue"
  }
}

run "a_key_encrypts_all_that_is_stored" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = alltrue([for key in concat(
      values(aws_cloudwatch_log_group.function)[*].kms_key_id, values(aws_lambda_function.function)[*].kms_key_arn,
      values(aws_sqs_queue.failed)[*].kms_master_key_id, [aws_sqs_queue.arrivals.kms_master_key_id, aws_sns_topic.alarms["own"].kms_master_key_id],
    ) : key == var.kms_key_arn])
    error_message = "something is encrypted with another key"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.own.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "the bucket is encrypted with another key"
  }
}

run "functions_run_in_the_vpc" {
  command = plan

  variables {
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = alltrue([for each in aws_lambda_function.function : one(each.vpc_config).subnet_ids == toset(["subnet-1"])])
    error_message = "a function is not in the VPC"
  }

  assert {
    condition     = length(aws_iam_role_policy_attachment.vpc) == 4
    error_message = "a role may not make network interfaces"
  }
}

run "no_vpc_needs_no_right_to_one" {
  command = plan

  assert {
    condition     = length(aws_iam_role_policy_attachment.vpc) == 0
    error_message = "a role has a right that it does not need"
  }
}

run "a_topic_of_the_user_is_told" {
  command = plan

  variables {
    notify = { topic_arn = "arn:aws:sns:eu-west-1:123456789012:on-call" }
  }

  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && aws_cloudwatch_metric_alarm.heartbeat.alarm_actions == toset(["arn:aws:sns:eu-west-1:123456789012:on-call"])
    error_message = "another topic is told"
  }
}

run "addresses_are_subscribed" {
  command = plan

  variables {
    notify = { emails = ["a@example.com", "b@example.com"] }
  }

  assert {
    condition     = toset(values(aws_sns_topic_subscription.alarms)[*].endpoint) == toset(["a@example.com", "b@example.com"]) && alltrue([for each in aws_sns_topic_subscription.alarms : each.protocol == "email"])
    error_message = "an address hears nothing"
  }
}

run "null_is_no_alarm" {
  command = plan

  variables {
    alarms = { drift = null, drifted_share = null, failed_share = null, performance = null, rejected_rows = null, silent_hours = null, untold_reports = null, oldest_log_seconds = null }
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.report) == 0 && length(aws_cloudwatch_metric_alarm.silence) == 0 && length(aws_cloudwatch_metric_alarm.function) == 6
    error_message = "there is an alarm that nobody wants"
  }

  assert {
    condition     = aws_cloudwatch_composite_alarm.monitor["churn"].alarm_rule == "FALSE"
    error_message = "an alarm over no others has no rule"
  }
}

run "limits_of_alarms_are_those_given" {
  command = plan

  variables {
    alarms = { drift = 1.5, lag_seconds = 600, silent_hours = 12 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.report["credit-drift"].threshold == 1.5 && aws_cloudwatch_metric_alarm.report["credit-lag"].threshold == 600 && aws_cloudwatch_metric_alarm.silence["credit"].evaluation_periods == 12
    error_message = "an alarm has another limit"
  }
}

run "a_bundle_of_ones_own_is_put_into_the_bucket" {
  command = plan

  variables {
    bundle = { path = "./versions.tf" }
  }

  assert {
    condition     = aws_s3_object.bundle["zip"].key == "bundles/${filesha256("./versions.tf")}.zip"
    error_message = "another bundle is not another object"
  }

  assert {
    condition     = alltrue([for each in aws_lambda_function.function : each.s3_key == aws_s3_object.bundle["zip"].key && each.source_code_hash == filebase64sha256("./versions.tf")])
    error_message = "a function does not run the bundle"
  }
}

run "sizes_and_environment_are_those_given" {
  command = plan

  variables {
    architecture       = "x86_64"
    schedule           = "rate(1 minute)"
    log_retention_days = 365
    environment        = { ATALAIA_DETAIL = "columns", ATALAIA_NAMESPACE = "Models" }
    sizes              = { evaluate = { memory_mb = 2048, reserved_concurrency = -1 }, ingest = { timeout_seconds = 300 } }
  }

  assert {
    condition     = aws_lambda_function.function["evaluate"].memory_size == 2048 && aws_lambda_function.function["evaluate"].reserved_concurrent_executions == -1 && aws_lambda_function.function["ingest"].timeout == 300
    error_message = "a function has another size"
  }

  assert {
    condition     = aws_sqs_queue.arrivals.visibility_timeout_seconds == 600
    error_message = "messages are seen again while a longer call works on them"
  }

  assert {
    condition     = one(aws_lambda_function.function["evaluate"].environment).variables["ATALAIA_DETAIL"] == "columns" && one(aws_lambda_function.function["evaluate"].environment).variables["ATALAIA_METRICS"] == "cloudwatch"
    error_message = "the environment is not the given one over the tested one"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.report["credit-drift"].namespace == "Models"
    error_message = "alarms watch another namespace than metrics are sent to"
  }

  assert {
    condition     = aws_lambda_function.function["status"].architectures == tolist(["x86_64"]) && aws_cloudwatch_event_rule.function["evaluate"].schedule_expression == "rate(1 minute)" && aws_cloudwatch_log_group.function["status"].retention_in_days == 365
    error_message = "an input is not heard"
  }
}

run "messages_stay_hidden_for_six_calls_where_calls_may_be_refused" {
  command = plan

  variables {
    sizes       = { ingest = { reserved_concurrency = -1 } }
    environment = { ATALAIA_METRICS = "cloudwatch-otlp" }
    alarms      = { drift = null, drifted_share = null, failed_share = null, performance = null, rejected_rows = null, silent_hours = null, untold_reports = null }
  }

  assert {
    condition     = aws_sqs_queue.arrivals.visibility_timeout_seconds == 6 * 60 + 30
    error_message = "messages that wait for a free call are received too often, and given up"
  }

  assert {
    condition     = [for each in data.aws_iam_policy_document.evaluate.statement : one(each.condition).test if each.sid == "SendMetrics"] == ["StringEqualsIfExists"]
    error_message = "metrics without a namespace are refused"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.report) + length(aws_cloudwatch_metric_alarm.silence) == 0 && contains(keys(aws_cloudwatch_metric_alarm.function), "evaluate-errors")
    error_message = "alarms watch metrics that are sent elsewhere"
  }
}

run "messages_stay_hidden_for_six_calls_where_fewer_are_reserved_than_the_queue_makes" {
  command = plan

  variables {
    sizes = { ingest = { reserved_concurrency = 9 } }
  }

  assert {
    condition     = aws_sqs_queue.arrivals.visibility_timeout_seconds == 6 * 60 + 30
    error_message = "messages that wait for a free call are received too often, and given up"
  }
}

run "nothing_answers_links_unless_a_key_is_named" {
  command = plan

  assert {
    condition     = length(aws_lambda_function.approve) + length(aws_lambda_function_url.approve) + length(aws_lambda_permission.approve) == 0 && !contains(keys(aws_iam_role.function), "approve")
    error_message = "something is open to everyone that nobody asked for"
  }

  assert {
    condition     = !contains(keys(one(aws_lambda_function.function["evaluate"].environment).variables), "ATALAIA_APPROVAL_URL")
    error_message = "links lead to nothing"
  }
}

# It is applied, as only then the address is known.
run "a_key_makes_links" {
  command = apply

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "secretsmanager:approval" }
  }

  assert {
    condition     = one(aws_lambda_function.function["evaluate"].environment).variables["ATALAIA_APPROVAL_URL"] == aws_lambda_function_url.approve["approve"].function_url && aws_lambda_function_url.approve["approve"].function_name == "atalaia-approve"
    error_message = "links lead to another address than the function's"
  }

  assert {
    condition     = alltrue([for each in [aws_lambda_function.function["evaluate"], aws_lambda_function.approve["approve"]] : one(each.environment).variables["ATALAIA_APPROVAL_KEY"] == "secretsmanager:approval"])
    error_message = "links are not checked with the key that they are signed with"
  }

  assert {
    condition     = aws_lambda_function_url.approve["approve"].authorization_type == "NONE" && aws_lambda_function_url.status.authorization_type == "AWS_IAM"
    error_message = "who is sent a link is asked for an account, or the status page is open"
  }

  assert {
    condition = toset([for each in aws_lambda_permission.approve : [each.action, each.principal, each.function_name]]) == toset([
      ["lambda:InvokeFunction", "*", "atalaia-approve"], ["lambda:InvokeFunctionUrl", "*", "atalaia-approve"],
    ])
    error_message = "AWS lets nobody in without both rights"
  }

  assert {
    condition     = aws_lambda_permission.approve["AllowByAddress"].invoked_via_function_url
    error_message = "anybody with an account may call the function by its name"
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.function), "approve-errors") && aws_lambda_function.approve["approve"].reserved_concurrent_executions == 2
    error_message = "nobody hears of its errors, or it may run as often as strangers call it"
  }
}

run "links_may_lead_to_an_address_of_ones_own" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "secretsmanager:approval", ATALAIA_APPROVAL_URL = "https://approve.example.com/" }
    sizes       = { approve = { reserved_concurrency = -1 } }
  }

  assert {
    condition     = one(aws_lambda_function.function["evaluate"].environment).variables["ATALAIA_APPROVAL_URL"] == "https://approve.example.com/"
    error_message = "links lead past the address that was given"
  }

  assert {
    condition     = aws_lambda_function.approve["approve"].reserved_concurrent_executions == -1
    error_message = "a size is not heard"
  }
}
