# The function app, on Flex Consumption. By azapi: azurerm_function_app_flex_consumption sets AzureWebJobsStorage to a
# connection string without a key, of which the host says no, and its zip_deploy_file asks for an address that this
# plan does not have.

locals {
  size = {
    memory_mb      = coalesce(var.size.memory_mb, local.settings.size.memory_mb)
    most_instances = coalesce(var.size.most_instances, local.settings.size.most_instances)
  }

  queue = local.settings.environment.ATALAIA_QUEUE

  # The app has a route for links that approve, open to everybody as their signature says who may, if it has a key to check them with.
  links = contains(keys(var.environment), "ATALAIA_APPROVAL_KEY") ? { ATALAIA_APPROVAL_URL = "https://${local.app}.azurewebsites.net/api/approve" } : {}

  # Nothing looks for appended blobs where no monitor's logs grow.
  timers = anytrue(values(local.watched)[*].grows) ? {} : { ATALAIA_COLLECT_AT = "never" }
  environment = merge(local.settings.environment, local.timers, local.links, var.environment, {
    APPLICATIONINSIGHTS_CONNECTION_STRING = azurerm_application_insights.own.connection_string
    ATALAIA_MONITORS                      = "az://${azurerm_storage_container.monitors.name}"
    AZURE_STORAGE_ACCOUNT_NAME            = basename(var.storage_account_id)
    AzureWebJobsStorage__accountName      = azurerm_storage_account.own.name
    AzureWebJobsStorage__credential       = "managedidentity"
  })
}

resource "azurerm_service_plan" "app" {
  name                = local.app
  resource_group_name = var.resource_group_name
  location            = var.location
  os_type             = "Linux"
  sku_name            = "FC1"
  tags                = local.tags
}

resource "azapi_resource" "app" {
  type      = "Microsoft.Web/sites@2025-03-01"
  name      = local.app
  parent_id = local.group
  location  = var.location
  tags      = local.tags

  identity {
    type = "SystemAssigned"
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId           = azurerm_service_plan.app.id
      httpsOnly              = true
      virtualNetworkSubnetId = var.subnet_id
      functionAppConfig = {
        deployment = {
          storage = {
            type           = "blobContainer"
            value          = "${azurerm_storage_account.own.primary_blob_endpoint}${azurerm_storage_container.own["bundle"].name}"
            authentication = { type = "SystemAssignedIdentity" }
          }
        }
        runtime = local.settings.runtime
        scaleAndConcurrency = {
          instanceMemoryMB     = local.size.memory_mb
          maximumInstanceCount = local.size.most_instances
        }
      }
      siteConfig = {
        appSettings   = [for name, value in local.environment : { name = name, value = value }]
        ftpsState     = "Disabled"
        http20Enabled = true
        minTlsVersion = "1.2"
      }
    }
  }

  lifecycle {
    precondition {
      condition     = try(contains(keys(var.known_ids), regex("^keyvault:(https://[^/]+)", var.environment.ATALAIA_APPROVAL_KEY)[0]), true)
      error_message = "ATALAIA_APPROVAL_KEY names a Key Vault whose ID is not in known_ids."
    }
  }

  depends_on = [azurerm_storage_blob.bundle, azurerm_storage_blob.monitor]
}

# The platform takes another bundle when it starts anew, and knows of other triggers when it is told to look for them: the
# first time as soon as the app may read its bundle. Settings say which triggers there are, and when timers call.
resource "azapi_resource_action" "restart" {
  type        = azapi_resource.app.type
  resource_id = azapi_resource.app.id
  action      = "restart"
  method      = "POST"

  depends_on = [azurerm_role_assignment.app]

  lifecycle {
    replace_triggered_by = [azurerm_storage_blob.bundle, azapi_resource.app]
  }
}

resource "azapi_resource_action" "triggers" {
  type        = azapi_resource.app.type
  resource_id = azapi_resource.app.id
  action      = "syncfunctiontriggers"
  method      = "POST"

  # Rights take a while to be known everywhere.
  retry = {
    error_message_regex = ["BadGateway", "InternalServerError", "ServiceUnavailable", "Encountered an error"]
  }

  depends_on = [azapi_resource_action.restart]

  lifecycle {
    replace_triggered_by = [azurerm_storage_blob.bundle, azapi_resource.app]
  }
}
