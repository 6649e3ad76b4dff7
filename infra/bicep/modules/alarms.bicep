// Alarms: of each monitor by what its reports tell and when it falls silent, of the functions, of what carries logs to
// them, and of what Log Analytics takes a day.

targetScope = 'resourceGroup'

@description('What the names of all alarms begin with.')
param name string

@description('The region.')
param location string

@description('The monitors: their models, the hours after which their silence is one, and whether rows have labels.')
param monitors { name: string, model: string, hours: int, labelled: bool }[]

@description('The limits, null for no such alarm.')
param limits object

@description('How many gigabytes Log Analytics takes a day.')
param dailyGigabytes int

@description('Whom alarms tell.')
param notify { action_group_id: string?, emails: string[]? }

@description('The Application Insights resource that is asked.')
param insightsName string

@description('The Log Analytics workspace below it, which is asked what it took.')
param workspaceName string

@description('The account of the queue.')
param storageAccountId string

@description('The queue of new logs.')
param queue string

@description('The topic of new logs, empty if there is none.')
param topicId string

@description('The topics of jobs, by their workspaces\' names.')
param jobTopics { name: string, id: string }[]

@description('How often the queries are asked, and of how long a time.')
param how { every: string, looks_back: string }

@description('Tags of everything.')
param tags object

var queries = {
  budget: loadTextContent('../../queries/alerts/budget.kql')
  drift: loadTextContent('../../queries/alerts/drift.kql')
  'drifted-share': loadTextContent('../../queries/alerts/drifted-share.kql')
  'given-up': loadTextContent('../../queries/alerts/given-up.kql')
  heartbeat: loadTextContent('../../queries/alerts/heartbeat.kql')
  lag: loadTextContent('../../queries/alerts/lag.kql')
  performance: loadTextContent('../../queries/alerts/performance.kql')
  quality: loadTextContent('../../queries/alerts/quality.kql')
  rejected: loadTextContent('../../queries/alerts/rejected.kql')
  silent: loadTextContent('../../queries/alerts/silent.kql')
  untold: loadTextContent('../../queries/alerts/untold.kql')
}

// Bicep multiplies whole numbers alone: so the share in hundredths, and the product put back behind a point.
var hundredths = limits.budget_share == null ? 0 : int(take('${last(split('${limits.budget_share}0', '.'))}0', 2))
var budget = json('${dailyGigabytes * hundredths / 100}.${padLeft(dailyGigabytes * hundredths % 100, 2, '0')}')

// What is asked of each monitor. A state lasts until the next report tells otherwise, or for two days. Of performance
// none tells where rows have no labels.
var judged = [
  { query: 'drift', most: limits.drift, severity: 2, what: 'The largest drift, as a multiple of its limit' }
  { query: 'drifted-share', most: limits.drifted_share, severity: 2, what: 'The share of columns that have an alert of drift' }
  { query: 'quality', most: limits.failed_share, severity: 2, what: 'The share of quality findings that are not ok' }
  { query: 'performance', most: limits.performance, severity: 2, what: 'The worst answers, as a multiple of their limit' }
  { query: 'rejected', most: limits.rejected_rows, severity: 2, what: 'Rows that could not be used' }
  { query: 'lag', most: limits.lag_seconds, severity: 3, what: 'Seconds from a window\'s end to its report' }
]
var ofReports = flatten(map(monitors, monitor => map(filter(judged, each => each.query != 'performance' || monitor.labelled), each => {
  key: '${monitor.name}-${each.query}'
  query: each.query
  monitor: monitor.name
  operator: 'GreaterThan'
  limit: each.most
  severity: each.severity
  what: '${each.what}: model ${monitor.model}, monitor ${monitor.name}.'
})))
var silentHours = toObject(monitors, each => each.name, each => (limits.silent_hours ?? 0) > 0 ? limits.silent_hours : min(47, each.hours + 1))
var ofSilence = map(monitors, each => {
  key: '${each.name}-silent'
  query: 'silent'
  monitor: each.name
  operator: 'GreaterThan'
  limit: limits.silent_hours == null ? null : silentHours[each.name]
  severity: 1
  what: 'No report of monitor ${each.name} for ${silentHours[each.name]} hours: no logs arrive, or nothing evaluates them.'
})

