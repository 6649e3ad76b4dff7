// Everything that serves monitors in one resource group, as infra/terraform/azure makes it: the same inputs, names and resources.
// What Bicep cannot do is put files into storage: README.md has the commands for the bundle and the monitor files.

targetScope = 'resourceGroup'

@description('What the names of all resources begin with; another one for each deployment in a subscription. Small letters, digits and single hyphens, beginning with a letter and not ending with a hyphen.')
@minLength(2)
@maxLength(16)
param name string = 'atalaia'

@description('The region of everything, such as `westeurope`; the account of logs must be in it, and so must workspaces of Azure ML whose topics `knownIds` does not have.')
param location string = resourceGroup().location

@description('The ID of the storage account of the monitors\' places: logs, reference data, outputs. Monitor files are put into a container there.')
param storageAccountId string

@description('What the monitor files hold, each by `loadYamlContent(\'monitors/NAME.yaml\')`.')
@minLength(1)
param monitors object[]

@description('Whether the app has its bundle: only then can Event Grid tell its function `lifecycle` of jobs in Azure ML. At first it has none.')
param hasBundle bool = false

@description('Settings of the function app, beside or instead of those that were tested; they begin with `ATALAIA_`. With `ATALAIA_APPROVAL_KEY`, there is a route for links that approve.')
param environment object = {}

@description('What differs from the size that was tested: an instance\'s `memory_mb` (512, 2048 or 4096), and `most_instances` at once.')
param size { memory_mb: (512 | 2048 | 4096)?, most_instances: int? } = {}

@description('What is there already, by its ID. Event Grid system topics, by the ID of their source (the account of logs, an Azure ML workspace): a source has only one, it must be in the source\'s region and subscription, and that of the account needs a system-assigned identity. Event Grid topics and Key Vaults that policies name (and `ATALAIA_APPROVAL_KEY`), by their addresses (`https://NAME.westeurope-1.eventgrid.azure.net/api/events`, `https://NAME.vault.azure.net`): the app may send to these topics, and read the secrets that are named.')
param knownIds object = {}

@description('What differs from the default limits of alarms, null for no such alarm: `drift` (1, the multiple of its own limit), `drifted_share` (0.3) and `failed_share` (0) of columns and quality checks, `performance` (1, where rows have labels), `rejected_rows` (0), `lag_seconds` (none), `silent_hours` without a report (0, which stands for window, lateness and one more), `untold_reports` (0), `waiting_logs` (1000), `budget_share` (0.8, in hundredths) of `dailyGigabytes`. Numbers that are not whole are written `json(\'0.2\')`.')
param alarms object = {}

@description('Whom alarms tell: the action group `action_group_id`, or if there is none, one that is made, with the addresses in `emails`.')
param notify { action_group_id: string?, emails: string[]? } = {}

