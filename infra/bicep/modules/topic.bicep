// A system topic of Event Grid. A source has only one, so it may be there already.

targetScope = 'resourceGroup'

@description('Its name.')
param name string

@description('Whether it is there already.')
param isThere bool

@description('The region.')
param location string

@description('The ID of what it tells of.')
param source string

@description('What kind of thing that is.')
param topicType string

@description('Whether it delivers by an identity of its own.')
param delivers bool

@description('Its tags.')
param tags object

resource made 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (!isThere) {
  name: name
  location: location
  tags: tags
  identity: {
    type: delivers ? 'SystemAssigned' : 'None'
  }
  properties: {
    source: source
    topicType: topicType
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: name
}

@description('The topic.')
output id string = topic.id

@description('Its name, once it is there.')
output name string = isThere ? topic.name : made.name

@description('Its identity, empty if it delivers by none.')
output principalId string = !delivers ? '' : isThere ? topic.identity.principalId : made!.identity.principalId
