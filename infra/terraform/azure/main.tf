# Atalaia in one resource group. The module beside it does all the work; use that in a configuration of your own.

terraform {
  required_version = ">= 1.9"

  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = ">= 2.12, < 3.0"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 5.0, < 6.0"
    }
  }

  # Filled in by `terraform init -backend-config=storage_account_name=... -backend-config=container_name=... -backend-config=key=...`.
  backend "azurerm" {
    use_azuread_auth = true
  }
}

# Whose subscription, ARM_SUBSCRIPTION_ID tells. No account's key is asked for, as there may be none.
provider "azurerm" {
  storage_use_azuread = true

  features {}
}

module "monitor" {
  source = "../modules/azure-monitor"

  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
  storage_account_id  = var.storage_account_id
  monitors            = var.monitors
  bundle              = var.bundle
  environment         = var.environment
  size                = var.size
  known_ids           = var.known_ids
  alarms              = var.alarms
  notify              = var.notify
  log_retention_days  = var.log_retention_days
  daily_gigabytes     = var.daily_gigabytes
  subnet_id           = var.subnet_id
  tags                = var.tags
}
