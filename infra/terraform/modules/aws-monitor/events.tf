# What calls `evaluate`, a schedule, and `lifecycle`, SageMaker's changes of state.

locals {
  rules = {
    evaluate  = { schedule = var.schedule, pattern = null, description = "When changed windows are evaluated" }
    lifecycle = { schedule = null, pattern = jsonencode(local.settings.job_events), description = "What becomes of SageMaker jobs" }
  }
}

resource "aws_cloudwatch_event_rule" "function" {
  for_each = local.rules

  name                = "${var.name}-${each.key}"
  description         = each.value.description
  schedule_expression = each.value.schedule
  event_pattern       = each.value.pattern
}

resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id   = "AllowRule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.function[each.key].function_name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.function[each.key].arn
  source_account = local.account
}

resource "aws_cloudwatch_event_target" "function" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.function[each.key].name
  arn  = aws_lambda_function.function[each.key].arn

  depends_on = [aws_lambda_permission.rule]
}
