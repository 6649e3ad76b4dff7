// What becomes of jobs, from their workspace's topic to the function `lifecycle`.

targetScope = 'resourceGroup'

@description('The subscription\'s name.')
param name string

@description('The topic.')
param topicName string

@description('The function.')
param functionId string

@description('Which events, and how often and how long they are tried.')
param how { event_types: string[], function: string, minutes: int, most_tries: int }

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: name
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    filter: {
      includedEventTypes: how.event_types
    }
    destination: {
      endpointType: 'AzureFunction'
      properties: {
        resourceId: functionId
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: how.most_tries
      eventTimeToLiveInMinutes: how.minutes
    }
  }
}
