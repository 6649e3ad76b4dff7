// A container in an account that is there already.

targetScope = 'resourceGroup'

@description('The account\'s name.')
param accountName string

@description('The container\'s name.')
param name string

resource account 'Microsoft.Storage/storageAccounts@2026-09-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-09-01' = {
  parent: account::blobs
  name: name
  properties: {
    publicAccess: 'None'
  }
}

@description('The account\'s name, once the container is in it.')
output accountName string = account.name