@description('For how many days Log Analytics keeps what the functions tell, in which every finding is.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('How many gigabytes Log Analytics takes a day; the rest of that day is lost, and an alarm says so before.')
@minValue(1)
@maxValue(1000)
param dailyGigabytes int = 1

@description('The ID of the subnet that the functions go out through, delegated to Microsoft.App/environments, null for none; they need a way to storage, to Azure Monitor, and to what policies name: Azure ML, Event Grid, Key Vault, others on the Internet.')
param subnetId string?

@description('Tags of everything, beside `project`.')
param tags object = {}

var settings = loadJsonContent('../settings/azure.json')
var allTags = union({ project: 'atalaia' }, tags)

// Some names are the whole cloud's: these end with what tells one subscription from others.
var suffix = take(replace(subscription().subscriptionId, '-', ''), 8)
var queue = settings.environment.ATALAIA_QUEUE
var monitorsContainer = '${name}-monitors'

// What Terraform refuses, too, in words: nothing is deployed then.
var limits = toObject(items(settings.alarms), each => each.key, each => contains(alarms, each.key) ? alarms[each.key] : each.value)
var ofReports = filter(['drift', 'drifted_share', 'failed_share', 'lag_seconds', 'performance', 'rejected_rows', 'silent_hours'], each => limits[each] != null)
var given = map(monitors, each => {
  name: each.?name ?? ''
  places: concat([each.?logs.?source ?? '', each.?output ?? ''], each.?baseline.?data ?? [], map(filter(concat([each.?model ?? {}], each.?policies ?? []), one => !empty(one.?new_baseline.?data ?? '')), one => one.new_baseline.data))
  logs: '${join(filter(split(each.?logs.?source ?? '', '/'), part => !empty(part)), '/')}/'
  output: '${join(filter(split(each.?output ?? '', '/'), part => !empty(part)), '/')}/'
  policies: each.?policies ?? []
  topics: map(filter(each.?policies ?? [], policy => policy.?event_grid_topic != null), policy => policy.event_grid_topic)
  references: flatten(map(each.?policies ?? [], policy => [policy.?databricks.?token ?? '', policy.?github_workflow.?token ?? '', policy.?github_issue.?token ?? '', policy.?azure_devops.?token ?? '', policy.?webhook.?url ?? '', policy.?webhook.?secret ?? '']))
})
// The key that links are signed with, in its parts: keyvault:https://VAULT.vault.azure.net/secrets/NAME, perhaps with a version behind it.
var approves = contains(environment, 'ATALAIA_APPROVAL_KEY')
var approvalKey = split('${environment.?ATALAIA_APPROVAL_KEY ?? ''}////', '/')
var approvalSecrets = approves ? ['${approvalKey[2]}/${approvalKey[4]}'] : []
var ofWorkspaces = ['azureml_job', 'azureml_batch', 'azureml_traffic']
var refused = concat(
  map(filter(objectKeys(alarms), each => !contains(settings.alarms, each)), each => 'alarms has no limit ${each}.'),
  map(filter(objectKeys(environment), each => take(each, 8) != 'ATALAIA_' || contains(['ATALAIA_CONTAINER', 'ATALAIA_MONITORS', 'ATALAIA_QUEUE'], each)), each => 'environment may not set ${each}.'),
  contains(['application-insights', 'azure-monitor', 'otlp'], environment.?ATALAIA_METRICS ?? 'otlp') ? [] : ['ATALAIA_METRICS must be application-insights, azure-monitor or otlp.'],
  contains(['columns', 'summary'], environment.?ATALAIA_DETAIL ?? 'summary') ? [] : ['ATALAIA_DETAIL must be summary or columns.'],
  approves && (approvalKey[0] != 'keyvault:https:' || !contains(approvalKey[2], '.vault.') || approvalKey[3] != 'secrets' || empty(approvalKey[4])) ? ['ATALAIA_APPROVAL_KEY must say where the key is kept, keyvault:https://VAULT.vault.azure.net/secrets/NAME; the key itself does not belong here.'] : [],
  approves && !contains(knownIds, 'https://${approvalKey[2]}') ? ['ATALAIA_APPROVAL_KEY names a Key Vault whose ID is not in knownIds.'] : [],
  (environment.?ATALAIA_METRICS ?? '') == 'otlp' && !empty(ofReports) ? ['With ATALAIA_METRICS = otlp, Application Insights hears of no report, and alarms see none: set ${join(ofReports, ', ')} of alarms to null, and watch reports where metrics go.'] : [],
  empty(filter(given, each => empty(each.name))) ? [] : ['A monitor file has no name; `atalaia validate` tells all its faults.'],
  map(filter(given, each => length(filter(given, other => other.name == each.name)) > 1), each => '${each.name}: another monitor file has the same name; give each its own.'),
  map(filter(given, each => !empty(filter(each.places, place => take(place, 5) != 'az://'))), each => '${each.name}: logs.source, output and baseline.data must be places in Blob Storage, such as az://container/folder.'),
  map(filter(given, each => !empty(filter(given, other => take(each.output, length(other.logs)) == other.logs))), each => '${each.name}: its output lies below the logs of a monitor, so that everything written would be announced as a log.'),
  map(filter(given, each => !empty(filter(each.policies, policy => (policy.?pipeline ?? policy.?training_job ?? policy.?sagemaker_traffic ?? policy.?sns_topic) != null))), each => '${each.name}: a policy names a pipeline, a training_job, sagemaker_traffic or an sns_topic, which Azure does not start; give it another target.'),
  map(filter(given, each => !empty(filter(each.policies, policy => !empty(filter(ofWorkspaces, target => policy[?target] != null && take(policy[?target].?workspace ?? '', 15) != '/subscriptions/'))))), each => '${each.name}: the workspace of a policy\'s target must be the ID of an Azure ML workspace.'),
  map(filter(given, each => !empty(filter(each.topics, topic => !contains(knownIds, topic))) || !empty(filter(each.references, secret => take(secret, 9) == 'keyvault:' && !contains(knownIds, 'https://${split(secret, '/')[2]}')))), each => '${each.name}: a policy names an Event Grid topic or a Key Vault whose ID is not in knownIds.'),
  map(filter(given, each => !empty(filter(each.references, secret => take(secret, 15) == 'secretsmanager:'))), each => '${each.name}: a policy refers to a secret in AWS Secrets Manager, which is not read from Azure; keep it in a Key Vault.')
)

// What the monitor files say, as the modules need it. A place is az://CONTAINER/FOLDER.
var unitSeconds = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }
var watched = map(empty(refused) ? monitors : fail(join(refused, ' ')), monitor => {
  name: monitor.name
  model: monitor.model.name
  grows: (monitor.logs.?format ?? '') == 'azureml'
  logs: filter(split(monitor.logs.source, '/'), part => !empty(part))
  output: split(monitor.output, '/')[2]
  data: map(concat(monitor.?baseline.?data ?? [], map(filter(concat([monitor.?model ?? {}], monitor.?policies ?? []), one => !empty(one.?new_baseline.?data ?? '')), one => one.new_baseline.data)), place => split(place, '/')[2])
  workspaces: map(filter(flatten(map(monitor.?policies ?? [], policy => map(ofWorkspaces, target => policy[?target].?workspace ?? ''))), each => !empty(each)), each => join(filter(split(each, '/'), part => !empty(part)), '/'))
  labelled: !empty(filter(monitor.?columns ?? [], column => (column.?role ?? '') == 'label'))
  seconds: reduce([monitor.?window ?? '1d', monitor.?lateness ?? '1h'], 0, (sum, time) => sum + int(take(time, length(time) - 1)) * unitSeconds[last(time)])
})

