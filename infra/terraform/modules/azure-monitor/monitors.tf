# What the monitor files say, as the other files need it, and what everything is called.

locals {
  settings = jsondecode(file("${path.module}/../../../settings/azure.json"))

  subscription = data.azurerm_client_config.current.subscription_id
  group        = "/subscriptions/${local.subscription}/resourceGroups/${var.resource_group_name}"
  tags         = merge({ project = "atalaia" }, var.tags)

  # Some names are the whole cloud's: these end with what tells one subscription from others.
  suffix  = substr(replace(local.subscription, "-", ""), 0, 8)
  app     = "${var.name}-${local.suffix}"
  account = "${replace(var.name, "-", "")}${local.suffix}"

  files = fileset(var.monitors, "*.{yaml,yml}")
  read  = { for name in local.files : name => try(yamldecode(file("${var.monitors}/${name}")), {}) }

  places = { for name, read in local.read : name => concat([try(read.logs.source, ""), try(read.output, "")], local.reference[name]) }

  # Reference data, and those of new models: as far as their folder is the same for each.
  reference = { for name, read in local.read : name => concat(try(read.baseline.data, []), [
    for each in concat([try(read.model, {})], try(read.policies, [])) : replace(each.new_baseline.data, "/[^/]*[{].*$/", "") if try(each.new_baseline.data, null) != null
  ]) }

  monitors = { for file, read in local.read : try(read.name, "") => {
    model    = try(read.model.name, "")
    logs     = try(regex(local.place, read.logs.source), local.nowhere)
    grows    = try(read.logs.format == "azureml", false)
    output   = try(regex(local.place, read.output), local.nowhere)
    data     = [for place in local.reference[file] : try(regex(local.place, place), local.nowhere)]
    policies = try(read.policies, [])
    labelled = anytrue([for column in try(read.columns, []) : try(column.role == "label", false)])
    hours = ceil(sum([for given in [try(read.window, "1d"), try(read.lateness, "1h")] :
      try(tonumber(regex("^[0-9]+", given)) * local.unit_hours[substr(given, -1, 1)], 24)
    ]))
  }... }

  place      = "^az://(?P<container>[^/]+)/?(?P<folder>.*?)/*$"
  nowhere    = { container = "", folder = "" }
  unit_hours = { s = 1 / 3600, m = 1 / 60, h = 1, d = 24, w = 168 }

  # The first of each name; two of one name are refused.
  watched = { for name, each in local.monitors : name => each[0] }

  # What the subjects of events about logs begin with. Logs that grow raise none, and are read by a timer.
  all_subjects = distinct([for each in local.watched :
    "/blobServices/default/containers/${each.logs.container}/blobs/${each.logs.folder == "" ? "" : "${each.logs.folder}/"}" if !each.grows
  ])
  subjects = sort([for subject in local.all_subjects : subject
    if !anytrue([for other in local.all_subjects : other != subject && startswith(subject, other)])
  ])

  # Containers that the functions write to, and those that they only read.
  outputs = toset([for each in local.watched : each.output.container])
  inputs = setsubtract(toset(concat(
    [azurerm_storage_container.monitors.name],
    [for each in local.watched : each.logs.container],
    flatten([for each in local.watched : each.data[*].container]),
  )), local.outputs)

  # By name, the workspaces of Azure ML that policies start jobs in, or shift traffic in.
  workspaces = { for workspace in distinct(compact(flatten([for each in local.watched : [
    for policy in each.policies : [
      for target in local.of_workspaces : try(trimsuffix(policy[target].workspace, "/"), "")
    ]
  ]]))) : basename(workspace) => workspace }
  of_workspaces = ["azureml_job", "azureml_batch", "azureml_traffic"]

  # The topics that each monitor's policies tell, by address, what they refer to as secrets, those of these that a Key Vault
  # keeps, and all of these with the key of links.
  told_topics = { for name, each in local.watched : name => distinct(compact([for policy in each.policies : try(policy.event_grid_topic, "")])) }
  references = { for name, each in local.watched : name => compact(flatten([for policy in each.policies : [
    try(policy.databricks.token, ""), try(policy.github_workflow.token, ""), try(policy.github_issue.token, ""),
    try(policy.azure_devops.token, ""), try(policy.webhook.url, ""), try(policy.webhook.secret, ""),
  ]])) }
  read_secrets = { for name, given in local.references : name => distinct(flatten([for each in given : try(regex(local.in_vault, each), [])])) }
  secrets      = distinct(concat(flatten(values(local.read_secrets)), try(regex(local.in_vault, var.environment.ATALAIA_APPROVAL_KEY), [])))
  in_vault     = "^keyvault:(https://[^/]+/secrets/[^/]+)"
}

data "azurerm_client_config" "current" {}
