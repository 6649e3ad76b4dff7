"""Bicep that is broken in one place is refused by the checks."""

import pytest
from bicep import FOLDER, broken, mistakes
from infrastructure import checks

# By file: what is broken, a text, what it is replaced with, and what is then said.
INVALID = {
    "app": [
        ("misspelt property", "httpsOnly:", "httpOnly:", "is httpsOnly meant?"),
        ("misspelt property of a property", "instanceMemoryMB:", "instanceMemoryMb:", "instanceMemoryMB meant?"),
        (
            "property one level too high",
            "    httpsOnly: true",
            "    minTlsVersion: '1.2'",
            "no property properties.minTlsVersion",
        ),
        ("unknown version", "serverfarms@2025-05-01", "serverfarms@2025-05-99", "is known here at 2025-05-01"),
        (
            "unknown property is read",
            "insights.properties.ConnectionString",
            "insights.properties.ConectionString",
            "is ConnectionString meant?",
        ),
        (
            "unknown property of an identity is read",
            "string = app.identity.principalId",
            "string = app.identity.principal",
            "no property principal to read",
        ),
        (
            "a name that is known too late",
            "guid(insights.id, app.id,",
            "guid(insights.id, app.identity.principalId,",
            "must be known before anything is deployed",
        ),
        ("set twice", "    httpsOnly: true", "    httpsOnly: true\n    httpsOnly: true", "is set twice"),
    ],
    "storage": [
        ("required property absent", "  kind: 'StorageV2'\n", "", "kind is missing"),
        ("value of no enumeration", "'TLS1_2'", "'TLS2'", "must be one of TLS1_0"),
        (
            "misspelt property of a child",
            "isVersioningEnabled",
            "versioningEnabled",
            "no property properties.versioningEnabled",
        ),
        ("no brace", "    name: 'Standard_LRS'\n  }", "    name: 'Standard_LRS'\n", "expected"),
        ("no quote", "'StorageV2'", "StorageV2'", "a text has no end"),
    ],
    "alarms": [
        (
            "required property of an object absent",
            "    groupShortName: take(name, 12)\n",
            "",
            "properties.groupShortName is missing",
        ),
        (
            "text for an array",
            "scopes: [each.query == 'budget' ? workspace.id : insights.id]",
            "scopes: insights.id",
            "must be an array, not text",
        ),
        ("unknown function", "take(name, 12)", "truncate(name, 12)", "there is no function truncate"),
        ("too few arguments", "take(name, 12)", "take(name)", "takes 2 to 2 arguments, not 1"),
        (
            "no such file",
            "alerts/silent.kql",
            "alerts/silence.kql",
            "there is no file ../../queries/alerts/silence.kql",
        ),
    ],
    "telemetry": [
        ("text for a number", "retentionInDays: retentionDays", "retentionInDays: '90'", "must be a number, not text"),
        ("number for text", "category: 'workbook'", "category: 3", "must be text, not a number"),
        (
            "a parameter of another type",
            "retentionInDays: retentionDays",
            "retentionInDays: name",
            "must be a number, not text",
        ),
        (
            "a function of another type",
            "dailyQuotaGb: dailyGigabytes",
            "dailyQuotaGb: toLower(name)",
            "must be a number, not text",
        ),
        (
            "property that can only be read",
            "    DisableLocalAuth: true",
            "    AppId: 'x'\n    DisableLocalAuth: true",
            "can only be read",
        ),
        ("child of another parent", "  parent: pack", "  parent: workspace", "does not lie in"),
    ],
    "job-events": [
        ("unknown variant", "'AzureFunction'", "'Function'", "must be one of AzureFunction"),
        (
            "property of another variant",
            "resourceId: functionId",
            "endpointUrl: functionId",
            "no property properties.destination.properties.endpointUrl",
        ),
        ("unused parameter", "resourceId: functionId", "resourceId: topic.id", "param functionId is never used"),
    ],
    "topic": [
        (
            "unknown type",
            "systemTopics@2025-02-15' = if",
            "systemTopic@2025-02-15' = if",
            "there is no type Microsoft.EventGrid/systemTopic",
        ),
    ],
    "arrivals": [
        ("child without a parent", "  parent: topic\n", "", "needs a parent"),
        (
            "name that is not declared",
            "values: subjects",
            "values: subject",
            "subject is not declared (is subjects meant?)",
        ),
        ("declared twice", "param queue string", "param topicName string", "topicName is declared twice"),
    ],
    "main.bicep": [
        ("misspelt setting", "settings.size.memory_mb", "settings.size.memoryMb", "no property memoryMb to read"),
        ("parameter of a module absent", "    retentionDays: logRetentionDays\n", "", "retentionDays is missing"),
        (
            "module has no such parameter",
            "    retentionDays: logRetentionDays",
            "    retention: logRetentionDays",
            "no property retention",
        ),
        (
            "parameter of a module of another type",
            "dailyGigabytes: dailyGigabytes\n    tags",
            "dailyGigabytes: name\n    tags",
            "must be a number, not text",
        ),
        (
            "part of a parameter absent",
            "map(inputs, each => { name: each,",
            "map(inputs, each => { ame: each,",
            "is name meant?",
        ),
        ("no such module", "modules/storage.bicep", "modules/store.bicep", "there is no module modules/store.bicep"),
    ],
    "container": [
        ("no description", "@description('The container\\'s name.')\n", "", "param name needs a description"),
    ],
    "main.bicepparam": [
        ("unknown input", "param monitors", "param monitor", "has no parameter monitor"),
        ("no such monitor file", "churn.yaml", "chrun.yaml", "there is no file"),
    ],
    "examples/complete.bicepparam": [
        ("input out of an enumeration", "memory_mb: 4096", "memory_mb: 1000", "must be one of 512, 2048, 4096"),
    ],
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """By mistake, what is said of the file that has it; all are looked at in one go."""
    homes = {each: broken(each, tmp_path_factory.mktemp("mistake")) for each in mistakes(INVALID)}
    found = checks("bicep", *(home / FOLDER / each.file for each, home in homes.items()))
    assert not found.stderr
    lines = found.stdout.splitlines()
    return {each: [line for line in lines if line.startswith(f"{home}/")] for each, home in homes.items()}


@pytest.mark.parametrize("mistake", mistakes(INVALID), ids=str)
def test_it_is_refused(said, mistake):
    assert any(mistake.said in line for line in said[mistake]), said[mistake]
