// Where the functions tell what they found, and what is ready there to look at it: queries, and a workbook.

targetScope = 'resourceGroup'

@description('What the names of all resources begin with.')
param name string

@description('The region.')
param location string

@description('For how many days Log Analytics keeps what it is told.')
param retentionDays int

@description('How many gigabytes it takes a day.')
param dailyGigabytes int

@description('Tags of everything.')
param tags object

// Bicep takes in a file by its name alone, so each is named here; each begins with its question.
var queries = [
  { name: 'cost', text: loadTextContent('../../queries/cost.kql') }
  { name: 'drift-over-time', text: loadTextContent('../../queries/drift-over-time.kql') }
  { name: 'drifting-since', text: loadTextContent('../../queries/drifting-since.kql') }
  { name: 'errors-by-object', text: loadTextContent('../../queries/errors-by-object.kql') }
  { name: 'false-alarms', text: loadTextContent('../../queries/false-alarms.kql') }
  { name: 'freshness', text: loadTextContent('../../queries/freshness.kql') }
  { name: 'functions', text: loadTextContent('../../queries/functions.kql') }
  { name: 'health', text: loadTextContent('../../queries/health.kql') }
  { name: 'lost-telemetry', text: loadTextContent('../../queries/lost-telemetry.kql') }
  { name: 'rejected-rows', text: loadTextContent('../../queries/rejected-rows.kql') }
  { name: 'retraining', text: loadTextContent('../../queries/retraining.kql') }
  { name: 'worst-columns', text: loadTextContent('../../queries/worst-columns.kql') }
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: '${name}-logs'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: retentionDays
    workspaceCapping: {
      dailyQuotaGb: dailyGigabytes
    }
  }
}

// Who tells it something must show who he is: its key alone is good for nothing.
resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: name
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'other'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
    DisableIpMasking: false
  }
}

resource pack 'Microsoft.OperationalInsights/queryPacks@2025-07-01' = {
  name: '${name}-queries'
  location: location
  tags: tags
  properties: {}
}

resource query 'Microsoft.OperationalInsights/queryPacks/queries@2025-07-01' = [for each in queries: {
  parent: pack
  name: guid(pack.id, each.name)
  properties: {
    displayName: each.name
    description: substring(split(each.text, '\n')[0], 3)
    body: each.text
    related: {
      categories: ['applications']
      resourceTypes: ['microsoft.insights/components']
    }
    tags: toObject(items(tags), tag => tag.key, tag => [tag.value])
  }
}]

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, name)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: '${name}: models'
    category: 'workbook'
    sourceId: toLower(insights.id)
    serializedData: loadTextContent('../../dashboards/azure-workbook.json')
  }
}

@description('The Application Insights resource.')
output insightsId string = insights.id

@description('Its name.')
output insightsName string = insights.name

@description('The name of the Log Analytics workspace below it.')
output workspaceName string = workspace.name
