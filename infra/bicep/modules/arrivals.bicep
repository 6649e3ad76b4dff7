// New logs, from their account's topic into the queue that wakes `ingest_queue`; what cannot be delivered is kept aside.

targetScope = 'resourceGroup'

@description('The subscription\'s name.')
param name string

@description('The topic.')
param topicName string

@description('What the subjects of events begin with; a subscription tells no more than 25 apart.')
@maxLength(25)
param subjects string[]

@description('The account of the queue and of dead letters.')
param accountId string

@description('The queue.')
param queue string

@description('The container of events that could not be delivered.')
param deadLetters string

@description('Which events, how often and how long they are tried, and how long messages live.')
param how { event_types: string[], message_seconds: int, minutes: int, most_tries: int }

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
      advancedFilters: [
        {
          operatorType: 'StringBeginsWith'
          key: 'subject'
          values: subjects
        }
      ]
    }
    deliveryWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: accountId
          queueName: queue
          queueMessageTimeToLiveInSeconds: how.message_seconds
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: {
        type: 'SystemAssigned'
      }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: accountId
          blobContainerName: deadLetters
        }
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: how.most_tries
      eventTimeToLiveInMinutes: how.minutes
    }
  }
}
