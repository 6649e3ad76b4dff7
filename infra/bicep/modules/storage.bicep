// An account of the functions' own: their code, their queue, the host's state, and events that could not be delivered.
// Logs and reports lie where monitor files say, and monitor files beside them.

targetScope = 'resourceGroup'

@description('The account\'s name.')
@minLength(3)
@maxLength(24)
param name string

@description('The region.')
param location string

@description('The queue of new logs; those that were given up go into another, beside it.')
param queue string

@description('Tags of everything.')
param tags object

resource account 'Microsoft.Storage/storageAccounts@2026-09-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    isLocalUserEnabled: false
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: false // the host writes the state of its timers again and again
      deleteRetentionPolicy: {
        enabled: true
        days: 7
      }
      containerDeleteRetentionPolicy: {
        enabled: true
        days: 7
      }
    }

    resource bundle 'containers' = {
      name: 'bundle'
      properties: {
        publicAccess: 'None'
      }
    }

    resource deadLetters 'containers' = {
      name: 'dead-letters'
      properties: {
        publicAccess: 'None'
      }
    }
  }

  resource queues 'queueServices' existing = {
    name: 'default'

    resource arrivals 'queues' = {
      name: queue
    }

    resource poison 'queues' = {
      name: '${queue}-poison'
    }
  }
}

@description('The account.')
output id string = account.id

@description('Its name.')
output name string = account.name

@description('The container that the app\'s code is read from.')
output bundleContainer string = account::blobs::bundle.name

@description('The container of events that could not be delivered.')
output deadLetters string = account::blobs::deadLetters.name

@description('The queue of new logs, and that of logs that were given up.')
output queues array = [account::queues::arrivals.name, account::queues::poison.name]