// Nothing looks for appended blobs where no monitor's logs grow.
var timers = empty(filter(watched, each => each.grows)) ? { ATALAIA_COLLECT_AT: 'never' } : {}

// What the subjects of events about logs begin with. Logs that grow raise none, and are read by a timer. To startsWith, folders
// that differ in capitals were the same.
var allSubjects = union([], map(filter(watched, each => !each.grows), each => '/blobServices/default/containers/${join(concat([each.logs[1], 'blobs'], skip(each.logs, 2)), '/')}/'))
var subjects = filter(allSubjects, subject => empty(filter(allSubjects, other => other != subject && take(subject, length(other)) == other)))

// The app has a route for links that approve, open to everybody as their signature says who may, if it has a key to check them with.
var links = approves ? { ATALAIA_APPROVAL_URL: 'https://${name}-${suffix}.azurewebsites.net/api/approve' } : {}

// Containers that the functions write to, those that they only read, and the workspaces that they start jobs in.
var outputs = union([], map(watched, each => each.output))
var read = union([monitorsContainer], map(watched, each => each.logs[1]), flatten(map(watched, each => each.data)))
var inputs = filter(read, container => !contains(outputs, container))
var workspaces = map(union([], flatten(map(watched, each => each.workspaces))), each => {
  id: '/${each}'
  name: last(split(each, '/'))
  place: split('/${each}', '/')
  topic: split(knownIds[?'/${each}'] ?? '${resourceGroup().id}/${name}-${replace(last(split(each, '/')), '_', '-')}', '/')
})

