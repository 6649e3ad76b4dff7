# Every input: monitors with logs and outputs apart, jobs in Azure ML, a topic that is there already, a network.

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

locals {
  subscription = "/subscriptions/00000000-1111-2222-3333-444444444444"
}

module "monitor" {
  source = "../.."

  name                = "ml-watch"
  resource_group_name = "models"
  location            = "westeurope"
  storage_account_id  = "${local.subscription}/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
  monitors            = "${path.module}/monitors"

  bundle = {
    uri = "https://releases.blob.core.windows.net/atalaia/0.1.0/atalaia-azure-python3.13-x86_64.zip"
  }

  environment = {
    ATALAIA_DETAIL       = "columns"
    ATALAIA_APPROVAL_KEY = "keyvault:https://watch-secrets.vault.azure.net/secrets/approval"
  }

  size = {
    memory_mb      = 4096
    most_instances = 100
  }

  known_ids = {
    "${local.subscription}/resourceGroups/learning/providers/Microsoft.MachineLearningServices/workspaces/credit" = "${local.subscription}/resourceGroups/learning/providers/Microsoft.EventGrid/systemTopics/credit-jobs"
    "https://drifted.westeurope-1.eventgrid.azure.net/api/events"                                                 = "${local.subscription}/resourceGroups/learning/providers/Microsoft.EventGrid/topics/drifted"
    "https://watch-secrets.vault.azure.net"                                                                       = "${local.subscription}/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets"
  }

  alarms = {
    drifted_share = 0.2
    lag_seconds   = 7200
    waiting_logs  = 5000
  }

  notify = {
    emails = ["ml-team@example.com"]
  }

  log_retention_days = 365
  daily_gigabytes    = 5
  subnet_id          = "${local.subscription}/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/models/subnets/functions"

  tags = {
    team = "ml"
  }
}

output "status_url" {
  description = "The address of the status page."
  value       = module.monitor.status_url
}
