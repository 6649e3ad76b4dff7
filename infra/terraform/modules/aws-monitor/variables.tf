variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "atalaia"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,19}$", var.name))
    error_message = "name must be 2 to 20 small letters, digits and hyphens, beginning with a letter."
  }
}

variable "monitors" {
  description = "The folder with the monitor files, one `NAME.yaml` for each monitor."
  type        = string
  nullable    = false

  validation {
    condition     = length(fileset(var.monitors, "*.{yaml,yml}")) > 0
    error_message = "monitors must be a folder with at least one monitor file, NAME.yaml."
  }
}

variable "bundle" {
  description = "The functions' code, as `atalaia package aws` builds it: the `path` of the zip file, or `bucket`, `key` and `sha256` (Base64) of one in S3."
  type = object({
    path   = optional(string)
    bucket = optional(string)
    key    = optional(string)
    sha256 = optional(string)
  })
  nullable = false

  validation {
    condition     = (var.bundle.path != null) != (var.bundle.bucket != null && var.bundle.key != null && var.bundle.sha256 != null)
    error_message = "bundle needs either path, or all of bucket, key and sha256."
  }
}

variable "architecture" {
  description = "The processor that the bundle was built for: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "environment" {
  description = "Environment variables of the functions, beside or instead of those that were tested; the README lists them. With `ATALAIA_APPROVAL_KEY`, there is a function for links that approve."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : startswith(name, "ATALAIA_") && name != "ATALAIA_MONITORS"])
    error_message = "environment may set variables that begin with ATALAIA_, but not ATALAIA_MONITORS."
  }

  validation {
    condition     = contains(["cloudwatch", "emf", "otlp", "cloudwatch-otlp"], lookup(var.environment, "ATALAIA_METRICS", "cloudwatch"))
    error_message = "ATALAIA_METRICS must be cloudwatch, emf, cloudwatch-otlp or otlp."
  }

  validation {
    condition = !endswith(lookup(var.environment, "ATALAIA_METRICS", ""), "otlp") || try(var.alarms.lag_seconds, null) == null && alltrue([
      for name in ["drift", "drifted_share", "failed_share", "performance", "rejected_rows", "silent_hours", "untold_reports"] : try(var.alarms[name], 0) == null
    ])
    error_message = "With ATALAIA_METRICS = otlp or cloudwatch-otlp, no metric of reports is where CloudWatch's alarms look: set drift, drifted_share, failed_share, performance, rejected_rows, silent_hours and untold_reports of alarms to null, leave lag_seconds out, and watch reports where metrics go."
  }

  # Not by its name, or Terraform would show what was given, which may be the key.
  validation {
    condition     = alltrue([for name, given in var.environment : name != "ATALAIA_APPROVAL_KEY" || can(regex("^secretsmanager:[A-Za-z0-9/_+=.@:-]+(#[^#\\s]+)?$", given))])
    error_message = "ATALAIA_APPROVAL_KEY must say where the key is kept, secretsmanager:NAME or secretsmanager:ARN, with #KEY behind it or without; the key itself does not belong here."
  }

  validation {
    condition     = !can(regex("^secretsmanager:arn:", var.environment.ATALAIA_APPROVAL_KEY)) || startswith(var.environment.ATALAIA_APPROVAL_KEY, "secretsmanager:${local.arn}:secretsmanager:${local.region}:")
    error_message = "ATALAIA_APPROVAL_KEY must be kept in this region, as functions ask for secrets in their own."
  }

  validation {
    condition     = contains(["summary", "columns"], lookup(var.environment, "ATALAIA_DETAIL", "summary"))
    error_message = "ATALAIA_DETAIL must be summary or columns."
  }
}

variable "sizes" {
  description = "By function (`ingest`, `evaluate`, `lifecycle`, `status`, `approve`), what differs from the sizes that were tested; a `reserved_concurrency` of -1 reserves none."
  type = map(object({
    memory_mb            = optional(number)
    timeout_seconds      = optional(number)
    reserved_concurrency = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.sizes), ["ingest", "evaluate", "lifecycle", "status", "approve"])) == 0
    error_message = "sizes is by function: ingest, evaluate, lifecycle, status or approve."
  }

  validation {
    condition     = alltrue([for size in var.sizes : try(size.memory_mb >= 512 && size.memory_mb <= 10240, size.memory_mb == null)])
    error_message = "memory_mb must be from 512 to 10240."
  }

  validation {
    condition     = alltrue([for size in var.sizes : try(size.timeout_seconds >= 30 && size.timeout_seconds <= 900, size.timeout_seconds == null)])
    error_message = "timeout_seconds must be from 30 to 900."
  }

  validation {
    condition     = alltrue([for size in var.sizes : try(size.reserved_concurrency == -1 || size.reserved_concurrency >= 1, size.reserved_concurrency == null)])
    error_message = "reserved_concurrency must be at least 1, or -1 to reserve none."
  }
}

