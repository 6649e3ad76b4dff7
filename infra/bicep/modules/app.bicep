// The function app, on Flex Consumption.

targetScope = 'resourceGroup'

@description('The name of the app and of its plan.')
param name string

@description('The region.')
param location string

@description('The language that the bundle is for.')
param runtime { name: string, version: string }

@description('An instance\'s memory.')
param memoryMb int

@description('How many instances there may be at once.')
@minValue(1)
@maxValue(1000)
param mostInstances int

@description('The app\'s settings, but those that follow from its own resources.')
param environment object

@description('The app\'s own storage account.')
param storageAccountName string

@description('The container in it that the bundle is read from.')
param bundleContainer string

@description('The Application Insights resource that it tells.')
param insightsName string

@description('The subnet that it goes out through, null for none.')
param subnetId string?

@description('Tags of everything.')
param tags object

var roles = loadJsonContent('../roles.json')
var allSettings = union(environment, {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  AzureWebJobsStorage__accountName: storageAccount.name
  AzureWebJobsStorage__credential: 'managedidentity'
})

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource storageAccount 'Microsoft.Storage/storageAccounts@2026-09-01' existing = {
  name: storageAccountName
}

resource plan 'Microsoft.Web/serverfarms@2025-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-05-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    virtualNetworkSubnetId: subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storageAccount.properties.primaryEndpoints.blob}${bundleContainer}'
          authentication: {
            type: 'SystemAssignedIdentity'
          }
        }
      }
      runtime: runtime
      scaleAndConcurrency: {
        instanceMemoryMB: memoryMb
        maximumInstanceCount: mostInstances
      }
    }
    siteConfig: {
      appSettings: map(items(allSettings), each => { name: each.key, value: each.value })
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
    }
  }
}

resource telemetryRole 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, app.id, roles['Monitoring Metrics Publisher'])
  scope: insights
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Monitoring Metrics Publisher'])
    principalId: app.identity.principalId
    principalType: 'ServicePrincipal'
  }
}

@description('The app.')
output id string = app.id

@description('Its identity.')
output principalId string = app.identity.principalId
