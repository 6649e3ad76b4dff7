# Providers look at what they are given even here, so what is passed on must have its form.

mock_data "azurerm_client_config" {
  defaults = { subscription_id = "00000000-1111-2222-3333-444444444444" }
}

mock_data "azurerm_eventgrid_system_topic" {
  defaults = {
    identity = [{ type = "SystemAssigned", principal_id = "99999999-1111-2222-3333-444444444444", tenant_id = "", identity_ids = [] }]
  }
}

mock_resource "azurerm_storage_account" {
  defaults = {
    id                    = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/atalaia00000000"
    primary_blob_endpoint = "https://atalaia00000000.blob.core.windows.net/"
  }
}

mock_resource "azurerm_storage_container" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/mocked/blobServices/default/containers/mocked" }
}

mock_resource "azurerm_storage_queue" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/mocked/queueServices/default/queues/mocked" }
}

mock_resource "azurerm_service_plan" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Web/serverFarms/mocked" }
}

mock_resource "azurerm_eventgrid_system_topic" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.EventGrid/systemTopics/atalaia-logs" }
}

mock_resource "azurerm_log_analytics_workspace" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.OperationalInsights/workspaces/mocked" }
}

mock_resource "azurerm_log_analytics_query_pack" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.OperationalInsights/queryPacks/mocked" }
}

mock_resource "azurerm_application_insights" {
  defaults = {
    id                = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Insights/components/mocked"
    connection_string = "InstrumentationKey=mocked"
  }
}

mock_resource "azurerm_monitor_action_group" {
  defaults = { id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Insights/actionGroups/mocked" }
}
