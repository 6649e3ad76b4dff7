mock_provider "azurerm" {
  source = "./tests/mocks/azurerm"
}

mock_provider "azapi" {
  source = "./tests/mocks/azapi"
}

variables {
  resource_group_name = "models"
  location            = "westeurope"
  storage_account_id  = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
  monitors            = "./tests/growing"
  bundle              = { uri = "https://releases.blob.core.windows.net/atalaia/1.zip" }
}

# Each value of a run is refused: the run fails if one of them is not.

run "refuses_values_1" {
  command = plan

  variables {
    name                = "Atalaia"
    resource_group_name = "/subscriptions/0/resourceGroups/models"
    location            = "West Europe"
    bundle              = {}
    environment         = { FUNCTIONS_WORKER_PROCESS_COUNT = "4" }
    size                = { memory_mb = 1024 }
    known_ids           = { "other" = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.EventGrid/systemTopics/t-1" }
    notify              = { action_group_id = "on-call" }
    log_retention_days  = 10
    daily_gigabytes     = 0
    subnet_id           = "functions"
  }

  expect_failures = [
    var.name,
    var.resource_group_name,
    var.location,
    var.bundle,
    var.environment,
    var.size,
    var.known_ids,
    var.notify,
    var.log_retention_days,
    var.daily_gigabytes,
    var.subnet_id,
  ]
}

run "refuses_values_2" {
  command = plan

  variables {
    name        = "a-name-that-is-long"
    bundle      = { path = "./versions.tf", uri = "https://example.com/1.zip" }
    environment = { ATALAIA_MONITORS = "az://other" }
    size        = { most_instances = 0 }
    known_ids   = { "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models" = "models" }
    notify      = { emails = ["team"] }
  }

  expect_failures = [
    var.name,
    var.bundle,
    var.environment,
    var.size,
    var.known_ids,
    var.notify,
  ]
}

run "refuses_values_3" {
  command = plan

  variables {
    storage_account_id = "models"
    name               = "ml--watch"
    bundle             = { uri = "http://example.com/1.zip" }
    environment        = { ATALAIA_METRICS = "cloudwatch" }
    notify             = { action_group_id = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Insights/actionGroups/g", emails = ["a@example.com"] }
  }

  expect_failures = [
    var.storage_account_id,
    var.name,
    var.bundle,
    var.environment,
    var.notify,
  ]
}

run "refuses_values_4" {
  command = plan

  variables {
    monitors    = "./tests/refused/none"
    environment = { ATALAIA_DETAIL = "rows" }
  }

  expect_failures = [
    var.monitors,
    var.environment,
  ]
}

run "refuses_values_5" {
  command = plan

  variables {
    known_ids = { "https://watch-secrets.vault.azure.net" = "watch-secrets" }
  }

  expect_failures = [var.known_ids]
}

# Limits by themselves: the environment is judged with them, and not at all if they are wrong.

run "refuses_limits_1" {
  command = plan

  variables {
    alarms = { psi = 0.2 }
  }

  expect_failures = [var.alarms]
}

run "refuses_limits_2" {
  command = plan

  variables {
    alarms = { drift = -1 }
  }

  expect_failures = [var.alarms]
}

run "refuses_limits_3" {
  command = plan

  variables {
    alarms = { budget_share = 80 }
  }

  expect_failures = [var.alarms]
}

run "refuses_limits_4" {
  command = plan

  variables {
    alarms = { silent_hours = 168 }
  }

  expect_failures = [var.alarms]
}

run "refuses_alarms_that_would_see_nothing" {
  command = plan

  variables {
    environment = { ATALAIA_METRICS = "otlp" }
    alarms      = { drift = null, drifted_share = null, failed_share = null, performance = null, rejected_rows = null }
  }

  expect_failures = [var.environment]
}

run "refuses_the_key_of_links_itself" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "correct horse battery staple" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_key_of_links_in_the_environment" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "env:ATALAIA_LINKS" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_key_of_links_in_aws" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "secretsmanager:approval" }
  }

  expect_failures = [var.environment]
}

run "refuses_no_key_of_links" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "" }
  }

  expect_failures = [var.environment]
}

run "refuses_a_vault_of_links_without_an_id" {
  command = plan

  variables {
    environment = { ATALAIA_APPROVAL_KEY = "keyvault:https://other.vault.azure.net/secrets/links" }
  }

  expect_failures = [azapi_resource.app]
}

run "refuses_absent_bundle" {
  command = plan

  variables {
    bundle = { path = "./absent.zip" }
  }

  expect_failures = [azurerm_storage_blob.bundle]
}

run "refuses_unnamed_monitor" {
  command = plan

  variables {
    monitors = "./tests/refused/unnamed"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_two_of_one_name" {
  command = plan

  variables {
    monitors = "./tests/refused/twice"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"], azurerm_storage_blob.monitor["b.yaml"]]
}

run "refuses_places_of_aws" {
  command = plan

  variables {
    monitors = "./tests/refused/aws-place"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_output_in_logs" {
  command = plan

  variables {
    monitors = "./tests/refused/output-in-logs"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_pipeline" {
  command = plan

  variables {
    monitors = "./tests/refused/pipeline"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_workspace_by_name" {
  command = plan

  variables {
    monitors = "./tests/refused/no-workspace"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_topic_of_aws" {
  command = plan

  variables {
    monitors = "./tests/refused/sns"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_batch_endpoint_in_a_workspace_by_name" {
  command = plan

  variables {
    monitors = "./tests/refused/batch-by-name"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_topic_without_an_id" {
  command = plan

  variables {
    monitors = "./tests/refused/unknown-topic"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_vault_without_an_id" {
  command = plan

  variables {
    monitors = "./tests/refused/unknown-vault"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_a_secret_of_aws" {
  command = plan

  variables {
    monitors = "./tests/refused/secrets-manager"
  }

  expect_failures = [azurerm_storage_blob.monitor["a.yaml"]]
}

run "refuses_too_many_folders" {
  command = plan

  variables {
    monitors = "./tests/refused/many-folders"
  }

  expect_failures = [azurerm_eventgrid_system_topic_event_subscription.logs["logs"]]
}

run "refuses_sources_in_another_subscription" {
  command = plan

  variables {
    monitors           = "./tests/refused/other-subscription"
    storage_account_id = "/subscriptions/99999999-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models"
  }

  expect_failures = [azurerm_eventgrid_system_topic_event_subscription.logs["logs"], azurerm_eventgrid_system_topic_event_subscription.jobs["ml"]]
}
