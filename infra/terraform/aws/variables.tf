variable "region" {
  description = "The region of everything; the buckets of logs must be in it."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of everything, beside `project`."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  default     = "atalaia"
  nullable    = false
}

variable "monitors" {
  description = "The folder with the monitor files, one `NAME.yaml` for each monitor."
  type        = string
  nullable    = false
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
}

variable "architecture" {
  description = "The processor that the bundle was built for: `arm64` or `x86_64`."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "environment" {
  description = "Environment variables of the functions, beside or instead of those that were tested; the README lists them. With `ATALAIA_APPROVAL_KEY`, there is a function for links that approve."
  type        = map(string)
  default     = {}
  nullable    = false
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
}

variable "schedule" {
  description = "How often windows that changed are evaluated, as EventBridge writes it."
  type        = string
  default     = "rate(5 minutes)"
  nullable    = false
}

variable "arrival_events" {
  description = "What tells of new logs: `bucket`, notifications that this module sets on the buckets, whose others it replaces; or `eventbridge`, for buckets that send their events there already."
  type        = string
  default     = "bucket"
  nullable    = false
}

variable "alarms" {
  description = "What differs from the default limits of alarms, null for no such alarm: `drift` (1, the multiple of its own limit), `drifted_share` (0.3) and `failed_share` (0) of columns and quality checks, `performance` (1, where rows have labels), `rejected_rows` (0), `lag_seconds` (none), `silent_hours` without a report (0, which stands for window, lateness and one more), `untold_reports` (0), `oldest_log_seconds` (1800)."
  type        = map(number)
  default     = {}
  nullable    = false
}

variable "notify" {
  description = "Whom alarms tell: the SNS topic `topic_arn`, or if there is none, a topic that is made, and to which the addresses in `emails` are subscribed."
  type = object({
    topic_arn = optional(string)
    emails    = optional(set(string), [])
  })
  default  = {}
  nullable = false
}

variable "log_retention_days" {
  description = "For how many days CloudWatch keeps the functions' logs, in which every finding is."
  type        = number
  default     = 90
  nullable    = false
}

variable "kms_key_arn" {
  description = "The KMS key for all that is stored, null for AWS's own; its policy must let the services sqs, sns, s3, cloudwatch and logs use it."
  type        = string
  default     = null
}

variable "vpc" {
  description = "The subnets and security groups that the functions run in, null for none; they need a way to S3, to CloudWatch, and to what policies name: SageMaker, SNS, Secrets Manager, others on the Internet."
  type = object({
    subnet_ids         = set(string)
    security_group_ids = set(string)
  })
  default = null
}
