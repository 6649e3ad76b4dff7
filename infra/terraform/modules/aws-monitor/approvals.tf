# Links that approve, if a key is named that they are signed with: `approve`, its address, and its rights. It is a resource of
# its own, as `evaluate` is told its address.

locals {
  approves     = contains(keys(var.environment), "ATALAIA_APPROVAL_KEY")
  approval_key = try(regex("^secretsmanager:([^#]+)", var.environment.ATALAIA_APPROVAL_KEY)[0], "")
  links        = { for name in keys(aws_lambda_function.approve) : "ATALAIA_APPROVAL_URL" => aws_lambda_function_url.approve[name].function_url }
}

resource "aws_lambda_function" "approve" {
  for_each = { for name, each in local.functions : name => each if name == "approve" }

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
    variables = local.environment
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

  # As of the others.
  depends_on = [
    aws_iam_role_policy.function,
    aws_iam_role_policy_attachment.vpc,
    aws_s3_object.monitor,
  ]
}

# Who is sent a link has no account here: its signature says who may, and nothing is told or done without one.
resource "aws_lambda_function_url" "approve" {
  #checkov:skip=CKV_AWS_258:Who is sent a link has no account here; the function refuses whatever it has not signed itself, and two calls at once are the most.
  for_each = aws_lambda_function.approve

  function_name      = each.value.function_name
  authorization_type = "NONE"
}

# AWS asks for both: for the address, and for the function where it is called by its address.
resource "aws_lambda_permission" "approve" {
  #checkov:skip=CKV_AWS_301:As 258: anybody may follow a link, by the function's address alone, and its signature says whether it is one.
  for_each = local.approves ? { AllowAddress = "lambda:InvokeFunctionUrl", AllowByAddress = "lambda:InvokeFunction" } : {}

  statement_id             = each.key
  action                   = each.value
  function_name            = aws_lambda_function.approve["approve"].function_name
  principal                = "*"
  function_url_auth_type   = each.key == "AllowAddress" ? "NONE" : null
  invoked_via_function_url = each.key == "AllowByAddress" ? true : null
}

data "aws_iam_policy_document" "approve" {
  for_each = { for name, each in data.aws_iam_policy_document.function : name => each.json if name == "approve" }

  source_policy_documents = [each.value]

  statement {
    sid       = "ReadKey"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [local.secrets[local.approval_key]]
  }
}
