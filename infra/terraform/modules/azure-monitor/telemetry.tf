# Where the functions tell what they found, and what is ready there to look at it: queries, and a workbook.

locals {
  queries    = "${path.module}/../../../queries"
  dashboards = "${path.module}/../../../dashboards"
}

resource "azurerm_log_analytics_workspace" "own" {
  name                = "${var.name}-logs"
  resource_group_name = var.resource_group_name
  location            = var.location
  sku                 = "PerGB2018"
  retention_in_days   = var.log_retention_days
  daily_quota_gb      = var.daily_gigabytes
  tags                = local.tags
}

# Who tells it something must show who he is: its key alone is good for nothing.
resource "azurerm_application_insights" "own" {
  name                         = var.name
  resource_group_name          = var.resource_group_name
  location                     = var.location
  application_type             = "other"
  workspace_id                 = azurerm_log_analytics_workspace.own.id
  local_authentication_enabled = false
  ip_masking_enabled           = true
  tags                         = local.tags
}

resource "azurerm_log_analytics_query_pack" "own" {
  name                = "${var.name}-queries"
  resource_group_name = var.resource_group_name
  location            = var.location
  tags                = local.tags
}

# Each file begins with its question.
resource "azurerm_log_analytics_query_pack_query" "query" {
  for_each = fileset(local.queries, "*.kql")

  query_pack_id  = azurerm_log_analytics_query_pack.own.id
  display_name   = trimsuffix(each.value, ".kql")
  description    = trimprefix(split("\n", file("${local.queries}/${each.value}"))[0], "// ")
  body           = file("${local.queries}/${each.value}")
  categories     = ["applications"]
  resource_types = ["microsoft.insights/components"]
  tags           = local.tags
}

resource "azurerm_application_insights_workbook" "own" {
  for_each = fileset(local.dashboards, "azure-workbook.json")

  name                = uuidv5("oid", "${local.group}/${var.name}")
  display_name        = "${var.name}: models"
  resource_group_name = var.resource_group_name
  location            = var.location
  category            = "workbook"
  source_id           = lower(azurerm_application_insights.own.id)
  data_json           = file("${local.dashboards}/${each.value}")
  tags                = local.tags
}
