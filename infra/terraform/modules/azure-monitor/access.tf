# What the app's identity may do, and where: each right by the smallest thing that it can be given for.

locals {
  containers = "${var.storage_account_id}/blobServices/default/containers"

  rights = merge(
    # The host keeps its locks, keys and times in containers that it makes itself: so its own account, as a whole.
    { host = { role = "Storage Blob Data Owner", scope = azurerm_storage_account.own.id } },
    { for name, queue in azurerm_storage_queue.own : "queue/${name}" => { role = "Storage Queue Data Contributor", scope = queue.id } },
    { for name in local.inputs : "read/${name}" => { role = "Storage Blob Data Reader", scope = "${local.containers}/${name}" } },
    { for name in local.outputs : "write/${name}" => { role = "Storage Blob Data Contributor", scope = "${local.containers}/${name}" } },
    { telemetry = { role = "Monitoring Metrics Publisher", scope = azurerm_application_insights.own.id } },
    { for name, workspace in local.workspaces : "jobs/${name}" => { role = "AzureML Data Scientist", scope = workspace } },
    { for topic in distinct(flatten(values(local.told_topics))) : "topic/${trimprefix(topic, "https://")}" => { role = "EventGrid Data Sender", scope = var.known_ids[topic] } if contains(keys(var.known_ids), topic) },
    { for secret in local.secrets : "secret/${trimprefix(secret, "https://")}" => {
      role = "Key Vault Secrets User", scope = "${var.known_ids[split("/secrets/", secret)[0]]}/secrets/${basename(secret)}"
    } if contains(keys(var.known_ids), split("/secrets/", secret)[0]) },
  )

  delivery = {
    queue        = { role = "Storage Queue Data Message Sender", scope = azurerm_storage_queue.own["arrivals"].id }
    dead-letters = { role = "Storage Blob Data Contributor", scope = azurerm_storage_container.own["dead-letters"].id }
  }
}

resource "azurerm_role_assignment" "app" {
  for_each = local.rights

  role_definition_name = each.value.role
  scope                = each.value.scope
  principal_id         = azapi_resource.app.identity[0].principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "topic" {
  for_each = length(local.subjects) > 0 ? local.delivery : {}

  role_definition_name = each.value.role
  scope                = each.value.scope
  principal_id         = local.topic_principal
  principal_type       = "ServicePrincipal"
}
