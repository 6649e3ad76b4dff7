// What an identity may do in a storage account that is there, each right for the smallest thing that it can be given for.

targetScope = 'resourceGroup'

@description('The account\'s name.')
param accountName string

@description('The identity.')
param principalId string

@description('Roles for the account as a whole.')
param accountRoles string[] = []

@description('Roles for queues.')
param queues { name: string, role: string }[] = []

@description('Roles for containers.')
param containers { name: string, role: string }[] = []

var roles = loadJsonContent('../roles.json')

resource account 'Microsoft.Storage/storageAccounts@2026-09-01' existing = {
  name: accountName

  resource blobService 'blobServices' existing = {
    name: 'default'
  }

  resource queueService 'queueServices' existing = {
    name: 'default'
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-09-01' existing = [for each in containers: {
  parent: account::blobService
  name: each.name
}]

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2026-09-01' existing = [for each in queues: {
  parent: account::queueService
  name: each.name
}]

resource ofAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in accountRoles: {
  name: guid(account.id, principalId, roles[role])
  scope: account
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}]

resource ofContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, i) in containers: {
  name: guid(container[i].id, principalId, roles[each.role])
  scope: container[i]
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}]

resource ofQueue 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, i) in queues: {
  name: guid(queue[i].id, principalId, roles[each.role])
  scope: queue[i]
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[each.role])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}]
