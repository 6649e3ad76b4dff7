# What the monitor files say, as the other files need it.

locals {
  settings = jsondecode(file("${path.module}/../../../settings/aws.json"))

  files = fileset(var.monitors, "*.{yaml,yml}")
  read  = { for name in local.files : name => try(yamldecode(file("${var.monitors}/${name}")), {}) }

  # By file, where its data are: of the baseline, and of those to come, up to what is filled in.
  data_places = { for name, read in local.read : name => concat(
    try(read.baseline.data, []),
    [for each in concat([try(read.model, {})], try(read.policies, [])) : replace(each.new_baseline.data, "/[/][^/]*\\{.*$/", "") if try(each.new_baseline.data, null) != null],
  ) }
  places = { for name, read in local.read : name => concat([try(read.logs.source, ""), try(read.output, "")], local.data_places[name]) }

  monitors = { for file, read in local.read : try(read.name, "") => {
    model    = try(read.model.name, "")
    logs     = try(regex(local.place, read.logs.source), local.nowhere)
    output   = try(regex(local.place, read.output), local.nowhere)
    data     = [for place in local.data_places[file] : try(regex(local.place, place), local.nowhere)]
    policies = try(read.policies, [])
    labelled = anytrue([for column in try(read.columns, []) : try(column.role == "label", false)])
    hours = ceil(sum([for given in [try(read.window, "1d"), try(read.lateness, "1h")] :
      try(tonumber(regex("^[0-9]+", given)) * local.unit_hours[substr(given, -1, 1)], 24)
    ]))
  }... }

  place      = "^s3://(?P<bucket>[^/]+)/?(?P<folder>.*?)/*$"
  nowhere    = { bucket = "", folder = "" }
  unit_hours = { s = 1 / 3600, m = 1 / 60, h = 1, d = 24, w = 168 }

  # The first of each name; two of one name are refused.
  watched = { for name, each in local.monitors : name => each[0] }

  # By bucket, what the keys of logs begin with; S3 takes none that lies in another.
  log_prefixes = { for bucket in distinct([for each in local.watched : each.logs.bucket]) : bucket => toset([
    for prefix in local.all_prefixes[bucket] : prefix
    if !anytrue([for other in local.all_prefixes[bucket] : other != prefix && startswith(prefix, other)])
  ]) }
  all_prefixes = { for each in local.watched : each.logs.bucket => each.logs.folder == "" ? "" : "${each.logs.folder}/"... }

  outputs = distinct([for each in local.watched : each.output])
  data    = distinct(flatten([for each in local.watched : each.data]))

  # ARNs of all that lies in places.
  arn           = "arn:${data.aws_partition.current.partition}"
  log_objects   = flatten([for bucket, prefixes in local.log_prefixes : [for prefix in prefixes : "${local.arn}:s3:::${bucket}/${prefix}*"]])
  data_objects  = flatten([for place in local.data : place.folder == "" ? ["${local.arn}:s3:::${place.bucket}/*"] : ["${local.arn}:s3:::${place.bucket}/${place.folder}", "${local.arn}:s3:::${place.bucket}/${place.folder}/*"]])
  output_folder = { for folder in ["actions", "approvals", "baseline", "profiles", "rejects", "renewals", "reports", "state"] : folder => [for root in local.output_roots : "${root}/*/${folder}/*"] }
  output_jobs = distinct(flatten([for each in local.watched : [
    for policy in each.policies : join("/", compact(["${local.arn}:s3:::${each.output.bucket}", each.output.folder, "jobs/*"])) if try(policy.file, false) == true
  ]]))
  output_pages = [for root in local.output_roots : "${root}/*/report.html"]
  output_roots = [for place in local.outputs : join("/", compact(["${local.arn}:s3:::${place.bucket}", place.folder]))]

  pipelines = distinct(flatten([for each in local.watched : [
    for policy in each.policies : try(startswith(policy.pipeline, "arn:"), null) == null ? [] : startswith(policy.pipeline, "arn:") ? [policy.pipeline] :
    [for name in distinct([policy.pipeline, lower(policy.pipeline)]) : "${local.arn}:sagemaker:${local.region}:${local.account}:pipeline/${name}"]
  ]]))
  trainings = flatten([for name, each in local.watched : [
    for policy in each.policies : {
      jobs = "${local.arn}:sagemaker:${local.region}:${local.account}:training-job/${substr(replace("${name}-${policy.name}", "/-+/", "-"), 0, 46)}*"
      role = policy.training_job.RoleArn
    } if try(policy.training_job.RoleArn, null) != null
  ]])

  topics = distinct(flatten([for each in local.watched : [for policy in each.policies : try(policy.sns_topic, null)[*]]]))
  endpoints = distinct(flatten([for each in local.watched : [
    for policy in each.policies : [
      for name in distinct([policy.sagemaker_traffic.endpoint, lower(policy.sagemaker_traffic.endpoint)]) :
      "${local.arn}:sagemaker:${local.region}:${local.account}:endpoint/${name}"
    ] if try(policy.sagemaker_traffic.endpoint, null) != null
  ]]))

  # By file, where the secrets of its policies are kept, and by name or ARN, those and the one of links. Secrets Manager ends ARNs
  # with a hyphen and six characters, which names lack, and so may references by ARN.
  references = { for file, read in local.read : file => compact(flatten([for policy in try(read.policies, []) : [
    try(policy.databricks.token, []), try(policy.github_workflow.token, []), try(policy.github_issue.token, []),
    try(policy.azure_devops.token, []), try(policy.webhook.url, []), try(policy.webhook.secret, []),
  ]])) }
  secret_names = compact(concat(flatten([for given in values(local.references) : [for each in given : try(regex("^secretsmanager:([^#]+)", each), [])]]), [local.approval_key]))
  secrets = { for name in toset(local.secret_names) : name => join("", [
    startswith(name, "arn:") ? "" : "${local.arn}:secretsmanager:${local.region}:${local.account}:secret:",
    name,
    can(regex("^arn:.+-[A-Za-z0-9]{6}$", name)) ? "" : "-??????",
  ]) }

  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}
