// What to deploy: copy this file, name the account of logs, and each monitor file.

using 'main.bicep'

param storageAccountId = '/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/models/providers/Microsoft.Storage/storageAccounts/models'

param monitors = [
  loadYamlContent('../terraform/modules/azure-monitor/examples/minimal/monitors/churn.yaml')
]
