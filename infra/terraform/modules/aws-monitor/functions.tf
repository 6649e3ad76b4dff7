# The functions: each from the same bundle, with its own role and its own log group. `approve` stands in approvals.tf.

locals {
  functions = { for name, tested in local.settings.functions : name => {
    handler              = tested.handler
    memory_mb            = coalesce(try(var.sizes[name].memory_mb, null), tested.memory_mb)
    timeout_seconds      = coalesce(try(var.sizes[name].timeout_seconds, null), tested.timeout_seconds)
    reserved_concurrency = coalesce(try(var.sizes[name].reserved_concurrency, null), tested.reserved_concurrency, -1)
  } if name != "approve" || local.approves }

  made = merge(aws_lambda_function.function, aws_lambda_function.approve)

  environment = merge(local.settings.environment, var.environment, {
    ATALAIA_MONITORS = "s3://${aws_s3_bucket.own.bucket}/monitors"
  })

  bundle = {
    bucket = try(aws_s3_object.bundle["zip"].bucket, var.bundle.bucket)
    key    = try(aws_s3_object.bundle["zip"].key, var.bundle.key)
    hash   = var.bundle.path == null ? var.bundle.sha256 : try(filebase64sha256(var.bundle.path), null)
  }
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_lambda_function" "function" {
  for_each = { for name, each in local.functions : name => each if name != "approve" }

  function_name = "${var.name}-${each.key}"
  description   = "Atalaia: ${each.key}"
  role          = aws_iam_role.function[each.key].arn
  handler       = each.value.handler
  runtime       = local.settings.runtime
  architectures = [var.architecture]

  s3_bucket        = local.bundle.bucket
  s3_key           = local.bundle.key
  source_code_hash = local.bundle.hash

  memory_size                    = each.value.memory_mb
  timeout                        = each.value.timeout_seconds
  reserved_concurrent_executions = each.value.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  environment {
    variables = each.key == "evaluate" ? merge(local.links, local.environment) : local.environment
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # Without its rights, a function's first calls would fail; without monitor files, too.
  depends_on = [
    aws_iam_role_policy.function,
    aws_iam_role_policy_attachment.vpc,
    aws_s3_object.monitor,
  ]
}

resource "aws_lambda_function_event_invoke_config" "function" {
  for_each = local.settings.asynchronous

  function_name                = aws_lambda_function.function[each.key].function_name
  maximum_retry_attempts       = each.value.retries
  maximum_event_age_in_seconds = each.value.age_seconds

  dynamic "destination_config" {
    for_each = each.value.retries > 0 ? [aws_sqs_queue.failed[each.key].arn] : []

    content {
      on_failure {
        destination = destination_config.value
      }
    }
  }
}

resource "aws_lambda_function_url" "status" {
  function_name      = aws_lambda_function.function["status"].function_name
  authorization_type = "AWS_IAM"
}
