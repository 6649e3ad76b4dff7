# New logs: from their buckets through a queue, in batches, to `ingest`; what fails for good is kept aside.

locals {
  by_bucket      = var.arrival_events == "bucket" ? local.log_prefixes : {}
  by_eventbridge = var.arrival_events == "eventbridge" ? local.log_prefixes : {}
  queues         = toset(["arrivals", "lifecycle"])

  never_refused = local.functions.ingest.reserved_concurrency >= local.settings.arrivals.most_calls_at_once
  hidden_seconds = local.never_refused ? max(local.settings.arrivals.visibility_timeout_seconds, 2 * local.functions.ingest.timeout_seconds) : (
    6 * local.functions.ingest.timeout_seconds + local.settings.arrivals.batching_window_seconds
  )
}

resource "aws_sqs_queue" "failed" {
  for_each = local.queues

  name                      = "${var.name}-${each.value}-failed"
  message_retention_seconds = local.settings.arrivals.retention_seconds
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
}

# Messages stay hidden for six calls and the wait for a batch, as AWS advises, since a call may be refused and tried again. Where
# as many calls are reserved as the queue makes at once, none is refused, and two are enough.
resource "aws_sqs_queue" "arrivals" {
  name                       = "${var.name}-arrivals"
  visibility_timeout_seconds = local.hidden_seconds
  message_retention_seconds  = local.settings.arrivals.retention_seconds
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed["arrivals"].arn
    maxReceiveCount     = local.settings.arrivals.most_receives
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "arrivals" {
  queue_url = aws_sqs_queue.failed["arrivals"].id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.arrivals.arn]
  })
}

data "aws_iam_policy_document" "arrivals" {
  dynamic "statement" {
    for_each = length(local.by_bucket) > 0 ? ["s3"] : []

    content {
      sid       = "BucketsTell"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.arrivals.arn]

      principals {
        type        = "Service"
        identifiers = ["s3.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [for bucket in keys(local.by_bucket) : "${local.arn}:s3:::${bucket}"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.by_eventbridge) > 0 ? ["events"] : []

    content {
      sid       = "RulesTell"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.arrivals.arn]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [for rule in aws_cloudwatch_event_rule.arrivals : rule.arn]
      }
    }
  }
}

resource "aws_sqs_queue_policy" "arrivals" {
  queue_url = aws_sqs_queue.arrivals.id
  policy    = data.aws_iam_policy_document.arrivals.json
}

resource "aws_s3_bucket_notification" "arrivals" {
  for_each = local.by_bucket

  bucket = each.key

  dynamic "queue" {
    for_each = each.value

    content {
      id            = "${var.name}-${md5(queue.value)}"
      queue_arn     = aws_sqs_queue.arrivals.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value
    }
  }

  # S3 tries whether it may send before it takes the notification.
  depends_on = [aws_sqs_queue_policy.arrivals]
}

resource "aws_cloudwatch_event_rule" "arrivals" {
  for_each = local.by_eventbridge

  name        = substr("${var.name}-arrivals-${md5(each.key)}", 0, 64)
  description = "New logs in ${each.key}"

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = {
      bucket = { name = [each.key] }
      object = { key = [for prefix in each.value : { prefix = prefix }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "arrivals" {
  for_each = local.by_eventbridge

  rule = aws_cloudwatch_event_rule.arrivals[each.key].name
  arn  = aws_sqs_queue.arrivals.arn
}

resource "aws_lambda_event_source_mapping" "arrivals" {
  event_source_arn                   = aws_sqs_queue.arrivals.arn
  function_name                      = aws_lambda_function.function["ingest"].arn
  batch_size                         = local.settings.arrivals.batch_size
  maximum_batching_window_in_seconds = local.settings.arrivals.batching_window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = local.settings.arrivals.most_calls_at_once
  }
}
