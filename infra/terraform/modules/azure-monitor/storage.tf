# An account of the functions' own: their code, their queue, the host's state, and events that could not be delivered.
# Logs and reports lie where monitor files say, and monitor files beside them.

resource "azurerm_storage_account" "own" {
  name                            = local.account
  resource_group_name             = var.resource_group_name
  location                        = var.location
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  min_tls_version                 = "TLS1_2"
  https_traffic_only_enabled      = true
  shared_access_key_enabled       = false
  default_to_oauth_authentication = true
  allow_nested_items_to_be_public = false
  local_user_enabled              = false
  tags                            = local.tags

  blob_properties {
    versioning_enabled = false # the host writes the state of its timers again and again

    delete_retention_policy {
      days = 7
    }

    container_delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "own" {
  for_each = toset(["bundle", "dead-letters"])

  name                  = each.value
  storage_account_id    = azurerm_storage_account.own.id
  container_access_type = "private"
}

resource "azurerm_storage_queue" "own" {
  for_each = { arrivals = local.queue, poison = "${local.queue}-poison" }

  name               = each.value
  storage_account_id = azurerm_storage_account.own.id
}

# The name is the one that the platform looks for.
resource "azurerm_storage_blob" "bundle" {
  name                 = "released-package.zip"
  storage_container_id = azurerm_storage_container.own["bundle"].id
  type                 = "Block"
  source               = var.bundle.path
  source_uri           = var.bundle.uri
  content_md5          = try(filemd5(var.bundle.path), null)
  content_type         = "application/zip"

  lifecycle {
    precondition {
      condition     = try(fileexists(var.bundle.path), var.bundle.path == null)
      error_message = "There is no file at bundle.path; build it with `atalaia package azure`."
    }
  }
}

resource "azurerm_storage_container" "monitors" {
  name                  = "${var.name}-monitors"
  storage_account_id    = var.storage_account_id
  container_access_type = "private"
}

resource "azurerm_storage_blob" "monitor" {
  for_each = local.files

  name                 = each.value
  storage_container_id = azurerm_storage_container.monitors.id
  type                 = "Block"
  source               = "${var.monitors}/${each.value}"
  content_md5          = filemd5("${var.monitors}/${each.value}")
  content_type         = "application/yaml"

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
      condition     = alltrue([for place in local.places[each.value] : can(regex("^az://[a-z0-9]([a-z0-9]|-[a-z0-9]){2,62}(/[^*?$]*)?$", place))])
      error_message = "${each.value}: logs.source, output and baseline.data must be places in Blob Storage, such as az://container/folder."
    }

    precondition {
      condition     = !anytrue([for read in local.read : try(startswith("${local.read[each.value].output}/", "${trimsuffix(read.logs.source, "/")}/"), false)])
      error_message = "${each.value}: its output lies below the logs of a monitor, so that everything written would be announced as a log."
    }

    precondition {
      condition     = alltrue([for policy in try(local.read[each.value].policies, []) : try(policy.pipeline, policy.training_job, policy.sagemaker_traffic, policy.sns_topic, null) == null])
      error_message = "${each.value}: a policy names a pipeline, a training_job, sagemaker_traffic or an sns_topic, which Azure does not start; give it another target."
    }

    precondition {
      condition = alltrue(flatten([for policy in try(local.read[each.value].policies, []) : [for target in local.of_workspaces :
        can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\\.MachineLearningServices/workspaces/[^/]+/?$", policy[target].workspace)) || try(policy[target], null) == null
      ]]))
      error_message = "${each.value}: the workspace of a policy's target must be the ID of an Azure ML workspace."
    }

    precondition {
      condition = alltrue(concat(
        [for topic in try(local.told_topics[local.read[each.value].name], []) : contains(keys(var.known_ids), topic)],
        [for secret in try(local.read_secrets[local.read[each.value].name], []) : contains(keys(var.known_ids), split("/secrets/", secret)[0])],
      ))
      error_message = "${each.value}: a policy names an Event Grid topic or a Key Vault whose ID is not in known_ids."
    }

    precondition {
      condition     = alltrue([for given in try(local.references[local.read[each.value].name], []) : !startswith(given, "secretsmanager:")])
      error_message = "${each.value}: a policy refers to a secret in AWS Secrets Manager, which is not read from Azure; keep it in a Key Vault."
    }
  }
}
