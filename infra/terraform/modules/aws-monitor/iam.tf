# One role for each function, and what each may do. Folders of the output are told apart: only `evaluate` writes reports,
# only it acts for policies, and it cannot read logs; only `approve` approves, and it can do nothing else.

locals {
  # By function, the folders of the output that it reads, writes, and deletes from.
  reads = {
    ingest    = ["baseline", "profiles", "rejects", "state"]
    evaluate  = ["actions", "approvals", "baseline", "profiles", "renewals", "reports", "state"]
    lifecycle = ["actions", "renewals"]
    status    = ["actions", "reports"]
    approve   = ["actions", "approvals"]
  }
  writes = {
    ingest    = ["baseline", "profiles", "rejects", "state"]
    evaluate  = ["actions", "baseline", "renewals", "reports", "state"]
    lifecycle = ["actions", "renewals"]
    status    = []
    approve   = ["approvals"]
  }
  deletes = {
    ingest    = ["profiles", "state"]
    evaluate  = ["state"]
    lifecycle = []
    status    = []
    approve   = []
  }

  read_objects = { for name, folders in local.reads : name => concat(
    flatten([for folder in folders : local.output_folder[folder]]),
    name == "ingest" ? local.log_objects : [],
    contains(["ingest", "evaluate"], name) ? local.data_objects : [],
  ) }
  written_objects = { for name, folders in local.writes : name => concat(
    flatten([for folder in folders : local.output_folder[folder]]),
    name == "evaluate" ? concat(local.output_pages, local.output_jobs) : [],
  ) }
  deleted_objects = { for name, folders in local.deletes : name => flatten([for folder in folders : local.output_folder[folder]]) }

  # By function and bucket, below what it may list: without that right, S3 says of an absent object that it is forbidden.
  # Of reference data that are one file, the file's folder is listed.
  listed = { for name in keys(local.reads) : name => {
    for place in concat(
      local.outputs,
      name == "ingest" ? values(local.watched)[*].logs : [],
      contains(["ingest", "evaluate"], name) ? concat(local.data, [for place in local.data : { bucket = place.bucket, folder = dirname(place.folder) } if dirname(place.folder) != "."]) : [],
    ) : place.bucket => place.folder == "" ? "*" : "${place.folder}/*"...
  } }
}

data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "Lambda"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = local.functions

  name               = "${var.name}-${each.key}-${local.region}"
  description        = "Atalaia: ${each.key}"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions

  name   = each.key
  role   = aws_iam_role.function[each.key].name
  policy = local.policies[each.key]

  lifecycle {
    precondition {
      condition     = length(replace(local.policies[each.key], "/\\s/", "")) <= 10240
      error_message = "The monitors have so many different places that a role's policy gets too long; put logs and outputs below fewer folders."
    }
  }
}

locals {
  policies = merge({
    ingest    = data.aws_iam_policy_document.ingest.json
    evaluate  = data.aws_iam_policy_document.evaluate.json
    lifecycle = data.aws_iam_policy_document.lifecycle.json
    status    = data.aws_iam_policy_document.function["status"].json
  }, { for name, each in data.aws_iam_policy_document.approve : name => each.json })
}

resource "aws_iam_role_policy_attachment" "vpc" {
  for_each = var.vpc == null ? {} : local.functions

  role       = aws_iam_role.function[each.key].name
  policy_arn = "${local.arn}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
}

data "aws_iam_policy_document" "function" {
  for_each = local.functions

  statement {
    sid       = "WriteLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
  }

  statement {
    sid       = "ReadMonitors"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.own.arn}/monitors/*"]
  }

  statement {
    sid       = "ListMonitors"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.own.arn]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["monitors/*"]
    }
  }

  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = local.read_objects[each.key]
  }

  # S3 asks for this right, too, when one object is absent. That it takes the key as the prefix then is told by others, but not
  # by AWS, hence IfExists: it lets a listing pass that names no prefix, and only that.
  dynamic "statement" {
    for_each = local.listed[each.key]

    content {
      sid       = "List${md5(statement.key)}"
      actions   = ["s3:ListBucket"]
      resources = ["${local.arn}:s3:::${statement.key}"]

      condition {
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = distinct(statement.value)
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.written_objects[each.key]) > 0 ? ["write"] : []

    content {
      sid       = "Write"
      actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
      resources = local.written_objects[each.key]
    }
  }

  dynamic "statement" {
    for_each = length(local.deleted_objects[each.key]) > 0 ? ["delete"] : []

    content {
      sid       = "Delete"
      actions   = ["s3:DeleteObject"]
      resources = local.deleted_objects[each.key]
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn[*]

    content {
      sid       = "UseKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }
}

data "aws_iam_policy_document" "ingest" {
  source_policy_documents = [data.aws_iam_policy_document.function["ingest"].json]

  statement {
    sid       = "ReceiveArrivals"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.arrivals.arn]
  }
}

data "aws_iam_policy_document" "evaluate" {
  source_policy_documents = [data.aws_iam_policy_document.function["evaluate"].json]

  # Metrics sent as OpenTelemetry does have no namespace.
  statement {
    sid       = "SendMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = strcontains(local.environment.ATALAIA_METRICS, "otlp") ? "StringEqualsIfExists" : "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [local.environment.ATALAIA_NAMESPACE]
    }
  }

  dynamic "statement" {
    for_each = length(local.pipelines) > 0 ? ["pipelines"] : []

    content {
      sid       = "StartPipelines"
      actions   = ["sagemaker:StartPipelineExecution"]
      resources = local.pipelines
    }
  }

  dynamic "statement" {
    for_each = length(local.trainings) > 0 ? ["trainings"] : []

    content {
      sid       = "StartTrainings"
      actions   = ["sagemaker:AddTags", "sagemaker:CreateTrainingJob"]
      resources = distinct(local.trainings[*].jobs)
    }
  }

  dynamic "statement" {
    for_each = length(local.trainings) > 0 ? ["roles"] : []

    content {
      sid       = "PassRoles"
      actions   = ["iam:PassRole"]
      resources = distinct(local.trainings[*].role)

      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = ["sagemaker.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.endpoints) > 0 ? ["endpoints"] : []

    content {
      sid       = "ShiftTraffic"
      actions   = ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"]
      resources = local.endpoints
    }
  }

  dynamic "statement" {
    for_each = length(local.topics) > 0 ? ["topics"] : []

    content {
      sid       = "TellTopics"
      actions   = ["sns:Publish"]
      resources = local.topics
    }
  }

  dynamic "statement" {
    for_each = length(local.secrets) > 0 ? ["secrets"] : []

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = values(local.secrets)
    }
  }
}

data "aws_iam_policy_document" "lifecycle" {
  source_policy_documents = [data.aws_iam_policy_document.function["lifecycle"].json]

  statement {
    sid       = "KeepFailed"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed["lifecycle"].arn]
  }
}