// What is asked of all together.
var ofAll = [
  {
    key: 'heartbeat'
    query: 'heartbeat'
    monitor: ''
    operator: 'LessThan'
    limit: 1
    severity: 1
    what: 'Nothing has called evaluate for an hour, so that nothing is told of any monitor.'
  }
  {
    key: 'given-up'
    query: 'given-up'
    monitor: ''
    operator: 'GreaterThan'
    limit: 0
    severity: 1
    what: 'Logs that failed so often that they were given up: they lie in the queue ${queue}-poison.'
  }
  {
    key: 'untold'
    query: 'untold'
    monitor: ''
    operator: 'GreaterThan'
    limit: limits.untold_reports
    severity: 2
    what: 'Reports that do not get out to Application Insights.'
  }
  {
    key: 'budget'
    query: 'budget'
    monitor: ''
    operator: 'GreaterThan'
    limit: limits.budget_share == null ? null : budget
    severity: 2
    what: 'Gigabytes of the last day, of ${dailyGigabytes} a day that Log Analytics takes: what comes then is lost.'
  }
]
var asked = filter(concat(ofReports, ofSilence, ofAll), each => each.limit != null)

// Topics by the alarms of what they lose: those of jobs keep nothing aside.
var topics = concat(
  empty(topicId) ? [] : [{ key: 'dropped', id: topicId, about: 'logs' }],
  map(jobTopics, each => { key: '${each.name}-dropped', id: each.id, about: 'jobs in ${each.name}' })
)
var dropped = map(topics, each => {
  key: each.key
  scope: each.id
  namespace: 'Microsoft.EventGrid/systemTopics'
  metric: 'DroppedEventCount'
  aggregation: 'Total'
  limit: 0
  window: 'PT5M'
  what: 'Events about ${each.about} that could not be delivered, and are kept nowhere.'
})

// What the platform measures itself.
var measured = filter(concat(dropped, [
  {
    key: 'errors'
    scope: insights.id
    namespace: 'microsoft.insights/components'
    metric: 'requests/failed'
    aggregation: 'Count'
    limit: 0
    window: 'PT5M'
    what: 'Calls of functions that failed.'
  }
  {
    key: 'undelivered'
    scope: topicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DeadLetteredCount'
    aggregation: 'Total'
    limit: empty(topicId) ? null : 0
    window: 'PT5M'
    what: 'Events about logs that could not be delivered: they lie in the container dead-letters.'
  }
  {
    key: 'waiting'
    scope: '${storageAccountId}/queueServices/default'
    namespace: 'Microsoft.Storage/storageAccounts/queueServices'
    metric: 'QueueMessageCount'
    aggregation: 'Average'
    limit: limits.waiting_logs
    window: 'PT1H'
    what: 'Logs that wait for ingest.'
  }
]), each => each.limit != null)

var told = notify.?action_group_id ?? own.id

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource own 'Microsoft.Insights/actionGroups@2023-01-01' = if (notify.?action_group_id == null) {
  name: '${name}-alarms'
  location: 'Global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: take(name, 12)
    emailReceivers: map(notify.?emails ?? [], address => { name: address, emailAddress: address, useCommonAlertSchema: true })
  }
}

resource query 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for each in asked: {
  name: '${name}-${each.key}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    description: each.what
    enabled: true
    scopes: [each.query == 'budget' ? workspace.id : insights.id]
    severity: each.severity
    evaluationFrequency: how.every
    windowSize: how.looks_back
    autoMitigate: true
    criteria: {
      allOf: [
        {
          query: replace(queries[each.query], 'MONITOR', each.monitor)
          metricMeasureColumn: 'value'
          timeAggregation: 'Maximum'
          operator: each.operator
          threshold: each.limit
          failingPeriods: {
            minFailingPeriodsToAlert: 1
            numberOfEvaluationPeriods: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: [told]
    }
  }
}]

resource metric 'Microsoft.Insights/metricAlerts@2018-03-01' = [for each in measured: {
  name: '${name}-${each.key}'
  location: 'global'
  tags: tags
  properties: {
    description: each.what
    enabled: true
    scopes: [each.scope]
    severity: 2
    evaluationFrequency: 'PT5M'
    windowSize: each.window
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: last(split(each.key, '-'))
          metricNamespace: each.namespace
          metricName: each.metric
          timeAggregation: each.aggregation
          operator: 'GreaterThan'
          threshold: each.limit
        }
      ]
    }
    actions: [{ actionGroupId: told }]
  }
}]

@description('The action group that is told.')
output actionGroupId string = told

@description('All alarms, by name.')
output alarmNames array = map(concat(asked, measured), each => '${name}-${each.key}')
