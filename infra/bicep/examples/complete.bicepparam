// Every input, as in infra/terraform/modules/azure-monitor/examples/complete.

using '../main.bicep'

param name = 'ml-watch'
param location = 'westeurope'
param storageAccountId = '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models'

param monitors = [
  loadYamlContent('../../terraform/modules/azure-monitor/examples/complete/monitors/churn.yaml')
  loadYamlContent('../../terraform/modules/azure-monitor/examples/complete/monitors/credit.yaml')
  loadYamlContent('../../terraform/modules/azure-monitor/examples/complete/monitors/fraud.yaml')
]

param hasBundle = true

param environment = {
  ATALAIA_DETAIL: 'columns'
  ATALAIA_APPROVAL_KEY: 'keyvault:https://watch-secrets.vault.azure.net/secrets/approval'
}

param size = {
  memory_mb: 4096
  most_instances: 100
}

param knownIds = {
  '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.MachineLearningServices/workspaces/credit': '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.EventGrid/systemTopics/credit-jobs'
  'https://drifted.westeurope-1.eventgrid.azure.net/api/events': '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/learning/providers/Microsoft.EventGrid/topics/drifted'
  'https://watch-secrets.vault.azure.net': '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.KeyVault/vaults/watch-secrets'
}

param alarms = {
  drifted_share: json('0.2')
  lag_seconds: 7200
  waiting_logs: 5000
}

param notify = {
  emails: ['ml-team@example.com']
}

param logRetentionDays = 365
param dailyGigabytes = 5
param subnetId = '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/network/providers/Microsoft.Network/virtualNetworks/models/subnets/functions'

param tags = {
  team: 'ml'
}
