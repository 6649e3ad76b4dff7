# A bucket of the deployment's own, for the bundle and the monitor files. Logs and reports lie where monitor files say.

resource "aws_s3_bucket" "own" {
  bucket        = "${var.name}-${local.account}-${local.region}"
  force_destroy = true # all in it comes from this configuration
}

resource "aws_s3_bucket_public_access_block" "own" {
  bucket                  = aws_s3_bucket.own.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "own" {
  bucket = aws_s3_bucket.own.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "own" {
  bucket = aws_s3_bucket.own.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "own" {
  bucket = aws_s3_bucket.own.id

  rule {
    id     = "old"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

data "aws_iam_policy_document" "own" {
  statement {
    sid       = "OnlyEncrypted"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.own.arn, "${aws_s3_bucket.own.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "own" {
  bucket = aws_s3_bucket.own.id
  policy = data.aws_iam_policy_document.own.json

  depends_on = [aws_s3_bucket_public_access_block.own]
}

resource "aws_s3_object" "monitor" {
  for_each = local.files

  bucket      = aws_s3_bucket.own.id
  key         = "monitors/${each.value}"
  source      = "${var.monitors}/${each.value}"
  source_hash = filemd5("${var.monitors}/${each.value}")

  lifecycle {
    precondition {
      condition     = can(regex("^[a-z0-9][a-z0-9-]{0,62}$", local.read[each.value].name))
      error_message = "${each.value}: this is no monitor file with a name of small letters, digits and hyphens; `atalaia validate` tells all its faults."
    }

    precondition {
      condition     = length([for read in local.read : read if try(read.name, "") == try(local.read[each.value].name, "")]) == 1
      error_message = "${each.value}: another monitor file has the same name; give each its own."
    }

    precondition {
      condition     = alltrue([for place in local.places[each.value] : can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?$]*)?$", place))])
      error_message = "${each.value}: logs.source, output and baseline.data must be places in S3, such as s3://bucket/folder."
    }

    precondition {
      condition     = !anytrue([for read in local.read : try(startswith("${local.read[each.value].output}/", "${trimsuffix(read.logs.source, "/")}/"), false)])
      error_message = "${each.value}: its output lies below the logs of a monitor, so that everything written would be announced as a log."
    }

    precondition {
      condition     = can(regex("^[!-9;-~]([ -~]{0,253}[!-~])?$", local.read[each.value].model.name))
      error_message = "${each.value}: model.name must be printable ASCII, as it is a dimension of metrics in CloudWatch."
    }

    precondition {
      condition = !anytrue(flatten([for policy in try(local.read[each.value].policies, []) : [
        for target in ["azureml_job", "azureml_batch", "azureml_traffic", "event_grid_topic"] : try(policy[target], null) != null
      ]]))
      error_message = "${each.value}: a policy names a target in Azure, which AWS does not reach; give it one such as pipeline, training_job, sagemaker_traffic or sns_topic."
    }

    precondition {
      condition = alltrue([for policy in try(local.read[each.value].policies, []) : try(policy.sns_topic, null) == null || can(
        regex("^${local.arn}:sns:${local.region}:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\\.fifo)?$", policy.sns_topic)
      )])
      error_message = "${each.value}: a policy's sns_topic must be the ARN of a topic in this region."
    }

    precondition {
      condition     = alltrue([for given in local.references[each.value] : !startswith(given, "keyvault:")])
      error_message = "${each.value}: a policy refers to a secret in a Key Vault, which is not read from AWS; keep it in Secrets Manager."
    }

    precondition {
      condition     = alltrue([for given in local.references[each.value] : !startswith(given, "secretsmanager:arn:") || startswith(given, "secretsmanager:${local.arn}:secretsmanager:${local.region}:")])
      error_message = "${each.value}: a policy refers to a secret of another region; functions ask for secrets in their own."
    }
  }

  depends_on = [aws_s3_bucket_versioning.own]
}

resource "aws_s3_object" "bundle" {
  for_each = var.bundle.path == null ? {} : { zip = var.bundle.path }

  bucket      = aws_s3_bucket.own.id
  key         = "bundles/${try(filesha256(each.value), "absent")}.zip"
  source      = each.value
  source_hash = try(filemd5(each.value), null)

  lifecycle {
    precondition {
      condition     = fileexists(each.value)
      error_message = "There is no file at bundle.path; build it with `atalaia package aws`."
    }
  }

  depends_on = [aws_s3_bucket_versioning.own]
}