// The topics that policies tell, and by vault the secrets that they refer to, keyvault:https://VAULT.vault.azure.net/secrets/NAME,
// with the key of links.
var topics = map(union([], flatten(map(given, each => each.topics))), each => split(knownIds[?each] ?? '', '/'))
var kept = filter(flatten(map(given, each => each.references)), each => take(each, 9) == 'keyvault:')
var secrets = union([], map(kept, each => '${split(each, '/')[2]}/${split(each, '/')[4]}'), approvalSecrets)
var vaults = map(union([], map(secrets, each => split(each, '/')[0])), host => {
  id: split(knownIds[?'https://${host}'] ?? '', '/')
  secrets: map(filter(secrets, each => split(each, '/')[0] == host), each => split(each, '/')[1])
})

// IDs in their parts: of a subscription the third, of a group the fifth, and the last is the name.
var logAccount = split(storageAccountId, '/')
var logTopicId = split(knownIds[?storageAccountId] ?? '${resourceGroup().id}/${name}-logs', '/')

module telemetry 'modules/telemetry.bicep' = {
  name: '${name}-telemetry'
  params: {
    name: name
    location: location
    retentionDays: logRetentionDays
    dailyGigabytes: dailyGigabytes
    tags: allTags
  }
}

module storage 'modules/storage.bicep' = {
  name: '${name}-storage'
  params: {
    name: '${replace(name, '-', '')}${suffix}'
    location: location
    queue: queue
    tags: allTags
  }
}

module monitorFiles 'modules/container.bicep' = {
  name: '${name}-monitor-files'
  scope: resourceGroup(logAccount[2], logAccount[4])
  params: {
    accountName: last(logAccount)
    name: monitorsContainer
  }
}

module app 'modules/app.bicep' = {
  name: '${name}-app'
  params: {
    name: '${name}-${suffix}'
    location: location
    runtime: settings.runtime
    memoryMb: size.?memory_mb ?? settings.size.memory_mb
    mostInstances: size.?most_instances ?? settings.size.most_instances
    environment: union(settings.environment, timers, links, environment, {
      ATALAIA_MONITORS: 'az://${monitorsContainer}'
      ATALAIA_QUEUE: queue
      AZURE_STORAGE_ACCOUNT_NAME: last(logAccount)
    })
    storageAccountName: storage.outputs.name
    bundleContainer: storage.outputs.bundleContainer
    insightsName: telemetry.outputs.insightsName
    subnetId: subnetId
    tags: allTags
  }
}

// The host keeps its locks, keys and times in containers that it makes itself: so its own account, as a whole.
module ownStorage 'modules/storage-access.bicep' = {
  name: '${name}-own-storage'
  params: {
    accountName: storage.outputs.name
    principalId: app.outputs.principalId
    accountRoles: ['Storage Blob Data Owner']
    queues: map(storage.outputs.queues, each => { name: each, role: 'Storage Queue Data Contributor' })
  }
}

module places 'modules/storage-access.bicep' = {
  name: '${name}-places'
  scope: resourceGroup(logAccount[2], logAccount[4])
  params: {
    accountName: monitorFiles.outputs.accountName
    principalId: app.outputs.principalId
    containers: concat(
      map(inputs, each => { name: each, role: 'Storage Blob Data Reader' }),
      map(outputs, each => { name: each, role: 'Storage Blob Data Contributor' })
    )
  }
}

module jobs 'modules/workspace-access.bicep' = [for workspace in workspaces: {
  name: '${name}-jobs-${workspace.name}'
  scope: resourceGroup(workspace.place[2], workspace.place[4])
  params: {
    workspaceName: workspace.name
    principalId: app.outputs.principalId
  }
}]

module toldTopics 'modules/topic-access.bicep' = [for topic in topics: {
  name: '${name}-topic-${last(topic)}'
  scope: resourceGroup(topic[2], topic[4])
  params: {
    topicName: last(topic)
    principalId: app.outputs.principalId
  }
}]

module readSecrets 'modules/secret-access.bicep' = [for vault in vaults: {
  name: '${name}-secrets-${last(vault.id)}'
  scope: resourceGroup(vault.id[2], vault.id[4])
  params: {
    vaultName: last(vault.id)
    secrets: vault.secrets
    principalId: app.outputs.principalId
  }
}]

