// The right to start jobs in a workspace of Azure ML.

targetScope = 'resourceGroup'

@description('The workspace\'s name.')
param workspaceName string

@description('The identity that starts them.')
param principalId string

var roles = loadJsonContent('../roles.json')

resource workspace 'Microsoft.MachineLearningServices/workspaces@2020-08-01' existing = {
  name: workspaceName
}

resource starts 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, principalId, roles['AzureML Data Scientist'])
  scope: workspace
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['AzureML Data Scientist'])
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}
