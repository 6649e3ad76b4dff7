// The right to read single secrets of a Key Vault.

targetScope = 'resourceGroup'

@description('The vault\'s name.')
param vaultName string

@description('The secrets\' names.')
param secrets string[]

@description('The identity that reads them.')
param principalId string

var roles = loadJsonContent('../roles.json')

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2025-05-01' existing = [for each in secrets: {
  parent: vault
  name: each
}]

resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (each, i) in secrets: {
  name: guid(secret[i].id, principalId, roles['Key Vault Secrets User'])
  scope: secret[i]
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Key Vault Secrets User'])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}]
