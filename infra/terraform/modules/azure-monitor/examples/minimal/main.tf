# One monitor, with all the defaults. Run `atalaia package azure` in this folder first.

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
}

provider "azurerm" {
  storage_use_azuread = true

  features {}
}

module "monitor" {
  source = "../.."

  resource_group_name = "models"
  location            = "westeurope"
  storage_account_id  = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
  monitors            = "${path.module}/monitors"
  bundle              = { path = "${path.module}/atalaia-azure-python3.13-x86_64.zip" }
}