module logTopic 'modules/topic.bicep' = if (!empty(subjects)) {
  name: '${name}-log-topic'
  scope: resourceGroup(logTopicId[2], logTopicId[4])
  params: {
    name: last(logTopicId)
    isThere: contains(knownIds, storageAccountId)
    location: location
    source: storageAccountId
    topicType: 'Microsoft.Storage.StorageAccounts'
    delivers: true
    tags: allTags
  }
}

// Event Grid tries whether it may deliver before it takes a subscription.
module delivery 'modules/storage-access.bicep' = if (!empty(subjects)) {
  name: '${name}-delivery'
  params: {
    accountName: storage.outputs.name
    principalId: logTopic!.outputs.principalId
    queues: [{ name: storage.outputs.queues[0], role: 'Storage Queue Data Message Sender' }]
    containers: [{ name: storage.outputs.deadLetters, role: 'Storage Blob Data Contributor' }]
  }
}

module arrivals 'modules/arrivals.bicep' = if (!empty(subjects)) {
  name: '${name}-arrivals'
  scope: resourceGroup(logTopicId[2], logTopicId[4])
  params: {
    name: '${name}-logs'
    topicName: logTopic!.outputs.name
    subjects: subjects
    accountId: storage.outputs.id
    queue: storage.outputs.queues[0]
    deadLetters: storage.outputs.deadLetters
    how: settings.arrivals
  }
  dependsOn: [delivery]
}

module jobTopics 'modules/topic.bicep' = [for workspace in workspaces: {
  name: '${name}-job-topic-${workspace.name}'
  scope: resourceGroup(workspace.topic[2], workspace.topic[4])
  params: {
    name: last(workspace.topic)
    isThere: contains(knownIds, workspace.id)
    location: location
    source: workspace.id
    topicType: 'Microsoft.MachineLearningServices.Workspaces'
    delivers: false
    tags: allTags
  }
}]

module jobEvents 'modules/job-events.bicep' = [for (workspace, i) in workspaces: if (hasBundle) {
  name: '${name}-job-events-${workspace.name}'
  scope: resourceGroup(workspace.topic[2], workspace.topic[4])
  params: {
    name: '${name}-jobs'
    topicName: jobTopics[i].outputs.name
    functionId: '${app.outputs.id}/functions/${settings.jobs.function}'
    how: settings.jobs
  }
}]

module watch 'modules/alarms.bicep' = {
  name: '${name}-alarms'
  params: {
    name: name
    location: location
    monitors: map(watched, each => { name: each.name, model: each.model, hours: (each.seconds + 3599) / 3600, labelled: each.labelled })
    limits: limits
    dailyGigabytes: dailyGigabytes
    notify: notify
    insightsName: telemetry.outputs.insightsName
    workspaceName: telemetry.outputs.workspaceName
    storageAccountId: storage.outputs.id
    queue: queue
    topicId: empty(subjects) ? '' : logTopic!.outputs.id
    jobTopics: [for (workspace, i) in workspaces: { name: workspace.name, id: jobTopics[i].outputs.id }]
    how: settings.evaluation
    tags: allTags
  }
}

@description('The action group that alarms tell.')
output actionGroupId string = watch.outputs.actionGroupId

@description('All alarms, by name.')
output alarmNames array = watch.outputs.alarmNames

@description('The function app.')
output appId string = app.outputs.id

@description('The Application Insights resource, for `atalaia query --resource`.')
output insightsId string = telemetry.outputs.insightsId

@description('The monitors that are served.')
output monitors array = map(watched, each => each.name)

@description('The app\'s identity: what else it needs, such as a topic that ATALAIA_TOPIC_ENDPOINT names, can be given to it.')
output principalId string = app.outputs.principalId

@description('The queue of new logs, and that of logs that were given up.')
output queueIds array = map(storage.outputs.queues, each => '${storage.outputs.id}/queueServices/default/queues/${each}')

@description('The address of the status page; requests must show a key of the app.')
output statusUrl string = 'https://${name}-${suffix}.azurewebsites.net/api/status/'

@description('The account of the app\'s own, with the bundle, the queues and events that could not be delivered.')
output storageAccountName string = storage.outputs.name