variable "schedule" {
  description = "How often windows that changed are evaluated, as EventBridge writes it."
  type        = string
  default     = "rate(5 minutes)"
  nullable    = false

  validation {
    condition     = can(regex("^rate\\((1 (minute|hour|day)|([2-9]|[1-9][0-9]+) (minutes|hours|days))\\)$", var.schedule)) || can(regex("^cron\\(.+\\)$", var.schedule))
    error_message = "schedule must be such as rate(1 minute), rate(5 minutes) or cron(0 * * * ? *)."
  }
}

variable "arrival_events" {
  description = "What tells of new logs: `bucket`, notifications that this module sets on the buckets, whose others it replaces; or `eventbridge`, for buckets that send their events there already."
  type        = string
  default     = "bucket"
  nullable    = false

  validation {
    condition     = contains(["bucket", "eventbridge"], var.arrival_events)
    error_message = "arrival_events must be bucket or eventbridge."
  }
}

variable "alarms" {
  description = "What differs from the default limits of alarms, null for no such alarm: `drift` (1, the multiple of its own limit), `drifted_share` (0.3) and `failed_share` (0) of columns and quality checks, `performance` (1, where rows have labels), `rejected_rows` (0), `lag_seconds` (none), `silent_hours` without a report (0, which stands for window, lateness and one more), `untold_reports` (0), `oldest_log_seconds` (1800)."
  type        = map(number)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.alarms), ["drift", "drifted_share", "failed_share", "lag_seconds", "oldest_log_seconds", "performance", "rejected_rows", "silent_hours", "untold_reports"])) == 0
    error_message = "alarms may have drift, drifted_share, failed_share, lag_seconds, oldest_log_seconds, performance, rejected_rows, silent_hours and untold_reports."
  }

  validation {
    condition     = alltrue([for limit in var.alarms : try(limit >= 0, true)])
    error_message = "The limits of alarms must not be negative; null is for no alarm."
  }

  validation {
    condition     = alltrue([for name in ["drifted_share", "failed_share"] : try(var.alarms[name] < 1, true)])
    error_message = "drifted_share and failed_share must be from 0 up to 1."
  }

  validation {
    condition     = try(var.alarms.silent_hours <= 168, true)
    error_message = "silent_hours must be from 0 to 168, a week, as CloudWatch looks back no longer."
  }
}

variable "notify" {
  description = "Whom alarms tell: the SNS topic `topic_arn`, or if there is none, a topic that is made, and to which the addresses in `emails` are subscribed."
  type = object({
    topic_arn = optional(string)
    emails    = optional(set(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.notify.topic_arn == null || can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.notify.topic_arn))
    error_message = "notify.topic_arn must be the ARN of an SNS topic."
  }

  validation {
    condition     = alltrue([for address in var.notify.emails : can(regex("^[^@\\s]+@[^@\\s]+$", address))])
    error_message = "notify.emails must be addresses such as team@example.com."
  }

  validation {
    condition     = var.notify.topic_arn == null || length(var.notify.emails) == 0
    error_message = "Give notify.topic_arn or notify.emails, not both: subscribe addresses to your own topic yourself."
  }
}

variable "log_retention_days" {
  description = "For how many days CloudWatch keeps the functions' logs, in which every finding is."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one that CloudWatch has: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400 and so on."
  }
}

variable "kms_key_arn" {
  description = "The KMS key for all that is stored, null for AWS's own; its policy must let the services sqs, sns, s3, cloudwatch and logs use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-f0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a key, not of an alias."
  }
}

variable "vpc" {
  description = "The subnets and security groups that the functions run in, null for none; they need a way to S3, to CloudWatch, and to what policies name: SageMaker, SNS, Secrets Manager, others on the Internet."
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null

  validation {
    condition     = try(length(var.vpc.subnet_ids) > 0 && length(var.vpc.security_group_ids) > 0, var.vpc == null)
    error_message = "vpc needs at least one subnet and one security group."
  }
}
